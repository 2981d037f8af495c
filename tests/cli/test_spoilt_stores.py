"""Damaged stores: one sentence for each command, no traceback, nothing written, and the rest is still read."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import consult
from spoiling import Spoiled, make_store, pages, spoil, spoil_column
from starlette.testclient import TestClient

from consult.cli.web.server import application
from consult.envs.store.log import refuse_spoilt_log
from consult.errors import StoreError

FAST, SLOW = 12, 300
"""Spoilt stores of the fuzz."""
ASKED = 5
"""Commands that each of them is given to."""
READING = (
    ("runs",), ("runs", "--json"), ("show", "r1"), ("show", "r1.1"), ("show", "r1", "--json", "--prompts"),
    ("show", "r1.1", "--prompts"), ("show", "r2.1", "--html", "page.html"), ("show", "r4", "--json"),
    ("assess", "r1", "--agreement"), ("report", "r1", "r4", "--out", "report"),
)  # fmt: skip
WRITING = (
    ("assess", "r1", "--assessor", "rules", "--json"), ("resume", "r3", "--json"),
    ("assess", "r1", "--import", "ratings.csv"),
)  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("good"))


@pytest.fixture
def db(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(good, tmp_path / "x.db"))


def changed(db: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute(statement)
        connection.commit()


def one_sentence(done: Spoiled) -> str:
    """Return the only line of the errors."""
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 2 and len(lines) == 1 and lines[0].startswith("consult: "), done
    return lines[0]


def typed(folder: Path, db: Path, *words: str) -> Spoiled:
    """Type a command, and check how it ends."""
    done = consult(*words, "--db", db, folder=folder)
    assert done.returncode in (0, 1, 2), done
    assert "Traceback" not in done.stderr + done.stdout, done
    lines = done.stderr.strip().splitlines()
    told = [line for line in lines if line.startswith("consult: ")]
    assert len(told) == 1 == len(lines) if done.returncode == 2 else len(told) <= 1, done
    return done


def asked_at_random(folder: Path, db: Path, chance: random.Random) -> None:
    """Give a store to some commands that read, some pages, and then to one that writes."""
    before = db.read_bytes()
    reading = [one for one in READING if one[0] != "report" or chance.random() < 0.2]
    for words in chance.sample(reading, ASKED):
        typed(folder, db, *words)
    with TestClient(application(db), base_url="http://127.0.0.1:8765") as client:
        for page in chance.sample(list(pages()), ASKED):
            assert client.get(page).status_code in (200, 404, 503), page
    assert db.read_bytes() == before
    if typed(folder, db, *chance.choice(WRITING)).returncode == 2:
        assert db.read_bytes() == before


def spoilt_at_random(good: Path, folder: Path, seeds: range) -> Iterator[str]:
    """Spoil copies of a store and give each to commands; yield what was done."""
    shutil.copy(good.parent / "ratings.csv", folder)
    for seed in seeds:
        for old in folder.glob("x.db*"):
            old.unlink()
        db = Path(shutil.copy(good, folder / "x.db"))
        done = spoil(db, seed)
        try:
            asked_at_random(folder, db, random.Random(f"ask {seed}"))
        except BaseException as error:
            error.add_note(f"seed {seed}: {done}")
            raise
        yield done


@pytest.mark.slow
def test_what_was_spoilt_at_random_is_told_in_a_sentence(good: Path, tmp_path: Path) -> None:
    assert len(list(spoilt_at_random(good, tmp_path, range(FAST)))) == FAST


@pytest.mark.exhaustive
def test_more_that_was_spoilt_at_random_is_told_in_a_sentence(good: Path, tmp_path: Path) -> None:
    assert len(list(spoilt_at_random(good, tmp_path, range(FAST, FAST + SLOW)))) == SLOW


# -- one of each kind --------------------------------------------------------------------------------------------------


def test_a_spoilt_consultation_is_a_failed_row_that_names_it(db: Path, tmp_path: Path) -> None:
    changed(db, "UPDATE turns SET facts = '[1,' WHERE consultation_id = 'r1.2' AND idx = 0")
    before = db.read_bytes()
    shown = consult("show", "r1", "--json", "--db", db)
    ended = [event for event in map(json.loads, shown.stdout.splitlines()) if event["event"] == "consultation"]
    assert [event["status"] for event in ended] == ["finished", "failed", "finished"]
    assert ended[1]["error"] == "cannot be read from the store: turns.facts in row 0"
    assert shown.returncode == 0 and "consultation r1.2 (turns.facts in row 0)" in shown.stderr
    report = consult("report", "r1", "--out", tmp_path / "report", "--db", db, check=True)
    data = json.loads((tmp_path / "report" / "report.json").read_text())
    assert data["runs"][0]["consultations"]["failed"] == 1 and "r1.2" in report.stderr
    client = TestClient(application(db), base_url="http://127.0.0.1:8765")
    assert "cannot be read from the store: turns.facts in row 0" in client.get("/consultations/r1.2").text
    assert db.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("ordinal = -1", "its row is missing"),
        ("ordinal = 'abc'", "its row is missing"),
        ("id = NULL", "consultations.id"),
        ("id = X'FFFE'", "consultations.id"),
        ("truth = CAST(X'6100FF' AS TEXT)", "consultations.truth"),
    ],
)
def test_a_consultation_without_its_name_is_a_failed_row(db: Path, change: str, why: str) -> None:
    changed(db, f"UPDATE consultations SET {change} WHERE id = 'r1.1'")
    done = consult("show", "r1", "--json", "--db", db)
    ended = [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "consultation"]
    failed = [event["error"] for event in ended if event["status"] == "failed"]
    assert len(ended) == 3 and failed == [f"cannot be read from the store: {why}"]
    assert done.returncode == 0 and f"consultation r1.1 ({why})" in done.stderr
    assert "Exception" not in done.stderr and "Traceback" not in done.stderr


def test_a_text_behind_a_nul_is_checked(db: Path) -> None:
    changed(db, "UPDATE turns SET text = CAST(X'6100FF' AS TEXT) WHERE consultation_id = 'r1.1' AND idx = 1")
    done = consult("show", "r1", "--json", "--db", db)
    assert done.returncode == 0 and "consultation r1.1 (turns.text in row 1)" in done.stderr


def test_a_spoilt_run_is_left_out_and_named(db: Path) -> None:
    changed(db, "UPDATE runs SET config = '{\"a\":' WHERE id = 'r4'")
    listed = consult("runs", "--json", "--db", db)
    assert [json.loads(line)["run"] for line in listed.stdout.splitlines()] == ["r5", "r3", "r2", "r1"]
    assert listed.returncode == 0 and "run r4 (runs.config)" in listed.stderr
    page = TestClient(application(db), base_url="http://127.0.0.1:8765").get("/").text
    assert "/runs/r4" not in page and "/runs/r5" in page and "run r4 (runs.config)" in page
    assert "run r4 cannot be read" in one_sentence(consult("show", "r4", "--db", db))
    assert "run r4 cannot be read" in one_sentence(consult("report", "r4", "--db", db))


@pytest.mark.parametrize(
    "statement, told",
    [
        ("DROP TABLE turns", "lacks the table 'turns'"),
        ("ALTER TABLE turns RENAME COLUMN thought TO other", "lacks the column 'turns.thought'"),
        ("PRAGMA user_version = 99", "was written by a newer version"),
        ("PRAGMA user_version = -3", "is not a database of consult"),
        ("PRAGMA user_version = 3", "says that it has schema 3"),
    ],
)
def test_a_spoilt_schema_is_named(db: Path, statement: str, told: str) -> None:
    changed(db, statement)
    before = db.read_bytes()
    for words in (("runs",), ("show", "r1"), ("resume", "r3"), ("assess", "r1", "--assessor", "rules")):
        assert told in one_sentence(consult(*words, "--db", db))
    assert db.read_bytes() == before


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "is empty; play something first"),
        (b"root:x:0:0:root:/root:/bin/bash\n" * 40, "is not an SQLite database"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "; name another with --db"),
    ],
)
def test_a_file_that_is_no_store_is_named_and_left_as_it_is(tmp_path: Path, content: bytes, told: str) -> None:
    db = tmp_path / "x.db"
    db.write_bytes(content)
    for words in (("runs",), ("show", "r1"), ("resume", "r3"), ("report", "r1"), ("assess", "r1", "--agreement")):
        sentence = one_sentence(consult(*words, "--db", db))
        assert str(db) in sentence
        assert told in sentence or "restore it from a copy" in sentence
    assert db.read_bytes() == content and [one.name for one in tmp_path.iterdir()] == ["x.db"]


@pytest.mark.parametrize("place", [40, 4000, 20_000])
def test_a_spoilt_log_is_named_and_kept(db: Path, place: int) -> None:
    with contextlib.closing(sqlite3.connect(db, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint=0")
        for number in range(8):
            writer.execute("UPDATE turns SET thought = ? WHERE consultation_id = 'r1.1'", (f"{number}" * 900,))
        kept = {one: Path(f"{db}{one}").read_bytes() for one in ("", "-wal")}
    other = db.with_name("y.db")
    log = bytearray(kept["-wal"])
    log[place] ^= 0xFF
    other.write_bytes(kept[""])
    Path(f"{other}-wal").write_bytes(log)
    for words in (("runs",), ("show", "r1"), ("resume", "r3")):
        assert "y.db-wal' is damaged" in one_sentence(consult(*words, "--db", other))
    assert other.read_bytes() == kept[""] and Path(f"{other}-wal").read_bytes() == bytes(log)


def test_a_log_that_a_crash_cut_off_is_read(db: Path) -> None:
    with contextlib.closing(sqlite3.connect(db, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint=0")
        writer.execute("UPDATE turns SET thought = 'kept' WHERE consultation_id = 'r1.1'")
        content, log = db.read_bytes(), Path(f"{db}-wal").read_bytes()
    other = db.with_name("y.db")
    other.write_bytes(content)
    Path(f"{other}-wal").write_bytes(log + log[32 : 32 + 900])
    assert "kept" in consult("show", "r1.1", "--json", "--db", other, check=True).stdout


def test_a_transaction_that_nobody_was_told_of_is_no_damage(db: Path) -> None:
    """Killed before the index has it, or in the middle of its last frame; then a frame before its end is damaged."""
    with contextlib.closing(sqlite3.connect(db, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint=0")
        writer.execute("UPDATE turns SET thought = 'kept' WHERE consultation_id = 'r1.1'")
        index, length = Path(f"{db}-shm").read_bytes(), Path(f"{db}-wal").stat().st_size
        writer.execute("UPDATE turns SET thought = ? WHERE consultation_id = 'r1.1'", ("x" * 9000,))
        log = Path(f"{db}-wal").read_bytes()
    frames = (len(log) - length) // (24 + 4096)
    assert frames > 2
    other = db.with_name("y.db")
    Path(f"{other}-shm").write_bytes(index)
    written = Path(f"{other}-wal")
    for whole in (log, log[: -len(log) // 3], log[:-4096] + bytes(4096)):
        written.write_bytes(whole)
        refuse_spoilt_log(other)
    for place in (length + 24, length + 24 + (frames - 2) * (24 + 4096) + 100):
        written.write_bytes(log[:place] + bytes([log[place] ^ 0xFF]) + log[place + 1 :])
        with pytest.raises(StoreError, match="is damaged"):
            refuse_spoilt_log(other)


def test_more_tables_and_columns_do_no_harm(db: Path) -> None:
    changed(db, "ALTER TABLE runs ADD COLUMN note TEXT DEFAULT 'x'")
    changed(db, "CREATE TABLE notes (id)")
    for words in (("runs",), ("show", "r1"), ("resume", "r3")):
        done = consult(*words, "--db", db, check=True)
        assert "consult: " not in done.stderr


def test_a_spoilt_verdict_is_left_out(db: Path) -> None:
    spoil_column(db, "assessments", "turns", "broken JSON")
    shown = consult("show", "r1", "--db", db)
    assert shown.returncode == 0 and "a row of assessments (assessments.turns)" in shown.stderr
    assert "is damaged and is left as it is" in one_sentence(consult("assess", "r1", "--assessor", "rules", "--db", db))


def test_numbers_of_deleted_runs_are_not_given_again(db: Path, good: Path) -> None:
    changed(db, "DELETE FROM runs WHERE id = 'r2'")
    scenario, script = good.parent / "colds", good.parent / "script.yaml"
    done = consult(
        "simulate", "--scenario", scenario, "--model", f"scripted:{script}", "--json", "--db", db, check=True
    )
    assert json.loads(done.stdout.splitlines()[0])["run"] == "r6"
