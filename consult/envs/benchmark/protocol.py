"""What a preset with another benchmark's protocol needs: what is said beside it, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from consult.agents.choices import TALK, Protocol
from consult.errors import UserError
from consult.scenarios import Scenario


def own_assessor(reference: str) -> str:
    """Say that a compared model cannot assess, and the fix."""
    return (
        f"'{reference}' played the doctor, and in 3MDBench's protocol no compared model assesses; give another model "
        "with --assessor, or add --self-assessment"
    )


def refuse_own_assessor(assessors: Iterable[str], compared: Iterable[str]) -> None:
    """Refuse an assessor that is one of the compared models.

    Raises:
        UserError: One is.
    """
    models = set(compared)
    own = next((one for one in assessors if one in models), None)
    if own is not None:
        raise UserError(own_assessor(own))


def refuse_rules(
    protocol: Protocol, team: str, *, votes: int = 1, extractor: str | None = None, closed: bool = True
) -> None:
    """Refuse settings that a protocol does not have.

    Args:
        protocol: The rules of the consultation.
        team: The team.
        votes: Decisions of the attending.
        extractor: The model that extracts the final diagnosis.
        closed: Whether the scenario has labels.

    Raises:
        UserError: There is one.
    """
    if protocol != TALK:
        if extractor is not None:
            raise UserError("--extractor reads the diagnosis of a free talk; add --preset 3mdbench, or leave it out")
    elif team != "solo":
        raise UserError(f"3MDBench's doctor is alone, and the team is {team}; leave the team out, or the preset")
    elif votes != 1:
        raise UserError("3MDBench's doctor does not vote on a decision; leave --votes out, or the preset")

    elif not closed and extractor is None:
        raise UserError("the scenario has no labels to search the doctor's words for; name a model with --extractor")


def beside(preset: str, usual: Mapping[str, Any], played: Mapping[str, Any]) -> list[str]:
    """Say in one sentence each which of a preset's settings were given otherwise.

    Args:
        preset: Its name.
        usual: Setting → the preset's value.
        played: Setting → the value that counts.
    """
    changed = [name for name, value in usual.items() if played[name] != value]
    return [
        f"beside the preset {preset}, {name} is {_said(played[name])} and not {_said(usual[name])}" for name in changed
    ]


def drawn(scenario: Scenario, split: str) -> str:
    """Say that a scenario's photographs are drawings; empty if they are not."""
    first = next(iter(scenario.case_ids(split)), None)
    if first is None or scenario.case(first).origin != "tables":
        return ""
    return (
        f"the photographs of '{scenario.name}' are drawings, so these figures cannot be compared with 3MDBench's; for "
        "its photographs: consult scenarios import 3mdbench univanxx/3mdbench --out FOLDER"
    )


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return ", ".join(f"{role}={one:g}" for role, one in value.items()) or "not set"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)
