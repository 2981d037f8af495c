"""Read an answer that names an option of a question by its letter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from consult.scenarios.case import LETTERS
from consult.scenarios.normalised import normalised

_LEAD = r"(?:the\s+)?(?:correct\s+|best\s+|final\s+)?(?:answer|option|choice)(?:\s+is)?\s*:?\s*"
_LETTER = re.compile(rf"\s*(?:{_LEAD})?[(\[]?([A-Za-z])[)\].:]*\s*", re.IGNORECASE)
"""The letter alone."""
_WITH_TEXT = re.compile(rf"\s*(?:{_LEAD})?(?:[(\[]([A-Z])[)\]]|([A-Z])[).:])\s*(\S.*)", re.DOTALL)
"""The letter and what it stands for."""


def letter_named(said: str, options: Sequence[str]) -> str | None:
    """Return the option that an answer names by its letter: `B`, `(b)`, `Answer: B`, `B. lung`.

    Args:
        said: The answer.
        options: The options in their order.

    Returns:
        None if there is no such letter, or the words after it are another option's.
    """
    alone = _LETTER.fullmatch(said)
    if alone is not None:
        return _at(alone[1], options)
    lettered = _WITH_TEXT.fullmatch(said)
    if lettered is None:
        return None
    option = _at(lettered[1] or lettered[2], options)
    return option if option is not None and normalised(lettered[3]) == normalised(option) else None


def _at(letter: str, options: Sequence[str]) -> str | None:
    place = LETTERS.index(letter.upper())
    return options[place] if place < len(options) else None
