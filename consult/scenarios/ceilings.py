"""Bayes ceilings: how often the best possible doctor would be right, by what it is told.

What a photograph and a complaint can show is few enough to be summed over exactly. Cards are too many, so that their
ceilings are means over drawn patients; every drawn patient is judged with the exact posterior.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from consult.scenarios.grammar import Draw, Grammar
from consult.scenarios.tables import FindingTables

BEYOND_CARD = ("morphology", "view")
"""What only the photograph shows."""


@dataclass(frozen=True)
class Ceiling:
    """One share of right answers."""

    name: str
    value: float
    """0 to 1."""
    low: float
    high: float
    """95 % interval of the mean over drawn patients; equal to the value where it is exact."""
    draws: int
    """Patients drawn; 0 where it is exact."""


def ceilings(grammar: Grammar, draws: int = 3_400) -> list[Ceiling]:
    """Compute all ceilings, diagnoses being equally frequent.

    Args:
        grammar: The scenario's tables.
        draws: Patients to draw for the ceilings that need the card.
    """
    patients = _patients(grammar, draws)
    return [
        _exact(grammar, "photograph", complaint=False, specialty=False),
        _exact(grammar, "complaint and photograph", complaint=True, specialty=False),
        _drawn(grammar, "card", patients, photograph=False),
        _drawn(grammar, "card and photograph", patients, photograph=True),
        _exact(grammar, "triage from complaint and photograph", complaint=True, specialty=True),
    ]


def _exact(grammar: Grammar, name: str, *, complaint: bool, specialty: bool) -> Ceiling:
    """Sum, over all that can be seen, the probability of the likeliest answer."""
    tables, mass = grammar.tables, dict[tuple[str, ...], dict[str, float]]()
    for label in tables.labels:
        answer = grammar.labels[label].specialty if specialty else label
        for seen, p in _seen(tables, label, complaint):
            answers = mass.setdefault(seen, {})
            answers[answer] = answers.get(answer, 0.0) + p / len(tables.labels)
    value = math.fsum(max(answers.values()) for answers in mass.values())
    return Ceiling(name, value, value, value, 0)


def _seen(tables: FindingTables, label: str, complaint: bool) -> Iterator[tuple[tuple[str, ...], float]]:
    for view, p_view in tables.view_table(label).items():
        for morphology, p_shown in tables.table(label, "morphology", view=view).items():
            if not complaint:
                yield (view, morphology), p_view * p_shown
                continue
            for said, p_said in tables.table(label, "complaint", view=view).items():
                yield (view, morphology, said), p_view * p_shown * p_said


def _patients(grammar: Grammar, draws: int) -> list[Draw]:
    rng, labels = random.Random("ceilings"), list(grammar.labels)
    return [grammar.draw(labels[i % len(labels)], rng) for i in range(draws)]


def _drawn(grammar: Grammar, name: str, patients: list[Draw], *, photograph: bool) -> Ceiling:
    hits = 0
    for draw in patients:
        seen = {k: v for k, v in draw.values.items() if photograph or k not in BEYOND_CARD}
        posterior = full_posterior(grammar, seen, draw.alarm)
        hits += max(posterior, key=lambda label: posterior[label]) == draw.label
    value = hits / len(patients)
    spread = 1.96 * math.sqrt(value * (1 - value) / len(patients))
    return Ceiling(name, value, value - spread, value + spread, len(patients))


def full_posterior(grammar: Grammar, seen: Mapping[str, str], alarm: str | None) -> dict[str, float]:
    """Give P(label | seen, red flag or its absence)."""
    view = seen.get("view") or (grammar.tables.view_of(seen["site"]) if "site" in seen else None)
    flags = {name: grammar.red_flags(name, view, seen.get("age")) for name in grammar.labels}
    prior = {name: max(table.get(alarm or "none", 0.0), 1e-6) for name, table in flags.items()}
    return grammar.tables.posterior(seen, prior=prior)
