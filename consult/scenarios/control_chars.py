"""Remove non-text from texts: terminal escapes, control characters, invisible marks, tokens of models."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_UNSEEN = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    r"\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
"""Invisible and direction marks, soft hyphens, and halves of surrogate pairs, which no UTF-8 file can contain."""
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_CONTROLS = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_UNSEEN}]")
TOKENS = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>|<pad>|<eos>|<bos>|<image>|<end_of_turn>|<start_of_turn>\w*")
"""Tokens that language models use for the structure of a chat; they are removed from every answer."""


def without_controls(text: str) -> str:
    """Remove terminal escapes, control characters and invisible marks; keep tabs and line ends."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def without_invisible(text: str) -> str:
    """Remove only invisible marks."""
    return _INVISIBLE.sub("", text)


def visible(text: str) -> str:
    """Write what `without_controls` would remove as Python escapes, so that nothing is lost or takes effect."""
    return _CONTROLS.sub(lambda match: ascii(match.group())[1:-1], text)


def unreadable(text: str) -> tuple[str, str] | None:
    """Find content that no answer of a model can contain, so that no answer could equal the text.

    Returns:
        The content and the fix; None if there is no such content.
    """
    control = _CONTROLS.search(text)
    if control is not None:
        before = text[max(0, control.start() - 20) : control.start()]
        where = f" after '{visible(before)}'" if before else ""
        name = f"U+{ord(control.group()):04X}"
        return f"holds a control character or an invisible one, {name}{where}", "type it again without"
    token = TOKENS.search(text)
    if token is not None:
        return f"holds '{token.group()}', a token of language models", "remove it"
    return None
