"""The items of an assessment: their means, with the verdicts that a judge owed counted apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from consult.agents.rubric import BY_KEY, NOT_DECIDED
from consult.envs.measures.figures import Figure
from consult.envs.measures.intervals import ratio
from consult.envs.store import Row, Store

_KINDS = """
SELECT assessor, item, total, n, failed, open, count(*) AS cases FROM (
  SELECT a.assessor, a.item, total(a.value) AS total, count(a.value) AS n,
    sum(a.value IS NULL AND a.why NOT LIKE ?) AS failed, sum(a.value IS NULL AND a.why LIKE ?) AS open
  FROM assessments a JOIN consultations c ON c.id = a.consultation_id
  WHERE c.run_id = ? GROUP BY a.assessor, a.item, c.case_id
) GROUP BY assessor, item, total, n, failed, open ORDER BY assessor, item
"""


def rubric(store: Store, run: str) -> dict[str, dict[str, Figure]]:
    """Give assessor → item → mean of its verdicts; empty where a run was not assessed.

    The database counts how many cases have the same verdicts, so that no assessment is held in memory.
    """
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    open_by_design = f"{NOT_DECIDED}%"
    for row in store.db.query(_KINDS, [open_by_design, open_by_design, run]):
        found[row["assessor"], row["item"]].append(row)
    figures: dict[str, dict[str, Figure]] = defaultdict(dict)
    for (assessor, item), kinds in found.items():
        figures[assessor][item] = _item(kinds, shares=BY_KEY[item].levels[-1] == 1)
    return dict(figures)


def _item(kinds: Sequence[Row], *, shares: bool) -> Figure:
    mean = ratio([(kind["total"], kind["n"], kind["cases"]) for kind in kinds], shares=shares)
    failed, open_ = (sum(kind[name] * kind["cases"] for kind in kinds) for name in ("failed", "open"))
    return replace(mean, judge_failed=failed, not_decided=open_)
