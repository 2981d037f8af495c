"""Records of a file: the rows of a table (CSV), and the objects of a file of JSON lines."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from consult.counts import count_of
from consult.errors import UserError
from consult.reading import SMALL
from consult.scenarios.importing.lines import Lines
from consult.scenarios.importing.row import Read, Row, Rows, UnusableRow
from consult.scenarios.json_lines import parse_line

DELIMITERS = ",;\t|"


class Record(NamedTuple):
    """One record, or the reason why the line is not one."""

    line: int
    fields: Mapping[str, Any] | UnusableRow


def read_objects(path: Path) -> Iterator[Record]:
    """Read JSON lines; empty lines are skipped."""
    with Lines(path) as lines:
        while True:
            lines.begin()
            try:
                line = next(lines)
                if line.strip():
                    yield Record(lines.first, _object(line))
            except StopIteration:
                return
            except UnusableRow as unusable:
                yield Record(lines.first, unusable)


def rows_from(records: Iterable[Record], row: Callable[[Mapping[str, Any]], Row]) -> Rows:
    """Turn records into rows; a record that cannot be one is named with its line.

    Args:
        records: Lines with their fields, or why they have none.
        row: Makes a row of fields, or raises `UnusableRow`.
    """
    for line, fields in records:
        try:
            yield Read(line, fields if isinstance(fields, UnusableRow) else row(fields))
        except UnusableRow as unusable:
            yield Read(line, unusable)


def _object(line: str) -> Mapping[str, Any]:
    data, doubled, what, fix = parse_line(line)
    if what:
        raise UnusableRow("not valid JSON", f"{what.removeprefix('is not valid JSON').lstrip(': ')}; {fix}")
    if doubled:
        raise UnusableRow("a key appears twice", doubled[0])
    if not isinstance(data, dict):
        raise UnusableRow("not a JSON object", "write one object per line")
    return data


class Table:
    """A CSV file with a header; its delimiter is the one that splits the header into the most columns.

    Args:
        path: The file.
        most: Most bytes of a row.

    Raises:
        UserError: The header cannot be read, or contains a column twice.
    """

    def __init__(self, path: Path, most: int = SMALL) -> None:
        # The limit applies to the whole csv module; a row's own limit is lower.
        csv.field_size_limit(most)
        # Opened once: a pipe gives its rows once.
        self._lines = Lines(path, most)
        self._lines.begin()
        try:
            line = next(self._lines)
            headers = {d: next(csv.reader([line], delimiter=d, strict=True)) for d in DELIMITERS}
        except (StopIteration, UnusableRow, csv.Error) as error:
            self._lines.close()
            near = f" ({error.detail})" if isinstance(error, UnusableRow) and error.detail else ""
            raise UserError(
                f"{path}: has no header that can be read{near}; name its columns in the first line"
            ) from None
        if "\0" in line:
            self._lines.close()
            raise UserError(f"{path}: has a NUL byte in its first line, which no text has; give a table in UTF-8")
        self._delimiter = max(DELIMITERS, key=lambda d: len(headers[d]))
        self.columns = tuple(name.strip() for name in headers[self._delimiter])
        doubled = next((c for c in self.columns if c and self.columns.count(c) > 1), None)
        if doubled is not None:
            self._lines.close()
            raise UserError(f"{path}: the column '{doubled[:60]}' appears twice in the header; rename one")

    def __iter__(self) -> Iterator[Record]:
        """Read the rows, once."""
        with self._lines as lines:
            reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
            while True:
                lines.begin()
                try:
                    cells = next(reader)
                    if any(cell.strip() for cell in cells):
                        yield Record(lines.first, self._fields(cells, lines))
                except StopIteration:
                    return
                except UnusableRow as unusable:
                    self._recover(lines)
                    yield Record(lines.first, unusable)
                except csv.Error as error:
                    self._recover(lines)
                    yield Record(lines.first, UnusableRow("the row's quotation marks are broken", str(error)))
                    reader = csv.reader(lines, delimiter=self._delimiter, strict=True)

    def _fields(self, cells: list[str], lines: Lines) -> Mapping[str, Any]:
        if len(cells) != len(self.columns):
            what = f"{count_of(len(cells), 'cell')} under {count_of(len(self.columns), 'column')}"
            raise UnusableRow("the row does not have as many cells as the header", what)
        return dict(zip(self.columns, cells, strict=True))

    def _recover(self, lines: Lines) -> None:
        """Drop one line, and not the lines that a stray quotation mark has consumed."""
        if lines.line > lines.first:
            lines.again()
