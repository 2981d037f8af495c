"""Synthetic panels for the attending's examples, and the weights of their opinions.

The members of an example's panel answer as the starter's ideal specialists would: by the tables of their own field,
with the habits of their place, sampled as the model samples. So their errors correlate as a real panel's do, and their
confidence is calibrated. The weight of an opinion in a generalist's belief was fitted on such panels (`fit`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consult.agents.acts import Opinion
from consult.agents.prompt_formats.starter import HABITS, confidence_word
from consult.agents.roles.client import Sampling
from consult.rl.starter.evidence import Evidence, Numbers
from consult.scenarios.bayes import normal
from consult.scenarios.tables import Table

OWN_FIELD = 5.0
"""Factor by which a specialist favours a diagnosis of its own field over another."""
PASSES = 0.6
"""Probability that a specialist passes on a patient who certainly belongs to another field."""


RIGHT_BY_SIGHT = (0.68, 0.16, 0.10)
"""Share of cases in which the first, second and third prediction from the photograph alone is right."""


@dataclass(frozen=True)
class Worth:
    """Terms added to the logarithm of a diagnosis's weight."""

    belief: float
    """Factor on the logarithm of the generalist's belief."""
    first: Mapping[str, float]
    """Confidence → term that a first opinion adds to its diagnosis."""
    more: Mapping[str, float]
    """Confidence → term that each further opinion of the same confidence adds."""


WORTH = Worth(
    belief=0.55,
    first={"perhaps": 0.44, "probably": 0.60, "surely": 0.78},
    more={"perhaps": 0.14, "probably": 0.29, "surely": 2.35},
)
"""Fitted on 900 train cases, each with and without an interview."""


def specialist(evidence: Evidence, seen: bool, specialty: str, member: int) -> tuple[Numbers, float]:
    """Return a specialist's belief, and the probability that it passes.

    Returns:
        P(label) in the order of the labels, adding up to 1, and the probability of *not my field*.
    """
    scores, own = evidence.of_field(seen, specialty, member), evidence.knowledge.fields[specialty]
    outside = float(normal(scores)[~own].sum())
    return normal(scores + np.where(own, np.log(OWN_FIELD), 0.0)), PASSES * outside**3


def panel(evidence: Evidence, seen: bool, specialty: str, size: int) -> tuple[Opinion, ...]:
    """Draw a panel's opinions."""
    labels, found = evidence.grammar.tables.labels, []
    for member in range(size):
        belief, passes = specialist(evidence, seen, specialty, member % HABITS)
        chances = np.append(belief * (1 - passes), passes)
        drawn = evidence.rng.choices(range(len(chances)), sharpened(chances).tolist())[0]
        named = labels[drawn] if drawn < len(labels) else None
        found.append(Opinion(specialty, named, float(chances[drawn]), ""))
    return tuple(found)


def sharpened(chances: Numbers) -> Numbers:
    """Return the probability of each at the temperature and top-p of a consultation."""
    sampling = Sampling()
    weights = chances ** (1 / sampling.temperature)
    weights = weights / weights.sum()
    order = np.argsort(-weights)
    kept = order[: int(np.searchsorted(np.cumsum(weights[order]), sampling.top_p)) + 1]
    drawn = np.zeros_like(weights)
    drawn[kept] = weights[kept]
    return drawn / drawn.sum()


def weigh(belief: Table, opinions: Sequence[Opinion], worth: Worth = WORTH) -> Table:
    """Update a generalist's belief with a panel's opinions; a member who passes adds nothing."""
    if not any(opinion.diagnosis for opinion in opinions):
        return belief
    scores = {label: worth.belief * np.log(max(p, 1e-6)) for label, p in belief.items()}
    heard: set[tuple[str, str]] = set()
    for opinion in opinions:
        if opinion.diagnosis is None:
            continue
        word = confidence_word(opinion.confidence)
        again = (opinion.diagnosis, word) in heard
        scores[opinion.diagnosis] += (worth.more if again else worth.first)[word]
        heard.add((opinion.diagnosis, word))
    weights = normal(np.array(list(scores.values())))
    return dict(zip(scores, map(float, weights), strict=True))


def with_expert(belief: Table, named: Sequence[str]) -> Table:
    """Update a generalist's belief with an image classifier's predictions, most likely first."""
    if not named:
        return belief
    chances = dict(zip(named, RIGHT_BY_SIGHT, strict=False))
    rest = (1 - sum(chances.values())) / max(1, len(belief) - len(chances))
    weights = {label: p * chances.get(label, rest) for label, p in belief.items()}
    total = sum(weights.values())
    return {label: weight / total for label, weight in weights.items()}


def drawn_field(evidence: Evidence, belief: Table, rng: random.Random) -> str:
    """Draw the field to which a triage doctor with this belief refers the patient."""
    fields: dict[str, float] = {}
    for label, p in belief.items():
        fields[evidence.grammar.labels[label].specialty] = fields.get(evidence.grammar.labels[label].specialty, 0) + p
    chances = sharpened(np.array(list(fields.values())))
    return rng.choices(list(fields), chances.tolist())[0]
