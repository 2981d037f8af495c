"""Failures of a reward during a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from consult.code_files import told
from consult.plugins import PluginError
from consult.rl.config import TrainingError


@contextmanager
def told_of(name: str, where: str = "") -> Iterator[None]:
    """Tell what a reward raises, or what it returns that is no number, in a sentence.

    Raises:
        TrainingError: It did.
    """
    try:
        yield
    except PluginError as error:
        raise TrainingError(f"{error}; fix it and continue with --resume") from error
    except Exception as error:
        raise TrainingError(
            f"the reward '{name}' failed{where} ({told(error)}); fix it and continue with --resume"
        ) from error
