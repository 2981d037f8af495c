"""The choices of play by name: strategies, teams, and where the attending's reason goes."""

from __future__ import annotations

from typing import Literal

Strategy = Literal["no-dialogue", "text-only", "dialogue", "reasoning", "expert"]
Team = Literal["panel", "no-triage", "solo"]
STRATEGIES: tuple[Strategy, ...] = ("no-dialogue", "text-only", "dialogue", "reasoning", "expert")
TEAMS: tuple[Team, ...] = ("panel", "no-triage", "solo")

Rationale = Literal["before", "after", "none"]
"""Where the attending's reason goes: before its decision, after it, or nowhere."""
