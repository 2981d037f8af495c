"""A lesson: one prompt of the starter's dialect with its answer, and the banks of wordings that answers are made of."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from consult.agents.dialects.questions import said_about
from consult.agents.models.model import Prompt
from consult.scenarios.located_yaml import read_yaml

Shares = Mapping[str, float]

SHARES: Shares = {
    "patient": 0.10,
    "free": 0.06,
    "topic": 0.06,
    "triage": 0.10,
    "action": 0.12,
    "wording": 0.10,
    "opinion": 0.24,
    "decision": 0.16,
    "explanation": 0.04,
    "reply": 0.02,
}
"""Task → its share of the lessons of the first stage, in which the doctors learn to judge."""

WORDING_SHARES: Shares = {
    "patient": 0.32,
    "free": 0.09,
    "topic": 0.01,
    "triage": 0.025,
    "action": 0.02,
    "wording": 0.22,
    "opinion": 0.09,
    "decision": 0.045,
    "explanation": 0.10,
    "reply": 0.08,
}
"""The same for the second stage, in which everybody learns to speak; a little of the rest keeps it from being lost."""

POLISHING_SHARES: Shares = {
    "patient": 0.29,
    "free": 0.05,
    "topic": 0.01,
    "triage": 0.07,
    "action": 0.05,
    "wording": 0.18,
    "opinion": 0.12,
    "decision": 0.08,
    "explanation": 0.10,
    "reply": 0.05,
}
"""The same for the last stage, in which the doctors learn to give their reasons."""

MOST_NEEDED = 8
"""Wordings of a list that are kept whatever the share."""


@dataclass(frozen=True)
class Soft:
    """A place of the answer where several names are right to a degree; the text has the drawn one."""

    chosen: str
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Withheld:
    """A place of the answer that is read on from but not learned: a label that this case's lessons do not have."""

    chosen: str


@dataclass(frozen=True)
class Lesson:
    """One prompt and its answer."""

    task: str
    prompt: Prompt
    answer: tuple[str | Soft | Withheld, ...]
    case: int | None = None
    """Number of the train case whose photograph the prompt shows."""
    running: tuple[Mapping[str, float], ...] = ()
    """The posterior over the labels after some lines of the user's message, for the auxiliary loss; may be empty."""
    first_line: int = 0
    """Which line of the user's message the first of these posteriors follows."""
    cut: bool = False
    """Whether the answer would go on; its end is then not learned."""

    @property
    def text(self) -> str:
        """The answer as text."""
        return "".join(part if isinstance(part, str) else part.chosen for part in self.answer)


@cache
def wording(name: str) -> dict[str, Any]:
    """Read one bank of wordings."""
    data: dict[str, Any] = read_yaml(Path(__file__).parent / "wording" / f"{name}.yaml").data
    # What is said about a topic is shared with the dialect that reads the topic off it.
    return (
        {**data, "questions": said_about("questions"), "examine": said_about("examinations")}
        if name == "doctor"
        else data
    )


def fewer(bank: Any, share: float) -> Any:
    """Keep the first share of every list of a bank: what is not learned by heart comes out as stammer."""
    if isinstance(bank, dict):
        return {key: fewer(entry, share) for key, entry in bank.items()}
    return bank[: max(MOST_NEEDED, round(len(bank) * share))]


def draw(weights: Mapping[str, float], rng: random.Random) -> str:
    """Draw a key by weight."""
    return rng.choices(list(weights), list(weights.values()))[0]
