"""Numbers with their nouns."""

import pytest

from consult.counts import count_of, duration


@pytest.mark.parametrize(("number", "said"), [(0, "0 cases"), (1, "1 case"), (2, "2 cases"), (1234, "1,234 cases")])
def test_a_number_has_its_noun(number: int, said: str) -> None:
    assert count_of(number, "case") == said


def test_a_plural_can_be_irregular() -> None:
    assert count_of(2, "diagnosis", "diagnoses") == "2 diagnoses"


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "0 s"), (45.2, "45 s"), (100, "2 min"), (9000, "2.5 h")])
def test_a_time_has_the_unit_that_suits_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said
