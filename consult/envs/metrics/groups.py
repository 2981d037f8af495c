"""Accuracy by kind of case and patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from consult.agents.temperament import NO_TEMPERAMENT
from consult.envs.metrics.diagnosis import accuracy
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.outcomes import Outcome

SKIN_TYPES = {1: "I-II", 2: "I-II", 3: "III-IV", 4: "III-IV", 5: "V-VI", 6: "V-VI"}

DOMAINS = {"in": "in-domain", "out": "out of domain"}

GROUPINGS: Mapping[str, Callable[[Outcome], str | None]] = {
    "diagnosis": lambda one: one.truth if one.question_form is None else None,
    "specialty": lambda one: one.true_specialty,
    "temperament": lambda one: one.temperament if one.temperament != NO_TEMPERAMENT else None,
    "skin type": lambda one: SKIN_TYPES.get(one.skin_type or 0),
    "style": lambda one: one.style,
    "domain": lambda one: None if one.domain is None else DOMAINS.get(one.domain),
    "form of answer": lambda one: one.question_form,
    "data set": lambda one: one.dataset,
    "data set and form": lambda one: None if one.dataset is None else f"{one.dataset}, {one.question_form}",
    "modality": lambda one: one.modality,
    "question type": lambda one: one.question_type,
    "repeat": lambda one: str(one.repeat + 1),
}
"""Consultation → its group; None if it belongs to none."""


def by_group(played: Sequence[Outcome], grouping: str) -> dict[str, Estimate]:
    """Return the accuracy of each group of a grouping, in the order of the names; empty for a single repeat."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for one in played:
        name = GROUPINGS[grouping](one)
        if name is not None and one.truth is not None:
            found[name].append(one)
    if grouping == "repeat" and len(found) == 1:
        return {}
    return {
        name: accuracy(found[name])
        for name in sorted(found, key=lambda name: (int(name) if name.isdigit() else 0, name))
    }
