"""A read-only store, which can be read while a run is written into it, and from where nothing can be written."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from consult.envs.store.columns import add_functions
from consult.envs.store.file import check_tables
from consult.envs.store.log import log_of, refuse_spoilt_log
from consult.envs.store.migrations import READABLE
from consult.envs.store.prompt_rows import PromptRows
from consult.envs.store.rows import Row
from consult.envs.store.sentences import cannot_be_written, sentences
from consult.envs.store.spoilt import Findings, in_words
from consult.envs.store.write import Store
from consult.errors import StoreError, StoreWarning
from consult.reading import KindError, refuse_other_kinds
from consult.scenarios.correct import Correct

MOST_REMEMBERED = 20_000
"""Most answers, and most things known to be sound, that are remembered."""
COPIES = 5
"""How often a store that changes while it is copied is copied again."""


def why_foreign(path: Path) -> str:
    """Return why an existing file cannot be a store, without the fix; empty if it can, or is a new or old one."""
    try:
        ReadOnlyStore(path).close()
    except OutdatedStoreError:
        return ""
    except (StoreError, KindError) as error:
        return str(error).partition("; ")[0]
    return ""


def reading(path: Path, *names: str) -> ReadOnlyStore:
    """Open a store for a command that reads; migrate an older one, and warn of what cannot be read.

    Args:
        path: The file.
        names: The runs and consultations that will be read with their turns.

    Raises:
        StoreError: As `ReadOnlyStore`.
    """
    try:
        store = ReadOnlyStore(path, *names)
    except OutdatedStoreError:
        if not path.stat().st_size:
            raise
        Store(path, create=False).close()
        store = ReadOnlyStore(path, *names)
    store.warns = True
    return store


class OutdatedStoreError(StoreError):
    """A store that is empty, or was written by an older version."""


class ReadOnlyStore(Store):
    """A snapshot of one database file; use it as a context manager, and for one answer.

    SQLite refuses to write, and everything is read in one transaction, so that a page never mixes the states before and
    after a wave of turns. Writers are not blocked.

    Where SQLite cannot lock the file (a read-only disk or folder), it is read as it stands, and each query verifies
    that nobody has changed it meanwhile. A write-ahead log that cannot be read in its place, or a schema that cannot be
    migrated there, is read from a temporary copy.
    """

    def __init__(self, path: Path, *names: str, memory: dict[object, Any] | None = None) -> None:
        """Open a store for reading.

        Args:
            path: The file.
            names: The runs and consultations that will be read with their turns.
            memory: What readers of one state of the file remember together; by default nothing is remembered.

        Raises:
            StoreError: The file is missing, is not an SQLite database of this project, cannot be read, is damaged, or
                was written by another version.
        """
        self.path, self.warns, self._memory = path, False, memory
        self._file, self._prompts = None, PromptRows()
        self._copy: TemporaryDirectory[str] | None = None
        self._stamp: tuple[int, ...] | None = None
        """The state of a file that cannot be locked."""
        if not path.exists():
            raise StoreError(f"there is no database '{path}'; play something first, or name another with --db")
        if path.is_dir():
            raise StoreError(f"'{path}' is a folder; name a database with --db")
        refuse_other_kinds(path)
        try:
            with sentences(path):
                self._open()
                self._refuse_older()
                check_tables(self._connection, path)
                self.found = Findings(self)
                self._look("the runs", self.found.look_at_runs)
                for name in names:
                    self.look_at(name)
        except BaseException:
            self.close()
            raise

    def __exit__(self, *raised: object) -> None:
        """Close the file; after a command that could do without what cannot be read, warn of it."""
        if self.warns and not any(raised) and self.found.all():
            warnings.warn(StoreWarning(self.what_is_spoilt()), stacklevel=2)
        self.close()

    def close(self) -> None:
        """Close the file."""
        if hasattr(self, "_connection"):
            super().close()
        if self._copy is not None:
            self._copy.cleanup()

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        # The last process to close a file deletes its log; a reader must not do that, since the log may be damaged.
        mode = "ro" if log_of(self.path) else "rw"
        try:
            self._connect(self.path, f"mode={mode}")
        except sqlite3.OperationalError as error:
            if not cannot_be_written(error):
                raise
            self._connection.close()
            self._open_without_locks()
        else:
            refuse_spoilt_log(self.path)

    def _open_without_locks(self) -> None:
        if log_of(self.path):
            place = self._temporary()
            _copy_whole(self.path, place)
            self._connect(place, "mode=ro")
            refuse_spoilt_log(place, self.path)
        else:
            self._stamp = _stamp(self.path)
            self._connect(self.path, "mode=ro&immutable=1")

    def _connect(self, path: Path, how: str) -> None:
        self.__dict__.pop("db", None)  # of an earlier connection
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{how}", uri=True, timeout=30, isolation_level=None, check_same_thread=False
        )
        add_functions(self._connection)
        self._connection.execute("PRAGMA temp_store=MEMORY")
        self._connection.execute("PRAGMA query_only=ON")
        self._connection.execute("BEGIN")
        # The transaction begins with the first reading.
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def _temporary(self) -> Path:
        self._copy = TemporaryDirectory(prefix="consult-")
        return Path(self._copy.name) / "copy.db"

    def _refuse_older(self) -> None:
        taken = self._taken()
        if taken == 0:
            raise OutdatedStoreError(f"'{self.path}' is empty; play something first, or name another with --db")
        if taken >= READABLE:
            return
        if os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
            raise OutdatedStoreError(
                f"'{self.path}' was written by an older version of consult and is opened read-only here; "
                f"migrate it with: consult runs --db {shlex.quote(str(self.path))}"
            )
        self._migrate_copy()

    def _migrate_copy(self) -> None:
        """Migrate a copy of a store that cannot be written."""
        source, before = self._connection, self._copy
        place = self._temporary()
        target = sqlite3.connect(place)
        source.backup(target)
        target.close()
        source.close()
        if before is not None:
            before.cleanup()
        Store(place, create=False).close()
        self._stamp = None
        self._connect(place, "mode=rw")

    # -- reading ---------------------------------------------------------------------------------------------------

    def look_at(self, name: str) -> None:
        """Look for what cannot be read in a run or in a consultation, before its turns are read."""
        run, dot, _ = name.partition(".")
        self._look(name, lambda: self.found.look_at(run, name if dot else None))

    def _look(self, what: str, look: Callable[[], None]) -> None:
        """Look for what cannot be read, unless another reader of the same state has found that all can be."""
        if self._memory is None:
            look()
        elif ("sound", what) not in self._memory:
            look()
            if not self.found.all():
                self._memory["sound", what] = True

    def what_is_spoilt(self) -> str:
        """Return a sentence about what cannot be read, with the fix."""
        return (
            f"'{self.path}' is damaged, and what cannot be read is left out or counts as failed: "
            f"{in_words(self.found.all())}; restore the file from a copy"
        )

    def query(self, sql: str, *parameters: Any) -> list[Row]:
        """Run a query and return its rows as dicts.

        Raises:
            StoreError: The file is damaged, or was changed while it was read where it cannot be locked.
        """
        try:
            return super().query(sql, *parameters)
        finally:
            self._refuse_changed()

    def aggregate(self, sql: str, *parameters: Any) -> list[Row]:
        """Run a query that reads many rows for a short answer, which is remembered.

        Raises:
            StoreError: As `query`.
        """
        if self._memory is None or self.found.all():
            return self.query(sql, *parameters)
        key = (sql, parameters)
        if key not in self._memory:
            if len(self._memory) > MOST_REMEMBERED:
                self._memory.clear()
            self._memory[key] = self.query(sql, *parameters)
        return [dict(row) for row in self._memory[key]]

    def stream(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Run a query and yield its rows as tuples, for large results.

        Raises:
            StoreError: As `query`.
        """
        yield from super().stream(sql, *parameters)
        self._refuse_changed()

    def rest(self) -> bool:
        """End the transaction of an open store, so that a writer can tidy up its log; False if the file is damaged."""
        try:
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError:
            return False
        return True

    def wake(self) -> None:
        """Begin the transaction of the next answer."""
        with sentences(self.path):
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def run(self, run: str) -> Row | None:
        """Return one run with its counts.

        Raises:
            StoreError: It cannot be read.
        """
        self._refuse_spoilt(run)
        return super().run(run)

    def consultations(self, run: str) -> list[Row]:
        """List a run's consultations in order, each with the verdict of the judge that decides.

        Raises:
            StoreError: The run cannot be read.
        """
        self._refuse_spoilt(run)
        return super().consultations(run)

    def consultation(self, identifier: str) -> Row | None:
        """Return one consultation.

        Raises:
            StoreError: Its run cannot be read.
        """
        self._refuse_spoilt(identifier.partition(".")[0])
        return super().consultation(identifier)

    def _refuse_spoilt(self, run: str) -> None:
        why = self.found.runs.get(run)
        if why is not None:
            raise StoreError(
                f"run {run} cannot be read from '{self.path}' ({why}); restore the file from a copy, the other runs "
                "can still be read"
            )

    def _refuse_changed(self) -> None:
        if self._stamp is not None and _stamp(self.path) != self._stamp:
            raise StoreError(
                f"'{self.path}' was changed while it was read from where it cannot be locked; run the command again"
            )

    # -- what a reader may note --------------------------------------------------------------------------------------

    @contextmanager
    def temporary(self) -> Iterator[sqlite3.Connection]:
        """Let temporary tables be made, which only this connection sees."""
        self._connection.execute("PRAGMA query_only=OFF")
        try:
            yield self._connection
        finally:
            self._connection.execute("PRAGMA query_only=ON")

    def keep_decisions(self, decided: Iterable[tuple[str, Correct]]) -> None:
        """Store decisions where the file can be written, and read on from there; else leave them out."""
        if self.found.all() or self._stamp is not None or self._copy is not None:
            return
        try:
            with Store(self.path, create=False) as writing:
                writing.keep_decisions(decided)
        except StoreError:
            return
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")


def _stamp(path: Path) -> tuple[int, ...]:
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


def _copy_whole(path: Path, place: Path) -> None:
    """Copy a database and its log in one state.

    Raises:
        StoreError: Somebody changes them all the time.
    """
    parts = {path: place, log_of(path) or path: Path(f"{place}-wal")}
    for _ in range(COPIES):
        before = [_stamp(part) for part in parts]
        for part, target in parts.items():
            shutil.copyfile(part, target)
        if [_stamp(part) for part in parts] == before:
            return
        time.sleep(0.1)
    raise StoreError(f"'{path}' is being written all the time and cannot be locked here; wait for the writer")
