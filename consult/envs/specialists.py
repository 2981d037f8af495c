"""Parse the models of the specialists: `REF` for all of them, `SPECIALTY=REF` for one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Specialists(NamedTuple):
    """References of models."""

    everyone: str | None
    """Plays all specialties without their own model; None if not given."""
    own: dict[str, str]
    """Specialty → its own model."""


def specialists_of(entries: Iterable[str]) -> Specialists:
    """Read entries of the form `[SPECIALTY=]REF`; if several have no specialty, the last one counts.

    An equals sign in a path or an address does not follow a specialty: `./a=b`, `http://host/v1?key=b#model`.
    """
    everyone, own = None, {}
    for entry in entries:
        specialty, equals, reference = entry.partition("=")
        if not equals or "/" in specialty or ":" in specialty:
            everyone = entry
        else:
            own[specialty] = reference
    return Specialists(everyone, own)
