"""Read files from outside: the only place that opens a user's file; everything else gets its content or one sentence.

A file is a regular file or a pipe, has at most a stated size, and is UTF-8 text with or without a byte-order mark.
Line ends of any system become line feeds. Data is JSON or TOML without numbers of thousands of digits, and nested at
most `MAX_DEPTH` deep. YAML has a reader of its own above this one, `consult.scenarios.located_yaml`.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import io
import itertools
import json
import math
import os
import re
import select
import stat
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from consult.errors import UserError

SMALL = 1_000_000
"""Most bytes of a file that a person writes: settings, a script, a table of a scenario, one row of a table."""
MEDIUM = 50_000_000
"""Most bytes of a table that is read as a whole, and of a model's or a training's JSON."""
PICTURE = 100_000_000
"""Most bytes of a picture."""
LARGE = 10_000_000_000
"""Most bytes of a file that is read row by row."""
MAX_DEPTH = 60
"""Most levels of nested objects and lists; more would exceed the stack when the data is read or copied."""
BOM = "\ufeff"
"""The byte-order mark: programs that add one to a text that has one leave two at its beginning."""
_ANY = 1 << 62
"""No limit: the file is read in parts."""
PATIENCE = 20.0
"""Seconds without a byte after which a pipe is given up."""

_CHUNK = 1 << 16
_HEAD = 4_096
_HALVES = re.compile(r"[\ud800-\udfff]")
"""What Python makes of bytes in a file's name that are not UTF-8."""
_NONBLOCKING = getattr(os, "O_NONBLOCK", 0)
_KINDS = (
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive", "save it as text first, a table as CSV"),
    (b"\x1f\x8b", "compressed by gzip", "unpack it first"),
    (b"%PDF", "a PDF document", "give the data as text"),
    (b"\x89PNG", "a picture", "give a text file"),
    (b"\xff\xd8\xff", "a picture", "give a text file"),
    (b"SQLite format 3\x00", "an SQLite database", "give a text file"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "save it as text first, a table as CSV"),
)
"""Beginning of a file → what it is instead of text, and the fix."""
_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FileError(UserError):
    """A file that cannot be read; the message is one sentence with the fix."""

    def __init__(self, path: Path | None, what: str, fix: str, line: int = 0) -> None:
        """Word the message.

        Args:
            path: The file; None if the data has none.
            what: What is wrong, as a predicate: "is a folder".
            fix: What to do about it.
            line: 1-based; 0 for the whole file.
        """
        self.path, self.what, self.fix, self.line = path, what, fix, line
        where = f", line {line}," if line else ""
        super().__init__(f"'{path}'{where} {what}; {fix}" if path is not None else f"{what}; {fix}")


class MissingFileError(FileError):
    """There is no such file, or it cannot be reached."""


class KindError(FileError):
    """Something that is neither a regular file nor a pipe."""


def read_bytes(path: Path, most: int, *, pipe: bool = False) -> bytes:
    """Read a whole file.

    Args:
        path: The file.
        most: Most bytes.
        pipe: Whether it may be a pipe; its content can be read once.

    Raises:
        FileError: It is missing, no file, too large or not readable, or a pipe that delivers nothing.
    """
    with open_binary(path, most, pipe=pipe) as stream:
        return stream.read()


def read_text(path: Path, most: int = SMALL, *, pipe: bool = False) -> str:
    """Read a whole text with line feeds as line ends and without a byte-order mark.

    Args:
        path: The file.
        most: Most bytes.
        pipe: Whether it may be a pipe.

    Raises:
        FileError: As in `read_bytes`, or it is not UTF-8 text.
    """
    return decoded(read_bytes(path, most, pipe=pipe), path)


def read_json(path: Path, most: int = MEDIUM) -> Any:
    """Read a file that is one JSON value.

    Raises:
        FileError: As in `read_text`, or it is not JSON within bounds.
    """
    text = read_text(path, most)
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        raise FileError(path, f"is not valid JSON ({error.msg})", "correct it", error.lineno) from None
    except DataError as error:
        raise FileError(path, error.what, error.fix) from None


def read_object(path: Path, *keys: str, numbers: Sequence[str] = (), fix: str = "restore it") -> dict[str, Any]:
    """Read a file that is one JSON object, such as a configuration or a state that a program wrote.

    Args:
        path: The file.
        keys: Keys that it must have.
        numbers: Keys that it must have with a finite number.
        fix: What to do if it is broken.

    Raises:
        FileError: As in `read_json`, or it is not an object, or lacks a key or a number.
    """
    try:
        data = read_json(path)
    except MissingFileError:
        raise
    except FileError as error:
        raise FileError(path, error.what, fix, error.line) from None
    if not isinstance(data, dict):
        raise FileError(path, "is not a JSON object", fix)
    lacking = next((key for key in (*keys, *numbers) if key not in data), None)
    if lacking is not None:
        raise FileError(path, f"lacks '{lacking}'", fix)
    wrong = next((key for key in numbers if not _is_number(data[key])), None)
    if wrong is not None:
        raise FileError(path, f"has no number as '{wrong}'", fix)
    return data


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """Read a TOML file, which may be a pipe; return its text, for the lines of its entries, and its data.

    Raises:
        FileError: As in `read_text`, or it is not TOML within bounds.
    """
    text = read_text(path, pipe=True)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column \d+|end of document)\)", str(error), re.DOTALL)
        why, line = (found[1], int(found[2] or 0)) if found else (str(error), 0)
        raise FileError(path, f"is not TOML ({visible(why)})", "correct that place", line) from None
    except RecursionError:
        raise FileError(path, *_TOO_DEEP) from None
    except ValueError:
        raise FileError(path, *_TOO_LONG) from None
    if is_deep(data):
        raise FileError(path, *_TOO_DEEP)
    return text, data


# -- bytes -------------------------------------------------------------------------------------------------------------


def open_binary(path: Path, most: int, *, pipe: bool = False) -> IO[bytes]:
    """Open a file for reading from its beginning, with seeking; a pipe is copied to a temporary file first.

    Args:
        path: The file.
        most: Most bytes.
        pipe: Whether it may be a pipe.

    Raises:
        FileError: As in `read_bytes`.
    """
    stream = os.fdopen(_descriptor(path, pipe), "rb", buffering=_CHUNK)
    found = os.fstat(stream.fileno())
    if stat.S_ISFIFO(found.st_mode):
        return _copied(lambda size: _received(stream.fileno(), size, path), path, most, stream.close)
    if found.st_size > most:
        stream.close()
        _too_large(path, most)
    # The size of a file of /proc is 0.
    return stream if found.st_size else _copied(stream.read, path, most, stream.close)


def digest_of(path: Path) -> bytes:
    """Return the SHA-256 hash of a regular file.

    Raises:
        FileError: As in `read_bytes`.
    """
    digest = hashlib.sha256()
    update_digest(digest, path)
    return digest.digest()


def update_digest(digest: Any, path: Path) -> None:
    """Add a regular file's content to a hash of hashlib.

    Raises:
        FileError: As in `read_bytes`.
    """
    with open_binary(path, _ANY) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)


def open_rows(path: Path, *, pipe: bool = False) -> IO[bytes]:
    r"""Open a text of any length that is read line by line; its lines end with \n or \r\n.

    Raises:
        FileError: As in `read_bytes`, or it is another kind of file than UTF-8 text.
    """
    stream = open_binary(path, LARGE, pipe=pipe)
    head = stream.read(_HEAD)
    try:
        _refuse_other_kinds(head, path)
        stream.seek(0)
        if b"\r" in head and b"\n" not in head:
            # Line ends of old Macs, which nothing else here knows.
            return _copied(lambda size: stream.read(size).replace(b"\r", b"\n"), path, LARGE, stream.close)
    except BaseException:
        stream.close()
        raise
    stream.seek(0)
    return stream


def text_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text of any length, with their ends; a byte that is not UTF-8 is a lone surrogate.

    Raises:
        FileError: As in `open_rows`, or a line has more than 1,000,000 characters.
    """
    with io.TextIOWrapper(open_rows(path), encoding="utf-8", errors="surrogateescape") as lines:
        for number in itertools.count(1):
            line = lines.readline(SMALL + 1)
            if number == 1:
                line = line.lstrip(BOM)
            if not line:
                return
            if len(line) > SMALL:
                what = f"is longer than {SMALL:,} characters"
                raise FileError(path, what, "write each entry on a line of its own", number)
            yield line


def refuse_no_file(path: Path, *, pipe: bool = False) -> None:
    """Check that a path leads to a regular file that can be read, or to a pipe.

    Raises:
        FileError: It does not.
    """
    os.close(_descriptor(path, pipe))


def refuse_other_kinds(path: Path) -> None:
    """Check that a path, if there is something, leads to no device, pipe or socket, which a database cannot be.

    Raises:
        KindError: It does.
    """
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):
        return  # reported when it is opened
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise KindError(path, f"is {_kind(kind)}", "give a regular file")


def is_there(path: Path) -> bool:
    """Return whether a folder has an entry at a path; a link to nothing is one, so that it is not taken for absent."""
    return path.exists() or path.is_symlink()


def _descriptor(path: Path, pipe: bool) -> int:
    try:
        kind = os.stat(path).st_mode
        if not (stat.S_ISREG(kind) or (pipe and stat.S_ISFIFO(kind))):
            raise KindError(path, f"is {_kind(kind)}", f"give a regular file{' or a pipe' if pipe else ''}")
        # Opening a pipe that nobody writes to would wait.
        return os.open(path, os.O_RDONLY | _NONBLOCKING | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise _unreachable(path, error) from None


def _kind(mode: int) -> str:
    kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((name for check, name in kinds if check(mode)), "not a file")


def _unreachable(path: Path, error: OSError | ValueError) -> FileError:
    if isinstance(error, ValueError):
        return MissingFileError(path, "is not a possible file name", "check the path")
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return MissingFileError(
                path, f"is a link to '{os.readlink(path)}', which does not exist", "correct the link"
            )
        return MissingFileError(path, "does not exist", "check the path")
    if isinstance(error, PermissionError):
        return FileError(path, "cannot be read without permission", "change its permissions, or those of its folder")
    if isinstance(error, NotADirectoryError):
        return MissingFileError(path, "does not exist, since a part of its path is a file", "check the path")
    if error.errno == errno.ELOOP:
        return MissingFileError(path, "is a link that leads back to itself", "correct the link")
    if error.errno == errno.ENAMETOOLONG:
        return MissingFileError(path, "is too long for a file name", "check the path")
    return FileError(path, f"cannot be read ({error.strerror})", "check the path and the disk")


def _received(descriptor: int, size: int, path: Path) -> bytes:
    """Return what a pipe delivers next; empty at its end."""
    while True:
        if not select.select([descriptor], [], [], PATIENCE)[0]:
            what = f"is a pipe into which nothing was written for {PATIENCE:g} seconds"
            raise FileError(path, what, "write into it, or give a regular file")
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            # Another process was faster.
            time.sleep(0.01)


def _copied(read: Callable[[int], bytes], path: Path, most: int, close: Callable[[], None]) -> IO[bytes]:
    """Copy a stream to a temporary file, up to the largest size."""
    copy: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MEDIUM)  # noqa: SIM115
    size = 0
    try:
        while chunk := read(_CHUNK):
            size += len(chunk)
            if size > most:
                _too_large(path, most)
            copy.write(chunk)
    except BaseException:
        copy.close()
        raise
    finally:
        close()
    copy.seek(0)
    return copy


def _too_large(path: Path, most: int) -> NoReturn:
    fix = "split it into several files" if most >= LARGE else "make it smaller"
    raise FileError(path, f"is larger than {size_in_words(most)}", fix)


def size_in_words(size: int) -> str:
    """Return a number of bytes in whole kilobytes, megabytes or gigabytes."""
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size // 1_000} kB"


# -- text --------------------------------------------------------------------------------------------------------------


def decoded(raw: bytes, path: Path) -> str:
    """Decode a text.

    Raises:
        FileError: It is not UTF-8 text; the error has the line.
    """
    _refuse_other_kinds(raw[:_HEAD], path)
    try:
        text = raw.decode("utf-8").lstrip(BOM)
    except UnicodeDecodeError as error:
        raise FileError(path, *not_utf8(error.object, error.start), _line_of(raw, error.start)) from None
    if "\0" in text:
        what = "has a NUL byte, which no text has"
        raise FileError(path, what, "give a text file in UTF-8", _line_of(raw, raw.find(b"\0")))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def refuse_undecodable(*names: str) -> None:
    """Refuse names of files that are not UTF-8, where they would be stored: no database and no JSON can hold them.

    Raises:
        UserError: One is not.
    """
    for name in names:
        if _HALVES.search(name):
            raise UserError(f"the name '{without_halves(name)}' is not UTF-8 and cannot be stored; rename the file")


def without_halves(text: str) -> str:
    """Return a text with a replacement character for each byte of a file's name that is not UTF-8."""
    return _HALVES.sub("\ufffd", text)


def is_storable(value: object) -> bool:
    """Return whether a value is no text with bytes of a file's name that is not UTF-8."""
    return not isinstance(value, str) or _HALVES.search(value) is None


def not_utf8(raw: bytes, start: int) -> tuple[str, str]:
    """Return what is wrong with bytes that are not UTF-8, and the fix.

    Args:
        raw: The bytes.
        start: Position of the first wrong one.
    """
    around = raw[max(0, start - 20) : start + 10].decode("utf-8", errors="replace")
    near = visible(" ".join(around.split()))
    return f"is not UTF-8 text at '{near}'", "save it as UTF-8 (it may be Latin-1 or Windows-1252 now)"


def visible(text: str) -> str:
    """Write control characters as escapes."""
    return "".join(ascii(one)[1:-1] if ord(one) < 32 or 127 <= ord(one) < 160 else one for one in text)


def _line_of(raw: bytes, position: int) -> int:
    before = raw[:position]
    return before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1


def _refuse_other_kinds(head: bytes, path: Path) -> None:
    for begins, kind, fix in _KINDS:
        if head.startswith(begins):
            raise FileError(path, f"is {kind}, not text", fix)
    wide = head.startswith(_WIDE) or (len(head) > 3 and (not any(head[1:64:2]) or not any(head[:64:2])) and any(head))
    if wide:
        raise FileError(path, "is UTF-16 text", "save it as UTF-8")


# -- data --------------------------------------------------------------------------------------------------------------


class DataError(ValueError):
    """Data that is well written but out of bounds."""

    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(f"{what}; {fix}")


_TOO_DEEP = "is nested too deeply", "write it flat"
_TOO_LONG = "holds a number of thousands of digits", "correct the number"


def parse_json(text: str, as_dict: Callable[[list[tuple[str, Any]]], Any] = dict) -> Any:
    """Parse one JSON value; NaN and infinite numbers are left to whoever knows what a field may hold.

    Args:
        text: The JSON.
        as_dict: Makes an object from its keys and values.

    Raises:
        json.JSONDecodeError: It is not JSON.
        DataError: It is nested too deeply, or has a number that is too long.
    """
    try:
        data = json.loads(text, object_pairs_hook=as_dict)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise DataError(*_TOO_DEEP) from None
    except ValueError:
        raise DataError(*_TOO_LONG) from None
    # Only a text with this many brackets can be nested this deeply.
    if text.count("[") + text.count("{") > MAX_DEPTH and is_deep(data):
        raise DataError(*_TOO_DEEP)
    return data


def is_deep(data: Any) -> bool:
    """Return whether data is nested more deeply than `MAX_DEPTH`, without recursion."""
    left = [(data, 1)]
    while left:
        node, depth = left.pop()
        if isinstance(node, dict | list):
            if depth > MAX_DEPTH:
                return True
            left += [(one, depth + 1) for one in (node.values() if isinstance(node, dict) else node)]
    return False
