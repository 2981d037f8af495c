"""How much of a repetition is tried: a handful always, and all of it with `pytest -m exhaustive`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def handful(values: Iterable[Any], kept: Callable[[Any], bool]) -> list[Any]:
    """Give a test's parameters, of which those that are not kept are exhaustive.

    Args:
        values: The parameters; a tuple is the arguments of one call.
        kept: Whether a parameter belongs to the handful; each kind must keep one.
    """
    return [value if kept(value) else exhaustive(value) for value in values]


def exhaustive(value: Any) -> Any:
    """Mark a test's parameter as exhaustive."""
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.exhaustive)
