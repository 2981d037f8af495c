"""The context of a server's model: what the server states, and prompts that it shortens silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consult.agents.models.model import Request

STATED = ("max_model_len", "context_length", "loaded_context_length", "max_context_length", "context_window")
"""Fields of a listed model with its context in tokens: vLLM and SGLang, several gateways, LM Studio, Groq."""
LONGER, MORE = 1.35, 400
"""A prompt is clearly longer with this many times the characters and this many more."""
FEWEST = 64
"""Tokens; fewer say nothing."""


def stated_context(entry: Mapping[str, Any]) -> int | None:
    """Read the context in tokens from a listed model, as served if that is said, else as trained; None if unknown."""
    meta = entry.get("meta")
    of_llama = meta if isinstance(meta, dict) else {}
    values = (*(entry.get(name) for name in STATED), of_llama.get("n_ctx"), of_llama.get("n_ctx_train"))
    return next((value for value in values if _is_size(value)), None)


def context_of_props(data: Any) -> int | None:
    """Read the context of one slot from llama.cpp's `/props`; None if it is not there."""
    settings = data.get("default_generation_settings") if isinstance(data, dict) else None
    values = [part.get("n_ctx") for part in (settings, data) if isinstance(part, dict)]
    return next((value for value in values if _is_size(value)), None)


def is_llama_cpp(entry: Mapping[str, Any]) -> bool:
    """Return whether a listed model is served by llama.cpp, which states more elsewhere."""
    return isinstance(entry.get("meta"), dict) or "llama" in str(entry.get("owned_by") or "")


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


class ContextWatch:
    """Notices that a server's count of prompt tokens stops growing: it drops a part of longer prompts."""

    def __init__(self) -> None:
        self._shortest: dict[int, dict[int, int]] = {}
        """Number of photographs → tokens → characters of the shortest prompt with so many."""
        self.limit: int | None = None
        """Tokens at which the count stopped growing; None if it has not."""

    def note(self, request: Request, tokens: int) -> bool:
        """Compare a request with those before it.

        Returns:
            Whether this is the first one that shows that prompts are shortened.
        """
        messages = request.prompt.messages
        size, pictures = sum(len(one.text) for one in messages), sum(len(one.photographs) for one in messages)
        if tokens < FEWEST or self.limit is not None:
            return False
        seen = self._shortest.setdefault(pictures, {})
        # A prompt that is clearly longer than an earlier one cannot have as few tokens.
        if any(tokens <= before and size >= LONGER * chars + MORE for before, chars in seen.items()):
            self.limit = max(tokens, *seen)
            return True
        seen[tokens] = min(size, seen.get(tokens, size))
        return False
