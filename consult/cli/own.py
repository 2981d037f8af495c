"""`consult simulate --complaint … --image …`: a case of one's own, and who plays its patient."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from consult.envs.config import OwnCase, RunConfig
    from consult.envs.own import Kept

CHOOSING = ("case", "cases", "split")
"""Options that choose among a scenario's cases."""
CASTING = ("temperament", "patient_grounding")
"""Options of a patient that a model plays."""


class Own(NamedTuple):
    """What the user brought."""

    case: OwnCase
    photograph: Kept | None


def taken_in(complaint: str | None, image: Path | None, given: Collection[str]) -> Own | None:
    """Take in complaint and photograph; None where neither is given.

    Args:
        complaint: As it was given.
        image: The photograph's file.
        given: Names of the options that were given, for those that contradict.

    Raises:
        UserError: They cannot be used, or do not go together with another option.
    """
    from consult.envs.config import OwnCase
    from consult.envs.own import kept, own_complaint
    from consult.errors import UserError
    from consult.scenarios import open_photograph

    if complaint is None:
        if image is not None:
            raise UserError('--image shows what a complaint is about; give --complaint "…" with it')
        return None
    for name in CHOOSING:
        if name in given:
            raise UserError(f"--{name} chooses a case of the scenario and --complaint brings one; give one of the two")
    if "patient" not in given:
        for name in CASTING:
            if name in given:
                option = f"--{name.replace('_', '-')}"
                raise UserError(
                    f"{option} is for a patient that a model plays; give --patient with it, or leave it out"
                )
    said = own_complaint(complaint)
    photograph = None if image is None else kept(open_photograph(image))
    return Own(OwnCase(complaint=said, photograph=photograph.hash if photograph else None), photograph)


def own_patient(json: bool) -> str:
    """Choose who plays the patient of a case of one's own: the person at the terminal, where there is one."""
    from consult.agents.models.person import HUMAN, NOBODY, at_terminal

    return HUMAN if not json and at_terminal() else NOBODY


def check_persons(config: RunConfig, *, json: bool) -> None:
    """Hold a run against what a person can play.

    Raises:
        UserError: A person is given another role than the patient's, several consultations, or no words to read.
    """
    from consult.agents.models.person import HUMAN, PERSONS
    from consult.envs.cast import roles
    from consult.errors import UserError

    played = roles(config)
    for name, role in played.items():
        if name != "patient" and role.model in PERSONS:
            raise UserError(f"'{role.model}' plays the patient alone; give --patient {role.model}, and {name} a model")
    if played["patient"].model != HUMAN:
        return
    if json:
        raise UserError("--json prints events alone and can ask nobody; leave it out, or give the patient a model")
    if len(config.plan()) > 1:
        raise UserError("a person plays one consultation at a time; choose one with --case and --temperament")
