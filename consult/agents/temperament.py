"""Temperaments as data: five facets in words for any model, and probabilities for the program.

The four temperaments and their five facets follow 3MDBench (arXiv 2504.13861).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from consult.scenarios import Scenario
from consult.scenarios.located_yaml import read_yaml

NO_TEMPERAMENT = "none"
"""Stored with consultations that have no patient."""


class Temperament(BaseModel):
    """One temperament."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    describing: str
    """How symptoms are described."""
    asking: str
    """How questions are asked."""
    talking: str
    """How the patient talks."""
    treatment: str
    """How the patient reacts to treatment."""
    feeling: str
    """The feelings that the patient shows."""
    volunteers: list[float] = Field(min_length=1, max_length=4)
    """Probability of volunteering 0, 1, 2, … facts in addition to the one asked for."""
    asks_back: float = Field(ge=0, le=1)
    """Probability of a question back after the conclusion."""
    accepts: float = Field(ge=0, le=1)
    """Probability of accepting the plan without reservation."""

    @model_validator(mode="after")
    def _adds_up(self) -> Temperament:
        if abs(sum(self.volunteers) - 1) > 1e-6:
            raise ValueError("the probabilities of `volunteers` must add up to 1")
        return self


@cache
def temperaments() -> dict[str, Temperament]:
    """Return the four temperaments by name, in their usual order."""
    data = read_yaml(Path(__file__).parent / "temperaments.yaml").data
    return {name: Temperament.model_validate(entry) for name, entry in data.items()}


def own_temperament(scenario: Scenario, case_id: str) -> str:
    """Return a case's own temperament: the one that it states, or one that is balanced by split and diagnosis.

    It does not depend on which other cases are played. A question about pictures has no patient, and so none of the
    four.
    """
    if scenario.asks_questions:
        return NO_TEMPERAMENT
    if case_id in scenario.temperaments:
        return scenario.temperaments[case_id]
    place = list(scenario.case_ids(scenario.case(case_id).split)).index(case_id)
    return _nth(place, scenario)


def own_temperaments(scenario: Scenario, split: str) -> dict[str, str]:
    """Return each case of a split with its own temperament."""
    if scenario.asks_questions:
        return dict.fromkeys(scenario.case_ids(split), NO_TEMPERAMENT)
    stated = scenario.temperaments
    return {
        case_id: stated.get(case_id) or _nth(place, scenario) for place, case_id in enumerate(scenario.case_ids(split))
    }


def _nth(place: int, scenario: Scenario) -> str:
    kinds = tuple(temperaments())
    return kinds[(place + place // max(1, len(scenario.labels))) % len(kinds)]
