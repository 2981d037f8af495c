"""The runs that this process plays: another thread of it begins a run of its own instead of playing one of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLAIMS = threading.RLock()
"""Held from the look for a run to continue until the choice is known to other threads."""
_HELD: set[tuple[int, Path, str]] = set()
"""With the number of the process, since a fork takes the set with it."""


def is_held(store: Path, run: str) -> bool:
    """Return whether this process plays a run of a store."""
    return (os.getpid(), store.resolve(), run) in _HELD


def hold(store: Path, run: str) -> None:
    """Note that a run of a store is played now."""
    _HELD.add((os.getpid(), store.resolve(), run))


@contextmanager
def released(store: Path, run: str) -> Iterator[None]:
    """Note at the end of the block that a run is not played any more."""
    try:
        yield
    finally:
        _HELD.discard((os.getpid(), store.resolve(), run))
