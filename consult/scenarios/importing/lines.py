"""Read a file's lines one at a time with limited length, so that the memory of a row is bounded."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from consult.reading import BOM, SMALL, not_utf8, open_rows
from consult.scenarios.importing.row import UnusableRow

MOST_LINES = 1_000
"""Most lines of one row; a longer one has an unclosed quotation mark."""


class Lines:
    """The lines of one row after another.

    An iterator whose errors end a row and not the file: `begin` goes to the next row, and `again` goes back to the
    second line of the row, so that a stray quotation mark does not consume the rows after it.
    """

    def __init__(self, path: Path, most: int = SMALL) -> None:
        """Open a file or a pipe.

        Args:
            path: The file.
            most: Most bytes of a row.

        Raises:
            FileError: It cannot be read, or is not a text.
        """
        self._stream, self._most = open_rows(path, pipe=True), most
        self.line = 0
        """1-based number of the line that was read last."""
        self.first = 0
        """Number of the row's first line."""
        self._second = 0
        self._bytes = 0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Lines:
        return self

    def begin(self) -> None:
        """Start a row."""
        self.first, self._bytes = self.line + 1, 0

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def again(self) -> None:
        """Go back to the second line of the row."""
        self._stream.seek(self._second)
        self.line = self.first

    def __next__(self) -> str:
        """Read a line.

        Raises:
            StopIteration: The file is at its end.
            UnusableRow: The line, or the row with it, is too long, or is not UTF-8 text.
        """
        raw = self._stream.readline(self._most + 1)
        if not raw:
            raise StopIteration
        self.line += 1
        whole = raw.endswith(b"\n") or len(raw) <= self._most
        if not whole:
            self._skip()
        if self.line == self.first:
            self._second = self._stream.tell()
        self._bytes += len(raw)
        if not whole or self._bytes > self._most or self.line - self.first >= MOST_LINES:
            raise UnusableRow(f"the row is longer than {self._most:,} bytes or {MOST_LINES:,} lines")
        try:
            text = raw.decode("utf-8")
            return text.lstrip(BOM) if self.line == 1 else text
        except UnicodeDecodeError as error:
            raise UnusableRow("the row is not UTF-8 text", not_utf8(error.object, error.start)[0]) from None

    def _skip(self) -> None:
        """Skip to the end of a line."""
        while (rest := self._stream.readline(self._most)) and not rest.endswith(b"\n"):
            pass
