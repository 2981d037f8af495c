"""Read ages: whole years, and weeks, months or days of a small child, as a cell or inside a text."""

from __future__ import annotations

import re
from typing import NamedTuple

OLDEST = 120
SMALL = 24
"""Months under which an age is told in months."""
_IN_YEAR = {"d": 365.25, "w": 52.18, "m": 12.0}
"""First letter of a unit → how many are in a year."""
_UNITS = {"d": "day", "w": "week", "m": "month"}

_YEARS = re.compile(
    r"\b(\d{1,3})[- ]?(?:years?[- ]old|y/o|yo|yrs?[- ]old)\b|\baged? (\d{1,3})\b(?!\s*(?:mo|m\b|week|wk|day|/))",
    re.IGNORECASE,
)
_YOUNGER = re.compile(
    r"\b(\d{1,3})[- ]?(months?|mths?|mos?|weeks?|wks?|days?|hours?)[- ]?old\b"
    r"|\baged? (\d{1,3}) (months?|weeks?|days?)\b|\b(newborn|neonate)\b",
    re.IGNORECASE,
)
_CELL = re.compile(r"(\d{1,3})(?:[.,](\d+))?\s*(?:y|yo|y/o|yrs?|years?)?\s*(?:old|of age)?", re.IGNORECASE)
_SMALL_CELL = re.compile(
    r"(\d{1,3}(?:[.,]\d+)?)\s*(?P<unit>m|mo|mos|mths?|months?|w|wks?|weeks?|d|days?)\.?\s*(?:old|of age)?",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"(\d{1,3})\s*(?:y|yrs?|years?)\s*(?:and|,)?\s*(\d{1,2})\s*(?:m|mo|mths?|months?)\s*(?:old)?", re.IGNORECASE
)
_SLASHED = re.compile(r"(\d{1,2})\s*/\s*(12|52|365|7)")
"""Notes write 6 months as 6/12, 3 weeks as 3/52 and 4 days as 4/7."""


class Age(NamedTuple):
    """An age."""

    years: int
    """Whole years, which a case holds."""
    said: str
    """The age in words, as the patient says it: "40", "6 months"; empty for a newborn."""


def age_in_cell(cell: str) -> Age | None:
    """Read a cell that holds an age and nothing else; a number without a unit is in years.

    Returns:
        None if it contains no age from 0 to 120 years.
    """
    text = cell.strip().strip("~").strip()
    if re.fullmatch(r"<\s*1\s*(?:y|yrs?|years?)?", text, re.IGNORECASE):
        return Age(0, "")
    both, slashed, small = _BOTH.fullmatch(text), _SLASHED.fullmatch(text), _SMALL_CELL.fullmatch(text)
    if both:
        return _of_months(12 * int(both[1]) + int(both[2]))
    if slashed:
        return _of_unit(float(slashed[1]), {"12": "m", "52": "w"}.get(slashed[2], "d"))
    if small:
        return _of_unit(float(small[1].replace(",", ".")), small["unit"][0].lower())
    years = _CELL.fullmatch(text)
    if years is None:
        return age_in_text(text)
    exact = float(f"{years[1]}.{years[2] or 0}")
    if years[2] and float(f"0.{years[2]}") and exact * 12 < SMALL:
        return _of_months(round(exact * 12))
    return _of_years(int(years[1]))


def age_in_text(text: str) -> Age | None:
    """Find the first age that a text states; None if it states none."""
    years = _YEARS.search(text)
    if years is not None:
        return _of_years(int(next(filter(None, years.groups()))))
    young = _YOUNGER.search(text)
    if young is None:
        return None
    number, unit = young[1] or young[3], (young[2] or young[4] or "").lower()
    if number is None or unit.startswith("h"):
        return Age(0, f"{number} {'hour' if number == '1' else 'hours'}" if number else "")
    return _of_unit(float(number), unit[0])


def _of_years(years: int) -> Age | None:
    return Age(years, str(years)) if years <= OLDEST else None


def _of_months(months: int) -> Age | None:
    return _of_unit(months, "m") if months < SMALL else _of_years(months // 12)


def _of_unit(number: float, unit: str) -> Age | None:
    years = int(number / _IN_YEAR[unit] + 1e-9)
    if years > OLDEST:
        return None
    if unit == "m" and number >= SMALL:
        return _of_years(years)
    return Age(years, f"{number:g} {_UNITS[unit]}{'' if number == 1 else 's'}")
