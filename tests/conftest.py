"""Runs of several workers: one thread each, or they would wait for each other; and interrupts that arrive."""

import os
import signal

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is loaded, here and in what the tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it starts in the background ignore interrupts, and what that starts inherits it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
