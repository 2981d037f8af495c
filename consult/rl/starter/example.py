"""An example: one prompt of the starter's prompt format with its answer, and how frequent each kind is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from consult.agents.models.model import Prompt

Shares = Mapping[str, float]

SHARES: Shares = {
    "patient": 0.05,
    "free": 0.03,
    "topic": 0.06,
    "look": 0.07,
    "triage": 0.11,
    "action": 0.12,
    "wording": 0.04,
    "opinion": 0.27,
    "decision": 0.21,
    "rewording": 0.03,
    "explanation": 0.008,
    "reply": 0.002,
}
"""Task → its share of the examples of the first stage, in which the doctors learn to judge."""

WORDING_SHARES: Shares = {
    "patient": 0.13,
    "free": 0.04,
    "topic": 0.04,
    "look": 0.05,
    "triage": 0.08,
    "action": 0.09,
    "wording": 0.07,
    "opinion": 0.22,
    "decision": 0.15,
    "rewording": 0.10,
    "explanation": 0.02,
    "reply": 0.01,
}
"""The same for the second stage, in which everybody learns to speak; a little of the rest keeps it from being lost."""


@dataclass(frozen=True)
class Soft:
    """A place in the answer with a distribution over several names; the text has the drawn one."""

    chosen: str
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Withheld:
    """A place in the answer that is given but not learned: a label that this case's examples withhold."""

    chosen: str


@dataclass(frozen=True)
class Example:
    """One prompt and its answer."""

    task: str
    prompt: Prompt
    answer: tuple[str | Soft | Withheld, ...]
    case: int | None = None
    """Number of the train case whose photograph the prompt shows."""
    posterior_targets: tuple[tuple[int, Mapping[str, float]], ...] = ()
    """(line of the user's message, posterior over the labels after it), for the auxiliary loss; may be empty."""
    line_targets: tuple[tuple[int, Mapping[str, float]], ...] = ()
    """(line, posterior over the labels from it alone), for the auxiliary loss; may be empty."""
    cut: bool = False
    """Whether the answer would continue; if so, its end is not learned."""

    @property
    def text(self) -> str:
        """Return the answer as text."""
        return "".join(part if isinstance(part, str) else part.chosen for part in self.answer)


def draw(weights: Mapping[str, float], rng: random.Random) -> str:
    """Draw a key by weight."""
    return rng.choices(list(weights), list(weights.values()))[0]
