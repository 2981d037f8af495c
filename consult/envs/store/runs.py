"""The runs of a store: their rows and ids, their progress, and their cost."""

from __future__ import annotations

from typing import NamedTuple

from consult.envs.store.columns import sound
from consult.envs.store.rows import Row
from consult.envs.store.write import Store


class FinishedRun(NamedTuple):
    """A finished run."""

    id: str
    config: str
    """The configuration, as JSON."""
    models: str
    """Role → reference and revision, as JSON."""
    wall_seconds: float


class RunCost(NamedTuple):
    """Cost of a run so far."""

    consultations: int
    """Number of consultations, including those that are not played yet."""
    tokens_in: float
    tokens_out: float


def run_ids(store: Store, most: int = -1) -> list[str]:
    """List the ids of the newest runs, the newest first; by default all."""
    return [row["id"] for row in store.query("SELECT id FROM runs ORDER BY rowid DESC LIMIT ?", most)]


def count_runs(store: Store) -> int:
    """Count the runs of a store."""
    counted: int = store.query("SELECT count(*) AS n FROM runs")[0]["n"]
    return counted


def stored_run(store: Store, run: str) -> Row:
    """Return the row of an existing run, without the counts that `Store.run` adds."""
    return store.query("SELECT * FROM runs WHERE id = ?", run)[0]


def keeps_prompts(store: Store, run: str) -> bool:
    """Return whether a run stores prompts and replies."""
    rows = store.query("SELECT prompts FROM runs WHERE id = ?", run)
    return bool(rows and rows[0]["prompts"])


def has_ended(store: Store, run: str) -> bool:
    """Return whether any consultation of a run has ended."""
    return bool(store.query("SELECT 1 FROM consultations WHERE run_id = ? AND status != 'running' LIMIT 1", run))


def count_played(store: Store, run: str) -> int:
    """Count the consultations of a run that need not be played again: those that are neither running nor failed."""
    sql = "SELECT count(*) AS n FROM consultations WHERE run_id = ? AND status NOT IN ('running', 'failed')"
    return int(store.query(sql, run)[0]["n"])


def count_by_status(store: Store, run: str) -> dict[str, int]:
    """Map each status to the number of a run's consultations with it."""
    rows = store.query("SELECT status, count(*) AS n FROM consultations WHERE run_id = ? GROUP BY status", run)
    return {row["status"]: row["n"] for row in rows}


def finished_runs(store: Store) -> list[FinishedRun]:
    """List the finished runs of all scenarios, the newest first."""
    rows = store.query(
        f"SELECT id, config, models, wall_seconds FROM runs WHERE status = 'finished' AND {sound('runs')} "
        "ORDER BY rowid DESC"
    )
    return [FinishedRun(**row) for row in rows]


def cost_of(store: Store, run: str) -> RunCost:
    """Count the consultations of a run and add up the tokens of their turns."""
    row = store.query(
        "SELECT count(DISTINCT c.id) AS consultations, total(t.tokens_in) AS tokens_in, "
        "total(t.tokens_out) AS tokens_out "
        "FROM consultations c LEFT JOIN turns t ON t.consultation_id = c.id WHERE c.run_id = ?",
        run,
    )[0]
    return RunCost(**row)
