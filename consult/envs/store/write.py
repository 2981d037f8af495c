"""The store: every run, consultation, turn and opinion in one SQLite file.

WAL with `synchronous=FULL`, one writer, and one transaction per wave of turns, committed before any of it is shown:
everything that was shown survives a kill at any moment.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast

from consult.agents.acts import Act
from consult.agents.assessors.judge import Judgement
from consult.agents.assessors.rubric import Verdict
from consult.envs.config import Plan, RunConfig
from consult.envs.events import Event
from consult.envs.held import is_held
from consult.envs.store.migrations import MIGRATIONS
from consult.envs.store.prompt_rows import Asked, PromptRows
from consult.envs.store.rows import Row as Row
from consult.envs.store.rows import acts_of, judgement_row, opinion_row, turn_row
from consult.errors import UserError
from consult.scenarios.correct import Correct

_ENDED = (
    "status", "specialty", "urgency", "final_urgency", "alarm_told", "diagnosis", "diagnosis_words", "correct",
    "correct_by", "facts_disclosed", "facts", "error",
)  # fmt: skip
"""Columns of a consultation that are known at its end, named as in its event."""


_CONSULTATIONS = """
SELECT c.*, j.judge, j.verdict, j.why AS verdict_why FROM consultations c LEFT JOIN judgements j ON j.id = (
  SELECT id FROM judgements WHERE consultation_id = c.id ORDER BY verdict IS NOT NULL DESC, id DESC LIMIT 1
)
"""


class StoreError(UserError):
    """A store that cannot be opened or written; the message is one sentence with the fix."""


@dataclass
class Pending:
    """Work since the last commit."""

    turns: list[tuple[str, int, Act]] = field(default_factory=list)
    ended: list[Event] = field(default_factory=list)
    judged: list[tuple[str, str, Judgement]] = field(default_factory=list)
    """Consultation, judge, and its verdict."""
    asked: list[Asked] = field(default_factory=list)
    """Exchanges of the turns and the consultations that have ended."""

    def __bool__(self) -> bool:
        return bool(self.turns or self.ended)


class Store:
    """One database file; use as a context manager."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open a store, creating or migrating it.

        Raises:
            StoreError: The file is missing (with `create=False`), is not an SQLite database of this project, cannot be
                written, or was written by a newer version.
        """
        import sqlite_utils

        self.path, self._prompts = path, PromptRows()
        if not create and not path.exists():
            raise StoreError(f"there is no database '{path}'; play something first, or name another with --db")
        with sentences(path):
            # In a notebook with a running loop, a run is played in another thread while the opening thread waits.
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            # Before anything is written, since it may be a database of another program.
            self._taken()
            self._use_write_ahead_log()
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA foreign_keys=ON")
            self.db = sqlite_utils.Database(self._connection)
            self._migrate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _taken(self) -> int:
        """Return the number of schema steps that the file has taken; refuse foreign files and newer schemas."""
        taken: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if taken > len(MIGRATIONS):
            raise StoreError(
                f"'{self.path}' was written by a newer version of consult (schema {taken}); update consult, "
                "or name another database with --db"
            )
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if taken == 0 and tables:
            raise StoreError(f"'{self.path}' is not a database of consult; name another with --db")
        return taken

    def _use_write_ahead_log(self) -> None:
        mode = self._connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal" and str(self.path) != ":memory:":
            raise StoreError(
                f"SQLite cannot use its write-ahead log for '{self.path}' (journal mode {mode}); name a database on a "
                "local disk with --db"
            )

    def _migrate(self) -> None:
        taken = self._taken()
        for number, migrate in enumerate(MIGRATIONS[taken:], taken + 1):
            with self._transaction():
                if self._connection.execute("PRAGMA user_version").fetchone()[0] >= number:
                    continue  # another process was faster
                migrate(self._connection)
                self._connection.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with sentences(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._prompts.forget()
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    # -- writing ---------------------------------------------------------------------------------------------------

    def begin(
        self,
        config: RunConfig,
        models: Mapping[str, str],
        versions: Mapping[str, str],
        revision: str,
        truths: Mapping[str, Row],
        sees: Mapping[str, bool] | None = None,
        *,
        prompts: bool = False,
        prompt_revision: str | None = None,
    ) -> str:
        """Create a run with its consultations.

        Args:
            config: The run's configuration.
            models: Role → reference and revision.
            versions: Package → version.
            revision: Hash of the scenario.
            truths: Case id → the columns `truth`, `true_specialty`, `true_urgency`, `red_flag`, `style`,
                `skin_type`, `demo`.
            sees: Doctor's role → whether its model takes photographs.
            prompts: Whether prompts and replies are stored.
            prompt_revision: Revision of the prompts that its models read.

        Returns:
            The run's id.
        """
        with self._transaction():
            number = self._connection.execute("SELECT count(*) FROM runs").fetchone()[0] + 1
            run = f"r{number}"
            self._insert(
                "runs",
                [
                    {
                        "id": run,
                        "digest": config.digest(),
                        "status": "running",
                        "seed": config.seed,
                        "scenario": config.scenario,
                        "scenario_revision": revision,
                        "config": config.model_dump_json(),
                        "models": json.dumps(dict(models)),
                        "versions": json.dumps(dict(versions)),
                        "pid": os.getpid(),
                        "created": now(),
                        "sees": None if sees is None else json.dumps(dict(sees)),
                        "prompts": prompts,
                        "prompt_revision": prompt_revision,
                    }
                ],
            )
            self._insert("consultations", [self._planned(run, plan, truths[plan.case]) for plan in config.plan()])
        return run

    def _planned(self, run: str, plan: Plan, truth: Row) -> Row:
        return {
            "id": consultation_id(run, plan.ordinal),
            "run_id": run,
            "ordinal": plan.ordinal,
            "case_id": plan.case,
            "temperament": plan.temperament,
            "strategy": plan.strategy,
            "team": plan.team,
            "seed": plan.seed,
            "repeat": plan.repeat,
            "status": "running",
            **truth,
        }

    def keep_photograph(self, key: str, png: bytes, width: int, height: int) -> None:
        """Store a photograph from outside; a repeated photograph is stored once."""
        with self._transaction():
            self._connection.execute("INSERT OR IGNORE INTO photographs VALUES (?, ?, ?, ?)", (key, png, width, height))

    def adopt(self, run: str) -> None:
        """Mark a run as being played by this process; failed consultations will be retried.

        Raises:
            StoreError: Another process is playing it.
        """
        failed = "consultation_id IN (SELECT id FROM consultations WHERE run_id = ? AND status = 'failed')"
        with self._transaction():
            pid = self._connection.execute("SELECT pid FROM runs WHERE id = ?", (run,)).fetchone()[0]
            if is_alive(pid):
                raise StoreError(f"run {run} is being played by process {pid}; wait for it, or stop it first")
            self._connection.execute("UPDATE runs SET status = 'running', pid = ? WHERE id = ?", (os.getpid(), run))
            # The requests of the failed turn are repeated.
            self._connection.execute(
                f"DELETE FROM prompts WHERE {failed} AND (turn IS NULL OR turn NOT IN "
                "(SELECT idx FROM turns WHERE turns.consultation_id = prompts.consultation_id))",
                (run,),
            )
            self._connection.execute(
                "UPDATE consultations SET status = 'running', error = NULL, correct = NULL, correct_by = NULL "
                "WHERE run_id = ? AND status = 'failed'",
                (run,),
            )

    def commit(self, pending: Pending) -> None:
        """Write a wave in one transaction."""
        with self._transaction():
            self._insert("turns", [turn_row(*turn) for turn in pending.turns])
            self._insert(
                "opinions",
                [opinion_row(cid, i, o) for cid, _, act in pending.turns for i, o in enumerate(act.opinions)],
            )
            assigned = ", ".join(f"{column} = ?" for column in (*_ENDED, "expert"))
            for event in pending.ended:
                expert = json.dumps(event["expert"]) if event["expert"] else None
                self._connection.execute(
                    f"UPDATE consultations SET {assigned} WHERE id = ?",
                    (*(event[column] for column in _ENDED), expert, event["consultation"]),
                )
            self._insert("judgements", [judgement_row(*judged) for judged in pending.judged])
            self._prompts.write(self._connection, pending.asked)

    def keep_judgements(
        self, judge: str, judged: Iterable[tuple[str, Judgement, Correct]], asked: Sequence[Asked] = ()
    ) -> None:
        """Write a judge's verdicts and their decisions in one transaction; later ones replace earlier ones."""
        rows = list(judged)
        with self._transaction():
            for consultation, judgement, decided in rows:
                self._connection.execute(
                    "DELETE FROM judgements WHERE consultation_id = ? AND judge = ?", (consultation, judge)
                )
                self._insert("judgements", [judgement_row(consultation, judge, judgement)])
                self._decide(consultation, decided)
            self._replace_prompts(judge, asked)

    def keep_decisions(self, decided: Iterable[tuple[str, Correct]]) -> None:
        """Write in one transaction whether consultations are right."""
        rows = list(decided)
        with self._transaction():
            for consultation, one in rows:
                self._decide(consultation, one)

    def _decide(self, consultation: str, decided: Correct) -> None:
        self._connection.execute(
            "UPDATE consultations SET correct = ?, correct_by = ? WHERE id = ?", (*decided, consultation)
        )

    def keep_assessments(
        self, assessor: str, judged: Iterable[tuple[str, Mapping[str, Verdict]]], asked: Sequence[Asked] = ()
    ) -> None:
        """Write an assessor's verdicts on consultations in one transaction; later ones replace earlier ones."""
        rows = [
            (consultation, assessor, item, verdict.value, verdict.why, json.dumps(verdict.turns))
            for consultation, verdicts in judged
            for item, verdict in verdicts.items()
        ]
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO assessments (consultation_id, assessor, item, value, why, turns) "
                "VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (consultation_id, assessor, item) "
                "DO UPDATE SET value = excluded.value, why = excluded.why, turns = excluded.turns",
                rows,
            )
            self._replace_prompts(assessor, asked)

    def _replace_prompts(self, model: str, asked: Sequence[Asked]) -> None:
        """Write a judge's or an assessor's exchanges, replacing earlier ones."""
        earlier = {(one.consultation, model, one.role) for one in asked}
        self._connection.executemany(
            "DELETE FROM prompts WHERE consultation_id = ? AND model = ? AND role = ? AND turn IS NULL", sorted(earlier)
        )
        self._prompts.write(self._connection, asked, model)

    def end(self, run: str, status: str, wall_seconds: float) -> None:
        """Close a run: `finished` or `interrupted`."""
        with self._transaction():
            self._connection.execute(
                "UPDATE runs SET status = ?, ended = ?, pid = NULL, wall_seconds = wall_seconds + ? WHERE id = ?",
                (status, now(), wall_seconds, run),
            )

    def write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once per row, in one transaction."""
        with self._transaction():
            self._connection.executemany(statement, rows)

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        columns = list(rows[0])
        slots = ", ".join("?" * len(columns))
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({slots})", [[r[c] for c in columns] for r in rows]
        )

    # -- reading ---------------------------------------------------------------------------------------------------

    def query(self, sql: str, *parameters: Any) -> list[Row]:
        """Run a query and return its rows as dicts."""
        with sentences(self.path):
            return cast(list[Row], list(self.db.query(sql, parameters)))

    def stream(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Run a query and yield its rows as tuples, for large results."""
        with sentences(self.path):
            yield from self.db.conn.execute(sql, parameters)

    def runs(self, most: int = -1, skipped: int = 0) -> list[Row]:
        """List runs with their counts, the newest first, with a limit and an offset."""
        return self._counted("SELECT rowid AS number, * FROM runs ORDER BY rowid DESC LIMIT ? OFFSET ?", most, skipped)

    def run(self, run: str) -> Row | None:
        """Return one run with its counts."""
        return next(iter(self._counted("SELECT rowid AS number, * FROM runs WHERE id = ?", run)), None)

    def _counted(self, runs: str, *parameters: Any) -> list[Row]:
        return self.query(
            f"""
            SELECT r.*, count(c.id) AS consultations,
              sum(c.status = 'finished') AS finished, sum(c.status = 'unfinished') AS unfinished,
              sum(c.status = 'failed') AS failed,
              count(c.correct) AS with_truth, coalesce(sum(c.correct), 0) AS correct,
              coalesce(sum(c.correct_by = 'unjudged'), 0) AS unjudged
            FROM ({runs}) r JOIN consultations c ON c.run_id = r.id
            GROUP BY r.id ORDER BY r.number DESC
            """,
            *parameters,
        )

    def unfinished_run(
        self, digest: str, models: Mapping[str, str] | None = None, prompts: str | None = None
    ) -> Row | None:
        """Find an unfinished run of this configuration that no live process plays.

        Args:
            digest: Digest of the configuration.
            models: Role → reference and revision; if given, the run must have been started with these.
            prompts: Revision of the prompts, which must be the run's if the models are given.
        """
        rows = self.query("SELECT * FROM runs WHERE digest = ? AND status != 'finished' ORDER BY rowid", digest)
        if models is not None:
            rows = [row for row in rows if json.loads(row["models"]) == dict(models)]
            rows = [row for row in rows if row["prompt_revision"] == prompts]
        return next((row for row in rows if not (is_alive(row["pid"]) or is_held(self.path, row["id"]))), None)

    def runs_of(self, digest: str) -> list[Row]:
        """List the runs of a configuration, the newest first."""
        return self.query("SELECT * FROM runs WHERE digest = ? ORDER BY rowid DESC", digest)

    def finished_runs(self, scenario_revision: str) -> list[Row]:
        """List the finished runs of a scenario's current version, the oldest first."""
        statement = "SELECT * FROM runs WHERE scenario_revision = ? AND status = 'finished' ORDER BY rowid"
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


def consultation_id(run: str, ordinal: int) -> str:
    """Name a consultation, e.g. `r3.17`."""
    return f"{run}.{ordinal}"


def is_alive(pid: int | None) -> bool:
    """Return whether another process of this machine has the given process id."""
    if pid is None or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn an SQLite error about a file into a sentence with the fix."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"'{path}' {_mend(str(error))}") from error


def _mend(message: str) -> str:
    fixes = {
        "not a database": "is not an SQLite database; name another with --db",
        "unable to open": "cannot be opened; check that the folder exists and can be written",
        "readonly": "cannot be written; check its permissions, or name another with --db",
        "read-only": "cannot be written; check its permissions, or name another with --db",
        "disk is full": "cannot be written, since the disk is full; free some space and run the same command again, "
        "nothing is lost",
        "disk I/O": "cannot be read or written, since the disk fails; run the same command again once it can",
        "locked": "is being written by another process; wait for it, or name another with --db",
    }
    return next((fix for part, fix in fixes.items() if part in message), f"cannot be used ({message})")


def now() -> str:
    """Return the time as the store writes it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
