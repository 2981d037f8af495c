"""What `consult doctor` says of the machine, where something is amiss and where nothing is."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from consult.envs import environment_check as machine
from consult.envs.environment_check import Device, Machine, Problem, examine_machine


def test_a_machine_that_runs_the_tests_is_ready(tmp_path: Path) -> None:
    found = examine_machine(tmp_path / "a.db")
    assert found.problems == ()
    assert found.cores and found.memory >= found.available > 0
    assert found.packages["torch"] and found.place.writable and found.place.wal and found.place.free
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_missing_or_too_old_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "requires", lambda name: ["torch<2,>=1", "no-such-package>=3", 'x>=1; extra == "y"'])
    found, problems = machine._packages()
    assert found["no-such-package"] is None and set(found) == {"torch", "no-such-package"}
    assert [problem.fix for problem in problems] == [
        "run: pip install 'torch<2,>=1'",
        "run: pip install 'no-such-package>=3'",
    ]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (problem,) = examine_machine(tmp_path / "no" / "a.db").problems
    assert str(problem) == f"there is no folder '{tmp_path / 'no'}'; make it, or name another database with --db"


def test_a_folder_that_cannot_be_written_is_named() -> None:
    folder = Path("/proc")
    if not folder.is_dir():
        pytest.skip("there is no /proc here")
    place = machine._place(folder / "a.db")
    assert not place.writable and not place.wal
    assert any("'/proc' cannot be written" in problem.what for problem in place.problems)


def test_a_folder_without_wal_is_told_from_one_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise sqlite3.OperationalError("locking protocol")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    place = machine._place(tmp_path / "a.db")
    assert place.writable and not place.wal
    assert "cannot use its write-ahead log" in place.problems[0].what and "locking protocol" in place.problems[0].what


def test_little_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_DISK", 10**18)
    assert "are free in" in machine._place(tmp_path / "a.db").problems[0].what


def test_the_hub_is_offline_where_it_is_told_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "none"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert machine._hub() == (str(tmp_path / "none"), None, True)
    (tmp_path / "models--a--b").mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert machine._hub().models == 1


def test_a_model_has_the_room_of_the_roomiest_device(tmp_path: Path) -> None:
    found = examine_machine(tmp_path / "a.db")
    assert found.devices or found.room == found.available * 4 // 5
    two: Machine = found._replace(devices=(Device("a", 10, 3), Device("b", 10, 7)))
    assert two.room == 7
    unknown = found._replace(devices=(Device("Apple GPU", None, None),))
    assert unknown.room == found.available * 4 // 5


def test_a_problem_reads_as_a_sentence() -> None:
    assert str(Problem("it is so", "do this")) == "it is so; do this"
