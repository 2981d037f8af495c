"""Stored prompts: rows of `prompts`, and the lines of their texts."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from consult.envs.store.prompt_rows import COLUMNS, unpacked
from consult.envs.store.write import Row, Store

AT_ONCE = 10_000
"""Lines per query."""


def prompt_rows(store: Store, consultation: str) -> list[Row]:
    """List the requests of a consultation, one row each, in order; those after all turns come last."""
    return _rows(store, "WHERE consultation_id = ? ORDER BY turn IS NULL, turn, id", consultation)


def prompt_rows_of_run(store: Store, run: str) -> list[Row]:
    """List the requests of all consultations of a run, one row each, in the order of play."""
    return _rows(
        store,
        "JOIN consultations c ON c.id = p.consultation_id WHERE c.run_id = ? "
        "ORDER BY c.ordinal, p.turn IS NULL, p.turn, p.id",
        run,
    )


def _rows(store: Store, where: str, *parameters: Any) -> list[Row]:
    columns = ", ".join(f"p.{name}" for name in COLUMNS)
    return store.query(f"SELECT {columns} FROM prompts p {where}", *parameters)


def prompt_lines(store: Store, numbers: Collection[int]) -> dict[int, str]:
    """Map the numbers of lines to the lines."""
    wanted, found = sorted(numbers), dict[int, str]()
    for start in range(0, len(wanted), AT_ONCE):
        part = json.dumps(wanted[start : start + AT_ONCE])
        for line in store.query("SELECT id, text FROM prompt_lines WHERE id IN (SELECT value FROM json_each(?))", part):
            found[line["id"]] = unpacked(line["text"])
    return found
