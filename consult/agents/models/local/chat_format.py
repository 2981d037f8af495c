"""Read the chat format from a model's own chat template by trial rendering, never from a list of models.

A template may take content as a string or as a list of parts, may reject or drop a system message, may show no
photograph or only one, and may begin each reply with a thought. The first format that renders a trial chat completely
is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from consult.agents.models.model import Message, ModelError, Prompt
from consult.agents.prompt_formats.thoughts import ANALYSIS, FINAL, PAIRS
from consult.foreign_text import without_tokens

Render = Callable[..., str]
"""Renders a chat, with additional template variables as keyword arguments."""
Content = Literal["parts", "mixed", "strings"]
"""`mixed`: parts, but a string for the system message."""

THOUGHT_MARKS = tuple(mark for pair in PAIRS for mark in pair)
SWITCHES = ("enable_thinking", "thinking")
"""Template variables that turn thinking off."""

_SYSTEM, _ASKED, _ANSWERED = "Rule seven holds.", "Question nine stands.", "Answer three follows."
_ENDS = dict(PAIRS)
_BEGINS = "|".join(map(re.escape, _ENDS))
_MARK = re.compile(_BEGINS)
_OPEN_THOUGHT = re.compile(rf"({_BEGINS})\s*\Z")


@dataclass(frozen=True)
class ChatFormat:
    """A chat format that a template accepts."""

    render: Render
    token: str | None
    """Token for a photograph in a rendered chat; None for a model without photographs."""
    content: Content = "strings"
    system: Literal["own", "folded"] = "own"
    """`folded`: the system message is put before the user's first message."""
    variables: tuple[tuple[str, bool], ...] = ()
    """Template variables that turn thinking off."""
    closing: str = ""
    """Closes a thought that the template opens and that no variable turns off."""
    thought: tuple[str, str] | None = None
    """Beginning and end of the model's own private thought, if the template can turn it on; None if it has none."""
    most_photographs: int | None = None
    """Most photographs in one prompt; None if the template has no limit."""

    @classmethod
    def of(cls, render: Render, token: str | None) -> ChatFormat:
        """Find the format that a template accepts.

        Args:
            render: The template.
            token: Token for a photograph in a rendered chat; None for a text-only model.

        Raises:
            ModelError: It accepts none, not even without a photograph.
        """
        for marked in dict.fromkeys((token, None)):
            for one in _ways(render, marked):
                if one._is_whole(1 if marked else 0):
                    return one._without_thought()._limited()
        raise ModelError("its chat template renders no chat of a system message and a question")

    # -- rendering -------------------------------------------------------------------------------------------------

    def text(self, messages: Sequence[Message], *, thinks: bool = False) -> str:
        """Render messages up to the place where the reply begins, or the private thought before it.

        Raises:
            ModelError: There are more photographs than the template shows.
        """
        photographs = sum(len(message.photographs) for message in messages)
        if self.most_photographs is not None and photographs > self.most_photographs:
            raise ModelError(f"its chat template shows {self.most_photographs} photograph a prompt, not {photographs}")
        if not thinks or self.thought is None:
            return self.render(self.chat(messages), **dict(self.variables)) + self.closing
        text = self.render(self.chat(messages), **{name: True for name, _ in self.variables})
        return text if _OPEN_THOUGHT.search(text) else text + self.thought[0]

    def chat(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """Arrange messages in the template's format."""
        return [self._said(message) for message in merged(self._folded(messages))]

    def _said(self, message: Message) -> dict[str, Any]:
        photographs = message.photographs if self.token else ()
        if self.content == "strings" or (self.content == "mixed" and message.speaker == "system"):
            marks = "".join(f"{self.token}\n" for _ in photographs)
            return {"role": message.speaker, "content": marks + message.text}
        images = [{"type": "image"} for _ in photographs]
        return {"role": message.speaker, "content": [*images, {"type": "text", "text": message.text}]}

    def _folded(self, messages: Sequence[Message]) -> Sequence[Message]:
        if self.system == "own":
            return messages
        return [replace(m, speaker="user") if m.speaker == "system" else m for m in messages]

    def trial(self) -> str:
        """Render a trial chat with one photograph."""
        return self._tried(1, **dict(self.variables)) or ""

    # -- finding out -----------------------------------------------------------------------------------------------

    def _is_whole(self, photographs: int) -> bool:
        text = self._tried(photographs)
        if text is None or text.count(_SYSTEM) != 1 or text.count(_ASKED) != 1:
            return False
        marked = text.count(self.token) == photographs if self.token else True
        # A template for strings may print a list of parts as Python would.
        return marked and text.index(_SYSTEM) < text.index(_ASKED) and not re.search("['\"]type['\"]", text)

    def _tried(self, photographs: int, **variables: bool) -> str | None:
        chat = [self._said(m) for m in merged(self._folded(_trial(photographs)))]
        try:
            return self.render(chat, **variables)
        except Exception:  # any error of a template on an unsupported format
            return None

    def _without_thought(self) -> ChatFormat:
        shown = 1 if self.token else 0
        off = tuple(
            (name, False)
            for name in SWITCHES
            if self._tried(shown, **{name: False}) != self._tried(shown, **{name: True})
        )
        text = self._tried(shown, **dict(off)) or ""
        opened = _OPEN_THOUGHT.search(text)
        if opened is None:
            return replace(self, variables=off, closing=self._header(text))._with_thought()
        end = _ENDS[opened[1]]
        return replace(self, variables=off, closing=f"\n\n{end}\n\n" if end[0] == "<" else end)._with_thought()

    def _header(self, text: str) -> str:
        """Return what the template writes between its generation prompt and an answer, if that names a channel."""
        chat = [self._said(m) for m in (*merged(self._folded(_trial(0))), Message("assistant", _ANSWERED))]
        try:
            whole = self.render(chat, **dict(self.variables))
        except Exception:  # as in `_tried`
            return ""
        return FINAL if text and f"{FINAL}{_ANSWERED}" in whole and not text.endswith(FINAL) else ""

    def _with_thought(self) -> ChatFormat:
        """Find the marks of the model's own private thought where the template writes them."""
        if self.closing == FINAL:
            return replace(self, thought=ANALYSIS)
        shown = 1 if self.token else 0
        on = self._tried(shown, **{name: True for name, _ in self.variables}) or ""
        off = (self._tried(shown, **dict(self.variables)) or "") + self.closing
        marks = _MARK.findall(on) or _MARK.findall(off)
        if not marks or not (self.variables or self.closing):
            return self
        opened = next(mark for mark in marks)
        return replace(self, thought=(f"{opened}\n", f"\n{_ENDS[opened]}\n\n"))

    def _limited(self) -> ChatFormat:
        if self.token is None:
            return self
        text = self._tried(2)
        return self if text is not None and text.count(self.token) == 2 else replace(self, most_photographs=1)


class _Shown:
    """Represents a photograph in a trial chat."""


def _trial(photographs: int) -> tuple[Message, ...]:
    shown: Any = (_Shown(),) * photographs
    return Message("system", _SYSTEM), Message("user", _ASKED, shown)


def _ways(render: Render, token: str | None) -> list[ChatFormat]:
    contents: tuple[Content, ...] = ("parts", "mixed", "strings") if token else ("strings", "parts")
    own = [ChatFormat(render, token, content) for content in contents]
    return [*own, *(replace(way, system="folded") for way in own)]


def merged(messages: Sequence[Message]) -> list[Message]:
    """Join adjacent messages of one speaker: many templates require alternating roles."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].speaker == message.speaker:
            before = joined.pop()
            text = f"{before.text}\n\n{message.text}"
            message = Message(message.speaker, text, before.photographs + message.photographs)
        joined.append(message)
    return joined


def cleared(prompt: Prompt, controls: re.Pattern[str]) -> list[Message]:
    """Remove control tokens from text, the model's own and other families': it is data, and must not take effect."""
    return [replace(one, text=without_tokens(controls.sub(" ", one.text))) for one in prompt.messages]
