"""Clean a model's output, which is data: remove control tokens, terminal escapes and control characters."""

from __future__ import annotations

import re

from consult.foreign_text import plain

MAX_CHARACTERS = 4_000

_BEGIN, _END = r"(?:<think(?:ing)?>|\[THINK\]|<unused94>)", r"(?:</think(?:ing)?>|\[/THINK\]|<unused95>)"
"""The delimiters of a private thought; the last are MedGemma's."""
_THOUGHT = re.compile(rf"{_BEGIN}(.*?)(?:{_END}|\Z)", re.DOTALL | re.IGNORECASE)
_CALL = re.compile(r"<tool_call>.*?(?:</tool_call>|\Z)|\[TOOL_CALLS\].*\Z", re.DOTALL | re.IGNORECASE)


def clean(text: str) -> str:
    """Remove everything that is not text, join lines with spaces, and cut to 4,000 characters."""
    return plain(text, MAX_CHARACTERS)


def without_thought(text: str) -> str:
    """Remove blocks of private thought, even without their beginning or end, and cut to 16,000 characters."""
    text = _THOUGHT.sub(" ", text)
    return re.sub(rf"^.*{_END}", " ", text, flags=re.DOTALL | re.IGNORECASE)[: 4 * MAX_CHARACTERS]


def thought_of(text: str) -> str:
    """Return the first block of private thought, cleaned; empty if there is none."""
    found = _THOUGHT.search(text)
    return clean(found.group(1)) if found else ""


def without_tool_calls(text: str) -> str:
    """Remove tool calls, since no tools are offered."""
    return _CALL.sub(" ", text)
