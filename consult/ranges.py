"""Define the allowed ranges of numbers once: for the command line, the API, option files and stored values."""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """A smallest and a largest value; None for no bound."""

    least: int
    most: int | None = None

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.least <= value and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"of {self.least} or more"
        if self.most == 2**63 - 1:
            return "from -2⁶³ to 2⁶³ - 1"
        if self.most == 2**32 - 1:
            return f"from {self.least} to 2³² - 1"
        return f"from {self.least} to {self.most}"


CASES = Range(1)
BATCH = Range(1, 1024)
"""Consultations at once."""
PANEL_SIZE = Range(1, 15)
MAX_TURNS = Range(2, 100)
REPEATS = Range(1, 100)
VOTES = Range(1, 64)
REPLY_TOKENS = Range(1, 131_072)
"""Most tokens of one reply."""
PANEL_SKILL = Range(0, 1)
"""A probability."""
SEED = Range(-(2**63), 2**63 - 1)
"""What the store can hold."""
TRAINING_SEED = Range(0, 2**32 - 1)
"""What the random generators of numpy, which a training uses, can take."""
