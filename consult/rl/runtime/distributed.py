"""Several processes of one training run, as `accelerate launch` starts them: which one reports and writes."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any


def is_main() -> bool:
    """Return whether this is the process that reports and writes."""
    return os.environ.get("RANK", "0") == "0"


def several() -> bool:
    """Return whether there are other processes."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def main_first() -> AbstractContextManager[Any]:
    """Return a context that the main process enters first, so that the others find what it has made."""
    return _state().main_process_first() if several() else nullcontext()


def wait_for_all() -> None:
    """Wait until every process has reached this point."""
    if several():
        _state().wait_for_everyone()


def _state() -> Any:
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available())
