"""The runs that this process plays; another thread of the process starts a new run instead of playing one of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLAIMS = threading.RLock()
"""Held from the search for a run to continue until the choice is visible to other threads."""
_HELD: set[tuple[int, Path, str]] = set()
"""Includes the process id, since a fork copies the set."""


def is_held(store: Path, run: str) -> bool:
    """Return whether this process plays a run of a store."""
    return (os.getpid(), store.resolve(), run) in _HELD


def hold(store: Path, run: str) -> None:
    """Record that a run of a store is being played."""
    _HELD.add((os.getpid(), store.resolve(), run))


@contextmanager
def released(store: Path, run: str) -> Iterator[None]:
    """Record at the end of the block that a run is no longer being played."""
    try:
        yield
    finally:
        _HELD.discard((os.getpid(), store.resolve(), run))
