"""What is read from a store: runs, consultations and their acts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from consult.agents.acts import Act
from consult.envs.held import is_held, plays_without_lock
from consult.envs.store.columns import sound
from consult.envs.store.file import StoreFile
from consult.envs.store.rows import Row, acts_of
from consult.envs.store.sentences import sentences
from consult.reading import is_storable
from consult.scenarios.correct import Correct

_CONSULTATIONS = """
SELECT c.*, j.judge, j.verdict, j.why AS verdict_why FROM consultations c LEFT JOIN judgements j ON j.id = (
  SELECT id FROM judgements WHERE consultation_id = c.id ORDER BY verdict IS NOT NULL DESC, id DESC LIMIT 1
)
"""


class ReadableStore(StoreFile):
    """A store, of which runs, consultations and acts are read."""

    def query(self, sql: str, *parameters: Any) -> list[Row]:
        """Run a query and return its rows as dicts; a name that no store can hold finds none."""
        if not all(map(is_storable, parameters)):
            return []
        with sentences(self.path):
            return cast(list[Row], list(self.db.query(sql, parameters)))

    def aggregate(self, sql: str, *parameters: Any) -> list[Row]:
        """Run a query that reads many rows for a short answer."""
        return self.query(sql, *parameters)

    def stream(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Run a query and yield its rows as tuples, for large results."""
        with sentences(self.path):
            yield from self._connection.execute(sql, parameters)

    def runs(self, most: int = -1, skipped: int = 0) -> list[Row]:
        """List runs with their counts, the newest first, with a limit and an offset."""
        return self._counted("id IN (SELECT id FROM runs ORDER BY rowid DESC LIMIT ? OFFSET ?)", most, skipped)

    def run(self, run: str) -> Row | None:
        """Return one run with its counts."""
        return next(iter(self._counted("id = ?", run)), None)

    def _counted(self, which: str, *parameters: Any) -> list[Row]:
        # Counted first and joined then: a configuration is long, and would be carried along with each consultation.
        return self.aggregate(
            f"""
            SELECT r.rowid AS number, r.*, json_extract(config, '$.strategy') AS strategy,
              json_extract(config, '$.team') AS team, c.consultations, c.finished, c.unfinished, c.failed,
              c.with_truth, c.correct, c.unjudged
            FROM runs r JOIN (
              SELECT run_id, count(id) AS consultations,
                sum(status = 'finished') AS finished, sum(status = 'unfinished') AS unfinished,
                sum(status = 'failed') AS failed,
                count(correct) AS with_truth, coalesce(sum(correct), 0) AS correct,
                coalesce(sum(correct_by = 'unjudged'), 0) AS unjudged
              FROM consultations WHERE run_id IN (SELECT id FROM runs WHERE {which}) GROUP BY run_id
            ) c ON c.run_id = r.id
            ORDER BY r.rowid DESC
            """,
            *parameters,
        )

    def unfinished_run(self, digest: str, models: Mapping[str, str], prompts: str | None = None) -> Row | None:
        """Find an unfinished run of this configuration that nobody plays.

        Args:
            digest: Digest of the configuration.
            models: Role → reference and revision that the run was started with.
            prompts: Revision of the prompts that it was started with.
        """
        rows = (row for row in self.unfinished_runs(digest) if json.loads(row["models"]) == dict(models))
        return next((row for row in rows if row["prompt_revision"] == prompts and not self.is_played(row)), None)

    def unfinished_runs(self, digest: str) -> list[Row]:
        """List the unfinished runs of a configuration, the oldest first, including those that are being played."""
        return self.query(
            f"SELECT * FROM runs WHERE digest = ? AND status != 'finished' AND {sound('runs')} ORDER BY rowid", digest
        )

    def is_played(self, run: Row) -> bool:
        """Return whether another process, or another thread of this one, plays a run."""
        return is_held(self.path, run["id"]) or plays_without_lock(run["pid"])

    def state(self, run: Row) -> str:
        """Return the status of a run; a run is interrupted if it is stored as running and nobody plays it."""
        status: str = run["status"]
        return "interrupted" if status == "running" and not self.is_played(run) else status

    def runs_of(self, digest: str) -> list[Row]:
        """List the runs of a configuration, the newest first."""
        return self.query(f"SELECT * FROM runs WHERE digest = ? AND {sound('runs')} ORDER BY rowid DESC", digest)

    def finished_runs(self, scenario_revision: str) -> list[Row]:
        """List the finished runs of a scenario's current version, the oldest first."""
        statement = (
            f"SELECT * FROM runs WHERE scenario_revision = ? AND status = 'finished' AND {sound('runs')} ORDER BY rowid"
        )
        return self.query(statement, scenario_revision)

    def consultations(self, run: str) -> list[Row]:
        """List a run's consultations in order, each with the verdict of the judge that decides."""
        return self.query(f"{_CONSULTATIONS} WHERE c.run_id = ? ORDER BY c.ordinal", run)

    def consultation(self, identifier: str) -> Row | None:
        """Return one consultation."""
        return next(iter(self.query(f"{_CONSULTATIONS} WHERE c.id = ?", identifier)), None)

    def acts(self, consultation: str) -> list[Act]:
        """Return a consultation's acts in order."""
        turns = self.query("SELECT * FROM turns WHERE consultation_id = ? ORDER BY idx", consultation)
        opinions = self.query("SELECT * FROM opinions WHERE consultation_id = ? ORDER BY idx", consultation)
        return acts_of(turns, opinions)

    def acts_of(self, run: str) -> dict[str, list[Act]]:
        """Return the acts of all consultations of a run, by their ids."""
        from itertools import groupby

        within = "consultation_id IN (SELECT id FROM consultations WHERE run_id = ?) ORDER BY consultation_id, idx"
        turns = self.query(f"SELECT * FROM turns WHERE {within}", run)
        opinions = self.query(f"SELECT * FROM opinions WHERE {within}", run)
        panels = {key: list(rows) for key, rows in groupby(opinions, lambda row: row["consultation_id"])}
        return {
            key: acts_of(list(rows), panels.get(key, []))
            for key, rows in groupby(turns, lambda row: row["consultation_id"])
        }


def stored_decision(row: Row) -> Correct:
    """Return the decision on a consultation, from its row."""
    return Correct(None if row["correct"] is None else bool(row["correct"]), row["correct_by"])


def stored_judgement(row: Row) -> Row | None:
    """Return the deciding judge's verdict on a consultation, from its row; None if none was needed."""
    if row["judge"] is None or row["correct_by"] not in ("judge", "unjudged"):
        return None
    return {"judge": row["judge"], "verdict": row["verdict"], "why": row["verdict_why"]}
