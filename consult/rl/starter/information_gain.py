"""Expected information from asking about a topic, as an ideal attending would weigh it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from consult.scenarios.bayes import BayesReader
from consult.scenarios.case import ALARM
from consult.scenarios.tables import FindingTables

READINESS = {
    "sensation": 3.0,
    "duration": 3.0,
    "trigger": 3.0,
    "site": 2.5,
    "symptoms": 2.5,
    "history": 2.0,
    "course": 2.0,
    "treatment": 1.5,
    "conditions": 1.5,
    "medicines": 1.5,
    "family": 1.0,
    "allergies": 1.0,
    "pregnancy": 1.0,
    "palpation": 1.5,
    "temperature": 1.0,
    "alarm": 3.0,
}
"""Base weight with which a doctor asks about a topic or does an examination, whatever is suspected."""
HABIT = 0.15
"""Share of the base weight that does not depend on the information."""
LEAST = 0.01
"""Information below this counts as none, in nats."""
PRESSING = 0.35
"""Increase of the weight of asking about alarms with each told fact."""


@dataclass(frozen=True)
class InformationGain:
    """Weights of what is worth asking, given the probabilities of the diagnoses."""

    tables: FindingTables

    @cached_property
    def _reader(self) -> BayesReader:
        return BayesReader(self.tables)

    def information(self, posterior: Mapping[str, float], topic: str) -> float:
        """Return the expected drop in entropy over the diagnoses if a topic is asked about, in nats."""
        import numpy as np

        if topic not in self._reader.askable:
            return 0.0
        return self._reader.information({}, topic, np.array([posterior[label] for label in self.tables.labels]))

    def weights(self, posterior: Mapping[str, float], left: Collection[str], known: int) -> dict[str, float]:
        """Weigh the topics that may still be asked about.

        Args:
            posterior: Probabilities of the diagnoses.
            left: The remaining topics.
            known: Number of told facts.

        Returns:
            Topic → weight of asking about it, without a unit.
        """
        open_ = [topic for topic in READINESS if topic in left]
        gains = {topic: self.information(posterior, topic) for topic in open_}
        # Below this threshold a topic counts as uninformative, even if it is the most informative one left.
        most = max(LEAST, *gains.values()) if gains else LEAST
        weights = {topic: READINESS[topic] * (HABIT + (1 - HABIT) * (gains[topic] / most) ** 2) for topic in open_}
        if ALARM in weights:
            # Alarms are asked about because they must not be missed, not because they tell diagnoses apart.
            weights[ALARM] = READINESS[ALARM] * (1 + PRESSING * known)
        return weights
