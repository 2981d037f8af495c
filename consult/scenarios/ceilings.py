"""Bayes ceilings: the accuracy of an optimal doctor, by the information it has.

The combinations of photograph and complaint are few enough for an exact sum. There are too many cards, so their
ceilings are means over drawn patients; every drawn patient is judged with the exact posterior.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consult.scenarios.bayes import ON_SKIN, BayesReader, normal
from consult.scenarios.case_generator import Draw, Grammar
from consult.scenarios.tables import ROOTS, FindingTables

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

PHOTOGRAPH = ("view", "skin_type", "morphology")
"""Fields that a photograph shows; the skin tone only if skin is visible."""
FACTS_KNOWN = (0, 1, 2, 4, 6)
"""Numbers of facts for which ceilings are computed, in addition to all facts."""


@dataclass(frozen=True)
class Ceiling:
    """One share of right answers."""

    name: str
    value: float
    """0 to 1."""
    low: float
    high: float
    """95 % interval of the mean over drawn patients; equal to the value if it is exact."""
    draws: int
    """Number of drawn patients; 0 if it is exact."""


def ceilings(grammar: Grammar, draws: int = 1_700) -> list[Ceiling]:
    """Compute all ceilings for equally frequent diagnoses.

    Args:
        grammar: The scenario's tables.
        draws: Patients to draw for the ceilings that need the card.
    """
    patients = drawn_patients(grammar, draws)
    shown, said = (_seen(grammar.tables, complaint=complaint) for complaint in (False, True))
    filed = _seen(grammar.tables, complaint=True, person=True)
    return [
        _exact(grammar, "photograph", shown),
        _exact(grammar, "complaint and photograph", said),
        _exact(grammar, "complaint, photograph, age and sex", filed),
        _drawn(grammar, "card", patients, photograph=False),
        _drawn(grammar, "card and photograph", patients, photograph=True),
        _exact(grammar, "triage from complaint and photograph", said, specialty=True),
        _exact(grammar, "triage from complaint, photograph, age and sex", filed, specialty=True),
    ]


def by_facts_known(grammar: Grammar, draws: int = 1_700) -> dict[str, Ceiling]:
    """Compute the accuracy of an optimal doctor by the number of facts in addition to complaint and photograph.

    The doctor asks about one topic at a time, always the most informative one; one answer is one fact.

    Args:
        grammar: The scenario's tables.
        draws: Patients to draw.

    Returns:
        Number of facts (`0` to `6`, then `all`) → ceiling.
    """
    reader, patients = BayesReader(grammar.tables), drawn_patients(grammar, draws)
    hits: dict[str, list[bool]] = {name: [] for name in (*map(str, FACTS_KNOWN), "all")}
    for patient in patients:
        seen = seen_first(patient)
        for n in range(max(FACTS_KNOWN) + 1):
            scores = grammar.tables.log_likelihood(seen)
            if n in FACTS_KNOWN:
                hits[str(n)].append(grammar.tables.labels[int(scores.argmax())] == patient.label)
            topic = reader.next_topic(seen, reader.topics(seen), normal(scores))
            if topic is not None:
                seen[topic] = patient.seen[topic]
        hits["all"].append(reader.diagnosis(patient.seen) == patient.label)
    return {name: _mean(name, found) for name, found in hits.items()}


def seen_first(patient: Draw) -> dict[str, str | tuple[str, ...]]:
    """Return what a doctor has before the first question: photograph and complaint."""
    return shown(patient) | {"complaint": patient.values["complaint"]}


def shown(patient: Draw) -> dict[str, str | tuple[str, ...]]:
    """Return what the photograph shows."""
    fields = PHOTOGRAPH if patient.values["view"] in ON_SKIN else [f for f in PHOTOGRAPH if f != "skin_type"]
    return {name: patient.values[name] for name in fields}


def drawn_patients(grammar: Grammar, draws: int) -> list[Draw]:
    """Draw patients, cycling through the diagnoses; the same patients every time."""
    rng, labels = random.Random("ceilings"), list(grammar.labels)
    return [grammar.draw(labels[i % len(labels)], rng) for i in range(draws)]


def _exact(grammar: Grammar, name: str, mass: list[Numbers], *, specialty: bool = False) -> Ceiling:
    """Sum the probability of the most likely answer over everything that can be seen."""
    import numpy as np

    answers = list(grammar.tables.labels)
    if specialty:
        clinics = [grammar.labels[label].specialty for label in answers]
        member = np.array([[clinic == other for other in clinics] for clinic in dict.fromkeys(clinics)], float)
        mass = [member @ each for each in mass]
    value = math.fsum(float(each.max(0).sum()) for each in mass) / len(answers)
    return Ceiling(name, value, value, value, 0)


def _seen(tables: FindingTables, *, complaint: bool, person: bool = False) -> list[Numbers]:
    """Return P(observation | label) for all combinations of photograph, complaint and patient's file.

    Returns:
        For each view and skin tone, each age and sex if they are on file, and each morphology if there is a complaint,
        an array of shape (labels, morphologies or complaints).
    """
    found: dict[tuple[str, ...], Numbers] = {}

    def add(key: tuple[str, ...], p: Numbers) -> None:
        found[key] = found[key] + p if key in found else p

    for roots, p_roots in _roots(tables):
        view = roots["view"]
        key: tuple[str, ...] = (view, roots["skin_type"] if view in ON_SKIN else "")
        key += (roots.get("age", ""), roots.get("sex", "")) if person else ()
        shown = p_roots[:, None] * tables.matrix("morphology", roots)
        if not complaint:
            add(key, shown)
            continue
        for i, morphology in enumerate(tables.menu("morphology")):
            if shown[:, i].any():
                said = tables.matrix("complaint", {**roots, "morphology": morphology})
                add((*key, morphology), shown[:, i, None] * said)
    return list(found.values())


def _roots(tables: FindingTables) -> Iterator[tuple[dict[str, str], Numbers]]:
    """Yield the combinations of age, sex, site and skin type, with the view, and P(combination | label)."""
    import numpy as np

    states: list[tuple[dict[str, str], Numbers]] = [({}, np.ones(len(tables.labels)))]
    for name in (f for f in tables.fields if f in ROOTS):
        grown = [
            ({**drawn, name: value}, p * tables.matrix(name, drawn)[:, i])
            for drawn, p in states
            for i, value in enumerate(tables.menu(name))
        ]
        states = [(drawn, p) for drawn, p in grown if p.any()]
    yield from (({**drawn, "view": tables.view_of(drawn["site"])}, p) for drawn, p in states)


def _drawn(grammar: Grammar, name: str, patients: Sequence[Draw], *, photograph: bool) -> Ceiling:
    reader = BayesReader(grammar.tables)
    hidden = () if photograph else ("morphology", "view", "skin_type")
    known = ({f: v for f, v in draw.seen.items() if f not in hidden} for draw in patients)
    return _mean(name, [reader.diagnosis(seen) == draw.label for seen, draw in zip(known, patients, strict=True)])


def _mean(name: str, hits: Sequence[bool]) -> Ceiling:
    value = sum(hits) / len(hits)
    spread = 1.96 * math.sqrt(value * (1 - value) / len(hits))
    return Ceiling(name, value, max(0.0, value - spread), min(1.0, value + spread), len(hits))
