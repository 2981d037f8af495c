"""Refuse options that do not go together, for the command line and for Python; each sentence says what to leave out."""

from __future__ import annotations

from consult.api.options import PlayOptions
from consult.errors import UserError

CHOOSING = ("cases", "split")
"""Options that choose among a scenario's cases."""
CASTING = ("temperament", "patient_grounding", "checker")
"""Options that need a patient played by a model."""
UNUSED = {
    "no-triage": ("triage",),
    "solo": ("triage", "specialist", "specialists", "panel_size", "panel_skill"),
}
"""Team → options for roles that it does not have."""


def given_options(options: PlayOptions) -> set[str]:
    """Return the names of the options that were given."""
    return {name for name in options.model_fields_set if getattr(options, name) is not None}


def refuse_contradictions(options: PlayOptions) -> None:
    """Refuse options that contradict each other; only those that were given count.

    Args:
        options: As they were given, before a default takes its place.

    Raises:
        UserError: Two of them contradict.
    """
    given = given_options(options)
    if "complaint" in given:
        _refuse_beside_complaint(options, given)
    elif "image" in given:
        raise UserError('--image needs a complaint; give --complaint "…" with it')
    if "checker" in given and not options.patient_grounding:
        raise UserError("--checker has no effect on a free patient; leave it out, or choose --patient-grounding on")
    unused = next((name for name in UNUSED.get(str(options.team), ()) if name in given), None)
    if unused is not None:
        flag = _flag("specialist" if unused == "specialists" else unused)
        raise UserError(f"{flag} has no effect on the team {options.team}; leave it out, or choose the team panel")


def _refuse_beside_complaint(options: PlayOptions, given: set[str]) -> None:
    for name in CHOOSING:
        if name in given:
            flag = "--case" if name == "cases" and not isinstance(options.cases, int) else _flag(name)
            raise UserError(f"{flag} and --complaint cannot be combined; give one of the two")
    if "patient" in given:
        return
    for name in CASTING:
        if name in given:
            raise UserError(
                f"{_flag(name)} is for a patient that a model plays; give --patient with it, or leave it out"
            )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
