"""Runs of several workers: one thread each, or they would wait for each other; and interrupts that arrive."""

import os
import signal

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is loaded, here and in what the tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it starts in the background ignore interrupts, and what that starts inherits it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
# What a test starts keeps the bytecode of the package, which would take every process half a second to make again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take what is exhaustive for slow, so that `-m "not slow"` leaves it out."""
    for item in items:
        if item.get_closest_marker("exhaustive"):
            item.add_marker("slow")
