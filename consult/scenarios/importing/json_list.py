"""A file that is one JSON list, read entry by entry, so that one entry is in memory at a time."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from consult.reading import BOM, MAX_DEPTH, MEDIUM, FileError, is_deep, not_utf8, open_rows, size_in_words
from consult.scenarios.importing.records import Record
from consult.scenarios.importing.row import UnusableRow

CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\n\r]*")
_FIX = "correct it"


class JsonList:
    """The entries of a JSON list; their line is their number, from 1.

    Args:
        path: The file.

    Raises:
        FileError: It cannot be read, is not JSON, or is no list of objects.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first = self._first()
        """Its first object."""

    def _first(self) -> dict[str, Any]:
        for _, entry in self:
            if isinstance(entry, dict):
                return entry
        raise FileError(self.path, "holds no question", "give a list of objects")

    def __iter__(self) -> Iterator[Record]:
        """Read the entries."""
        with open_rows(self.path) as stream:
            entries = _Reader(stream, self.path).entries()
            for number, entry in enumerate(entries, 1):
                yield Record(number, entry if isinstance(entry, dict) else UnusableRow("not a JSON object"))


class _Reader:
    """Decodes a list's entries from the part of its file that is in memory."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path = stream, path
        self._decoder, self._entry = codecs.getincrementaldecoder("utf-8")(), json.JSONDecoder()
        self._text, self._at, self._line = "", 0, 1
        self._ended = False

    def entries(self) -> Iterator[Any]:
        if self._next() != "[":
            raise FileError(self._path, "is not a list of questions", "give a file that begins with [")
        self._at += 1
        while self._next() != "]":
            yield self._value()
            if self._next() not in (",", "]"):
                self._refuse("Expecting ',' delimiter")
            if self._text[self._at] == ",":
                self._at += 1
                if self._next() == "]":
                    self._refuse("Expecting value")
        self._at += 1
        if self._next():
            self._refuse("Extra data")

    def _next(self) -> str:
        """Go to the next character that is not white space; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> Any:
        """Decode the entry at the position; more of the file is read until it is whole."""
        while True:
            try:
                value, end = self._entry.raw_decode(self._text, self._at)
                # A number at the end of the part in memory may continue.
                if end < len(self._text) or not self._more():
                    self._bounded(value, end)
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                if not self._more():
                    self._refuse(error.msg, error.pos)
            except (RecursionError, ValueError) as error:
                deep = isinstance(error, RecursionError)
                what = "is nested too deeply" if deep else "contains a number of thousands of digits"
                raise FileError(self._path, what, "write it flat" if deep else "correct the number") from None

    def _bounded(self, value: Any, end: int) -> None:
        brackets = self._text.count("[", self._at, end) + self._text.count("{", self._at, end)
        if brackets > MAX_DEPTH and is_deep(value):
            raise FileError(self._path, "is nested too deeply", "write it flat")

    def _more(self) -> bool:
        """Read the next part, and drop what is decoded; return whether there was more."""
        if self._ended:
            return False
        self._line += self._text.count("\n", 0, self._at)
        kept = self._text[self._at :]
        if len(kept) > MEDIUM:
            raise FileError(self._path, f"has an entry larger than {size_in_words(MEDIUM)}", _FIX, self._line)
        # As much again as is kept, so that a long entry is not decoded once a part.
        raw = self._stream.read(max(CHUNK, len(kept)))
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].count(b"\n") + kept.count("\n")
            raise FileError(self._path, *not_utf8(error.object, error.start), self._line + before) from None
        self._text = kept + (text.lstrip(BOM) if not self._text else text)
        self._at, self._ended = 0, not raw
        return not self._ended

    def _refuse(self, why: str, at: int | None = None) -> NoReturn:
        line = self._line + self._text.count("\n", 0, self._at if at is None else at)
        raise FileError(self._path, f"is not valid JSON ({why})", _FIX, line)
