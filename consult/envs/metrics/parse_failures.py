"""Share of a run's model answers whose first reply could not be used, by role and model."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from consult.envs.metrics.fidelity import Rate
from consult.envs.store.figures import count_unusable
from consult.envs.store.write import Store


@dataclass(frozen=True)
class UnusableAnswers:
    """The unusable first replies of one model in one role."""

    role: str
    """The role; `specialist=SPECIALTY` for a specialty with its own model."""
    model: str
    """Reference and revision."""
    rate: Rate
    """Answers whose first reply could not be parsed, or was rejected for what it said to the patient."""

    def event(self) -> dict[str, Any]:
        """Describe the rate for the summary of a run."""
        counted = {"unusable": self.rate.hits, "answers": self.rate.n, "share": self.rate.share}
        return {"role": self.role, "model": self.model, **counted}


def unusable_answers(store: Store, run: str) -> list[UnusableAnswers]:
    """Count unusable answers, including those of failed and running consultations.

    A retry does not count as another answer. The check of a patient's facts against its card is separate: see
    `consult.envs.metrics.fidelity`.

    Args:
        store: The run's store.
        run: The run's id.

    Returns:
        One entry per role that was asked for answers, in the order of the run's configuration. Empty if the run was
        played by a version that did not count.
    """
    row = store.run(run)
    models: dict[str, str] = json.loads(row["models"]) if row else {}
    hits, n = Counter[str](), Counter[str]()
    for counted in count_unusable(store, run):
        role = counted.role if counted.role in models else counted.role.partition("=")[0]
        hits[role] += counted.hits or 0
        n[role] += counted.n or 0
    return [UnusableAnswers(role, models[role], Rate(role, hits[role], n[role])) for role in models if n[role]]
