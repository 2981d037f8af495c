"""Faithfulness of a run's lines: rates counted in the store, for any model.

A grounded patient's first draft is its model's text, and its final line is the result of the check. For a free patient
the check is recorded and nothing is corrected: draft and line differ only if the first answer could not be read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

from consult.agents.models.human import PERSONS
from consult.agents.models.tables import PREFIXES
from consult.envs.store.figures import count_checks, count_facts
from consult.envs.store.rows import Row
from consult.envs.store.write import Store

PATIENT: Mapping[str, str] = {
    "patient's first drafts backed by the card": "draft_backed",
    "patient's first drafts that name a diagnosis": "draft_leaked",
    "patient's final lines backed by the card": "said_backed",
    "patient's final lines that name a diagnosis": "said_leaked",
    "patient's lines said by the program": "draft_fallback",
}
ATTENDING: Mapping[str, str] = {
    "attending's first drafts that fit": "draft_backed",
    "attending's lines said by the program": "draft_fallback",
}
"""Rate → column, over the lines that are checked, which are those with a draft."""
DISCLOSED = "facts of the card disclosed"


@dataclass(frozen=True)
class Rate:
    """A share that was counted."""

    name: str
    hits: int
    n: int

    @property
    def share(self) -> float | None:
        """Return the share, 0 to 1; None if there was nothing to count."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return Wilson's 95 % interval (1927), assuming independence; None if nothing was counted."""
        if not self.n:
            return None
        z, p = NormalDist().inv_cdf(0.975), self.hits / self.n
        middle, spread = p + z * z / (2 * self.n), z * math.sqrt(p * (1 - p) / self.n + (z / (2 * self.n)) ** 2)
        scale = 1 + z * z / self.n
        # At the ends the interval touches 0 or 1; rounding must not move it past them or past the share.
        return max(0.0, min(p, (middle - spread) / scale)), min(1.0, max(p, (middle + spread) / scale))


TUNED, NEW = "lines that they were tuned on", "new lines of another author"
RULES_MEASURED: Mapping[str, tuple[Rate, Rate]] = {
    TUNED: (Rate("refused", 0, 71), Rate("accepted", 0, 54)),
    NEW: (Rate("refused", 16, 100), Rate("accepted", 3, 100)),
}
"""Labelled lines → the faithful ones that the rules refuse, and the unfaithful ones that they accept.

Only lines that the rules were not changed for say what to expect (docs/consultation.md).
"""


def check_note(run_row: Row) -> str:
    """Say which check found a patient's lines backed, and how often it is wrong; empty if no model words the lines."""
    config = json.loads(run_row["config"])
    patient = config.get("patient", {}).get("model", STARTER)
    if patient == STARTER or patient in PERSONS or patient.startswith(PREFIXES):
        return ""
    checker = json.loads(run_row["models"]).get("checker") if config.get("checker") else None
    by = f"rules, then {checker}" if checker else "rules"
    told = "; ".join(f"on {lines} {_mistakes(*rates)}" for lines, rates in RULES_MEASURED.items())
    left = "" if checker is None else ", whose own mistakes consult grounding measures"
    return f"A line in the patient's own words is checked by {by}{left}. The rules alone: {told}."


def _mistakes(refused: Rate, accepted: Rate) -> str:
    return (
        f"they refused {refused.share:.0%} of {refused.n} faithful ones and accepted {accepted.share:.0%} of "
        f"{accepted.n} others"
    )


STARTER = "starter"
"""Its lines are known sentences that a program fills with facts."""


def fidelity(store: Store, run: str) -> list[Rate]:
    """Count how the lines of a run were made and how much of the cards was told.

    Args:
        store: The run's store.
        run: The run's id; lines of failed and running consultations are included.

    Returns:
        The same rates for every run; a rate with nothing to count has n = 0. The share of the card is counted in facts,
        over the consultations that have ended.
    """
    return [
        *_rates(store, run, "patient", PATIENT),
        Rate(DISCLOSED, *count_facts(store, run)),
        *_rates(store, run, "attending", ATTENDING),
    ]


def is_corrected(run_row: Row) -> bool:
    """Return whether a run's patient was grounded; a free patient's lines are checked but not changed."""
    grounded = json.loads(run_row["config"]).get("patient_grounding", True)
    return bool(grounded)


def _rates(store: Store, run: str, speaker: str, columns: Mapping[str, str]) -> list[Rate]:
    counted = count_checks(store, run, speaker, columns.values())
    return [Rate(name, *counted[column]) for name, column in columns.items()]
