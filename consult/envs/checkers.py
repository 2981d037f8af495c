"""The checker of a patient's lines, as an option names it."""

from __future__ import annotations

from pathlib import Path

from consult.agents.models.human import PERSONS
from consult.agents.models.model_resolver import HUB_ID
from consult.agents.roles.checker import OWN, RULES, TEMPERATURE
from consult.envs.config import RoleConfig
from consult.plugins import CODE

SERVERS = ("http://", "https://")


def checker_config(reference: str, patient: RoleConfig, *, grounded: bool) -> RoleConfig | None:
    """Return the configuration of a checker; None leaves a patient's lines to the rules.

    Args:
        reference: `rules`, `patient` for the patient's own model if it can check, or a reference.
        patient: The patient.
        grounded: Whether the patient's lines are corrected at all.
    """
    if not grounded or reference == RULES or (reference == OWN and not _is_language_model(patient.model)):
        return None
    return RoleConfig(model=patient.model if reference == OWN else reference, temperature=TEMPERATURE)


def _is_language_model(reference: str) -> bool:
    """Return whether a reference is a server, a folder or a hub id, and not a program, a person or code."""
    if reference.startswith(SERVERS):
        return True
    if reference in PERSONS or CODE.fullmatch(reference):
        return False
    return Path(reference).is_dir() or HUB_ID.fullmatch(reference) is not None
