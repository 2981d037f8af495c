"""Your own tables and JSON lines, with the columns of `consult.scenarios.importing.columns`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from consult.scenarios.importing.columns import Columns
from consult.scenarios.importing.records import Record, Table, read_objects, rows_from
from consult.scenarios.importing.row import Rows


def read_csv(source: Path, mapping: Mapping[str, str]) -> Rows:
    """Read a table.

    Raises:
        UserError: The table has no usable header, or the mapping names a field or column that does not exist.
    """
    table = Table(source)
    return rows_of(table, Columns(mapping, table.columns))


def read_jsonl(source: Path, mapping: Mapping[str, str]) -> Rows:
    """Read JSON lines.

    Raises:
        UserError: The mapping names a field that does not exist.
    """
    return rows_of(read_objects(source), Columns(mapping))


def rows_of(records: Iterable[Record], columns: Columns) -> Rows:
    """Read records as rows."""
    return rows_from(records, columns.row)
