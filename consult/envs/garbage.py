"""Spare Python's garbage collector the objects that were there before a run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ALLOCATIONS = 10_000
"""New containers, less those that were freed, until the youngest ones are searched for cycles; Python's default of 700
is reached several times in a turn."""


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
