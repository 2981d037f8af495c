"""What an act holds."""

from __future__ import annotations

from dataclasses import astuple, fields

from consult.agents.acts import Usage


def test_a_sum_of_costs_counts_everything() -> None:
    one = Usage(*range(1, len(fields(Usage)) + 1))
    assert astuple(one + one) == tuple(2 * value for value in astuple(one))
