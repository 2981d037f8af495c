"""Refuse a file that lacks a column, and name the column that may be meant by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from consult.errors import UserError
from consult.scenarios.importing.columns import MEANT, meant_columns
from consult.scenarios.scenario import nearest

MOST_SHOWN = 300
"""Most characters of the list of columns in a message."""
SPELLED = 0.8
"""Similarity from which on a name is another spelling."""
Header = Callable[[Path, Iterable[str]], None]
"""Refuses a file by its columns."""


def lacking(path: Path, columns: Iterable[str], needed: Sequence[str]) -> None:
    """Refuse a file of a known data set that lacks a column.

    Raises:
        UserError: It does.
    """
    there = [str(name) for name in columns]
    missing = next((name for name in needed if name not in there), None)
    if missing is not None:
        meant = meant_by(missing, [name for name in there if name not in needed])
        fix = f"rename '{meant}' to '{missing}' if it is meant" if meant else "rename the column that is meant"
        raise without(path, missing, there, fix)


def without(path: Path, missing: str, columns: Sequence[str], fix: str) -> UserError:
    """Return the refusal of a file that lacks a column."""
    shown = ", ".join(columns[:12])[:MOST_SHOWN] or "none"
    return UserError(f"{path}: has no column '{missing}'; there are: {shown}; {fix}")


def meant_by(missing: str, columns: Sequence[str]) -> str:
    """Return the column that is another spelling of a missing one, or another word for it; empty if there is none."""
    lower = {name.lower(): name for name in columns}
    near = nearest(missing.lower(), list(lower), 1, cutoff=SPELLED)
    if near:
        return lower[near[0]]
    words = re.sub(r"[_\W]+", " ", missing)
    fields = [field for field, pattern in MEANT.items() if re.search(pattern, words, re.IGNORECASE)]
    return next(iter(meant_columns(columns, fields).values()), "")
