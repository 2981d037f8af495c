"""Stored prompts: rows of `prompts`, and the lines of their texts."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from consult.envs.store.columns import first_spoilt, packed_text, sound
from consult.envs.store.prompt_rows import COLUMNS, unpacked
from consult.envs.store.rows import Row
from consult.envs.store.write import Store
from consult.errors import StoreError

AT_ONCE = 10_000
"""Lines per query."""


def prompt_rows(store: Store, consultation: str) -> list[Row]:
    """List the requests of a consultation, one row each, in order; those after all turns come last.

    Raises:
        StoreError: One cannot be read.
    """
    _refuse_spoilt(store, "consultation_id = ?", consultation)
    return _rows(store, "WHERE consultation_id = ? ORDER BY turn IS NULL, turn, id", consultation)


def prompt_rows_of_run(store: Store, run: str) -> list[Row]:
    """List the requests of all consultations of a run, one row each, in the order of play.

    Raises:
        StoreError: One cannot be read.
    """
    _refuse_spoilt(store, "consultation_id IN (SELECT id FROM consultations WHERE run_id = ?)", run)
    return _rows(
        store,
        "JOIN consultations c ON c.id = p.consultation_id WHERE c.run_id = ? "
        "ORDER BY c.ordinal, p.turn IS NULL, p.turn, p.id",
        run,
    )


def _rows(store: Store, where: str, *parameters: Any) -> list[Row]:
    columns = ", ".join(f"p.{name}" for name in COLUMNS)
    return store.query(f"SELECT {columns} FROM prompts p {where}", *parameters)


def _refuse_spoilt(store: Store, where: str, name: str) -> None:
    found = store.query(
        f"SELECT consultation_id AS consultation, {first_spoilt('prompts')} AS spoilt FROM prompts "
        f"WHERE {where} AND NOT {sound('prompts')} LIMIT 1",
        name,
    )
    if found:
        raise spoilt_prompts(store, found[0]["consultation"], f"prompts.{found[0]['spoilt']}")


def spoilt_prompts(store: Store, consultation: str, why: str) -> StoreError:
    """Return the error for prompts of a consultation that cannot be read."""
    return StoreError(
        f"the prompts of {consultation} cannot be read from '{store.path}' ({why}); restore the file from a copy, or "
        "show the consultation without its prompts"
    )


def prompt_lines(store: Store, numbers: Collection[int]) -> dict[int, str]:
    """Map the numbers of lines to the lines; those that are missing or cannot be read are left out."""
    wanted, found = sorted(numbers), dict[int, str]()
    for start in range(0, len(wanted), AT_ONCE):
        part = json.dumps(wanted[start : start + AT_ONCE])
        for line in store.query(
            f"SELECT id, text FROM prompt_lines WHERE id IN (SELECT value FROM json_each(?)) AND {packed_text('text')}",
            part,
        ):
            found[line["id"]] = unpacked(line["text"])
    return found
