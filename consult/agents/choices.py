"""The choices of play by name: strategies, teams, roles, acts, and where the attending's reason goes."""

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


STRATEGY_RULES: Mapping[Strategy, StrategyRules] = {
    "no-dialogue": StrategyRules(interviews=False),
    "text-only": StrategyRules(shows_photograph=False),
    "dialogue": StrategyRules(),
    "reasoning": StrategyRules(thinks=True),
    "expert": StrategyRules(asks_classifier=True),
}
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
Team = Literal["panel", "no-triage", "solo"]
TEAMS: tuple[Team, ...] = get_args(Team)

Speaker = Literal["patient", "triage", "attending"]
"""Roles that take turns."""
Player = Literal[Speaker, "specialist"]
"""Roles that a model plays: the speakers, and the specialists, whose opinions are part of the attending's turn."""
Action = Literal["open", "triage", "ask", "answer", "examine", "consult", "conclude", "satisfied"]


@dataclass(frozen=True)
class RoleRules:
    """How a role is named to people, and where it plays; a new one is its name above and its rules below."""

    title: str
    """In a page."""
    name: str
    """In the terminal, at most nine letters."""
    style: str
    """In the terminal, as rich names colours."""
    teams: tuple[Team, ...] = TEAMS
    """The teams that have it."""


ROLE_RULES: Mapping[Player, RoleRules] = {
    "patient": RoleRules("Patient", "Patient", "bold cyan"),
    "triage": RoleRules("Triage doctor", "Triage", "bold magenta", teams=("panel",)),
    "specialist": RoleRules("Specialist", "Panel", "magenta", teams=("panel", "no-triage")),
    "attending": RoleRules("Attending physician", "Attending", "bold green"),
}
PLAYERS: tuple[Player, ...] = tuple(ROLE_RULES)
SPEAKERS: tuple[Speaker, ...] = get_args(Speaker)

Rationale = Literal["before", "after", "none"]
"""Where the attending's reason goes: before its decision, after it, or nowhere."""
