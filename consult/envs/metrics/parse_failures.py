"""How often the models of a run answered so that the answer could be used, by role and model."""

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
    """What one model did in one role."""

    role: str
    """`specialist=SPECIALTY` for a specialty with a model of its own."""
    model: str
    """Reference and revision."""
    rate: Rate
    """Answers whose first reply could not be read as asked, or was held back for what it said to the patient."""

    def event(self) -> dict[str, Any]:
        """Describe it for the summary of a run."""
        counted = {"unusable": self.rate.hits, "answers": self.rate.n, "share": self.rate.share}
        return {"role": self.role, "model": self.model, **counted}


def unusable_answers(store: Store, run: str) -> list[UnusableAnswers]:
    """Count them; lines of failed and of running consultations count, too.

    A second asking is no answer of its own, and a patient's facts are checked against its card apart from this: see
    `consult.envs.metrics.fidelity`.

    Args:
        store: Where the run is.
        run: Its id.

    Returns:
        One a role that was asked for answers, in the order of the run's configuration. Nothing where the run was played
        by a version that did not count.
    """
    row = store.run(run)
    models: dict[str, str] = json.loads(row["models"]) if row else {}
    hits, n = Counter[str](), Counter[str]()
    for counted in count_unusable(store, run):
        role = counted.role if counted.role in models else counted.role.partition("=")[0]
        hits[role] += counted.hits or 0
        n[role] += counted.n or 0
    return [UnusableAnswers(role, models[role], Rate(role, hits[role], n[role])) for role in models if n[role]]
