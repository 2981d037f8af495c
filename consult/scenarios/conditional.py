"""Advice that depends on the patient: a sentence with the findings for which it is meant.

What is right for one patient is wrong for another with the same diagnosis: a retinoid in pregnancy, a soak for the toe
of a patient with diabetes. So a step of a plan carries conditions over the facts of the card, the age, the sex and the
site. No condition can be met without asking, since a fact that is not known fulfils none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consult.scenarios.case import URGENCIES, Card, Fact, Urgency

Known = Mapping[str, frozenset[str]]
"""Topic, or `sex` → the values that are known of a patient."""

Condition = Mapping[str, tuple[str, ...]]
"""Topic, or `sex` → values of which one must be known; all of its topics must hold."""


@dataclass(frozen=True)
class Advice:
    """One sentence of a doctor to a patient, and for whom it is meant."""

    text: str
    when: tuple[Condition, ...] = ()
    """One of these must hold; empty: it is for every patient with the diagnosis."""
    unless: tuple[Condition, ...] = ()
    """None of these may hold."""
    urgency: Urgency | None = None
    """How soon a patient for whom the sentence is meant must be seen, where that is sooner than the diagnosis asks."""

    @property
    def conditional(self) -> bool:
        """Whether the sentence depends on anything besides the diagnosis."""
        return bool(self.when or self.unless)

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics that the conditions are about, each once."""
        return tuple(dict.fromkeys(topic for condition in (*self.when, *self.unless) for topic in condition))

    def applies(self, known: Known) -> bool:
        """Return whether the sentence is meant for a patient of whom this is known."""
        meant = not self.when or any(_holds(condition, known) for condition in self.when)
        return meant and not any(_holds(condition, known) for condition in self.unless)


def _holds(condition: Condition, known: Known) -> bool:
    return all(known.get(topic, frozenset()) & set(values) for topic, values in condition.items())


def applying(advice: Iterable[Advice], known: Known) -> tuple[str, ...]:
    """Return the sentences that are meant for a patient of whom this is known, in their order."""
    return tuple(one.text for one in advice if one.applies(known))


def most_urgent(urgencies: Iterable[Urgency | None]) -> Urgency | None:
    """Return the most pressing of several urgencies; None if none is known."""
    return max((u for u in urgencies if u is not None), key=URGENCIES.index, default=None)


def known_facts(facts: Iterable[Fact], sex: str | None = None) -> dict[str, frozenset[str]]:
    """Collect the values of facts by topic, and the sex where it is given."""
    found: dict[str, frozenset[str]] = {}
    for fact in facts:
        if fact.value:
            found[fact.topic] = found.get(fact.topic, frozenset()) | {fact.value}
    return found | ({"sex": frozenset({sex})} if sex else {})


def known_of(card: Card) -> dict[str, frozenset[str]]:
    """Collect all that a whole card tells."""
    return known_facts((card.complaint, *card.facts, *card.examinations), card.sex)
