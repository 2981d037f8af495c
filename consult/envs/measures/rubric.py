"""The items of an assessment: their means, with the verdicts that a judge owed counted apart."""

from __future__ import annotations

from collections import defaultdict

from consult.envs.measures.figures import Figure
from consult.envs.measures.intervals import BOOTSTRAP, ratio_interval
from consult.envs.store import Store

_KINDS = """
SELECT assessor, item, total, n, missing, count(*) AS cases FROM (
  SELECT a.assessor, a.item, total(a.value) AS total, count(a.value) AS n, count(*) - count(a.value) AS missing
  FROM assessments a JOIN consultations c ON c.id = a.consultation_id
  WHERE c.run_id = ? GROUP BY a.assessor, a.item, c.case_id
) GROUP BY assessor, item, total, n, missing ORDER BY assessor, item
"""


def rubric(store: Store, run: str) -> dict[str, dict[str, Figure]]:
    """Give assessor → item → mean of its verdicts; empty where a run was not assessed.

    The database counts how many cases have the same verdicts, so that no assessment is held in memory.
    """
    found: dict[tuple[str, str], list[tuple[float, int, int, int]]] = defaultdict(list)
    for row in store.db.query(_KINDS, [run]):
        found[row["assessor"], row["item"]].append((row["total"], row["n"], row["missing"], row["cases"]))
    figures: dict[str, dict[str, Figure]] = defaultdict(dict)
    for (assessor, item), kinds in found.items():
        figures[assessor][item] = _item(kinds)
    return dict(figures)


def _item(kinds: list[tuple[float, int, int, int]]) -> Figure:
    import numpy as np

    owed = sum(missing * cases for _, _, missing, cases in kinds)
    given = [kind for kind in kinds if kind[1]]
    if not given:
        return Figure(None, judge_failed=owed)
    parts, weights = np.array([kind[:2] for kind in given]), np.array([kind[3] for kind in given])
    top, n = weights @ parts
    low, high = ratio_interval(parts, weights=weights)
    return Figure(float(top / n), low, high, int(n), judge_failed=owed, method=BOOTSTRAP)
