"""What is in a text and is no text: terminal escapes, control characters, marks that nobody sees."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
"""Control characters, invisible and direction marks, and halves of surrogate pairs, which no UTF-8 file can hold."""


def without_controls(text: str) -> str:
    """Take out terminal escapes, control characters and invisible marks; tabs and line ends stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def visible(text: str) -> str:
    """Write what `without_controls` would take out as the escapes of Python, so that nothing is lost or acts."""
    return _CONTROLS.sub(lambda match: ascii(match.group())[1:-1], text)
