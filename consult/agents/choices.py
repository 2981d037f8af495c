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
TEAMS: tuple[Team, ...] = get_args(Team)

SpeakingRole = Literal["patient", "triage", "attending"]
"""Roles that a model plays and that take turns."""
Speaker = Literal[SpeakingRole, "question"]
"""Who takes a turn; `question` is a program that puts a question about pictures to the doctors, without a patient."""
Player = Literal[SpeakingRole, "specialist"]
"""Roles that a model plays; the specialists' opinions are part of the attending's turn."""
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
    tasks: tuple[str, ...]
    """What its model is asked to do, in the prompt format of instruction-tuned models."""
    teams: tuple[Team, ...] = TEAMS
    """The teams that have it."""


_PATIENT = ("open", "answer", "unknown", "ask", "satisfied", "reluctant", "topic", "free")
_ATTENDING = ("action", "decision", "explanation", "reply", "talk")
ROLE_RULES: Mapping[Speaker | Player, RoleRules] = {
    "patient": RoleRules("Patient", "Patient", "bold cyan", _PATIENT),
    "triage": RoleRules("Triage doctor", "Triage", "bold magenta", ("triage",), teams=("panel",)),
    "specialist": RoleRules("Specialist", "Panel", "magenta", ("opinion",), teams=("panel", "no-triage")),
    "attending": RoleRules("Attending physician", "Attending", "bold green", _ATTENDING),
    "question": RoleRules("Question", "Question", "bold cyan", (), teams=()),
}
PLAYERS: tuple[Player, ...] = tuple(sorted(get_args(Player), key=list(ROLE_RULES).index))
SPEAKING_ROLES: tuple[SpeakingRole, ...] = get_args(SpeakingRole)

Rationale = Literal["before", "after", "none"]
"""Where the attending's reason goes: before its decision, after it, or nowhere."""
