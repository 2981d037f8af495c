"""The choices of play by name: strategies, teams, and where the attending's reason goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Strategy = Literal["no-dialogue", "text-only", "dialogue", "reasoning", "expert"]


@dataclass(frozen=True)
class StrategyRules:
    """What a strategy changes; a new one is its name above and its rules below."""

    interviews: bool = True
    """The attending may ask and examine."""
    shows_photograph: bool = True
    """The doctors see the photograph."""
    thinks: bool = False
    """The doctors write down their reasoning before they answer."""
    asks_classifier: bool = False
    """The doctors are told what an image classifier predicts."""
    answers_questions: bool = False
    """It also applies to questions about pictures, which have no patient."""


STRATEGY_RULES: Mapping[Strategy, StrategyRules] = {
    "no-dialogue": StrategyRules(interviews=False, answers_questions=True),
    "text-only": StrategyRules(shows_photograph=False, answers_questions=True),
    "dialogue": StrategyRules(),
    "reasoning": StrategyRules(thinks=True, answers_questions=True),
    "expert": StrategyRules(asks_classifier=True),
}
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
Protocol = Literal["consult", "3mdbench"]
"""The rules of a consultation: this program's own, or the free talk of 3MDBench."""
TALK: Protocol = "3mdbench"
Team = Literal["panel", "no-triage", "solo"]
TEAMS: tuple[Team, ...] = ("panel", "no-triage", "solo")

Rationale = Literal["before", "after", "none"]
"""Where the attending's reason goes: before its decision, after it, or nowhere."""
