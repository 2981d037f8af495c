"""Parquet files as records, and the pictures in their cells: embedded as bytes, or named by a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from consult.errors import UserError
from consult.reading import PICTURE, FileError, read_bytes
from consult.scenarios.importing.headers import Header
from consult.scenarios.importing.records import Record
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.importing.writing import inside

SUFFIX = ".parquet"
ROWS_AT_ONCE = 16
"""Rows in memory at a time; a row can hold photographs."""


class ParquetTable:
    """One parquet file, or all those of a folder, in the order of their paths.

    Args:
        source: The file or the folder.
        header: Checks the columns of every file.

    Raises:
        UserError: There is no such file, a file is not parquet, or a column is missing.
    """

    def __init__(self, source: Path, header: Header) -> None:
        self.files = parquet_files(source)
        for path in self.files:
            header(path, _opened(path).schema_arrow.names)

    def __iter__(self) -> Iterator[Record]:
        """Read the rows of all files; a record's line is the number of its row, from 1."""
        import pyarrow

        number = 0
        for path in self.files:
            try:
                for batch in _opened(path).iter_batches(batch_size=ROWS_AT_ONCE, use_threads=False):
                    for row in batch.to_pylist():
                        number += 1
                        yield Record(number, row)
            except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
                raise UserError(
                    f"{path}: is damaged after row {number:,} ({_first_line(error)}); fetch the file again"
                ) from None


def parquet_files(source: Path) -> list[Path]:
    """List a source's parquet files.

    Raises:
        UserError: There is none.
    """
    if source.is_dir():
        found = sorted(path for path in source.rglob(f"*{SUFFIX}") if path.is_file() and not _hidden(path, source))
        if not found:
            raise UserError(f"'{source}' holds no parquet file; give the folder of the data set's *.parquet files")
        return found
    if not source.exists():
        raise UserError(f"there is no file or folder '{source}'; give a parquet file, or a folder of them")
    return [source]


def picture_in(value: Any, root: Path, name: str) -> bytes:
    """Return the content of the picture in a cell; empty if the cell is.

    Args:
        value: Bytes, a path, or the hub's form of a picture: `{"bytes": …, "path": …}`.
        root: The folder that paths are relative to; none may lead out of it.
        name: The cell's column.

    Raises:
        UnusableRow: The cell holds no picture, or its file is missing or too large.
    """
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if not value:
        return b""
    if isinstance(value, str):
        try:
            return read_bytes(inside(root, value), PICTURE)
        except FileError as error:
            raise UnusableRow("the image cannot be used", f"{value[:60]}: {error.what}") from None
    if not isinstance(value, bytes):
        raise UnusableRow(f"'{name}' holds no picture", f"it holds {type(value).__name__}")
    if len(value) > PICTURE:
        raise UnusableRow("the image cannot be used", f"it has more than {PICTURE // 1_000_000} MB")
    return value


def _opened(path: Path) -> Any:
    import pyarrow.parquet

    if not path.is_file():
        raise UserError(f"'{path}' is not a file; give a parquet file, or a folder of them")
    try:
        return pyarrow.parquet.ParquetFile(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or _first_line(error)}); fetch it again") from None
    except (pyarrow.ArrowException, ValueError) as error:
        what = f"is not a whole parquet file ({_first_line(error)})"
        raise UserError(f"{path}: {what}; fetch it again, or give a file *{SUFFIX}") from None


def _first_line(error: Exception) -> str:
    """Return the first sentence of a library's message, which may have several."""
    return str(error).splitlines()[0].partition(". ")[0].rstrip(".")[:120] if str(error) else type(error).__name__


def _hidden(path: Path, source: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(source).parts)
