"""Runs of several workers: one thread each, or they would wait for each other."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is loaded, here and in what the tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
