"""Several processes of one training, as `accelerate launch` starts them: who tells and writes, and who waits."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any


def is_main() -> bool:
    """Tell whether this is the process that tells and writes."""
    return os.environ.get("RANK", "0") == "0"


def several() -> bool:
    """Tell whether there are others."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def main_first() -> AbstractContextManager[Any]:
    """Let the main process go first, so that the others find what it has made."""
    return _state().main_process_first() if several() else nullcontext()


def wait_for_all() -> None:
    """Go on when every process has come here."""
    if several():
        _state().wait_for_everyone()


def _state() -> Any:
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available())
