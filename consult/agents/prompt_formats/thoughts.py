"""Private thought in replies, as the families of models mark it: it is told apart from the answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

PAIRS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("<unused94>", "<unused95>"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel>thought", "<channel|>"),
)
"""Beginning and end of a thought: of Qwen, DeepSeek and others, of Seed-OSS, Mistral, MedGemma, Kimi, Command,
OpenThinker, Apertus and Gemma 4."""

_BEGIN, _END = ("|".join(map(re.escape, marks)) for marks in zip(*PAIRS, strict=True))
_THOUGHT = re.compile(rf"(?:{_BEGIN})(.*?)(?:{_END}|\Z)", re.DOTALL | re.IGNORECASE)
_UNTIL_END = re.compile(rf"\A(.*)(?:{_END})", re.DOTALL | re.IGNORECASE)
_MARK = re.compile(rf"{_BEGIN}|{_END}|<\|channel\|>(?:analysis|commentary)?", re.IGNORECASE)
_HEADING = re.compile(r"\A\s*thought\s*\n", re.IGNORECASE)
"""MedGemma's and Gemma's word for the channel, at the beginning of a thought."""

FINAL = "<|channel|>final<|message|>"
ANALYSIS = ("<|channel|>analysis<|message|>", f"<|end|><|start|>assistant{FINAL}")
"""gpt-oss: what stands before an answer, and before and after a thought."""
_MESSAGE = re.compile(
    r"<\|channel\|>\s*(\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"
    r"(.*?)(?=<\|(?:start|channel|end|return|call)\|>|\Z)",
    re.DOTALL,
)
_BARE = re.compile(
    r"\A\s*analysis(?=[^\w\s]|[A-Z]|\s*\n)(.*?)(?:(?:<\|end\|>)?\s*assistant\s*(?:commentary.*?assistant\s*)?final|\Z)",
    re.DOTALL,
)
"""gpt-oss on a server that leaves out control tokens: "analysisThe user asks …assistantfinalHello."."""


class Parted(NamedTuple):
    """A reply in two parts."""

    thought: str
    """The private thought; empty if there is none."""
    answer: str


@lru_cache(maxsize=64)
def part(text: str) -> Parted:
    """Part a reply into thought and answer; a thought may lack its beginning or its end.

    The same reply is parted for its answer, its thought and its form.
    """
    text, channels = _without_channels(text)
    thoughts = [*channels, *(found.group(1) for found in _THOUGHT.finditer(text))]
    answer = _THOUGHT.sub(" ", text)
    unopened = _UNTIL_END.match(answer)
    if unopened is not None:
        thoughts.insert(0, unopened.group(1))
        answer = f" {answer[unopened.end() :]}"
    said = (_MARK.sub(" ", _HEADING.sub("", thought)).strip() for thought in thoughts)
    return Parted("\n".join(thought for thought in said if thought), answer)


def without_marks(text: str) -> str:
    """Remove the marks of thoughts: one inside a thought would end it early wherever it is read again."""
    return _MARK.sub(" ", text)


def _without_channels(text: str) -> tuple[str, list[str]]:
    """Return what gpt-oss says in its final channel, and what it thinks in others."""
    bare = _BARE.match(text)
    if bare is not None and "<|channel|>" not in text:
        return text[bare.end() :], [bare.group(1)]
    messages = [(kind.lower(), said) for kind, said in _MESSAGE.findall(text)]
    if not messages:
        return text, []
    thoughts = [said for kind, said in messages if kind != "final"]
    finals = [said for kind, said in messages if kind == "final"]
    before = text[: text.index("<|channel|>")].removesuffix("assistant").removesuffix("<|start|>").strip()
    if finals:
        # What a template has opened before the first channel was a thought.
        return finals[-1], [before.removesuffix("<|end|>"), *thoughts] if before else thoughts
    return before, thoughts
