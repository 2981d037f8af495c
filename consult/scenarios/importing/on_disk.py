"""Names that an import must remember for every row, on disk, so that a million rows use no more memory than one."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from types import TracebackType


class OnDisk:
    """Text by name, in a scratch database that is deleted when it is closed.

    Args:
        path: The database's file; without one, a temporary file of the system.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        # An empty name is a temporary database, which SQLite keeps on disk beyond its cache.
        self._database = sqlite3.connect(path or "", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE texts (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID"
        )

    def __enter__(self) -> OnDisk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def add(self, name: str, text: str = "") -> bool:
        """Keep a text under a name; return False if the name is already taken.

        Raises:
            OSError: The disk is full.
        """
        return self._changed("INSERT OR IGNORE INTO texts VALUES (?, ?)", name, text)

    def put(self, name: str, text: str) -> None:
        """Keep a text under a name, instead of an earlier one.

        Raises:
            OSError: The disk is full.
        """
        self._changed("INSERT OR REPLACE INTO texts VALUES (?, ?)", name, text)

    def get(self, name: str) -> str | None:
        """Return the text of a name; None if there is none."""
        found = self._database.execute("SELECT text FROM texts WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def close(self) -> None:
        """Delete everything."""
        self._database.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _changed(self, statement: str, name: str, text: str) -> bool:
        try:
            return self._database.execute(statement, (name, text)).rowcount == 1
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, f"cannot be written ({error})", str(self._path or "")) from None
