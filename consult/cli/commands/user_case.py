"""`consult simulate --complaint … --image …`: choose who plays the patient of your own case."""

from __future__ import annotations


def own_patient(json: bool) -> str:
    """Choose who plays the patient of a user's case: the person at the terminal, if there is one."""
    from consult.agents.models.human import HUMAN, NOBODY, at_terminal

    return HUMAN if not json and at_terminal() else NOBODY
