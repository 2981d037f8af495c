"""Advice that depends on the patient: a sentence with the findings for which it applies.

What is right for one patient is wrong for another with the same diagnosis: a retinoid in pregnancy, a soak for the toe
of a patient with diabetes. So a step of a plan has conditions on the facts of the card, the age, the sex and the
site. No condition can be met without asking, since an unknown fact meets none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consult.scenarios.case import URGENCIES, Card, Fact, Urgency

Known = Mapping[str, frozenset[str]]
"""Topic, or `sex` → a patient's known values."""

Condition = Mapping[str, tuple[str, ...]]
"""Topic, or `sex` → values, one of which must be known; all topics must hold."""


@dataclass(frozen=True)
class Advice:
    """One sentence of a doctor to a patient, with the conditions under which it applies."""

    text: str
    when: tuple[Condition, ...] = ()
    """One of these must hold; if empty, it applies to every patient with the diagnosis."""
    unless: tuple[Condition, ...] = ()
    """None of these may hold."""
    urgency: Urgency | None = None
    """How soon a patient to whom the sentence applies must be seen, if that is sooner than for the diagnosis."""

    @property
    def conditional(self) -> bool:
        """Return whether the sentence depends on anything other than the diagnosis."""
        return bool(self.when or self.unless)

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the topics of the conditions, each once."""
        return tuple(dict.fromkeys(topic for condition in (*self.when, *self.unless) for topic in condition))

    def applies(self, known: Known) -> bool:
        """Return whether the sentence applies to a patient with these known values."""
        meant = not self.when or any(_holds(condition, known) for condition in self.when)
        return meant and not any(_holds(condition, known) for condition in self.unless)


def _holds(condition: Condition, known: Known) -> bool:
    return all(known.get(topic, frozenset()) & set(values) for topic, values in condition.items())


def applying(advice: Iterable[Advice], known: Known) -> tuple[str, ...]:
    """Return the sentences that apply to a patient with these known values, in order."""
    return tuple(one.text for one in advice if one.applies(known))


def most_urgent(urgencies: Iterable[Urgency | None]) -> Urgency | None:
    """Return the highest of several urgencies; None if none is known."""
    return max((u for u in urgencies if u is not None), key=URGENCIES.index, default=None)


def known_facts(facts: Iterable[Fact], sex: str | None = None) -> dict[str, frozenset[str]]:
    """Collect the values of facts by topic, and the sex if it is given."""
    found: dict[str, frozenset[str]] = {}
    for fact in facts:
        if fact.value:
            found[fact.topic] = found.get(fact.topic, frozenset()) | {fact.value}
    return found | ({"sex": frozenset({sex})} if sex else {})


def known_of(card: Card) -> dict[str, frozenset[str]]:
    """Collect all values of a card."""
    return known_facts((card.complaint, *card.facts, *card.examinations), card.sex)
