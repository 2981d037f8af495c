"""The items of an assessment: their means, with the verdicts that a judge owed counted apart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from consult.agents.assessors.rubric import BY_KEY, ITEMS, NOT_DECIDED
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.intervals import ratio
from consult.envs.store.write import Row, Store

_KINDS = """
SELECT assessor, item, total, n, failed, open, count(*) AS cases FROM (
  SELECT a.assessor, a.item, total(a.value) AS total, count(a.value) AS n,
    sum(a.value IS NULL AND a.why NOT LIKE ?) AS failed, sum(a.value IS NULL AND a.why LIKE ?) AS open
  FROM assessments a JOIN consultations c ON c.id = a.consultation_id
  WHERE c.run_id = ? GROUP BY a.assessor, a.item, c.case_id
) GROUP BY assessor, item, total, n, failed, open ORDER BY assessor, item
"""

_MEANS = """
SELECT assessor, total, n, count(*) AS cases FROM (
  SELECT assessor, total(mean) AS total, count(*) AS n FROM (
    SELECT a.assessor, c.case_id, avg(a.value / json_extract(?, '$."' || a.item || '"')) AS mean
    FROM assessments a JOIN consultations c ON c.id = a.consultation_id
    WHERE c.run_id = ? AND a.value IS NOT NULL GROUP BY a.assessor, c.id
  ) GROUP BY assessor, case_id
) GROUP BY assessor, total, n ORDER BY assessor
"""


def rubric_means(store: Store, run: str) -> dict[str, Estimate]:
    """Return assessor → mean over its items, each from 0 to 1: an item of three levels counts as half of its value.

    A consultation's mean is over the items that were scored; one without a score is left out.
    """
    highest = json.dumps({item.key: float(item.levels[-1]) for item in ITEMS})
    found: dict[str, list[Row]] = defaultdict(list)
    for row in store.db.query(_MEANS, [highest, run]):
        found[row["assessor"]].append(row)
    return {
        assessor: ratio([(kind["total"], kind["n"], kind["cases"]) for kind in kinds], shares=True)
        for assessor, kinds in found.items()
    }


def rubric(store: Store, run: str) -> dict[str, dict[str, Estimate]]:
    """Return assessor → item → mean of its verdicts; empty if a run was not assessed.

    The database counts how many cases have the same verdicts, so that no assessment is held in memory.
    """
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    open_by_design = f"{NOT_DECIDED}%"
    for row in store.db.query(_KINDS, [open_by_design, open_by_design, run]):
        found[row["assessor"], row["item"]].append(row)
    figures: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for (assessor, item), kinds in found.items():
        figures[assessor][item] = _item(kinds, shares=BY_KEY[item].levels[-1] == 1)
    return dict(figures)


def _item(kinds: Sequence[Row], *, shares: bool) -> Estimate:
    mean = ratio([(kind["total"], kind["n"], kind["cases"]) for kind in kinds], shares=shares)
    failed, open_ = (sum(kind[name] * kind["cases"] for kind in kinds) for name in ("failed", "open"))
    return replace(mean, judge_failed=failed, not_decided=open_)
