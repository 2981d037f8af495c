"""Clean a model's output, which is data: remove control tokens, terminal escapes and control characters."""

from __future__ import annotations

import re

from consult.agents.prompt_formats.thoughts import part
from consult.foreign_text import plain

MAX_CHARACTERS = 4_000

_CALL = re.compile(r"<tool_call>.*?(?:</tool_call>|\Z)|\[TOOL_CALLS\].*\Z", re.DOTALL | re.IGNORECASE)


def clean(text: str) -> str:
    """Remove everything that is not text, join lines with spaces, and cut to 4,000 characters."""
    return plain(text, MAX_CHARACTERS)


def without_thought(text: str) -> str:
    """Remove blocks of private thought, even without their beginning or end, and cut to 16,000 characters."""
    return part(text).answer[: 4 * MAX_CHARACTERS]


def thought_of(text: str) -> str:
    """Return the private thought, cleaned; empty if there is none."""
    return clean(part(text).thought)


def without_tool_calls(text: str) -> str:
    """Remove tool calls, since no tools are offered."""
    return _CALL.sub(" ", text)
