"""Judges' verdicts on open diagnoses: the table `judgements`, one row per consultation and judge.

A row without a verdict is one that the judge failed on, with the reason in `why`. `Store.keep_judgements` writes them.
"""

from __future__ import annotations

from typing import NamedTuple

from consult.agents.assessors.judge import Judgement
from consult.envs.store.rows import Row
from consult.envs.store.write import Store


class Undecided(NamedTuple):
    """A consultation whose diagnosis nobody has judged."""

    id: str
    diagnosis: str | None
    truth: str
    revision: str
    """Revision of the scenario that was played."""


def verdicts_by(store: Store, run: str, judge: str) -> dict[str, Judgement]:
    """Map each consultation of a run with a judge's verdict to that verdict."""
    rows = store.query(
        "SELECT j.consultation_id AS id, j.verdict, j.why FROM judgements j "
        "JOIN consultations c ON c.id = j.consultation_id "
        "WHERE c.run_id = ? AND j.judge = ? AND j.verdict IS NOT NULL",
        run,
        judge,
    )
    return {row["id"]: Judgement(row["verdict"], row["why"]) for row in rows}


def count_verdicts(store: Store, run: str, judge: str) -> dict[str | None, int]:
    """Map each verdict of a judge to its number of consultations in a run; the key None counts failures."""
    rows = store.query(
        "SELECT j.verdict, count(*) AS n FROM judgements j JOIN consultations c ON c.id = j.consultation_id "
        "WHERE c.run_id = ? AND j.judge = ? GROUP BY j.verdict",
        run,
        judge,
    )
    return {row["verdict"]: row["n"] for row in rows}


def failed_judgements(store: Store, run: str, judge: str) -> list[Row]:
    """List the consultations that a judge failed on, in order: `consultation`, `why` and `correct_by`."""
    return store.query(
        "SELECT j.consultation_id AS consultation, j.why, c.correct_by FROM judgements j "
        "JOIN consultations c ON c.id = j.consultation_id "
        "WHERE c.run_id = ? AND j.judge = ? AND j.verdict IS NULL ORDER BY c.ordinal",
        run,
        judge,
    )


def count_decided(store: Store, run: str) -> dict[str, int]:
    """Map each judge to the number of a run's consultations that it decides; the judge of the last verdict comes last.

    The last verdict of a consultation is the one that counts.
    """
    rows = store.query(
        "SELECT j.judge, count(*) AS n FROM consultations c JOIN judgements j ON j.id = "
        "(SELECT max(id) FROM judgements WHERE consultation_id = c.id AND verdict IS NOT NULL) "
        "WHERE c.run_id = ? AND c.correct_by = 'judge' GROUP BY j.judge ORDER BY max(j.id)",
        run,
    )
    return {row["judge"]: row["n"] for row in rows}


def undecided(store: Store, run: str) -> list[Undecided]:
    """List the unjudged consultations of a run."""
    rows = store.query(
        "SELECT c.id, c.diagnosis, c.truth, r.scenario_revision AS revision FROM consultations c "
        "JOIN runs r ON r.id = c.run_id WHERE c.run_id = ? AND c.correct_by = 'unjudged'",
        run,
    )
    return [Undecided(**row) for row in rows]
