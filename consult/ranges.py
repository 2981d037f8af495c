"""Define the allowed ranges of numbers once: for the command line, the API, option files, addresses and stored values.

A number that a user writes is read here. It has ASCII digits, a sign, and, if it need not be whole, a point and an
exponent; `2.0`, `1_000`, `0x10`, `inf` and digits of other scripts are not whole numbers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from consult.foreign_text import quoted

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?")


class Range(NamedTuple):
    """A smallest and a largest value."""

    least: float
    most: float
    whole: bool = True

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.least <= value <= self.most

    def __str__(self) -> str:
        return f"from {_written(self.least)} to {_written(self.most)}"

    @property
    def number(self) -> str:
        """Say which number it has to be: `a whole number from 1 to 15`."""
        return f"a {'whole ' if self.whole else ''}number {self}"

    def read(self, written: str) -> int | float:
        """Read a number as a user writes it.

        Raises:
            ValueError: It is another text, or out of the range; the message says what it takes.
        """
        form = _WHOLE if self.whole else _NUMBER
        number = (int if self.whole else float)(written) if form.fullmatch(written) else None
        if number is None or number not in self:
            raise ValueError(f"takes {self.number}, not {quoted(written)}")
        return number


def _written(end: float) -> str:
    powers = {-(2**63): "-2⁶³", 2**63 - 1: "2⁶³ - 1", 2**32 - 1: "2³² - 1"}
    if end in powers:
        return powers[int(end)]
    return f"{end:,}" if end == int(end) and not isinstance(end, float) else f"{end:g}"


CASES = Range(1, 10_000_000)
BATCH = Range(1, 1024)
"""Consultations at once."""
REPLICAS = Range(1, 1024)
"""How often a model is loaded."""
PANEL_SIZE = Range(1, 15)
MAX_TURNS = Range(2, 100)
PICTURE_WIDTH = Range(32, 10_000)
"""Most pixels of the width of a photograph that doctors see."""
REPEATS = Range(1, 100)
VOTES = Range(1, 64)
REPLY_TOKENS = Range(1, 131_072)
"""Most tokens of one reply."""
PANEL_SKILL = Range(0, 1, whole=False)
"""A probability."""
SEED = Range(-(2**63), 2**63 - 1)
"""What the store can hold."""
PORT = Range(0, 65_535)

CONCURRENCY = Range(1, 1024)
"""Requests to a server at once."""
SHOWN = Range(1, 7)
"""Photographs of one prompt that a server takes."""
TIMEOUT = Range(0.01, 86_400, whole=False)
"""Seconds until a server must have replied."""

TRAINING_SEED = Range(0, 2**32 - 1)
"""What the random generators of numpy, which a training uses, can take."""
RANK = Range(1, 512)
STEPS = Range(1, 10_000_000)
MINUTES = Range(0.01, 525_600, whole=False)
"""Up to a year."""
PROMPTS = Range(1, 4096)
GROUP = Range(2, 1024)
MICRO = Range(1, 65_536)
"""Completions on the device at once."""
LEARNING_RATE = Range(1e-9, 10, whole=False)
TEMPERATURE = Range(0.01, 10, whole=False)
MAX_TOKENS = Range(1, 32_768)
WARM_UP = Range(0, 0.9, whole=False)
"""Share of a training."""
WEIGHT = Range(0, 1000, whole=False)
"""Of a term of the loss."""
REWARD_WEIGHT = Range(-1000, 1000, whole=False)
TEST_CASES = Range(0, 10_000_000)
THREADS = Range(1, 1024)
WORKERS = Range(1, 256)
MILLION_TOKENS = Range(0.001, 100_000, whole=False)
LABELS = Range(0, 10_000_000)
ASSESSED = Range(7, 10_000_000)
"""Consultations from which an assessor learns."""
ADAPTER_RANK = Range(1, 64)
