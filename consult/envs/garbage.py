"""Keep objects from before a run out of garbage collection."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ALLOCATIONS = 10_000
"""Net number of new containers that starts a collection of the youngest ones. Python's default (700 in Python 3.11) is
reached several times in a turn."""


@contextmanager
def collecting_less() -> Iterator[None]:
    """Leave what is already in memory out of every collection, and collect less often.

    Libraries and models are hundreds of thousands of objects that stay until the end. A full collection visits all of
    them, and takes as long as dozens of turns. Nothing that a run makes is exempt.
    """
    thresholds, alone = gc.get_threshold(), gc.get_freeze_count() == 0
    if alone:
        gc.freeze()
    gc.set_threshold(ALLOCATIONS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if alone:
            gc.unfreeze()
