"""A panel made up by a program, for training and ablation: each opinion is right with a given probability.

Such opinions carry the source `synthetic` in the store and are never behind a headline: whoever makes them up knows the
truth. What they say of their confidence tells nothing of whether they are right.
"""

from __future__ import annotations

import random

from consult.agents.acts import Opinion
from consult.agents.roles.client import derive_seed
from consult.envs.consultation import Consultation

CONFIDENCES = (0.8, 0.6, 0.4)
"""Surely, probably, perhaps."""


def sample_synthetic_panel(consultation: Consultation, accuracy: float) -> tuple[Opinion, ...]:
    """Draw the opinions of a panel.

    Args:
        consultation: Whose case and seed decide the draw.
        accuracy: Probability of the truth, 0 to 1; else an opinion is one of its look-alikes.
    """
    plan, truth = consultation.plan, consultation.case.truth.diagnosis
    rng = random.Random(derive_seed(plan.seed, plan.case, plan.temperament, plan.repeat, "panel skill", accuracy))
    labels = consultation.scenario.labels
    others = [label for label in labels if label != truth]
    alike = labels[truth].look_alikes if truth is not None and truth in labels else ()

    def opinion(specialty: str) -> Opinion:
        right = rng.random() < accuracy
        wrong = list(alike) or others
        # Without a list of diagnoses or answers, a wrong opinion is none.
        named = truth if right else rng.choice(wrong) if wrong else None
        return Opinion(specialty, named, rng.choice(CONFIDENCES), "", source="synthetic")

    return tuple(opinion(specialty) for specialty in consultation.panel)
