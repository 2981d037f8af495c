"""What the lines of a run are like: faithful to the card, usable, and as the temperament has it.

The database adds up each case's lines and counts the cases that are alike, so that no line is held in memory, and the
intervals are over cases: lines of one consultation are not independent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consult.agents.temperament import temperaments
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.fidelity import ATTENDING, DISCLOSED, PATIENT
from consult.envs.metrics.intervals import ratio
from consult.envs.store.write import Store

_ANSWER = "t.speaker = 'patient' AND t.action = 'answer' AND t.facts != '[]'"
_WORDS = "length(trim(t.text)) - length(replace(trim(t.text), ' ', '')) + 1"
DIRECTIONS: Mapping[str, str] = {
    "facts volunteered an answer": f"CASE WHEN {_ANSWER} THEN json_array_length(t.facts) - 1 END",
    "words an answer": f"CASE WHEN {_ANSWER} THEN {_WORDS} END",
    "takes to the plan": "CASE WHEN t.speaker = 'patient' AND t.action = 'satisfied' THEN t.accepts END",
}
"""What is measured of a temperament: an SQL value of a turn, null for a turn that has none."""
ACCEPTS = "takes to the plan"
ASKS_BACK = "asks back"
FIDELITY: Mapping[str, str] = {
    name: f"CASE WHEN t.speaker = '{speaker}' THEN t.{column} END"
    for speaker, columns in (("patient", PATIENT), ("attending", ATTENDING))
    for name, column in columns.items()
}
_VALUES = (*FIDELITY.values(), *DIRECTIONS.values())
_CONSULTATIONS = f"""
SELECT c.case_id, c.temperament, total(c.facts_disclosed) / count(*), total(c.facts) / count(*),
  max(t.speaker = 'patient' AND t.action = 'ask'),
  max(t.action = 'conclude') AND c.urgency IS NOT 'emergency' AND c.final_urgency IS NOT 'emergency',
  {", ".join(f"total({value}), count({value})" for value in _VALUES)}
FROM consultations c JOIN turns t ON t.consultation_id = c.id WHERE c.run_id = ? GROUP BY c.ordinal
"""

Sums = dict[str, tuple[float, float]]
"""Case → what it adds above and below."""


@dataclass(frozen=True)
class Lines:
    """What the lines of a run are like."""

    fidelity: Mapping[str, Estimate]
    """How faithful they are; only rates of which there is something."""
    directions: Mapping[str, Mapping[str, Estimate]]
    """Measure → temperament → figure: what a temperament does to the patient's lines."""


def lines(store: Store, run: str) -> Lines:
    """Measure the lines of a run; those of failed and of running consultations count, too."""
    faithful, directed = _added_up(store, run)
    told = {name: _figure(sums.values(), shares=True) for name, sums in faithful.items()}
    found = {
        name: {mood: _figure(by[mood].values(), shares=name in (ACCEPTS, ASKS_BACK)) for mood in _in_order(by)}
        for name, by in directed.items()
    }
    some = {name: {mood: one for mood, one in by.items() if one.n} for name, by in found.items()}
    return Lines({name: one for name, one in told.items() if one.n}, {name: by for name, by in some.items() if by})


def _added_up(store: Store, run: str) -> tuple[dict[str, Sums], dict[str, dict[str, Sums]]]:
    """Go through the turns once; the database adds up a consultation's, and this a case's."""
    faithful: dict[str, Sums] = {name: {} for name in (*FIDELITY, DISCLOSED)}
    directed: dict[str, dict[str, Sums]] = {name: defaultdict(dict) for name in (*DIRECTIONS, ASKS_BACK)}
    for case, mood, disclosed, facts, asked, concluded, *sums in store.stream(_CONSULTATIONS, run):
        _add(faithful[DISCLOSED], case, disclosed, facts)
        if concluded:
            _add(directed[ASKS_BACK][mood], case, asked, 1)
        added = iter(sums)
        for name in FIDELITY:
            _add(faithful[name], case, next(added), next(added))
        for name in DIRECTIONS:
            _add(directed[name][mood], case, next(added), next(added))
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
