"""What a test takes for granted, asserted, so that types know of it, too."""

from __future__ import annotations

from typing import TypeVar

from consult.envs.metrics.estimate import Estimate
from consult.scenarios import Scenario
from consult.scenarios.case_generator import Grammar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Give what must be there."""
    assert value is not None
    return value


def within(figure: Estimate) -> tuple[float, float, float]:
    """Give the low end, the value and the high end of a figure that has all three."""
    return present(figure.low), present(figure.value), present(figure.high)


def grammar_of(scenario: Scenario) -> Grammar:
    """Give what generates the cases of a scenario with tables."""
    assert isinstance(scenario.source, Grammar)
    return scenario.source
