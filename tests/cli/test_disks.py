"""Disks that are full or may not be written, and readers that go away: one sentence, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amounts import handful
from command_line import PLAIN
from command_line import consult as typed

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
ROOM = 300_000
"""Bytes: too few for sixty consultations, enough for the store."""


def consult(
    *words: str, cwd: Path, out: str | None = None, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Type a command, in a process of its own where its output or its limits are not those of the tests."""
    if not out and not before:
        return typed(*words, folder=cwd)
    call = [sys.executable, "-m", "consult", *words]
    with open(out or os.devnull, "w") as stream:
        return subprocess.run(
            call,
            cwd=cwd,
            env={**os.environ, **PLAIN},
            stdout=stream if out else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )


def simulate(cwd: Path, *more: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    options = ("--cases", "60", "--batch", "4", "--model", f"scripted:{PANEL}", "--json")
    return consult("simulate", *options, *more, cwd=cwd, before=before)


def turns(db: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT consultation_id, idx, text, seed FROM turns ORDER BY 1, 2").fetchall()


def assert_one_sentence(done: subprocess.CompletedProcess[str], *told: str) -> None:
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr, done.stderr
    for part in told:
        assert part in done.stderr


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a small disk of one's own."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        try:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip("only an administrator may mount a disk")
        return place

    yield mount
    subprocess.run(["umount", "-l", place], capture_output=True)


@pytest.mark.slow
def test_a_full_disk_loses_nothing_and_the_run_goes_on(disk: Callable[[str], Path], tmp_path: Path) -> None:
    place = disk(f"size={ROOM}")
    done = simulate(place)
    assert_one_sentence(done, "consult.db", "the disk is full", "run the same command again")
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    told = {(event["consultation"], event["idx"], event["text"]) for event in shown if event["event"] == "turn"}
    assert told and told <= {row[:3] for row in turns(place / "consult.db")}
    subprocess.run(["mount", "-o", "remount,size=50m", place], check=True)
    assert simulate(place).returncode == 0
    simulate(tmp_path)
    assert turns(place / "consult.db") == turns(tmp_path / "consult.db")


@pytest.mark.slow
def test_a_file_that_may_grow_no_more_loses_nothing_and_the_run_goes_on(tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))

    done = simulate(tmp_path, "--db", "cut.db", before=limited)
    assert_one_sentence(done, "cut.db", "run the same command again")
    assert simulate(tmp_path, "--db", "cut.db").returncode == 0
    simulate(tmp_path)
    assert turns(tmp_path / "cut.db") == turns(tmp_path / "consult.db")


@pytest.mark.slow
def test_a_disk_that_may_only_be_read(disk: Callable[[str], Path]) -> None:
    place = disk("ro,size=1m")
    assert_one_sentence(simulate(place), "consult.db", "cannot be opened", "can be written")


@pytest.mark.slow
def test_a_store_on_a_disk_that_has_become_read_only(disk: Callable[[str], Path]) -> None:
    place = disk("size=50m")
    assert simulate(place).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    assert_one_sentence(simulate(place, "--seed", "1"), "consult.db", "can be written")


WRITING = {
    "page": "show r1.1 --html {}/page.html",
    "report": "report r1 --out {}/report",
    "benchmark": "benchmark --model {model} --cases 2 --strategies dialogue --classifier none --yes --out {}/report",
    "import": "scenarios import csv cases.csv --out {}/ward",
    "training": "train triage --steps 1 --out {}/trained",
    "starter": "train starter --out {}/starter",
    "assessor": "train assessor --out {}/assessor",
}


@pytest.fixture
def with_run(tmp_path: Path) -> Path:
    assert consult("simulate", "--model", f"scripted:{PANEL}", cwd=tmp_path).returncode == 0
    rows = [f"{i},My ankle hurts since Monday.,sprain" for i in range(2000)]
    (tmp_path / "cases.csv").write_text("\n".join(["id,complaint,diagnosis", *rows]))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("command", WRITING)
def test_a_place_that_may_only_be_read_is_refused_before_the_work(
    disk: Callable[[str], Path], with_run: Path, command: str
) -> None:
    place = disk("ro,size=1m")
    words = WRITING[command].format(place, model=f"scripted:{PANEL}").split()
    done = consult(*words, cwd=with_run)
    assert_one_sentence(done, str(place))
    assert "read-only" in done.stderr or "Read-only" in done.stderr
    assert not done.stdout
    with contextlib.closing(sqlite3.connect(with_run / "consult.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["page", "report", "import"])
def test_a_full_disk_leaves_nothing_half_written(disk: Callable[[str], Path], with_run: Path, command: str) -> None:
    place = disk("size=16k")
    (place / "page.html").write_text("before")
    words = WRITING[command].format(place, model=f"scripted:{PANEL}").split()
    assert_one_sentence(consult(*words, cwd=with_run), str(place))
    left = [one for one in place.rglob("*") if one.is_file()]
    assert [one.name for one in left] == ["page.html"] and left[0].read_text() == "before"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "command",
    handful(
        ["runs", "show r1", "show r1.1", "show r1.1 --json", "simulate", "simulate --json"],
        ("runs", "show r1.1 --json", "simulate").__contains__,
    ),
)
def test_output_that_cannot_be_written_is_told(tmp_path: Path, command: str) -> None:
    model = ("--model", f"scripted:{PANEL}")
    assert consult("simulate", *model, cwd=tmp_path).returncode == 0
    words = command.split()
    more = ("--seed", "1", *model) if words[0] == "simulate" else ()
    done = consult(*words, *more, cwd=tmp_path, out="/dev/full")
    assert_one_sentence(done, "No space left")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    consult("simulate", "--model", f"scripted:{PANEL}", cwd=tmp_path)
    assert_one_sentence(consult("show", "r1.1", "--html", "/dev/full", cwd=tmp_path), "No space left")


@pytest.mark.slow
def test_a_closed_output_does_not_stop_a_run(tmp_path: Path) -> None:
    call = f"{sys.executable} -m consult simulate --model scripted:{PANEL} --json >&- 2>&-"
    assert subprocess.run(call, shell=True, cwd=tmp_path).returncode == 0
    assert turns(tmp_path / "consult.db")


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_the_run_in_order(tmp_path: Path) -> None:
    call = f"{sys.executable} -m consult simulate --model scripted:{PANEL} --cases 60 --json | head -n 1"
    done = subprocess.run(call, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert simulate(tmp_path, "--batch", "32").returncode == 0
    simulate(tmp_path, "--db", "whole.db")
    assert turns(tmp_path / "consult.db") == turns(tmp_path / "whole.db")
