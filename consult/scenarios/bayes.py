"""The optimal reader of a scenario with tables: the probability of each diagnosis, and the next question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from consult.scenarios.case import Case
from consult.scenarios.rules import Drawn, as_values
from consult.scenarios.tables import LEAST, SKIN_TYPES, FindingTables

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from consult.scenarios.case_generator import Draw

    Numbers = NDArray[np.float64]

NOT_ASKED = ("morphology", "skin_type", "sex", "complaint")
"""Fields without questions: they are seen, or told at the start."""
TINY = 1e-300
"""Replaces 0 in a logarithm."""
ON_SKIN = ("skin", "face", "scalp", "lip", "nail")
"""Views in which the skin tone is visible."""


def seen_of(case: Case, tables: FindingTables) -> dict[str, str | tuple[str, ...]]:
    """Return everything that a drawn case's card and photograph show, as fields of the tables."""
    card, found = case.card, dict[str, str | tuple[str, ...]]()
    for fact in (card.complaint, *card.facts, *card.examinations):
        if fact.topic in tables.several:
            before = found.get(fact.topic, ())
            found[fact.topic] = (*before, *(() if fact.none else (fact.value,)))
        else:
            found[fact.topic] = fact.value
    if card.sex:
        found["sex"] = card.sex
    return found | photographed(case, tables) | _tone(case)


def photographed(case: Case, tables: FindingTables) -> dict[str, str | tuple[str, ...]]:
    """Return what a drawn case's photograph shows; the skin tone only if skin is visible."""
    view = tables.view_of(case.card.about("site")[0].value)
    return {"view": view, "morphology": case.truth.morphology or ""} | (_tone(case) if view in ON_SKIN else {})


def seen_at_first(case: Case, tables: FindingTables) -> dict[str, str | tuple[str, ...]]:
    """Return what a doctor has before the first question: photograph and complaint."""
    return photographed(case, tables) | {"complaint": case.card.complaint.value}


def seen_in(draw: Draw, tables: FindingTables) -> dict[str, str | tuple[str, ...]]:
    """Return what `seen_of` does for the case of a draw, without making the case, whose wording takes longer."""
    drawn = draw.seen
    found = {field: drawn[field] for field in (*tables.values, "sex", "skin_type", "view") if field in drawn}
    for topic in tables.several:
        if topic in found:
            values = tables.values[topic]
            found[topic] = tuple(value for value in as_values(found[topic]) if not values[value].none)
    return found


def seen_first_in(draw: Draw, tables: FindingTables) -> dict[str, str | tuple[str, ...]]:
    """Return what `seen_at_first` does for the case of a draw."""
    drawn = draw.seen
    tone = ("skin_type",) if drawn["view"] in ON_SKIN else ()
    return {field: drawn[field] for field in ("view", "morphology", *tone, "complaint")}


def _tone(case: Case) -> dict[str, str | tuple[str, ...]]:
    return {"skin_type": SKIN_TYPES[case.card.skin_type - 1]} if case.card.skin_type else {}


@dataclass(frozen=True)
class BayesReader:
    """A reader that knows a scenario's tables, and only what it is told about the case."""

    tables: FindingTables

    @cached_property
    def askable(self) -> tuple[str, ...]:
        """Return the fields that a question or an examination can be about."""
        return tuple(name for name in self.tables.fields if name not in NOT_ASKED)

    def topics(self, seen: Collection[str]) -> list[str]:
        """List the topics that have not been asked about yet."""
        return [name for name in self.askable if name not in seen]

    def posterior(self, seen: Drawn) -> Mapping[str, float]:
        """Return P(label | seen)."""
        return self.tables.posterior(seen)

    def diagnosis(self, seen: Drawn) -> str:
        """Return the most likely diagnosis; the first in a tie."""
        scores = self.tables.log_likelihood(seen)
        return self.tables.labels[int(scores.argmax())]

    def next_topic(self, seen: Drawn, topics: Sequence[str], prior: Numbers | None = None) -> str | None:
        """Choose the topic with the highest expected information about the diagnosis.

        Args:
            seen: The known fields.
            topics: The possible topics; in a tie the first is chosen.
            prior: P(label | seen), if it was computed before.

        Returns:
            The topic; None if no answer can change anything.
        """
        if prior is None:
            prior = normal(self.tables.log_likelihood(seen))
        gains = {topic: self.information(seen, topic, prior) for topic in topics}
        best = max(gains, key=lambda topic: gains[topic], default=None)
        return best if best is not None and gains[best] > LEAST else None

    def information(self, seen: Drawn, topic: str, prior: Numbers) -> float:
        """Return the expected drop in entropy over the diagnoses if a topic is asked about, in nats."""
        drawn = dict(seen)
        if "site" in drawn:
            drawn["view"] = self.tables.view_of(str(drawn["site"]))
        key = (topic, self.tables.admitted(topic, self.tables.before(topic, drawn)))
        if key not in self._certainties:
            matrix = self.tables.restricted(*key)
            several = topic in self.tables.several
            self._certainties[key] = _p_log_p(matrix) + _p_log_p(1 - matrix) if several else _p_log_p(matrix).sum(1)
        expected, within = prior @ self.tables.restricted(*key), prior @ self._certainties[key]
        if topic not in self.tables.several:
            return max(0.0, float(within - _p_log_p(expected).sum()))
        # The most informative value represents all; together they are slightly more informative.
        return max(0.0, float((within - _p_log_p(expected) - _p_log_p(1 - expected)).max(initial=0.0)))

    @cached_property
    def _certainties(self) -> dict[tuple[str, int], Numbers]:
        """Topic, admitted values → minus the entropy of the answer by label, and by value for several-valued topics."""
        return {}


def _p_log_p(p: Numbers) -> Numbers:
    """Return p · log p, or 0 if p is 0."""
    import numpy as np

    product: Numbers = p * np.log(np.maximum(p, TINY))
    return product


def normal(scores: Numbers) -> Numbers:
    """Return the probabilities for unnormalized log-probabilities."""
    import numpy as np

    weights: Numbers = np.exp(scores - scores.max())
    shares: Numbers = weights / weights.sum()
    return shares
