"""Who plays the specialists, as it is written: `REF` for all of them, `SPECIALTY=REF` for one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Specialists(NamedTuple):
    """References of models."""

    everyone: str | None
    """Plays all that have no model of their own; None if that was not given."""
    own: dict[str, str]
    """Specialty → its own model."""


def specialists_of(entries: Iterable[str]) -> Specialists:
    """Read entries of the form `[SPECIALTY=]REF`; of several without a specialty the last one counts.

    An equals sign that stands in a path or an address is no specialty's: `./a=b`, `http://host/v1?key=b#model`.
    """
    everyone, own = None, {}
    for entry in entries:
        specialty, equals, reference = entry.partition("=")
        if not equals or "/" in specialty or ":" in specialty:
            everyone = entry
        else:
            own[specialty] = reference
    return Specialists(everyone, own)
