"""Quality of a run's lines: faithful to the card, usable, and in line with the temperament.

The database adds up each case's lines and counts equal cases, so that no line is held in memory. The intervals are over
cases, since lines of one consultation are not independent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consult.agents.temperament import temperaments
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.fidelity import ATTENDING, DISCLOSED, PATIENT
from consult.envs.metrics.intervals import ratio
from consult.envs.store.figures import PatientMeasure, line_sums
from consult.envs.store.write import Store

DIRECTIONS: Mapping[str, PatientMeasure] = {
    "facts volunteered an answer": "facts volunteered",
    "words an answer": "words",
    "takes to the plan": "accepts",
}
"""Measure of a temperament: its name in reports → its name in the store."""
ACCEPTS = "takes to the plan"
ASKS_BACK = "asks back"
FIDELITY: Mapping[str, tuple[str, str]] = {
    name: (speaker, column)
    for speaker, columns in (("patient", PATIENT), ("attending", ATTENDING))
    for name, column in columns.items()
}
"""Rate → speaker and column."""

Sums = dict[str, tuple[float, float]]
"""Case → its terms in the numerator and the denominator."""


@dataclass(frozen=True)
class Lines:
    """Quality of a run's lines."""

    fidelity: Mapping[str, Estimate]
    """Faithfulness; only rates with something to count."""
    directions: Mapping[str, Mapping[str, Estimate]]
    """Measure → temperament → figure: the effect of a temperament on the patient's lines."""


def lines(store: Store, run: str) -> Lines:
    """Measure the lines of a run, including those of failed and running consultations."""
    faithful, directed = _added_up(store, run)
    told = {name: _figure(sums.values(), shares=True) for name, sums in faithful.items()}
    found = {
        name: {mood: _figure(by[mood].values(), shares=name in (ACCEPTS, ASKS_BACK)) for mood in _in_order(by)}
        for name, by in directed.items()
    }
    some = {name: {mood: one for mood, one in by.items() if one.n} for name, by in found.items()}
    return Lines({name: one for name, one in told.items() if one.n}, {name: by for name, by in some.items() if by})


def _added_up(store: Store, run: str) -> tuple[dict[str, Sums], dict[str, dict[str, Sums]]]:
    """Read the turns once; the database adds up each consultation, and this function each case."""
    faithful: dict[str, Sums] = {name: {} for name in (*FIDELITY, DISCLOSED)}
    directed: dict[str, dict[str, Sums]] = {name: defaultdict(dict) for name in (*DIRECTIONS, ASKS_BACK)}
    for one in line_sums(store, run, list(FIDELITY.values()), list(DIRECTIONS.values())):
        _add(faithful[DISCLOSED], one.case_id, one.facts_disclosed, one.facts)
        if one.concluded:
            _add(directed[ASKS_BACK][one.temperament], one.case_id, one.asked, 1)
        for name, added in zip(FIDELITY, one.checks, strict=True):
            _add(faithful[name], one.case_id, *added)
        for name, added in zip(DIRECTIONS, one.measures, strict=True):
            _add(directed[name][one.temperament], one.case_id, *added)
    return faithful, directed


def _add(sums: Sums, case: str, top: float, bottom: float) -> None:
    if bottom:
        before = sums.get(case)
        sums[case] = (top, bottom) if before is None else (before[0] + top, before[1] + bottom)


def _figure(sums: Iterable[tuple[float, float]], *, shares: bool) -> Estimate:
    kinds = Counter(sums)
    return ratio([(top, bottom, cases) for (top, bottom), cases in sorted(kinds.items())], shares=shares)


def _in_order(moods: Iterable[str]) -> list[str]:
    known = list(temperaments())
    return sorted(moods, key=lambda mood: (known.index(mood) if mood in known else len(known), mood))
