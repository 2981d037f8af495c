"""Browse a store: a run's consultations by outcome, a page at a time, and the rows of one consultation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields

from consult.agents.assessors.rubric import Assessment, Verdict
from consult.envs.store.rows import Row
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.scenarios import UnknownNameError

NONE = "-"
"""In a filter, selects rows without a value; the empty string selects all rows."""
_RESULTS = {
    "right": "c.correct = 1",
    "wrong": "c.correct = 0",
    "unjudged": "c.correct_by = 'unjudged'",
    "no truth": "c.correct IS NULL AND c.status != 'running'",
}
RESULTS = tuple(_RESULTS)
MOST_LISTED = 500
"""Most ids that a mistyped id is compared with."""
COLUMNS = ("status", "truth", "diagnosis", "specialty", "urgency", "temperament")
"""Columns of `consultations` that can be filtered by one of their values."""


@dataclass(frozen=True)
class Filters:
    """Filters for a run's consultations; the empty string selects all."""

    result: str = ""
    """`right`, `wrong` (also unfinished, failed and unjudged ones), `unjudged` or `no truth`."""
    status: str = ""
    truth: str = ""
    diagnosis: str = ""
    """The attending's diagnosis."""
    specialty: str = ""
    """The triage doctor's specialty; so is the urgency."""
    urgency: str = ""
    temperament: str = ""
    case: str = ""
    """Part of the case's id."""
    assessor: str = ""
    """With the next two: an assessment by this assessor, of this item, with this value."""
    item: str = ""
    value: str = ""
    """A level, or `-` for one that was not scored."""

    def given(self) -> dict[str, str]:
        """Return the filters that are set."""
        return {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name)}


def matching(store: Store, run: str, filters: Filters, most: int, skipped: int) -> list[Row]:
    """List consultations of a run that pass the filters, in order, with a limit and an offset."""
    where, parameters = _where(run, filters)
    sql = f"SELECT c.* FROM consultations c WHERE {where} ORDER BY c.ordinal LIMIT ? OFFSET ?"
    return store.query(sql, *parameters, most, skipped)


def count_matching(store: Store, run: str, filters: Filters) -> int:
    """Count the consultations of a run that pass the filters."""
    where, parameters = _where(run, filters)
    counted: int = store.aggregate(f"SELECT count(*) AS n FROM consultations c WHERE {where}", *parameters)[0]["n"]
    return counted


def _where(run: str, filters: Filters) -> tuple[str, list[str]]:
    conditions, parameters = ["c.run_id = ?"], [run]
    if filters.result:
        conditions.append(_RESULTS.get(filters.result, "0"))
    for column in COLUMNS:
        wanted = getattr(filters, column)
        if wanted == NONE:
            conditions.append(f"c.{column} IS NULL")
        elif wanted:
            conditions.append(f"c.{column} = ?")
            parameters.append(wanted)
    if filters.case:
        conditions.append("instr(c.case_id, ?)")
        parameters.append(filters.case)
    assessed, more = _assessed(filters)
    return " AND ".join([*conditions, *assessed]), [*parameters, *more]


def _assessed(filters: Filters) -> tuple[list[str], list[str]]:
    conditions, parameters = [], []
    for column in ("assessor", "item"):
        wanted = getattr(filters, column)
        if wanted:
            conditions.append(f"a.{column} = ?")
            parameters.append(wanted)
    if filters.value == NONE:
        conditions.append("a.value IS NULL")
    elif filters.value:
        # Values are numbers, and a filter is text.
        conditions.append("a.value = CAST(? AS REAL)")
        parameters.append(filters.value)
    if not conditions:
        return [], []
    where = " AND ".join(["a.consultation_id = c.id", *conditions])
    return [f"EXISTS (SELECT 1 FROM assessments a WHERE {where})"], parameters


def choices(store: Store, run: str) -> dict[str, list[str]]:
    """Return column → its values in a run, sorted; `-` comes last if some rows have none."""
    found: dict[str, list[str]] = {}
    for column in COLUMNS:
        rows = store.aggregate(f"SELECT DISTINCT {column} AS value FROM consultations WHERE run_id = ?", run)
        found[column] = _sorted(row["value"] for row in rows)
    return found


def _sorted(values: Iterable[str | None]) -> list[str]:
    listed = list(values)
    return [*sorted(value for value in listed if value is not None), *([NONE] if None in listed else [])]


def assessors(store: Store) -> list[str]:
    """List the assessors of a store."""
    return [row["assessor"] for row in store.aggregate("SELECT DISTINCT assessor FROM assessments ORDER BY assessor")]


def neighbours(store: Store, row: Row) -> tuple[str | None, str | None]:
    """Return the ids of the consultations before and after one in its run."""
    before = "SELECT id FROM consultations WHERE run_id = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT 1"
    after = "SELECT id FROM consultations WHERE run_id = ? AND ordinal > ? ORDER BY ordinal LIMIT 1"
    found = [store.query(sql, row["run_id"], row["ordinal"]) for sql in (before, after)]
    earlier, later = (rows[0]["id"] if rows else None for rows in found)
    return earlier, later


def elsewhere(store: Store, row: Row, run: Row, most: int) -> list[Row]:
    """List other consultations of the same case and scenario version, the newest run first."""
    sql = (
        "SELECT c.*, r.models FROM consultations c JOIN runs r ON r.id = c.run_id "
        "WHERE c.case_id = ? AND c.id != ? AND r.scenario_revision = ? ORDER BY r.rowid DESC, c.ordinal LIMIT ?"
    )
    return store.query(sql, row["case_id"], row["id"], run["scenario_revision"], most)


def verdicts_on(store: Store, consultation: str) -> dict[str, Assessment]:
    """Return assessor → its verdicts on a consultation, the first assessor first."""
    rows = store.query("SELECT * FROM assessments WHERE consultation_id = ? ORDER BY id", consultation)
    found: dict[str, dict[str, Verdict]] = {}
    for row in rows:
        value = None if row["value"] is None else int(row["value"])
        verdict = Verdict(value, row["why"], tuple(json.loads(row["turns"])))
        found.setdefault(row["assessor"], {})[row["item"]] = verdict
    return dict(found)


def unknown_consultation(store: Store, identifier: str) -> UnknownNameError:
    """List the existing runs if the id is of an unknown run, else the consultations, those of the run first."""
    run = identifier.partition(".")[0]
    if re.fullmatch(r"r\d+", run) and store.run(run) is None:
        return UnknownNameError("run", run, [row["id"] for row in store.runs(MOST_LISTED)])
    rows = store.query("SELECT id FROM consultations WHERE run_id = ? ORDER BY ordinal LIMIT ?", run, MOST_LISTED)
    if not rows:
        rows = store.query("SELECT id FROM consultations ORDER BY run_id DESC, ordinal LIMIT ?", MOST_LISTED)
    return UnknownNameError("consultation", identifier, [row["id"] for row in rows])


def consultation_of(store: Store, run: str, name: str) -> Row:
    """Return a consultation of a run by its id or by its case.

    Raises:
        UnknownNameError: There is no such run, or it has no such consultation.
        UserError: The case was played several times.
    """
    rows = store.consultations(run)
    if not rows:
        raise UnknownNameError("run", run, [row["id"] for row in store.runs()])
    found = [row for row in rows if name in (row["id"], row["case_id"])]
    if not found:
        raise UnknownNameError("consultation", name, [n for row in rows for n in (row["case_id"], row["id"])])
    if len(found) > 1:
        several = ", ".join(f"{row['id']} ({row['temperament']})" for row in found)
        raise UserError(f"case '{name}' was played {len(found)} times; name one: {several}")
    return found[0]
