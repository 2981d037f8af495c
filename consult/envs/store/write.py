"""The store: every run, consultation, turn and opinion in one SQLite file.

WAL with `synchronous=FULL`, one writer, and one transaction per wave of turns, committed before any of it is shown:
everything that was shown survives a kill at any moment.
"""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self, cast

from consult.agents.acts import Act
from consult.agents.assessors.judge import Judgement
from consult.agents.assessors.rubric import Verdict
from consult.envs.config import RunConfig
from consult.envs.events import Event
from consult.envs.held import is_held, plays_without_lock
from consult.envs.store.columns import add_functions, sound
from consult.envs.store.log import is_foreign, log_of, refuse_spoilt_log
from consult.envs.store.migrations import MIGRATIONS
from consult.envs.store.prompt_rows import Asked, PromptRows
from consult.envs.store.reply_counts import count_rows
from consult.envs.store.rows import Row as Row
from consult.envs.store.rows import acts_of, judgement_row, opinion_row, planned_row, turn_row
from consult.envs.store.rows import consultation_id as consultation_id
from consult.envs.store.spoilt import refuse_spoilt
from consult.errors import StoreError as StoreError
from consult.reading import is_storable, refuse_other_kinds
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


_BESIDE = ("-wal", "-shm", "-journal", ".lock")
"""Ends of the names of files that are kept beside a store."""


@dataclass
class Pending:
    """Work since the last commit."""

    turns: list[tuple[str, int, Act]] = field(default_factory=list)
    ended: list[Event] = field(default_factory=list)
    judged: list[tuple[str, str, Judgement]] = field(default_factory=list)
    """Consultation, judge, and its verdict."""
    asked: list[Asked] = field(default_factory=list)
    """Exchanges of the turns and the consultations that have ended."""
    prompts: bool = True
    """Whether the exchanges are stored, and not only counted."""

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
        refuse_other_kinds(path)
        _refuse_name(path)
        self.path, self._prompts = path, PromptRows()
        if not create and not path.exists():
            raise StoreError(f"there is no database '{path}'; play something first, or name another with --db")
        with sentences(path):
            if path.is_file() and is_foreign(path):
                raise StoreError(f"'{path}' is not an SQLite database; name another with --db")
            if log_of(path):
                _refuse_spoilt_log(path)
            # In a notebook with a running loop, a run is played in another thread while the opening thread waits.
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._file: tuple[int, int] | None = None
        """What identifies the file, once it is a store."""
        try:
            with sentences(path):
                # Before anything is written, since it may be a database of another program.
                if self._taken() == 0 and not create:
                    raise StoreError(f"'{path}' is empty; play something first, or name another with --db")
                self._use_write_ahead_log()
                self._connection.execute("PRAGMA synchronous=FULL")
                self._connection.execute("PRAGMA foreign_keys=ON")
                add_functions(self._connection)
                self._migrate()
                check_tables(self._connection, path)
                self._file = _identity(path)
                # A file or a disk that cannot be written is found out before anything is played.
                with self._transaction():
                    pass
        except BaseException:
            self.close()
            raise

    @cached_property
    def db(self) -> Any:
        """The file as a database of sqlite-utils, which commits each statement by itself."""
        import sqlite_utils

        return sqlite_utils.Database(self._connection)

    @staticmethod
    def check_place(path: Path) -> None:
        """Check, before any work, that a store can be opened or created; none is created.

        Raises:
            StoreError: It cannot.
        """
        if path.exists():
            Store(path).close()
        elif not (path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK)):
            raise StoreError(f"'{path}' {_in_words('unable to open', path)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _taken(self) -> int:
        """Return the number of schema steps that the file has taken; refuse foreign files and newer schemas."""
        # In one statement, since another process may be creating the tables.
        found = "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
        taken, tables = cast(tuple[int, int], self._connection.execute(found).fetchone())
        if taken > len(MIGRATIONS):
            raise StoreError(
                f"'{self.path}' was written by a newer version of consult (schema {taken}); update consult, "
                "or name another database with --db"
            )
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if taken < 0 or (taken == 0 and tables):
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
        """Take the missing schema steps, all of them or none."""
        if self._taken() == len(MIGRATIONS):
            return
        with self._transaction():
            # Read again, since another process may have been faster.
            taken = self._taken()
            try:
                for migrate in MIGRATIONS[taken:]:
                    migrate(self._connection)
            except sqlite3.OperationalError as error:
                raise StoreError(
                    f"'{self.path}' says that it has schema {taken}, which does not fit its tables ({error}); "
                    "restore the file from a copy"
                ) from error
            self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with sentences(self.path):
            if self._file is not None and _identity(self.path) != self._file:
                raise StoreError(
                    f"'{self.path}' was moved, replaced or deleted while it was in use; put it back, with the files "
                    f"'{self.path.name}-wal' and '{self.path.name}-shm', and run the same command again"
                )
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
        hold: Callable[[str], None] = lambda run: None,
    ) -> str:
        """Create a run with its consultations.

        Args:
            config: The run's configuration.
            models: Role → reference and revision.
            versions: Package → version.
            revision: Hash of the scenario.
            truths: Case id → the columns `truth`, `true_specialty`, `true_urgency`, `red_flag`, `style`,
                `skin_type`, `demo`, and of a question `dataset`, `modality`, `question_type`, `question_form`,
                `domain`.
            sees: Doctor's role → whether its model takes photographs.
            prompts: Whether prompts and replies are stored.
            prompt_revision: Revision of the prompts that its models read.
            hold: Called with the run's id before other processes can see the run.

        Returns:
            The run's id.
        """
        with self._transaction():
            run = f"r{self._last_number() + 1}"
            hold(run)
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
                        "created": now(),
                        "sees": None if sees is None else json.dumps(dict(sees)),
                        "prompts": prompts,
                        "prompt_revision": prompt_revision,
                    }
                ],
            )
            self._insert("consultations", [planned_row(run, plan, truths[plan.case]) for plan in config.plan()])
        return run

    def _last_number(self) -> int:
        """Return the highest number of a run, also of one that has been deleted but has consultations."""
        numbers = (
            "SELECT max(CAST(substr(id, 2) AS INTEGER)) FROM "
            "(SELECT id FROM runs UNION ALL SELECT DISTINCT run_id FROM consultations)"
        )
        return self._connection.execute(numbers).fetchone()[0] or 0

    def keep_photograph(self, key: str, png: bytes, width: int, height: int) -> None:
        """Store a photograph from outside; a repeated photograph is stored once."""
        with self._transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO photographs (hash, png, width, height) VALUES (?, ?, ?, ?)",
                (key, png, width, height),
            )

    def adopt(self, run: str) -> None:
        """Mark a run, which the caller holds, as being played; failed consultations will be retried.

        Raises:
            StoreError: Something in it cannot be read.
        """
        failed = "consultation_id IN (SELECT id FROM consultations WHERE run_id = ? AND status = 'failed')"
        refuse_spoilt(self, run)
        with self._transaction():
            self._connection.execute("UPDATE runs SET status = 'running', pid = NULL WHERE id = ?", (run,))
            # The requests of the failed turn are repeated.
            for table in ("prompts", "reply_counts"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE {failed} AND (turn IS NULL OR turn NOT IN "
                    f"(SELECT idx FROM turns WHERE turns.consultation_id = {table}.consultation_id))",
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
            self._insert("reply_counts", count_rows(pending.asked))
            self._prompts.write(self._connection, pending.asked if pending.prompts else ())

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

    def keep_capabilities(self, run: str, found: Mapping[str, Mapping[str, str]]) -> None:
        """Write what a run's models support: reference → name → what was found."""
        with self._transaction():
            self._connection.execute("UPDATE runs SET capabilities = ? WHERE id = ?", (json.dumps(found), run))

    def end(self, run: str, status: str, wall_seconds: float) -> None:
        """Close a run: `finished` or `interrupted`."""
        with self._transaction():
            self._connection.execute(
                "UPDATE runs SET status = ?, ended = ?, pid = NULL, wall_seconds = wall_seconds + ? WHERE id = ?",
                (status, now(), wall_seconds, run),
            )

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for one transaction that reads before it writes: no other process writes in between."""
        with self._transaction():
            yield self._connection

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


@cache
def _schema() -> dict[str, tuple[str, ...]]:
    """Map each table to its columns, as a new store has them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for migrate in MIGRATIONS:
            migrate(connection)
        return _tables(connection)


def _tables(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    found = connection.execute(
        "SELECT m.name, t.name FROM main.sqlite_master m JOIN pragma_table_info(m.name, 'main') t "
        "WHERE m.type = 'table'"
    ).fetchall()
    return {table: tuple(name for of, name in found if of == table) for table in dict(found)}


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a store that lacks a table or a column; more of them do no harm.

    Raises:
        StoreError: It does.
    """
    there = _tables(connection)
    for table, columns in _schema().items():
        lacking = [f"{table}.{name}" for name in columns if name not in there.get(table, columns)]
        if table not in there or lacking:
            what = f"the column '{lacking[0]}'" if lacking else f"the table '{table}'"
            raise StoreError(
                f"'{path}' is damaged: it lacks {what}; restore it from a copy, or read the other tables with: "
                f"sqlite3 {shlex.quote(str(path))} .dump"
            )


def _refuse_spoilt_log(path: Path) -> None:
    """Look at the log before a writer tidies it up."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        with suppress(sqlite3.DatabaseError):
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        refuse_spoilt_log(path)


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn an SQLite error about a file into a sentence with the fix."""
    try:
        yield
    except UnicodeDecodeError as error:
        # SQLite's own message quotes what is spoilt.
        raise StoreError(f"'{path}' {_in_words('a name in its schema is no text', path)}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"'{path}' {_in_words(str(error), path)}") from error


def cannot_be_written(error: sqlite3.OperationalError) -> bool:
    """Return whether SQLite could not create a file that it needs, or not write to one."""
    return any(part in str(error) for part in ("unable to open", "readonly", "read-only"))


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what identifies a file on this machine; None if there is none, as for a store in memory."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse_name(path: Path) -> None:
    """Refuse a name under which SQLite would lose data.

    Raises:
        StoreError: The name is of a file that SQLite keeps beside a store, or one of several names of one file.
    """
    if path.name.endswith(_BESIDE):
        raise StoreError(f"'{path}' has the name of a file that SQLite keeps beside a database; give another --db")
    if path.is_file() and path.stat().st_nlink > 1:
        raise StoreError(
            f"'{path}' is one of several names (hard links) of a file, which SQLite cannot keep in step; make a copy "
            "of it, and give that with --db"
        )
    left = Path(f"{path}-wal")
    if not path.exists() and left.exists():
        raise StoreError(
            f"'{left}' is left of a database '{path.name}' that is not there; put it back, or give another --db"
        )


def _in_words(message: str, path: Path) -> str:
    fixes = {
        "UNIQUE constraint": "was changed by another process that plays the same run; wait for it, and run the same "
        "command again",
        "not a database": "is not an SQLite database; name another with --db",
        "unable to open": "cannot be opened; check that its folder exists and can be written, and that its name is "
        "not too long",
        "readonly": "cannot be written; check its permissions, or name another with --db",
        "read-only": "cannot be written; check its permissions, or name another with --db",
        "disk is full": "cannot be written, since the disk is full; free some space and run the same command again, "
        "nothing is lost",
        "disk I/O": "cannot be read or written, since the disk fails; run the same command again once it can",
        "locked": "is being written by another process; wait for it, or name another with --db",
    }
    rest = f"sqlite3 {shlex.quote(str(path))} .recover | sqlite3 recovered.db"
    damaged = f"is damaged ({message}); restore it from a copy, or save what can be read with: {rest}"
    return next((fix for part, fix in fixes.items() if part in message), damaged)


def now() -> str:
    """Return the time as the store writes it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
