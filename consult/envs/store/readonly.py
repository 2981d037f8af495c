"""A read-only store, which can be read while a run is written into it."""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path

from consult.envs.store.migrations import MIGRATIONS
from consult.envs.store.write import Store, StoreError, sentences
from consult.reading import KindError, refuse_other_kinds


def why_foreign(path: Path) -> str:
    """Return why an existing file cannot be a store, without the fix; empty if it can, or is a new or old one."""
    if path.is_dir():
        return f"'{path}' is a folder"
    try:
        ReadOnlyStore(path).close()
    except OutdatedStoreError:
        return ""
    except (StoreError, KindError) as error:
        return str(error).partition("; ")[0]
    return ""


class OutdatedStoreError(StoreError):
    """A store that is empty, or was written by an older version."""


class ReadOnlyStore(Store):
    """A snapshot of one database file; use it as a context manager, and for one answer.

    SQLite refuses to write, and everything is read in one transaction, so that a page never mixes the states before and
    after a wave of turns. Writers are not blocked.
    """

    def __init__(self, path: Path) -> None:
        """Open a store for reading.

        Raises:
            StoreError: The file is missing, is not an SQLite database of this project, cannot be read, or was written
                by another version.
        """
        import sqlite_utils

        self.path = path
        if not path.exists():
            raise StoreError(f"there is no database '{path}'; play something first, or name another with --db")
        refuse_other_kinds(path)
        with sentences(path):
            address = f"{path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)
        try:
            with sentences(path):
                self.db = sqlite_utils.Database(self._connection)
                self._connection.execute("PRAGMA query_only=ON")
                self._connection.execute("BEGIN")
                self._refuse_older()
        except StoreError:
            self.close()
            raise

    def _refuse_older(self) -> None:
        taken = self._taken()
        if taken == 0:
            raise OutdatedStoreError(f"'{self.path}' is empty; play something first, or name another with --db")
        if taken < len(MIGRATIONS):
            raise OutdatedStoreError(
                f"'{self.path}' was written by an older version of consult and is opened read-only here; "
                f"migrate it with: consult runs --db {shlex.quote(str(self.path))}"
            )
