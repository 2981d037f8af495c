"""Everything from a model is data: control tokens, terminal escapes and control characters are taken out."""

from __future__ import annotations

import re

MAX_CHARACTERS = 4_000

_TOKENS = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>|<pad>|<eos>|<bos>|<image>|<end_of_turn>|<start_of_turn>\w*")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Take out what is not text, join lines by spaces, and cut to 4,000 characters."""
    text = _TOKENS.sub(" ", _ESCAPES.sub("", text[: 4 * MAX_CHARACTERS]))
    return re.sub(r"\s+", " ", _CONTROLS.sub("", text)).strip()[:MAX_CHARACTERS]


def without_thought(text: str) -> str:
    """Take out blocks of private thought that a model puts before its answer."""
    text = re.sub(r"<think(?:ing)?>.*?</think(?:ing)?>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return re.sub(r"^.*</think(?:ing)?>", " ", text, flags=re.DOTALL | re.IGNORECASE)
