"""A run's rows of each table as stored, for data frames."""

from __future__ import annotations

from consult.envs.store.rows import Row
from consult.envs.store.write import Store

_ORDERS = {
    "turns": "c.ordinal, t.idx",
    "opinions": "c.ordinal, t.idx",
    "assessments": "c.ordinal, t.id",
    "judgements": "c.ordinal, t.judge",
}
"""Table of consultation data → SQL for the order of play."""


def rows_of(store: Store, table: str, run: str) -> list[Row]:
    """Return a run's rows of a table in the order of play, with all columns.

    Args:
        store: The run's store.
        table: consultations, turns, opinions, assessments or judgements.
        run: The run's id.
    """
    if table == "consultations":
        return store.query("SELECT * FROM consultations WHERE run_id = ? ORDER BY ordinal", run)
    return store.query(
        f"SELECT t.* FROM {table} t JOIN consultations c ON c.id = t.consultation_id "
        f"WHERE c.run_id = ? ORDER BY {_ORDERS[table]}",
        run,
    )


def declared_types(store: Store, table: str) -> dict[str, str]:
    """Map each column of a table to its declared type, such as INTEGER, in the table's order."""
    return {
        row["name"]: row["type"] for row in store.query("SELECT name, type FROM pragma_table_info(?, 'main')", table)
    }
