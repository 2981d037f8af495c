"""A good store of every kind of row, and ways to spoil it."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from command_line import consult
from PIL import Image

from consult.agents.assessors.judge import Judgement
from consult.envs.store.predictions import Prediction, keep_predictions
from consult.envs.store.write import Store
from consult.scenarios.correct import Correct

SCENARIO = """\
name: colds
title: Three invented patients
topics: {duration: how long it has lasted, fever: whether there is a fever}
"""
LABELS = """\
labels:
  common cold: {specialty: general practice, urgency: routine, plan: [Drink enough and rest.]}
  influenza: {specialty: internal medicine, urgency: soon, plan: [Stay in bed while you have a fever.]}
"""
FACTS = (("duration", "it started three days ago"), ("fever", "I have a high fever"))
SCRIPT = """\
replies:
  patient.open: ["Good morning, doctor."]
  patient: ["I really can't say more about it."]
  triage: ['{"specialty": "general practice", "urgency": "routine", "why": "A cold."}']
  attending.action:
    - '{"action": "ask", "topic": "duration", "text": "How long have you had it?"}'
    - '{"action": "consult", "text": "I will ask my colleagues."}'
    - '{"action": "conclude"}'
  specialist: ['{"diagnosis": "influenza", "confidence": 0.8, "reason": "There is a fever."}']
  attending.decision: ["<think>They agree.</think><answer>influenza</answer><differential>common cold</differential>"]
  attending.explanation: ["I think that this is influenza."]
  attending.reply: ["It will settle."]
"""
RATINGS = "consultation,item,value,rater\nr1.1,1.1,1,anna\nr1.1,2.1,0,anna\nr1.2,1.1,0,anna\n"
VALUES: dict[str, object] = {
    "broken JSON": '{"a": [1,',
    "JSON of another shape": '{"a": [1, null]}',
    "an empty text": "",
    "a text": "spoilt \N{SNOWMAN} [/b] \x1b[31m <b>",
    "a blob": b"\x00\xff\x80",
    "nothing": None,
    "a huge number": 2**62,
    "a negative number": -7,
    "an endless number": float("inf"),
    "bytes that are not UTF-8": "CAST(x'4142ff80' AS TEXT)",
}
"""Kind → the value; the last one is SQL."""
HEADER = 100
"""Bytes of an SQLite file's header."""


Spoiled = subprocess.CompletedProcess[str]
"""A command that was given a spoilt store."""


def make_store(folder: Path) -> Path:
    """Play and write one of everything: r1 finished, r2 of a photograph, r3 interrupted, r4 and r5 of a benchmark."""
    db = folder / "good.db"
    where = ("--db", db, "--json")
    played = (*_scenario(folder), *where)
    consult("simulate", "--cases", "3", *played, check=True)
    Image.new("RGB", (40, 30), "brown").save(folder / "mole.png")
    own = ("--complaint", "This mole itches.", "--image", folder / "mole.png")
    consult("simulate", *own, *played, check=True)
    consult("simulate", "--cases", "3", "--seed", "3", *played, check=True)
    grid = ("--cases", "2", "--strategies", "dialogue,no-dialogue", "--temperament", "sanguine", "--no-solo")
    consult("benchmark", *grid, *played, "--assessor", "rules", "--out", folder / "grid", check=True)
    consult("assess", "r1", "--assessor", "rules", *where)
    (folder / "ratings.csv").write_text(RATINGS)
    consult("assess", "r1", "--import", folder / "ratings.csv", *where, check=True)
    with Store(db) as store:
        revision = store.query("SELECT scenario_revision FROM runs")[0]["scenario_revision"]
        keep_predictions(store, [Prediction("starter@1", revision, "c1", '["influenza"]', "[0.5]")])
        store.keep_judgements("judge@1", [("r1.1", Judgement("same", "alike"), Correct(True, "judge"))])
    with closing(sqlite3.connect(db)) as connection:
        _interrupt(connection, "r3")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return db


def _scenario(folder: Path) -> tuple[str | Path, ...]:
    """Write a small scenario and a script, and return the options that play them."""
    place = folder / "colds"
    place.mkdir()
    (place / "scenario.yaml").write_text(SCENARIO)
    (place / "labels.yaml").write_text(LABELS)
    facts = [{"topic": topic, "text": said} for topic, said in FACTS]
    names = ("influenza", "common cold", "influenza")
    cases = [
        {"id": f"c{n}", "complaint": "I feel ill", "diagnosis": name, "facts": facts} for n, name in enumerate(names, 1)
    ]
    (place / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
    (folder / "script.yaml").write_text(SCRIPT)
    return "--scenario", place, "--model", f"scripted:{folder / 'script.yaml'}"


def _interrupt(connection: sqlite3.Connection, run: str) -> None:
    """Make a run look as if it had been killed in its second of three consultations."""
    for table, kept in (("opinions", 0), ("prompts", 0), ("turns", 2)):
        index = "coalesce(turn, 9)" if table == "prompts" else "idx"
        connection.execute(
            f"DELETE FROM {table} WHERE consultation_id = ? AND {index} >= {kept} OR consultation_id = ?",
            (f"{run}.2", f"{run}.3"),
        )
    connection.execute(
        "UPDATE consultations SET status = 'running', specialty = NULL, urgency = NULL, diagnosis = NULL, "
        "correct = NULL, correct_by = NULL, final_urgency = NULL WHERE run_id = ? AND ordinal > 1",
        (run,),
    )
    connection.execute("UPDATE runs SET status = 'interrupted', ended = NULL WHERE id = ?", (run,))
    connection.commit()


def columns(db: Path) -> list[tuple[str, str]]:
    """List the columns of the tables with rows."""
    with closing(sqlite3.connect(db)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = [name for name in tables if connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()]
        return [(name, row[1]) for name in filled for row in connection.execute(f"PRAGMA table_info({name})")]


# -- ways to spoil a copy ----------------------------------------------------------------------------------------------


def spoil_column(db: Path, table: str, column: str, kind: str, *, everywhere: bool = False) -> str:
    """Write a value of another kind into one row of a column, or into all; return what was done."""
    value = VALUES[kind]
    written, given = (str(value), ()) if kind == "bytes that are not UTF-8" else ("?", (value,))
    with closing(sqlite3.connect(db)) as connection:
        _let_anything_in(connection, table)
        key = "rowid" if _has_rowid(connection, table) else _keys(connection, table)
        where = "" if everywhere else f"WHERE ({key}) IN (SELECT {key} FROM {table} LIMIT 1)"
        with suppress(sqlite3.IntegrityError):  # a row's number is a number
            connection.execute(f"UPDATE OR IGNORE {table} SET {column} = {written} {where}", given)
        connection.commit()
        _close(connection)
    return f"{kind} in {table}.{column}{' everywhere' if everywhere else ''}"


def _let_anything_in(connection: sqlite3.Connection, table: str) -> None:
    """Take the constraints of a table off, as a damaged file would not keep them."""
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute(
        "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = ? AND sql NOT LIKE '%WITHOUT ROWID'",
        (table,),
    )
    connection.execute("PRAGMA writable_schema=RESET")


def _has_rowid(connection: sqlite3.Connection, table: str) -> bool:
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    return "WITHOUT ROWID" not in sql


def _keys(connection: sqlite3.Connection, table: str) -> str:
    return ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5])


def drop_table(db: Path, table: str) -> str:
    """Drop a table."""
    return _changed(db, f"DROP TABLE {table}")


def drop_column(db: Path, table: str, column: str) -> str:
    """Drop a column by renaming it, which works for keys, too."""
    return _changed(db, f"ALTER TABLE {table} RENAME COLUMN {column} TO lost")


def add_column(db: Path, table: str) -> str:
    """Add a column that the schema does not have."""
    return _changed(db, f"ALTER TABLE {table} ADD COLUMN more TEXT DEFAULT 'x'")


def delete_rows(db: Path, table: str, chance: random.Random) -> str:
    """Delete a row that others may refer to, or all of them."""
    everything = chance.random() < 0.3
    with closing(sqlite3.connect(db)) as connection:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        key = "rowid" if _has_rowid(connection, table) else _keys(connection, table)
    which = f"WHERE ({key}) IN (SELECT {key} FROM {table} LIMIT 1 OFFSET {chance.randrange(max(1, count))})"
    return _changed(db, f"DELETE FROM {table} {'' if everything else which}")


def set_version(db: Path, version: int) -> str:
    """Write another schema version."""
    return _changed(db, f"PRAGMA user_version = {version}")


def _changed(db: Path, statement: str) -> str:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(statement)
        connection.commit()
        _close(connection)
    return statement


def _close(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def flip_bytes(db: Path, chance: random.Random) -> str:
    """Change some bytes anywhere, in one place, or in the header."""
    content = bytearray(db.read_bytes())
    span = HEADER if chance.random() < 0.1 else len(content)
    places = [chance.randrange(span) for _ in range(chance.choice((1, 8, 64)))]
    for place in places:
        content[place] ^= chance.randrange(1, 256)
    db.write_bytes(content)
    return f"{len(places)} bytes below {span}"


def clear_page(db: Path, chance: random.Random) -> str:
    """Overwrite one page, with zeros or with noise."""
    content = bytearray(db.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    page = chance.randrange(len(content) // size)
    content[page * size : (page + 1) * size] = bytes(size) if chance.random() < 0.5 else chance.randbytes(size)
    db.write_bytes(content)
    return f"page {page}"


def truncate(db: Path, chance: random.Random) -> str:
    """Cut the file off."""
    content = db.read_bytes()
    kept = chance.randrange(len(content))
    db.write_bytes(content[:kept])
    return f"cut to {kept}"


def spoil(db: Path, seed: int) -> str:
    """Spoil a store in a way that the seed chooses; return what was done."""
    chance = random.Random(f"spoil {seed}")
    listed = columns(db)
    table, column = chance.choice(listed)
    draw = chance.random()
    if draw < 0.55:
        return spoil_column(db, table, column, chance.choice(list(VALUES)), everywhere=chance.random() < 0.1)
    if draw < 0.75:
        return flip_bytes(db, chance)
    if draw < 0.80:
        return clear_page(db, chance)
    if draw < 0.84:
        return truncate(db, chance)
    if draw < 0.88:
        return drop_table(db, table)
    if draw < 0.91:
        return drop_column(db, table, column)
    if draw < 0.92:
        return add_column(db, table)
    if draw < 0.98:
        return delete_rows(db, table, chance)
    return set_version(db, chance.choice((-1, 1, 5, 11, 99, 2**31 - 1)))


def pages() -> Iterator[str]:
    """Yield addresses of `consult view`."""
    yield from ("/", "/runs/r1", "/runs/r1?result=wrong&assessor=human%3Aanna&item=1.1&value=1")
    yield from ("/runs/r2", "/consultations/r1.1", "/consultations/r2.1", "/compare?left=r1.1&right=r1.2")
    yield from ("/photographs/r2.1", "/consultations/r4.1")
