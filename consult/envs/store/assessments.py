"""Assessors' verdicts on consultations: the table `assessments`, one row per assessor, consultation and item.

A row without a value was not scored; its `why` begins with the kind of reason. `Store.keep_assessments` writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from consult.agents.assessors.rubric import ITEMS, NO_REASON, NOT_DECIDED
from consult.envs.store.rows import Row
from consult.envs.store.write import Store

_OPEN = f"{NOT_DECIDED}%"
"""SQL pattern for the reason of a verdict that is open by design."""

_VALUE_PAIRS = """
SELECT a.item, a.value, b.value, count(*) FROM assessments a
JOIN assessments b ON b.consultation_id = a.consultation_id AND b.item = a.item
JOIN consultations c ON c.id = a.consultation_id
WHERE c.run_id = ? AND a.assessor = ? AND b.assessor = ? AND a.value IS NOT NULL AND b.value IS NOT NULL
GROUP BY a.item, a.value, b.value
"""

_VALUES_OF = """
SELECT a.assessor, a.item, a.value, c.id FROM assessments a JOIN consultations c ON c.id = a.consultation_id
WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY a.assessor, a.item, c.ordinal
"""

_ITEM_KINDS = """
SELECT assessor, item, total, n, failed, open, count(*) AS cases FROM (
  SELECT a.assessor, a.item, total(a.value) AS total, count(a.value) AS n,
    sum(a.value IS NULL AND a.why NOT LIKE ?) AS failed, sum(a.value IS NULL AND a.why LIKE ?) AS open
  FROM assessments a JOIN consultations c ON c.id = a.consultation_id
  WHERE c.run_id = ? GROUP BY a.assessor, a.item, c.case_id
) GROUP BY assessor, item, total, n, failed, open ORDER BY assessor, item
"""

_MEAN_KINDS = """
SELECT assessor, total, n, count(*) AS cases FROM (
  SELECT assessor, total(mean) AS total, count(*) AS n FROM (
    SELECT a.assessor, c.case_id, avg(a.value / json_extract(?, '$."' || a.item || '"')) AS mean
    FROM assessments a JOIN consultations c ON c.id = a.consultation_id
    WHERE c.run_id = ? AND a.value IS NOT NULL GROUP BY a.assessor, c.id
  ) GROUP BY assessor, case_id
) GROUP BY assessor, total, n ORDER BY assessor
"""


class ItemSummary(NamedTuple):
    """One item of one assessor over a run."""

    item: str
    mean: float | None
    n: int
    """Number of consultations that were scored."""
    missing: int
    """Number of consultations that were not scored."""
    open: int
    """Number of these that the assessor leaves open by design."""


class Reasonless(NamedTuple):
    """Verdicts of one assessor over a run that were not scored for want of a reason of its own."""

    verdicts: int
    of: int
    """Number of all verdicts that it owed."""


class AssessedValue(NamedTuple):
    """One row: an assessor's verdict on one item of one consultation."""

    assessor: str
    item: str
    value: float | None
    consultation: str


class ValuePair(NamedTuple):
    """Two assessors' values of an item, and the number of consultations with these values."""

    item: str
    first: float
    second: float
    n: int


class ItemKind(NamedTuple):
    """Cases with the same result of an assessor's verdicts on one item."""

    assessor: str
    item: str
    total: float
    """Sum of the values of a case's consultations."""
    n: int
    """Consultations of a case that were scored."""
    failed: int
    """Consultations that were not scored because the judge failed."""
    open: int
    """Consultations that were not scored by design."""
    cases: int
    """Number of cases of this kind."""


class MeanKind(NamedTuple):
    """Cases with the same result of an assessor's means over its items."""

    assessor: str
    total: float
    """Sum of the means of a case's consultations, each from 0 to 1."""
    n: int
    """Consultations of a case with a mean."""
    cases: int
    """Number of cases of this kind."""


def assessors_of(store: Store, run: str) -> list[str]:
    """List the assessors of a run, in the order of their first verdict."""
    rows = store.query(
        "SELECT a.assessor, min(a.id) AS first FROM assessments a JOIN consultations c ON c.id = a.consultation_id "
        "WHERE c.run_id = ? GROUP BY a.assessor ORDER BY first",
        run,
    )
    return [row["assessor"] for row in rows]


def answered_consultations(store: Store, run: str, assessor: str, no_reply: str) -> set[str]:
    """Return the consultations of a run that an assessor has judged or failed to judge after a reply.

    Args:
        store: The run's store.
        run: The run's id.
        assessor: The assessor's name in the store.
        no_reply: Prefix of the reason if the model gave no reply.
    """
    rows = store.query(
        "SELECT DISTINCT a.consultation_id AS id FROM assessments a JOIN consultations c ON c.id = a.consultation_id "
        "WHERE c.run_id = ? AND a.assessor = ? AND NOT (a.value IS NULL AND a.why LIKE ?)",
        run,
        assessor,
        f"{no_reply}%",
    )
    return {row["id"] for row in rows}


def contradicted_consultations(store: Store, run: str, assessor: str, wrong: str) -> set[str]:
    """Return the consultations on whose diagnosis an assessor disagrees with the judge whose verdict counts.

    Args:
        store: The run's store.
        run: The run's id.
        assessor: The assessor's name in the store.
        wrong: Prefix of the reason for item 3.1 if the assessor considers the diagnosis wrong.
    """
    rows = store.query(
        "SELECT a.consultation_id AS id FROM assessments a JOIN consultations c ON c.id = a.consultation_id "
        "WHERE c.run_id = ? AND a.assessor = ? AND a.item = '3.1' AND c.status = 'finished' "
        "AND c.correct_by = 'judge' AND (a.value IS NULL OR (a.why LIKE ?) = c.correct)",
        run,
        assessor,
        f"{wrong}%",
    )
    return {row["id"] for row in rows}


def item_summaries(store: Store, run: str, assessor: str) -> dict[str, ItemSummary]:
    """Map each item with verdicts of an assessor to their summary over a run."""
    rows = store.query(
        "SELECT a.item, avg(a.value) AS mean, count(a.value) AS n, sum(a.value IS NULL) AS missing, "
        "sum(a.value IS NULL AND a.why LIKE ?) AS open FROM assessments a "
        "JOIN consultations c ON c.id = a.consultation_id WHERE c.run_id = ? AND a.assessor = ? GROUP BY a.item",
        _OPEN,
        run,
        assessor,
    )
    return {row["item"]: ItemSummary(**row) for row in rows}


def reasonless(store: Store, run: str) -> dict[str, Reasonless]:
    """Map each assessor that gave placeholders or copies as reasons to how many of its verdicts this concerns."""
    rows = store.query(
        "SELECT a.assessor AS assessor, sum(a.value IS NULL AND a.why LIKE ?) AS verdicts, "
        "sum(a.value IS NOT NULL OR a.why NOT LIKE ?) AS owed FROM assessments a "
        "JOIN consultations c ON c.id = a.consultation_id WHERE c.run_id = ? GROUP BY a.assessor ORDER BY a.assessor",
        f"{NO_REASON}%",
        _OPEN,
        run,
    )
    return {row["assessor"]: Reasonless(row["verdicts"], row["owed"]) for row in rows if row["verdicts"]}


def failed_assessments(store: Store, run: str, assessor: str) -> list[Row]:
    """List the consultations with an item that an assessor failed on, in order: `consultation` and `why`."""
    return store.query(
        "SELECT a.consultation_id AS consultation, min(a.why) AS why FROM assessments a "
        "JOIN consultations c ON c.id = a.consultation_id WHERE c.run_id = ? AND a.assessor = ? "
        "AND a.value IS NULL AND a.why NOT LIKE ? GROUP BY c.id ORDER BY c.ordinal",
        run,
        assessor,
        _OPEN,
    )


def assessments_on(store: Store, consultation: str) -> list[Row]:
    """List the assessments of a consultation by assessor and item: with `value`, `why` and `turns`, a JSON list."""
    return store.query(
        "SELECT assessor, item, value, why, turns FROM assessments WHERE consultation_id = ? ORDER BY assessor, item",
        consultation,
    )


def values_of(store: Store, consultations: Sequence[str]) -> Iterator[AssessedValue]:
    """Stream the assessments of consultations by assessor and item, each in the order of play."""
    return map(AssessedValue._make, store.stream(_VALUES_OF, json.dumps(consultations)))


def value_pairs(store: Store, run: str, first: str, second: str) -> Iterator[ValuePair]:
    """Stream the value pairs of two assessors for the items of consultations that both have scored."""
    return map(ValuePair._make, store.stream(_VALUE_PAIRS, run, first, second))


def item_kinds(store: Store, run: str) -> list[ItemKind]:
    """Count the cases of a run with equal verdicts, by assessor and item."""
    return [ItemKind(**row) for row in store.query(_ITEM_KINDS, _OPEN, _OPEN, run)]


def mean_kinds(store: Store, run: str) -> list[MeanKind]:
    """Count the cases of a run with equal means over the scored items, by assessor.

    An item is a share of its highest value; a consultation without a score is left out.
    """
    highest = json.dumps({item.key: float(item.levels[-1]) for item in ITEMS})
    return [MeanKind(**row) for row in store.query(_MEAN_KINDS, highest, run)]
