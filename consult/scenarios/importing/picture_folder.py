"""Folders of photographs: one folder per diagnosis, or a table beside them with more data."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from consult.errors import UserError
from consult.scenarios.importing.columns import Columns
from consult.scenarios.importing.own_rows import rows_of
from consult.scenarios.importing.records import Table
from consult.scenarios.importing.row import Read, Row, Rows, UnusableRow

TABLES = ("MANIFEST.csv", "metadata.csv")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".dcm")
SPLITS = ("train", "training", "validation", "valid", "val", "dev", "test")


def read_folder(source: Path, mapping: Mapping[str, str]) -> Rows:
    """Read `<diagnosis>/<photograph>` or `<split>/<diagnosis>/<photograph>`, or the rows of a table beside them.

    Raises:
        UserError: The source is not a folder, or its table cannot be read.
    """
    if not source.is_dir():
        raise UserError(f"'{source}' is not a folder; give the one that contains a folder for each diagnosis")
    table = next((source / name for name in TABLES if (source / name).is_file()), None)
    if table is not None:
        listed = Table(table)
        return (_named(read) for read in rows_of(listed, Columns(mapping, listed.columns)))
    return _walked(source)


def unlisted(source: Path, listed: int) -> int:
    """Count the photographs of a folder that its table does not name."""
    return max(0, sum(1 for _ in _pictures(source)) - listed)


def has_table(source: Path) -> bool:
    """Return whether a table beside the photographs decides which of them are cases."""
    return any((source / name).is_file() for name in TABLES)


def _walked(source: Path) -> Iterator[Read]:
    for number, path in enumerate(_pictures(source), 1):
        row = Row(image=path.relative_to(source).as_posix())
        yield _named(Read(number, row))


def _pictures(source: Path) -> Iterator[Path]:
    """Find photographs in a fixed order, without following links to other folders, and not in hidden folders."""
    for folder, inner, files in os.walk(source):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(files) if name.lower().endswith(SUFFIXES))


def _named(read: Read) -> Read:
    """Fill in from the path what a table did not state: the diagnosis, and the split above it."""
    row = read.row
    if isinstance(row, UnusableRow):
        return read
    above = PurePosixPath(row.image.replace("\\", "/")).parts[:-1]
    diagnosis = row.diagnosis or (above[-1].replace("_", " ").strip() if above else "")
    split = row.split or next((part for part in above[:-1] if part.lower() in SPLITS), "")
    return Read(read.line, replace(row, diagnosis=diagnosis, split=split))
