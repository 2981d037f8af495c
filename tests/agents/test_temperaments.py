"""The four temperaments: their numbers add up, and their directions differ as they should."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from consult.agents.temperament import Temperament, temperaments

FACETS = ("describing", "asking", "talking", "treatment", "feeling")


def volunteered(name: str) -> float:
    """Mean number of facts beyond the one asked for."""
    return sum(count * p for count, p in enumerate(temperaments()[name].volunteers))


def test_the_four_of_3mdbench_in_order() -> None:
    assert list(temperaments()) == ["sanguine", "choleric", "melancholic", "phlegmatic"]


@pytest.mark.parametrize("name", ["sanguine", "choleric", "melancholic", "phlegmatic"])
def test_probabilities_add_up(name: str) -> None:
    temperament = temperaments()[name]
    assert sum(temperament.volunteers) == pytest.approx(1)
    assert all(0 <= p <= 1 for p in (*temperament.volunteers, temperament.asks_back, temperament.accepts))


@pytest.mark.parametrize("facet", FACETS)
def test_a_facet_tells_the_four_apart(facet: str) -> None:
    assert len({getattr(temperament, facet) for temperament in temperaments().values()}) == 4


def test_the_talkative_volunteer_and_the_terse_do_not() -> None:
    for talkative in ("sanguine", "melancholic"):
        for terse in ("choleric", "phlegmatic"):
            assert volunteered(talkative) > 3 * volunteered(terse)


def test_who_asks_back_and_who_accepts() -> None:
    of = temperaments()
    assert sorted(of, key=lambda n: of[n].asks_back) == ["phlegmatic", "sanguine", "choleric", "melancholic"]
    assert min(of, key=lambda n: of[n].accepts) == "choleric"
    assert max(of, key=lambda n: of[n].accepts) == "sanguine"


@pytest.mark.parametrize(
    "wrong",
    [{"volunteers": [0.5, 0.4]}, {"volunteers": []}, {"asks_back": 1.2}, {"accepts": -0.1}, {"mood": "gloomy"}],
)
def test_a_wrong_entry_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Temperament.model_validate({**temperaments()["sanguine"].model_dump(), **wrong})
