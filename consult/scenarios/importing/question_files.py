"""Files of questions as records: parquet, JSON lists, JSON lines and tables, one or a folder of them."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from consult.errors import UserError
from consult.reading import MEDIUM, PICTURE
from consult.scenarios.importing.json_list import JsonList
from consult.scenarios.importing.parquet import SUFFIX as PARQUET
from consult.scenarios.importing.parquet import ParquetTable
from consult.scenarios.importing.question_row import Picture
from consult.scenarios.importing.records import Record, Table, read_objects
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.importing.writing import inside
from consult.scenarios.scenario import nearest

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


def records_of(files: Iterable[Path], needed: Sequence[str] = ()) -> Iterator[Located]:
    """Read files row by row; what the header shows is checked in all of them before the first row.

    Raises:
        UserError: A file cannot be read, or lacks a column.
    """
    opened = {path: _opened(path, needed) for path in files}
    base = os.path.commonpath([path.parent for path in opened]) if opened else ""
    names = {path: path.relative_to(base).as_posix() if len(opened) > 1 else "" for path in opened}
    return (Located(path, *record, names[path]) for path, records in opened.items() for record in records)


def _opened(path: Path, needed: Sequence[str]) -> Iterable[Record]:
    kind = path.suffix.lower()
    if kind == PARQUET:
        return ParquetTable(path, needed)
    if kind == JSON:
        listed = JsonList(path)
        lacking(path, listed.first, needed)
        return _checked(listed, needed)
    if kind in LINES:
        return _checked(read_objects(path), needed)
    table = Table(path, MOST_ROW)
    lacking(path, table.columns, needed)
    return table


def _checked(records: Iterable[Record], needed: Sequence[str]) -> Iterator[Record]:
    for line, fields in records:
        if not isinstance(fields, UnusableRow):
            missing = next((name for name in needed if name not in fields), None)
            if missing is not None:
                yield Record(line, UnusableRow(f"there is no '{missing}'"))
                continue
        yield Record(line, fields)


def lacking(path: Path, columns: Iterable[str], needed: Sequence[str]) -> None:
    """Refuse a file that lacks a column.

    Raises:
        UserError: It does.
    """
    there = [str(name) for name in columns]
    missing = next((name for name in needed if name not in there), None)
    if missing is not None:
        near = nearest(missing, there, 1)
        meant = f"; rename '{near[0]}' if it is meant" if near else ""
        raise UserError(f"{path}: has no column '{missing}'; there are: {', '.join(there[:12])[:300] or 'none'}{meant}")


def embedded(value: Any, root: Path, name: str, folders: Sequence[str] = ()) -> tuple[Picture, ...]:
    """Return the picture in a cell: bytes, a path, or the hub's form `{"bytes": …, "path": …}`; none for an empty one.

    Args:
        value: The cell.
        root: The source's folder, to which paths are relative.
        name: The cell's column.
        folders: Folders below it that may hold the path.

    Raises:
        UnusableRow: The cell holds something else.
    """
    path = ""
    if isinstance(value, Mapping):
        path = str(value.get("path") or "")
        value = value.get("bytes") or path
    if value is None or value == "" or value != value:
        return ()
    if isinstance(value, bytes):
        if len(value) > PICTURE:
            raise UnusableRow("the image cannot be used", f"it has more than {PICTURE // 1_000_000} MB")
        return (Picture(path or name, value),)
    if not isinstance(value, str):
        raise UnusableRow(f"'{name}' holds no picture", f"it holds {type(value).__name__}")
    return (found(value, root, folders),)


def found(image: str, root: Path, folders: Sequence[str] = ()) -> Picture:
    """Find a picture by its path, in a folder or in a ZIP file of that name.

    Args:
        image: The path as the source states it.
        root: The source's folder.
        folders: Folders below it that may hold the path.

    Raises:
        UnusableRow: There is no such picture.
    """
    ways = [image, *(f"{folder}/{image}" for folder in folders)]
    for way in ways:
        try:
            inside(root, way)
        except UnusableRow as unusable:
            if "outside" in unusable.reason:
                raise
            continue
        return Picture(way)
    for folder in folders:
        content = _zipped(root / f"{folder}.zip", ways)
        if content is not None:
            return Picture(image, content)
    raise UnusableRow("there is no such image", image)


def _zipped(archive: Path, names: Sequence[str]) -> bytes | None:
    """Read a member of a ZIP file; None if there is none."""
    if not archive.is_file():
        return None
    try:
        with zipfile.ZipFile(archive) as opened:
            there = {PurePosixPath(one.filename): one for one in opened.infolist() if not one.is_dir()}
            member = next((there[path] for name in names if (path := PurePosixPath(name)) in there), None)
            if member is None:
                return None
            if member.file_size > PICTURE:
                raise UnusableRow("the image cannot be used", f"it has more than {PICTURE // 1_000_000} MB")
            return opened.read(member)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{archive}: cannot be unpacked ({error}); fetch it again") from None
