"""The items of an assessment: their means, with missing verdicts of a judge counted separately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from consult.agents.assessors.rubric import BY_KEY
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.intervals import ratio
from consult.envs.store.assessments import ItemKind, MeanKind, item_kinds, mean_kinds
from consult.envs.store.write import Store


def rubric_means(store: Store, run: str) -> dict[str, Estimate]:
    """Return assessor → mean over its items, each from 0 to 1: an item of three levels counts as half of its value.

    A consultation's mean is over the items that were scored; one without a score is left out.
    """
    found: dict[str, list[MeanKind]] = defaultdict(list)
    for kind in mean_kinds(store, run):
        found[kind.assessor].append(kind)
    return {
        assessor: ratio([(kind.total, kind.n, kind.cases) for kind in kinds], shares=True)
        for assessor, kinds in found.items()
    }


def rubric(store: Store, run: str) -> dict[str, dict[str, Estimate]]:
    """Return assessor → item → mean of its verdicts; empty if a run was not assessed.

    The database counts how many cases have the same verdicts, so that no assessment is held in memory.
    """
    found: dict[tuple[str, str], list[ItemKind]] = defaultdict(list)
    for kind in item_kinds(store, run):
        found[kind.assessor, kind.item].append(kind)
    figures: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for (assessor, item), kinds in found.items():
        figures[assessor][item] = _item(kinds, shares=BY_KEY[item].levels[-1] == 1)
    return dict(figures)


def _item(kinds: Sequence[ItemKind], *, shares: bool) -> Estimate:
    mean = ratio([(kind.total, kind.n, kind.cases) for kind in kinds], shares=shares)
    failed, open_ = sum(kind.failed * kind.cases for kind in kinds), sum(kind.open * kind.cases for kind in kinds)
    return replace(mean, judge_failed=failed, not_decided=open_)
