"""An exchange: one request to a model, its reply, and what was made of the reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from consult.agents.models.model import ModelInfo, Reply, Request

Outcome = Literal["accepted", "refused", "failed"]
"""`failed`: the backend raised, so that there is no reply."""

WITHOUT_PROMPT = ("person", "tables")
"""Backends that read no prompt: a person at the terminal, and programs that know the scenario's tables."""

REFUSALS = {
    "open": "not a usable line",
    "answer": "not a usable line",
    "unknown": "not a usable line",
    "ask": "not a usable line",
    "satisfied": "not a usable line",
    "reluctant": "not a usable line",
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
"""Task → why a reply to it is refused, where its reader says no more."""


@dataclass
class Exchange:
    """One request, and what came of it."""

    request: Request
    info: ModelInfo
    """Whom the request went to."""
    reply: Reply | None = None
    outcome: Outcome | None = None
    """None while there is no reply."""
    why: str = ""
    """Of a refused reply or a failed request: the reason. Of an accepted one: how it was read, where it is in another
    form than the one that was asked for."""

    @property
    def answer(self) -> Reply:
        """The reply, once there is one."""
        assert self.reply is not None
        return self.reply

    def accept(self, reply: Reply) -> None:
        """Take in the reply; it counts as accepted until it is refused."""
        self.reply, self.outcome = reply, "accepted"

    def refuse(self, why: str = "") -> None:
        """Note that the reply cannot be used.

        Args:
            why: The reason; else the usual one of the task.
        """
        self.outcome, self.why = "refused", why or REFUSALS.get(self.request.task, "the reply cannot be read")

    def fail(self, error: Exception) -> None:
        """Note that the backend raised."""
        self.outcome, self.why = "failed", f"{type(error).__name__}: {error}"


Record = Callable[[Exchange], None]
"""Told of each exchange when its request is sent; reply and outcome are added to it later."""
