"""Stores that cannot be written: every command that reads still reads them, and one that writes says so at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import consult
from spoiling import make_store
from starlette.testclient import TestClient

from consult.cli.web.server import application
from consult.envs.store.migrations import MIGRATIONS
from consult.envs.store.readonly import ReadOnlyStore, reading
from consult.envs.store.write import Store
from consult.errors import StoreError

NOBODY = 65534
READING = (("runs",), ("show", "r1"), ("show", "r1.1"), ("assess", "r1", "--agreement"), ("report", "r1", "r4"))
Mounted = Callable[[Path], Path]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("good"))


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounted]:
    """Show a folder a second time, where nothing in it can be written."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mount(folder: Path) -> Path:
        for options in (["--bind", folder], ["-o", "remount,ro,bind"]):
            try:
                done = subprocess.run(["mount", *options, place], capture_output=True)
            except FileNotFoundError:
                pytest.skip("there is no mount command")
            if done.returncode:
                pytest.skip("only an administrator may mount a folder")
        return place

    yield mount
    subprocess.run(["umount", "-l", place], capture_output=True)


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    place = tmp_path / "own"
    place.mkdir()
    shutil.copy(good, place / "x.db")
    return place


def read_by_every_command(db: Path, out: Path) -> None:
    for words in READING:
        more = ("--out", out / "report") if words[0] == "report" else ()
        done = consult(*words, *more, "--db", db)
        assert (done.returncode, done.stderr) == (0, ""), done
    with TestClient(application(db), base_url="http://127.0.0.1:8765") as client:
        for page in ("/", "/runs/r1", "/consultations/r1.1", "/compare?left=r1.1&right=r1.2", "/photographs/r2.1"):
            assert client.get(page).status_code == 200, page


def refused_by_every_command(db: Path, good: Path) -> None:
    played = ("--scenario", good.parent / "colds", "--model", f"scripted:{good.parent / 'script.yaml'}")
    ratings = ("--import", good.parent / "ratings.csv")
    for words in (
        ("simulate", *played), ("resume", "r3"), ("assess", "r1", "--assessor", "rules"), ("assess", "r1", *ratings),
        ("benchmark", "--cases", "1", *played, "--out", db.parents[1] / "grid"),
    ):  # fmt: skip
        done = consult(*words, "--db", db)
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1, done
        assert str(db) in done.stderr and "written" in done.stderr and "going on" not in done.stderr, done


@pytest.mark.slow
def test_a_store_on_a_read_only_disk_is_read(folder: Path, mounted: Mounted, tmp_path: Path, good: Path) -> None:
    db = mounted(folder) / "x.db"
    before = sorted(folder.iterdir())
    read_by_every_command(db, tmp_path)
    refused_by_every_command(db, good)
    assert sorted(folder.iterdir()) == before


def test_a_store_that_is_written_from_elsewhere_is_read_as_it_is_now(
    folder: Path, mounted: Mounted, tmp_path: Path
) -> None:
    db = mounted(folder) / "x.db"
    with contextlib.closing(sqlite3.connect(folder / "x.db", isolation_level=None)) as writer:
        writer.execute("UPDATE runs SET status = 'interrupted' WHERE id = 'r1'")
        with reading(db) as store:
            assert store.query("SELECT status FROM runs WHERE id = 'r1'") == [{"status": "interrupted"}]
        read_by_every_command(db, tmp_path)


def test_a_log_that_its_writer_left_is_read_from_a_copy(folder: Path, mounted: Mounted, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "x.db", isolation_level=None)) as writer:
        writer.execute("UPDATE runs SET status = 'interrupted' WHERE id = 'r1'")
        for part in ("", "-wal"):
            shutil.copy(folder / f"x.db{part}", folder / f"y.db{part}")
    db = mounted(folder) / "y.db"
    with reading(db) as store:
        assert store.query("SELECT status FROM runs WHERE id = 'r1'") == [{"status": "interrupted"}]
    read_by_every_command(db, tmp_path)


def test_a_change_under_a_reader_without_locks_is_noticed(folder: Path, mounted: Mounted) -> None:
    with ReadOnlyStore(mounted(folder) / "x.db") as store:
        assert store.query("SELECT id FROM runs")
        with Store(folder / "x.db") as writer:
            writer.end("r1", "interrupted", 1.0)
        with pytest.raises(StoreError, match="was changed while it was read"):
            store.query("SELECT id FROM runs")


def test_an_older_store_is_migrated_in_a_copy(folder: Path, mounted: Mounted, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "x.db")) as db:
        db.execute("DROP INDEX consultations_of_case")
        db.execute("ALTER TABLE classifier_predictions RENAME TO guesses")
        later = {
            "prompts": "thought cut",
            "turns": "findings stated_confidence",
            "runs": "capabilities prompt_revision",
            "consultations": "dataset modality question_type question_form domain",
            "opinions": "findings stated_confidence differential urgency",
        }
        for table, columns in later.items():
            for column in columns.split():
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("DROP TABLE reply_counts")
        db.execute("PRAGMA user_version = 11")
        db.commit()
    content = (folder / "x.db").read_bytes()
    read_by_every_command(mounted(folder) / "x.db", tmp_path)
    assert (folder / "x.db").read_bytes() == content
    consult("runs", "--db", folder / "x.db", check=True)
    with Store(folder / "x.db") as store:
        assert store.query("PRAGMA user_version") == [{"user_version": len(MIGRATIONS)}]


@pytest.mark.skipif(os.geteuid() != 0, reason="only an administrator can become another user")
@pytest.mark.parametrize("playing", [False, True])
def test_another_users_store_is_read(good: Path, playing: bool) -> None:
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        db = Path(shutil.copy(good, name))
        Path(name).chmod(0o755)
        if playing:
            writer = stack.enter_context(contextlib.closing(sqlite3.connect(db, isolation_level=None)))
            writer.execute("UPDATE runs SET status = 'interrupted' WHERE id = 'r1'")
        child = os.fork()
        if not child:
            code = 1
            with contextlib.suppress(BaseException):
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                with reading(db, "r1") as store:
                    rows = store.query("SELECT status FROM runs WHERE id = 'r1'")
                    code = 0 if rows == [{"status": "interrupted" if playing else "finished"}] else 2
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
