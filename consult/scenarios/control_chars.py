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
FAMILIES = {
    "ChatML and most others, also Llama 3, Phi, GLM, Command, Granite, gpt-oss; Qwen's pictures": r"<\|[^|<>]{1,40}\|>",
    "Gemma 4": r"<\|[a-z_]{2,24}>|<[a-z_]{2,24}\|>",
    "DeepSeek, with full-width bars": r"<\uff5c[^\uff5c<>]{1,40}\uff5c>",
    "Llama 2 and Mistral": r"</?s>|<</?SYS>>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|"
    r"TOOL_CONTENT|ARGS|CALL_ID|PREFIX|SUFFIX|MIDDLE|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO)\]",
    "Gemma": r"<bos>|<eos>|<pad>|<unk>|<mask>|<end_of_turn>|<start_of_turn>\w*|<(?:start|end)_of_(?:image|audio)>|"
    r"<(?:image|audio)_soft_token>|<unused\d+>|<\[@BOS@\]>",
    "PaliGemma": r"<loc\d{4}>|<seg\d{3}>",
    "LLaVA and others with pictures": r"</?(?:image|video|audio|img)>|<im_(?:start|end|patch)>|<image_placeholder>|"
    r"<image_(?:newline|pad)>|</?image_id>|</?slice>|<IMG_CONTEXT>|</?(?:box|ref|quad)>",
    "Idefics and SmolVLM": r"<fake_token_around_image>|<global-img>|<row_\d+_col_\d+>|<end_of_utterance>",
    "tools": r"</?tool_(?:call|response)s?>|</?tools>",
    "BERT and T5": r"\[(?:CLS|SEP|MASK|PAD|UNK|BOS|EOS)\]|<extra_id_\d+>",
    "Baichuan and others": r"<reserved_\w+>|<\w*_?(?:user|assistant|system)_token>",
}
"""Family of models → its tokens for the structure of a chat and for pictures. Other text in angle brackets stays."""
TOKENS = re.compile("|".join(FAMILIES.values()))
"""Tokens of all families: each is removed from every answer and every prompt, since any model may be behind a role."""


def without_tokens(text: str) -> str:
    """Replace tokens of language models with spaces, so that removing one makes no other."""
    return TOKENS.sub(" ", text)


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
