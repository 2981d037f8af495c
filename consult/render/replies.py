"""What is unusual about a run's replies, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_FIGURES = {"cut replies": "cut", "second replies equal to the first": "repeated"}


def reply_figures(counted: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """List what a run's replies were, apart from being read: name and figure; empty if there is nothing to say.

    Args:
        counted: The `replies` of a summary or a report.
    """
    tries, found = sum(one["tries"] for one in counted), []
    for name, key in _FIGURES.items():
        by_role = [f"{one['role']} {one[key]:,}" for one in counted if one[key]]
        if by_role:
            found.append((name, f"{sum(one[key] for one in counted):,} of {tries:,} ({', '.join(by_role)})"))
    return found
