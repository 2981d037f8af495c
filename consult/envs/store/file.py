"""The file of a store: opened, migrated, checked and guarded, before anything in it is read or written."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Self, cast

from consult.envs.store.columns import add_functions
from consult.envs.store.log import is_foreign, log_of, refuse_spoilt_log
from consult.envs.store.migrations import MIGRATIONS
from consult.envs.store.sentences import in_words, sentences
from consult.errors import StoreError
from consult.reading import refuse_other_kinds

_BESIDE = ("-wal", "-shm", "-journal", ".lock")
"""Ends of the names of files that are kept beside a store."""


class StoreFile:
    """One database file that can be read and written; use as a context manager."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open a store, creating or migrating it.

        Raises:
            StoreError: The file is missing (with `create=False`), is not an SQLite database of this project, cannot be
                written, or was written by a newer version.
        """
        refuse_other_kinds(path)
        _refuse_name(path)
        self.path = path
        if not create and not path.exists():
            raise StoreError(f"there is no database '{path}'; play something first, or name another with --db")
        with sentences(path):
            if path.is_file() and is_foreign(path):
                raise StoreError(f"'{path}' is not an SQLite database; name another with --db")
            if log_of(path):
                _refuse_spoilt_log(path)
            # In a notebook with a running loop, a run is played in another thread while the opening thread waits.
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._file: tuple[int, int] | None = None
        """What identifies the file, once it is a store."""
        try:
            with sentences(path):
                # Before anything is written, since it may be a database of another program.
                if self._taken() == 0 and not create:
                    raise StoreError(f"'{path}' is empty; play something first, or name another with --db")
                self._use_write_ahead_log()
                self._connection.execute("PRAGMA synchronous=FULL")
                self._connection.execute("PRAGMA foreign_keys=ON")
                add_functions(self._connection)
                self._migrate()
                check_tables(self._connection, path)
                self._file = _identity(path)
                # A file or a disk that cannot be written is reported before anything is played.
                with self._transaction():
                    pass
        except BaseException:
            self.close()
            raise

    @cached_property
    def db(self) -> Any:
        """The file as a database of sqlite-utils, which commits each statement by itself."""
        return _sqlite_utils().Database(self._connection)

    @classmethod
    def check_place(cls, path: Path) -> None:
        """Check, before any work, that a store can be opened or created; none is created.

        Raises:
            StoreError: It cannot.
        """
        if path.exists():
            cls(path).close()
        elif not (path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK)):
            raise StoreError(f"'{path}' {in_words('unable to open', path)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _taken(self) -> int:
        """Return the number of schema steps that the file has taken; refuse foreign files and newer schemas."""
        # In one statement, since another process may be creating the tables.
        found = "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
        taken, tables = cast(tuple[int, int], self._connection.execute(found).fetchone())
        if taken > len(MIGRATIONS):
            raise StoreError(
                f"'{self.path}' was written by a newer version of consult (schema {taken}); update consult, "
                "or name another database with --db"
            )
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if taken < 0 or (taken == 0 and tables):
            raise StoreError(f"'{self.path}' is not a database of consult; name another with --db")
        return taken

    def _use_write_ahead_log(self) -> None:
        mode = self._connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal" and str(self.path) != ":memory:":
            raise StoreError(
                f"SQLite cannot use its write-ahead log for '{self.path}' (journal mode {mode}); name a database on a "
                "local disk with --db"
            )

    def _migrate(self) -> None:
        """Take the missing schema steps, all of them or none."""
        if self._taken() == len(MIGRATIONS):
            return
        with self._transaction():
            # Read again, since another process may have been faster.
            taken = self._taken()
            try:
                for migrate in MIGRATIONS[taken:]:
                    migrate(self._connection)
            except sqlite3.OperationalError as error:
                raise StoreError(
                    f"'{self.path}' says that it has schema {taken}, which does not fit its tables ({error}); "
                    "restore the file from a copy"
                ) from error
            self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with sentences(self.path):
            if self._file is not None and _identity(self.path) != self._file:
                raise StoreError(
                    f"'{self.path}' was moved, replaced or deleted while it was in use; put it back, with the files "
                    f"'{self.path.name}-wal' and '{self.path.name}-shm', and run the same command again"
                )
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


@cache
def _schema() -> dict[str, tuple[str, ...]]:
    """Map each table to its columns, as a new store has them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for migrate in MIGRATIONS:
            migrate(connection)
        return _tables(connection)


def _tables(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    found = connection.execute(
        "SELECT m.name, t.name FROM main.sqlite_master m JOIN pragma_table_info(m.name, 'main') t "
        "WHERE m.type = 'table'"
    ).fetchall()
    return {table: tuple(name for of, name in found if of == table) for table in dict(found)}


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a store that lacks a table or a column; more of them do no harm.

    Raises:
        StoreError: It does.
    """
    there = _tables(connection)
    for table, columns in _schema().items():
        lacking = [f"{table}.{name}" for name in columns if name not in there.get(table, columns)]
        if table not in there or lacking:
            what = f"the column '{lacking[0]}'" if lacking else f"the table '{table}'"
            raise StoreError(
                f"'{path}' is damaged: it lacks {what}; restore it from a copy, or read the other tables with: "
                f"sqlite3 {shlex.quote(str(path))} .dump"
            )


def _refuse_spoilt_log(path: Path) -> None:
    """Look at the log before a writer tidies it up."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        with suppress(sqlite3.DatabaseError):
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        refuse_spoilt_log(path)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what identifies a file on this machine; None if there is none, as for a store in memory."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse_name(path: Path) -> None:
    """Refuse a name under which SQLite would lose data.

    Raises:
        StoreError: The name is of a file that SQLite keeps beside a store, or one of several names of one file.
    """
    if path.name.endswith(_BESIDE):
        raise StoreError(f"'{path}' has the name of a file that SQLite keeps beside a database; give another --db")
    if path.is_file() and path.stat().st_nlink > 1:
        raise StoreError(
            f"'{path}' is one of several names (hard links) of a file, which SQLite cannot synchronise; make a copy "
            "of it, and give that with --db"
        )
    left = Path(f"{path}-wal")
    if not path.exists() and left.exists():
        raise StoreError(
            f"'{left}' is left of a database '{path.name}' that is not there; put it back, or give another --db"
        )


def _sqlite_utils() -> Any:
    """Import sqlite-utils without pandas, which it would import for types that no store has: 0.7 s and 90 MB."""
    if "pandas" in sys.modules:
        return import_module("sqlite_utils")
    sys.modules["pandas"] = None  # type: ignore[assignment]  # an import of it fails, as if it were not installed
    try:
        return import_module("sqlite_utils")
    finally:
        del sys.modules["pandas"]
