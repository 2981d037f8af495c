"""An exchange: one request to a model, its reply, and the outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from consult.agents.models.model import ModelInfo, Reply, Request
from consult.agents.prompt_formats.clean import without_thought

Outcome = Literal["accepted", "refused", "failed"]
"""`failed`: the backend raised, so there is no reply."""

WITHOUT_PROMPT = ("person", "tables")
"""Backends that read no prompt: a person at the terminal, and programs that know the scenario's tables."""

CUT = "cut off at its token limit"
"""How a reply ended that has no end of its own."""

ONLY_THOUGHT = "it is only private thought"
REFUSED = "the model declined to answer"
WITHHELD = "the server withheld the answer"
NO_TOOLS = "it calls a tool, and none is offered"
EMPTY = "it is empty"
"""Why a reply has no text."""

REFUSALS = {
    "open": "not a usable line",
    "answer": "not a usable line",
    "unknown": "not a usable line",
    "ask": "not a usable line",
    "satisfied": "not a usable line",
    "reluctant": "not a usable line",
    "talk": "not a usable line",
    "extract": "it is not a list of diagnoses",
    "check": "the verdict cannot be read",
    "free": "not a line that the patient may say now",
    "triage": "no specialty and urgency of the menu can be read",
    "action": "no action that is on offer can be read",
    "wording": "the words do not fit the chosen action",
    "opinion": "no diagnosis can be read from the reply",
    "decision": "no diagnosis can be read from the reply",
    "rewording": "the sentence does not say the same",
    "explanation": "not a usable explanation",
    "reply": "not a usable reply",
}
"""Task → default reason for refusing a reply."""


@dataclass
class Exchange:
    """One request, and its outcome."""

    request: Request
    info: ModelInfo
    """The model that was asked."""
    reply: Reply | None = None
    outcome: Outcome | None = None
    """None while there is no reply."""
    why: str = ""
    """The reason for a refused reply or a failed request. For an accepted reply: how it was read, if it did not have
    the requested form."""

    unread: bool = False
    """Whether the reply could not be read at all, and was not read and then rejected for what it says."""
    superseded: bool = False
    """Whether the request was repeated with more room, so that this reply does not count."""
    before: Exchange | None = None
    """The request before it whose reply was cut: this one has twice the room."""

    @property
    def answer(self) -> Reply:
        """The reply, once there is one, with the cost of the cut one before it."""
        assert self.reply is not None
        cut = self.before.reply if self.before is not None else None
        if cut is None:
            return self.reply
        return replace(
            self.reply,
            tokens_in=self.reply.tokens_in + cut.tokens_in,
            tokens_out=self.reply.tokens_out + cut.tokens_out,
            seconds=self.reply.seconds + cut.seconds,
        )

    def accept(self, reply: Reply) -> None:
        """Record the reply; it counts as accepted until it is refused."""
        self.reply, self.outcome, self.superseded = reply, "accepted", False
        self.why = CUT if reply.cut else ""

    def note(self, how: str) -> None:
        """Record how an accepted reply was read."""
        self.why = "; ".join(part for part in (self.why, how) if part)

    def refuse(self, why: str = "", fault: str = "") -> None:
        """Record that the reply cannot be used.

        Args:
            why: The reason if it was read and rejected; by default it could not be read, for the backend's reason or
                the usual one of the task.
            fault: What is wrong with a reply that could not be read, in words that follow "it", if that is known.
        """
        reply, usual = self.reply, REFUSALS.get(self.request.task, "the reply cannot be read")
        self.unread = not why
        # More room would not help a reply with a fault, so that it was cut does not matter.
        cause = f"it {fault}" if fault else "" if reply is None else cause_of(reply)
        self.outcome, self.why = "refused", why or (f"{usual}: {cause}" if cause else usual)

    def ask_again(self) -> None:
        """Record that the reply was cut and that the request is repeated with more room."""
        self.superseded = True
        self.outcome, self.why = "refused", f"{CUT}; it is requested again with twice the room"

    def fail(self, error: Exception) -> None:
        """Record that the backend raised."""
        self.outcome, self.why = "failed", f"{type(error).__name__}: {error}"


def cause_of(reply: Reply) -> str:
    """Return why a reply cannot be read, as far as it shows without its meaning; empty if it does not."""
    if reply.problem:
        return reply.problem
    if reply.text.strip() and not without_thought(reply.text).strip():
        return f"{ONLY_THOUGHT}, {CUT}" if reply.cut else ONLY_THOUGHT
    if not reply.text.strip():
        return EMPTY
    return CUT if reply.cut else ""


Record = Callable[[Exchange], None]
"""Called with each exchange when its request is sent; reply and outcome are added to it later."""
