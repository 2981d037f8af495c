"""Who does a piece of work: locks that the system releases at death, beside the store whatever path leads to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consult.envs.held import HeldError, Hold, RunHold, being_played, holder_of, holding, is_held, lock_of, scoring

HOLDING = """
import os, sys, time
from pathlib import Path
from consult.envs.held import RunHold
with RunHold(Path(sys.argv[1])) as hold:
    print(hold.take_run("r1"), flush=True)
    if sys.argv[2] == "forked" and os.fork() == 0:
        print(os.getpid(), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    path.touch()
    return path


@contextmanager
def other(store: Path, *, forked: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Start a process that holds the run r1, and kill it at the end."""
    call = [sys.executable, "-c", HOLDING, str(store), "forked" if forked else ""]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_a_run_is_held_once_and_its_lock_file_deleted(store: Path) -> None:
    with RunHold(store) as hold:
        hold.take_new("r1")
        assert is_held(store, "r1") and not is_held(store, "r2")
        with RunHold(store) as second, pytest.raises(HeldError, match=r"^run r1 is being played by another thread of"):
            assert not second.take_run("r1")
            second.take_new("r1")
        assert is_held(store, "r1")
    assert not is_held(store, "r1") and os.listdir(store.parent) == ["a.db"]


def test_a_process_is_named_and_its_death_releases_the_run(store: Path) -> None:
    with other(store) as process:
        assert is_held(store, "r1")
        with RunHold(store) as hold:
            assert not hold.take_run("r1")
        said = str(being_played(store, "r1"))
        assert said.startswith(f"run r1 is being played by process {process.pid} (since 20"), said
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert lock_of(store, "r1").exists() and not is_held(store, "r1")
        with RunHold(store) as hold:
            assert hold.take_run("r1") and holder_of(lock_of(store, "r1")).pid == os.getpid()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_outlives_its_parent_does_not_hold_the_run(store: Path) -> None:
    with other(store, forked=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            assert is_held(store, "r1")
            process.send_signal(signal.SIGKILL)
            process.wait()
            os.kill(child, 0)
            assert not is_held(store, "r1")
        finally:
            os.kill(child, signal.SIGKILL)


def test_every_path_to_a_store_leads_to_one_lock_and_a_copy_has_its_own(store: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "link.db").symlink_to(store)
    (tmp_path / "copy").mkdir()
    with RunHold(tmp_path / "elsewhere" / "link.db") as hold:
        assert hold.take_run("r1")
        assert is_held(store, "r1") and is_held(tmp_path / "link.db", "r1")
        for name in ("a.db", "a.db-r1.lock"):
            shutil.copy(tmp_path / name, tmp_path / "copy" / name)
        assert not is_held(tmp_path / "copy" / "a.db", "r1")


def test_a_lock_file_stays_beside_the_store_whatever_the_run_is_called(store: Path) -> None:
    assert lock_of(store, "../../r1").parent == store.parent.resolve()


def test_a_lock_file_has_the_permissions_of_the_store(store: Path) -> None:
    store.chmod(0o660)
    with RunHold(store) as hold:
        assert hold.take_run("r1") and lock_of(store, "r1").stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("kind", ["link", "folder", "gone"])
def test_what_cannot_be_locked_is_refused(store: Path, kind: str) -> None:
    place = lock_of(store, "r1")
    if kind == "link":
        place.symlink_to(store.parent / "x")
    elif kind == "folder":
        place.mkdir()
    else:
        place = Path("/proc/none/a.lock")
    with Hold(store) as hold, pytest.raises(HeldError, match=r"cannot be locked \(.*\), so two processes could"):
        hold.take(place)


def test_scoring_and_other_work_are_held_by_name(store: Path) -> None:
    with scoring(store, "r1", "rules@1"):
        with (
            pytest.raises(HeldError, match=r"^run r1 is being scored with rules@1 by another thread"),
            scoring(store, "r1", "rules@1"),
        ):
            pass
        with scoring(store, "r1", "rules@2"), scoring(store, "r2", "rules@1"):
            pass
    with holding(lock_of(store, "b1"), store, "benchmark b1 is being played", "wait for it"):
        assert is_held(store, "b1")


def test_a_store_in_memory_needs_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with RunHold(Path(":memory:")) as hold:
        hold.take_new("r1")
        assert not is_held(Path(":memory:"), "r1") and not os.listdir()
