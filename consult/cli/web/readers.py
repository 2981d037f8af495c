"""Open stores that the answers of `consult view` share, as long as nobody writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from consult.envs.store.readonly import ReadOnlyStore

State = tuple[tuple[int, ...], ...]
"""Identity, size and time of the database and of its log."""


class Readers:
    """Readers of one file, which may be written to or replaced at any time.

    Opening a store and looking for what cannot be read takes longer than most pages, and so does counting. Both are
    done once for each state of the file.

    Args:
        db: The file.
    """

    def __init__(self, db: Path) -> None:
        self._db = db
        self._lock, self._opening = threading.Lock(), threading.Lock()
        self._state: State = ()
        self._idle: list[ReadOnlyStore] = []
        self._memory: dict[object, Any] = {}

    @contextmanager
    def reading(self, *names: str) -> Iterator[ReadOnlyStore]:
        """Give a store in its present state, for one answer.

        Args:
            names: The consultations that will be read with their turns.

        Raises:
            StoreError: It cannot be read.
        """
        state = _state_of(self._db)
        store = self._idle_at(state) or self._opened(state)
        try:
            for name in names:
                store.look_at(name)
            yield store
        finally:
            self._put_back(store, state)

    def _idle_at(self, state: State) -> ReadOnlyStore | None:
        with self._lock:
            if state != self._state:
                self._forget(state)
            store = self._idle.pop() if self._idle else None
        if store is None:
            return None
        store.wake()
        if _state_of(self._db) == state:
            return store
        store.close()
        return None

    def _forget(self, state: State) -> None:
        for store in self._idle:
            store.close()
        self._state, self._idle, self._memory = state, [], {}

    def _opened(self, state: State) -> ReadOnlyStore:
        # One after the other, so that the first alone looks through the file.
        with self._opening:
            with self._lock:
                memory = self._memory if state == self._state else None
            return ReadOnlyStore(self._db, memory=memory)

    def _put_back(self, store: ReadOnlyStore, state: State) -> None:
        if store.rest():
            with self._lock:
                if state == self._state:
                    self._idle.append(store)
                    return
        store.close()


def _state_of(db: Path) -> State:
    found: list[tuple[int, ...]] = []
    for path in (db, Path(f"{db}-wal")):
        try:
            stat = path.stat()
        except OSError:
            continue
        if stat.st_size:  # a reader makes an empty log, and removes it
            found.append((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)
