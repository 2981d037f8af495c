"""Files of questions as records: parquet, JSON lists, JSON lines and tables, one or a folder of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from consult.errors import UserError
from consult.reading import MEDIUM
from consult.scenarios.importing.headers import Header, lacking
from consult.scenarios.importing.json_list import JsonList
from consult.scenarios.importing.parquet import SUFFIX as PARQUET
from consult.scenarios.importing.parquet import ParquetTable
from consult.scenarios.importing.question_row import QuestionRow, Questions, ReadQuestion, text_of
from consult.scenarios.importing.records import Record, Table, read_objects
from consult.scenarios.importing.row import UnusableRow

_HUB = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
TABLES = (".csv", ".tsv", ".txt")
LINES = (".jsonl", ".ndjson")
JSON = ".json"
SUFFIXES = (PARQUET, JSON, *LINES, *TABLES)
MOST_ROW = MEDIUM
"""Most bytes of a table's row, which may hold a picture."""


class Located(NamedTuple):
    """One record, and the file that it is from."""

    file: Path
    line: int
    fields: Mapping[str, Any] | UnusableRow
    name: str = ""
    """The file in messages; empty if it is the only one."""


def source_of(source: Path, patterns: Sequence[str]) -> Path:
    """Return a source that is here, or the folder of a data set that is fetched from the hub.

    Args:
        source: A file or folder, or a data set's id on the hub.
        patterns: The files of the data set that are fetched.

    Raises:
        UserError: There is no such file or folder, and it cannot be fetched.
    """
    if source.exists():
        return source
    hub_id = source.as_posix()
    if not _HUB.fullmatch(hub_id):
        raise UserError(f"there is no file or folder '{source}'; correct the path, or give a data set's id on the hub")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, repo_type="dataset", allow_patterns=list(patterns)))
    except Exception as error:  # its own errors, those of httpx, and of the file system
        raise UserError(
            f"'{hub_id}' is not a file or folder here, and could not be fetched from the hub "
            f"({type(error).__name__}); fetch its files yourself, and give their folder"
        ) from None


def files_of(source: Path, suffixes: Sequence[str], what: str) -> list[Path]:
    """List a source's files in the order of their paths.

    Args:
        source: A file, or a folder.
        suffixes: Their endings, the preferred ones first: those of another ending are left out.
        what: What the folder must hold, for the message.

    Raises:
        UserError: There is none.
    """
    if not source.is_dir():
        if source.suffix.lower() not in suffixes:
            raise UserError(f"'{source}' does not end with {' or '.join(suffixes)}; give {what}")
        return [source]
    for suffix in suffixes:
        found = sorted(
            path
            for path in source.rglob(f"*{suffix}")
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(source).parts)
        )
        if found:
            return found
    raise UserError(f"'{source}' holds no file {' or '.join(f'*{one}' for one in suffixes)}; give {what}")


def records_of(files: Iterable[Path], needed: Sequence[str] = (), header: Header | None = None) -> Iterator[Located]:
    """Read files row by row; what the header shows is checked in all of them before the first row.

    Args:
        files: The files.
        needed: Columns that each file must have; a line of JSON without one is no question.
        header: Checks the columns of a file, if that takes more than the needed ones.

    Raises:
        UserError: A file cannot be read, or lacks a column.
    """
    header = header or partial(lacking, needed=needed)
    opened = {path: _opened(path, needed, header) for path in files}
    base = os.path.commonpath([path.parent for path in opened]) if opened else ""
    names = {path: path.relative_to(base).as_posix() if len(opened) > 1 else "" for path in opened}
    return (Located(path, *record, names[path]) for path, records in opened.items() for record in records)


def _opened(path: Path, needed: Sequence[str], header: Header) -> Iterable[Record]:
    kind = path.suffix.lower()
    if kind == PARQUET:
        return ParquetTable(path, header)
    if kind == JSON:
        listed = JsonList(path)
        header(path, listed.first)
        return _checked(listed, needed)
    if kind in LINES:
        return _checked(read_objects(path), needed)
    table = Table(path, MOST_ROW)
    header(path, table.columns)
    return table


def _checked(records: Iterable[Record], needed: Sequence[str]) -> Iterator[Record]:
    for line, fields in records:
        if not isinstance(fields, UnusableRow):
            missing = next((name for name in needed if name not in fields), None)
            if missing is not None:
                yield Record(line, UnusableRow(f"there is no '{missing}'"))
                continue
        yield Record(line, fields)


def read_rows(records: Iterator[Located], row: Callable[[Located], QuestionRow | None]) -> Questions:
    """Read records as questions; None leaves a record out without counting it."""
    for number, record in enumerate(records, 1):
        try:
            if isinstance(record.fields, UnusableRow):
                raise record.fields
            made = row(record)
        except UnusableRow as unusable:
            yield ReadQuestion(number, unusable, record.line, record.name)
        else:
            if made is not None:
                yield ReadQuestion(number, made, record.line, record.name)


def cell_of(fields: Mapping[str, Any], name: str) -> str:
    """Return a cell as one line of text; empty if there is none."""
    return text_of(fields.get(name), name)


def question_of(fields: Mapping[str, Any], name: str = "question") -> str:
    """Return the question.

    Raises:
        UnusableRow: There is none.
    """
    text = cell_of(fields, name)
    if not text:
        raise UnusableRow("there is no question")
    return text


def whole(one: Located) -> Mapping[str, Any]:
    """Return the fields of a record that can be read."""
    assert not isinstance(one.fields, UnusableRow)
    return one.fields


def folder_of(source: Path) -> Path:
    """Return the folder that paths of a source are relative to."""
    return source if source.is_dir() else source.parent
