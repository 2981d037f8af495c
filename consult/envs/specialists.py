"""Parse the models of the specialists: `REF` for all of them, `SPECIALTY=REF` for one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from consult.errors import UserError


class Specialists(NamedTuple):
    """References of models."""

    everyone: str | None
    """Plays all specialties without their own model; None if not given."""
    own: dict[str, str]
    """Specialty → its own model."""


def specialists_of(entries: Iterable[str]) -> Specialists:
    """Read entries of the form `[SPECIALTY=]REF`.

    An equals sign in a path or an address does not follow a specialty: `./a=b`, `http://host/v1?key=b#model`.

    Raises:
        UserError: Two entries are for the same specialists, or one has no model.
    """
    found: dict[str | None, str] = {}
    for entry in entries:
        specialty, equals, reference = entry.partition("=")
        whose, model = (specialty, reference) if equals and not {"/", ":"} & set(specialty) else (None, entry)
        if not model.strip():
            who = "the specialists" if whose is None else f"'{whose}'"
            raise UserError(f"the model of {who} is empty; give --specialist [SPECIALTY=]MODEL")
        if whose in found:
            who = "all specialists" if whose is None else f"'{whose}'"
            raise UserError(f"two models are given for {who}, '{found[whose]}' and '{model}'; give one --specialist")
        found[whose] = model
    return Specialists(found.pop(None, None), {str(name): model for name, model in found.items()})
