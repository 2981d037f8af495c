"""Clean a source's text: no markup, no control characters, nothing that a spreadsheet would run."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from typing import Any

from consult.foreign_text import without_controls
from consult.scenarios.importing.row import UnusableRow

MOST_CHARACTERS = 20_000
"""Most characters of one field; a case is one patient, not a book."""
SENTENCES = 512
"""Sentences of which each rule keeps its result: tables of ticked boxes repeat theirs in every row."""

_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"<!--.*?-->|</?[A-Za-z!][^<>]{0,1000}>|<\|[^<>]{0,100}\|>", re.DOTALL)
_STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_FORMULA = re.compile(r"^\s*[=+@|]+\s*|^\s*-+\s*(?=\D)")
"""A cell that a spreadsheet would calculate; a dash before a word is a list marker."""


def cleaned(text: str) -> str:
    """Return the text on one line with straight quotation marks, without markup, controls and formula signs."""
    text = without_controls(text.translate(_STRAIGHT))
    text = without_markup(text)
    if "&" in text:
        # A decoded entity must not become markup again.
        text = without_markup(without_controls(html.unescape(text)))
    return _FORMULA.sub("", re.sub(r"\s+", " ", text)).strip()


def without_markup(text: str) -> str:
    """Remove tags, comments, control tokens, and whole scripts; keep line ends."""
    return _MARKUP.sub(" ", _SCRIPT.sub(" ", text)) if "<" in text else text


def was_cleaned(text: str) -> bool:
    """Return whether cleaning removed more from a text than white space."""
    return re.sub(r"\s+", "", cleaned(text)) != re.sub(r"\s+", "", text.translate(_STRAIGHT))


def as_text(value: Any, name: str) -> str:
    """Read a field as text.

    Raises:
        UnusableRow: The field is an object, a list of lists, or too long.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        value = ". ".join(as_text(entry, name) for entry in value if not isinstance(entry, list | Mapping))
    if not isinstance(value, str | int | float):
        raise UnusableRow(f"'{name}' is not a text")
    if isinstance(value, float) and not math.isfinite(value):
        # NaN is how pandas writes a missing value.
        if math.isnan(value):
            return ""
        raise UnusableRow(f"'{name}' is not a finite number")
    text = str(value)
    if len(text) > MOST_CHARACTERS:
        raise UnusableRow(f"'{name}' is longer than {MOST_CHARACTERS:,} characters")
    return text.strip()


def excerpt(text: str, most: int = 60) -> str:
    """Return the beginning of a text, safe for a terminal and a report."""
    short = cleaned(text[: 4 * most])
    return short if len(short) <= most else short[: most - 1] + "…"
