"""The store: every run, consultation, turn and opinion in one SQLite file.

WAL with `synchronous=FULL`, one writer, and one transaction per wave of turns, committed before any of it is shown:
everything that was shown survives a kill at any moment.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from consult.agents.acts import Act
from consult.agents.assessors.judge import Judgement
from consult.agents.assessors.rubric import Verdict
from consult.envs.config import RunConfig
from consult.envs.events import Event
from consult.envs.store.prompt_rows import Asked, PromptRows
from consult.envs.store.readable import ReadableStore
from consult.envs.store.reply_counts import count_rows
from consult.envs.store.rows import Row, judgement_row, opinion_row, planned_row, turn_row
from consult.envs.store.spoilt import refuse_spoilt
from consult.scenarios.correct import Correct

_ENDED = (
    "status", "specialty", "urgency", "final_urgency", "alarm_told", "diagnosis", "diagnosis_words", "correct",
    "correct_by", "facts_disclosed", "facts", "error",
)  # fmt: skip
"""Columns of a consultation that are known at its end, named as in its event."""


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


class Store(ReadableStore):
    """One database file, into which runs are written; use as a context manager."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open a store, creating or migrating it.

        Raises:
            StoreError: As `StoreFile`.
        """
        self._prompts = PromptRows()
        super().__init__(path, create=create)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with super()._transaction():
                yield
        except BaseException:
            self._prompts.forget()
            raise

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


def now() -> str:
    """Return the time as the store writes it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
