"""Whether a text is what a doctor says to a patient: no placeholder, echo of the instructions, other speaker or loop.

Only what no doctor says is refused. What a doctor claims is not checked here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

ECHO = 8
"""This many words in a row from the instructions are an echo."""
REPEATED = 3
"""A sentence that is said this often is a loop."""
FEWEST = 3
"""Fewest words of a sentence in a loop; of a placeholder whose words count without its brackets."""

_MARKED = re.compile(r"<[a-z][^<>]*>", re.IGNORECASE)
_OTHER = re.compile(r"(?:^|[\n.!?]\s*)\W*(?:the )?patient(?: (?:says|asks|replies))?\**\s*:", re.IGNORECASE)
_WITH_END = re.compile(r"[.!?]*[^.!?]+[.!?]*|[.!?]+")
_SENTENCE = re.compile(r"[.!?]+(?:\s|$)|\n+")


def not_doctors_words(text: str, instructions: str) -> str:
    """Return why a text cannot be said to a patient as it is, in words that follow "it"; empty if it can be.

    Args:
        text: The text.
        instructions: The texts of the prompt without what they are filled with, placeholders with them.
    """
    if not re.search(r"\w", text):
        return "has no words"
    if _MARKED.search(text):
        return "has a placeholder"
    if _OTHER.search(text):
        return "speaks for the patient"
    counts = Counter(" ".join(_words(one)) for one in _SENTENCE.split(text))
    if any(count >= REPEATED and len(one.split()) >= FEWEST for one, count in counts.items()):
        return "repeats itself"
    return "repeats the instructions" if _echoes(text, instructions) else ""


def without_placeholders(text: str) -> str:
    """Return a text without blanks such as `<one sentence>`; empty if nothing else is left."""
    left = _MARKED.sub(" ", text)
    return " ".join(left.split()) if re.search(r"\w", left) else ""


def without_repeats(text: str) -> str:
    """Return a text without sentences that say again what one before said in the same words."""
    sentences = _WITH_END.findall(text)
    first = {" ".join(_words(one)): i for i, one in reversed(list(enumerate(sentences)))}
    kept = (one for i, one in enumerate(sentences) if len(_words(one)) < FEWEST or first[" ".join(_words(one))] == i)
    return "".join(kept).strip()


def _echoes(text: str, instructions: str) -> bool:
    said = f" {' '.join(_words(text))} "
    blanks, grams = _instructed(instructions)
    return any(f" {blank} " in said for blank in blanks) or bool(_grams(_words(text)) & grams)


@lru_cache(maxsize=16)
def _instructed(instructions: str) -> tuple[list[str], set[tuple[str, ...]]]:
    """Return the long placeholders of instructions, and what of their text is an echo."""
    blanks = (" ".join(_words(blank)) for blank in _MARKED.findall(instructions))
    long = [blank for blank in blanks if len(blank.split()) >= FEWEST]
    return long, _grams(_words(_MARKED.sub(" . ", instructions)))


def _grams(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + ECHO]) for i in range(len(words) - ECHO + 1)}


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower().replace("\u2019", "'").replace("'", ""))


def all_texts(texts: Iterable[str]) -> str:
    """Join instructions; the blanks that are filled in are left out."""
    return "\n".join(re.sub(r"\{\w+\}", " ", text) for text in texts)
