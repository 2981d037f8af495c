"""Rows of a consultation are checked together: never with another result than one by one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from spoiling import make_store

from consult.envs.store.columns import add_functions, all_sound, conditions, sound

BAD = "CAST(x'6162ff63' AS TEXT)"
SPOILT = (BAD, "x'6162'", "7.5", "NULL", "'[1]'", "'[\"a\"'", "'{}'", "'[null]'", "-1")
HARMLESS = ("'a' || char(30) || 'b'", "'a' || char(0) || 'b'", '\'["a", "\u00e4"]\'', "'[]'", "'\u00e4'")
TABLES = ("turns", "opinions")


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(make_store(tmp_path_factory.mktemp("store")))) as opened:
        opened.execute("PRAGMA foreign_keys = OFF")
        opened.execute("PRAGMA ignore_check_constraints = ON")
        add_functions(opened)
        yield opened


def found(connection: sqlite3.Connection, table: str) -> tuple[set[str], set[str]]:
    """Return the consultations with a row that cannot be read, and those whose rows are suspected together."""
    alone = f"SELECT DISTINCT consultation_id FROM {table} WHERE NOT {sound(table)}"
    together = f"SELECT consultation_id FROM {table} GROUP BY 1 HAVING NOT coalesce({all_sound(table)}, 0)"
    return {one for (one,) in connection.execute(alone)}, {one for (one,) in connection.execute(together)}


@pytest.mark.parametrize("table", TABLES)
def test_sound_rows_are_sound_together(connection: sqlite3.Connection, table: str) -> None:
    assert found(connection, table) == (set(), set())


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table in TABLES for column in conditions()[table] if column != "consultation_id"],
)
def test_what_is_spoilt_alone_is_suspected_together(connection: sqlite3.Connection, table: str, column: str) -> None:
    row = connection.execute(f"SELECT consultation_id, idx FROM {table} LIMIT 1").fetchone()
    seen = 0
    for value in (*SPOILT, *HARMLESS):
        with contextlib.suppress(sqlite3.IntegrityError):
            connection.execute(f"UPDATE {table} SET {column} = {value} WHERE consultation_id = ? AND idx = ?", row)
            alone, together = found(connection, table)
            assert alone <= together, value
            seen += bool(alone)
        connection.rollback()
    assert seen


def test_rows_without_spoilt_ones_are_seldom_looked_at_twice(connection: sqlite3.Connection) -> None:
    for value in ("'\u00e4'", "'plain'"):
        connection.execute(f"UPDATE turns SET text = {value}")
        assert found(connection, "turns") == (set(), set())
        connection.rollback()
    connection.execute("UPDATE turns SET text = 'a' || char(30) || 'b'")
    alone, together = found(connection, "turns")
    connection.rollback()
    assert not alone and together  # the separator within a text: each row decides
