"""`consult simulate --complaint … --image …`: check options for your own case, and choose who plays its patient."""

from __future__ import annotations

from collections.abc import Collection

CHOOSING = ("case", "cases", "split")
"""Options that choose among a scenario's cases."""
CASTING = ("temperament", "patient_grounding")
"""Options that need a patient played by a model."""


def refuse_contradictions(complaint: str | None, given: Collection[str]) -> None:
    """Refuse options that do not go together.

    Args:
        complaint: As it was given.
        given: Names of the given options.

    Raises:
        UserError: They contradict.
    """
    from consult.errors import UserError

    if complaint is None:
        if "image" in given:
            raise UserError('--image needs a complaint; give --complaint "…" with it')
        return
    for name in CHOOSING:
        if name in given:
            raise UserError(f"--{name} and --complaint cannot be combined; give one of the two")
    if "patient" not in given:
        for name in CASTING:
            if name in given:
                option = f"--{name.replace('_', '-')}"
                raise UserError(
                    f"{option} is for a patient that a model plays; give --patient with it, or leave it out"
                )


def own_patient(json: bool) -> str:
    """Choose who plays the patient of a user's case: the person at the terminal, if there is one."""
    from consult.agents.models.human import HUMAN, NOBODY, at_terminal

    return HUMAN if not json and at_terminal() else NOBODY
