"""Output whose reader has closed it, such as `head` after its last line."""

from __future__ import annotations

import os
import sys


def discard_closed_output() -> None:
    """Discard what is still to be printed to a closed output, so that Python does not fail on it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
