"""Which runs of a report are compared with each other, and how the sides of a difference are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

from consult.envs.settings import TEAM

if TYPE_CHECKING:
    from consult.envs.conditions import Conditions
    from consult.envs.metrics.paired import Difference

Data = dict[str, Any]
Results = Mapping[str, Mapping[str, list[bool]]]
"""Run → case → whether its consultations were right."""

SOLO = "solo"


def comparisons(told: Sequence[Data], right: Results, conditions: Conditions) -> list[Data]:
    """Compare runs in pairs on the cases that they share, Holm-corrected together.

    Of more than two runs only pairs that differ in one setting: a grid has many pairs, most of which tell nothing.

    Args:
        told: The runs as report.json has them.
        right: Their results.
        conditions: Of all the runs.
    """
    from consult.envs.metrics.paired import difference, holm

    compared = [(a, b) for a, b in combinations(told, 2) if _same_cases(a, b)]
    compared = [(a, b) for a, b in compared if len(told) == 2 or len(_between(a, b, conditions)) <= 1]
    # A team stands before its baseline, so that the difference is its gain.
    ordered = [(b, a) if _over_solo(a, b, conditions) and a["team"] == SOLO else (a, b) for a, b in compared]
    pairs = [(a, b, difference(right[a["run"]], right[b["run"]])) for a, b in ordered]
    kept: list[tuple[Data, Data, Difference]] = [(a, b, found) for a, b, found in pairs if found is not None]
    corrected = holm([found for _, _, found in kept])
    return [
        {
            "a": a["run"],
            "b": b["run"],
            "sides": conditions.sides(a["run"], b["run"])._asdict(),
            "over_solo": _over_solo(a, b, conditions),
            **asdict(found),
        }
        for (a, b, _), found in zip(kept, corrected, strict=True)
    ]


def not_compared(told: Sequence[Data]) -> list[Data]:
    """List the pairs of runs of one scenario that are not compared, since its cases changed between them."""
    changed = ((a, b) for a, b in combinations(told, 2) if a["scenario"] == b["scenario"] and not _same_cases(a, b))
    keys = ("run", "scenario_revision")
    return [{"a": {key: a[key] for key in keys}, "b": {key: b[key] for key in keys}} for a, b in changed]


def with_solo(data: Data, told: Sequence[Data], right: Results, conditions: Conditions) -> list[Data]:
    """Set the solo doctor among a team's baselines, where one of the runs is his, and correct all of them together.

    Args:
        data: The team's run.
        told: All runs of the report.
        right: Their results.
        conditions: Of all the runs.
    """
    from consult.envs.metrics.baselines import against_solo, corrected

    alone = [one for one in told if one["team"] == SOLO and _over_solo(data, one, conditions)]
    of_seed = [one["run"] for one in alone if one["seed"] == data["seed"]] or [one["run"] for one in alone]
    solo = against_solo(of_seed[-1], right[data["run"]], right[of_seed[-1]]) if of_seed else None
    return [asdict(one) for one in corrected([*data["baselines"], *([solo] if solo else [])])]


def _same_cases(a: Data, b: Data) -> bool:
    """Return whether equal case ids are equal cases: of one scenario in one revision."""
    return all(a[key] == b[key] for key in ("scenario", "scenario_revision"))


def _between(a: Data, b: Data, conditions: Conditions) -> list[str]:
    return conditions.differing_between(a["run"], b["run"])


def _over_solo(a: Data, b: Data, conditions: Conditions) -> bool:
    """Return whether one is a team and the other its `solo` baseline, all else but the seed the same."""
    between = set(_between(a, b, conditions)) - {"seed"}
    return between == {TEAM} and SOLO in (a["team"], b["team"])
