"""An exchange: one request to a model, its reply, and the outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from consult.agents.models.model import ModelInfo, Reply, Request

Outcome = Literal["accepted", "refused", "failed"]
"""`failed`: the backend raised, so there is no reply."""

WITHOUT_PROMPT = ("person", "tables")
"""Backends that read no prompt: a person at the terminal, and programs that know the scenario's tables."""

REFUSALS = {
    "open": "not a usable line",
    "answer": "not a usable line",
    "unknown": "not a usable line",
    "ask": "not a usable line",
    "satisfied": "not a usable line",
    "reluctant": "not a usable line",
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

    @property
    def answer(self) -> Reply:
        """The reply, once there is one."""
        assert self.reply is not None
        return self.reply

    def accept(self, reply: Reply) -> None:
        """Record the reply; it counts as accepted until it is refused."""
        self.reply, self.outcome = reply, "accepted"

    def refuse(self, why: str = "") -> None:
        """Record that the reply cannot be used.

        Args:
            why: The reason; by default the usual one for the task.
        """
        self.outcome, self.why = "refused", why or REFUSALS.get(self.request.task, "the reply cannot be read")

    def fail(self, error: Exception) -> None:
        """Record that the backend raised."""
        self.outcome, self.why = "failed", f"{type(error).__name__}: {error}"


Record = Callable[[Exchange], None]
"""Called with each exchange when its request is sent; reply and outcome are added to it later."""
