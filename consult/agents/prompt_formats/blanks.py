"""What each key of an answer holds: prompts show it as a blank, and a small model may copy it as its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from consult.scenarios import URGENCIES

MEANINGS = {
    "findings": "<what you see and what was told, at most 70 words>",
    "reasoning": "<what speaks for and against, at most 100 words>",
    "diagnosis": "<diagnosis>",
    "differential": ["<second most likely>", "<third>"],
    "confidence": "<your probability that the diagnosis is right, 0 to 1>",
    "urgency": f"<{', '.join(URGENCIES[:-1])} or {URGENCIES[-1]}>",
    "specialty": "<clinic>",
    "answer": "<answer>",
    "why": "<one sentence that the patient hears: which clinic, and why>",
}
"""Key of an answer → what it holds, in a prompt."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case."""
    return re.findall(r"[^\W_]+", text.lower())


def is_a_reason(text: str) -> bool:
    """Return whether a text has letters, and other words than one blank has, such as "routine or soon"."""
    said = set(words_of(text))
    lettered = any(any(letter.isalpha() for letter in word) for word in said)
    return lettered and not any(said <= words for words in _WORDS)


def _blanks() -> Iterable[str]:
    for blank in MEANINGS.values():
        yield from [blank] if isinstance(blank, str) else blank


_WORDS = [frozenset(words_of(blank)) for blank in _blanks()]
