"""SQLite's errors in sentences that name the file and the fix."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consult.errors import StoreError


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn an SQLite error about a file into a sentence with the fix."""
    try:
        yield
    except UnicodeDecodeError as error:
        # SQLite's own message quotes what is spoilt.
        raise StoreError(f"'{path}' {in_words('a name in its schema is no text', path)}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"'{path}' {in_words(str(error), path)}") from error


def cannot_be_written(error: sqlite3.OperationalError) -> bool:
    """Return whether SQLite could not create a file that it needs, or not write to one."""
    return any(part in str(error) for part in ("unable to open", "readonly", "read-only"))


def in_words(message: str, path: Path) -> str:
    """Return what follows the name of a file in a sentence about an error of SQLite."""
    fixes = {
        "UNIQUE constraint": "was changed by another process that plays the same run; wait for it, and run the same "
        "command again",
        "not a database": "is not an SQLite database; name another with --db",
        "unable to open": "cannot be opened; check that its folder exists and can be written, and that its name is "
        "not too long",
        "readonly": "cannot be written; check its permissions, or name another with --db",
        "read-only": "cannot be written; check its permissions, or name another with --db",
        "disk is full": "cannot be written, since the disk is full; free some space and run the same command again, "
        "nothing is lost",
        "disk I/O": "cannot be read or written, since the disk fails; run the same command again once it can",
        "locked": "is being written by another process; wait for it, or name another with --db",
    }
    rest = f"sqlite3 {shlex.quote(str(path))} .recover | sqlite3 recovered.db"
    damaged = f"is damaged ({message}); restore it from a copy, or save what can be read with: {rest}"
    return next((fix for part, fix in fixes.items() if part in message), damaged)
