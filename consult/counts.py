"""Format counts and times for people to read."""

from __future__ import annotations


def count_of(number: int, what: str, several: str = "") -> str:
    """Return a number with its noun: `1 case`, `2 cases`, `1,234 cases`.

    Args:
        number: How many.
        what: Of what, in the singular.
        several: The plural, where it is not the singular with an s.
    """
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"


def duration(seconds: float) -> str:
    """Return a time in seconds, minutes or hours: `45 s`, `12 min`, `2.5 h`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} h"
