"""Results as tables and transcripts: `Run`, `Runs` and `Transcript` read the store on access."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from html import escape
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consult.api.checks import for_python, path_of, shown, store_file
from consult.api.given import PathLike
from consult.counts import count_of
from consult.envs.prompts import StoredPrompt, prompts_of, prompts_of_run, refuse_without_prompts
from consult.envs.store.queries import consultation_of
from consult.envs.store.readable import stored_decision
from consult.envs.store.readonly import reading
from consult.envs.store.rows import Row
from consult.envs.store.tables import declared_types, rows_of
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.foreign_text import as_html
from consult.plugins import blame
from consult.scenarios import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

    from consult.envs.events import Event
    from consult.render.page_parts import Told
    from consult.rl.rewards.decisions import Interview

RewardLike = str | Callable[..., Any]
"""The name of a reward, a reference to one, or a function as `consult.reward` takes it."""
_BOOLEAN = (
    "correct", "demo", "accepts", "draft_backed", "draft_leaked", "draft_fallback", "said_backed", "said_leaked",
    "usable", "first_usable", "prompts", "constrained",
)  # fmt: skip
"""Columns of 0, 1 and null."""
_TYPES = {"INTEGER": "Int64", "REAL": "Float64"}
"""SQLite's → pandas'."""
_COUNTS = {
    "consultations": "consultations", "finished": "finished", "unfinished": "unfinished", "failed": "failed",
    "with_truth": "with_truth", "correct": "correct_n", "unjudged": "unjudged",
}  # fmt: skip
"""Counts of a run, as the store names them → as the table does; `correct` is a boolean of a consultation."""
_HEIGHT = 640
"""Height of a transcript in a notebook, in pixels."""
WIDTH = 100
"""Width of a transcript as text, in columns."""


class Run:
    """One run in a store. Tables have the store's columns, one row each, in the order of play.

    Args:
        db: The store's file.
        id: The run's id, such as `r3`.

    Raises:
        UnknownNameError: The store has no such run.
        StoreError: The store cannot be opened.
    """

    def __init__(self, db: PathLike, id: str) -> None:
        self.db, self.id = store_file(db), id
        if not isinstance(id, str):
            raise UserError(f"{shown(id)} is not a run's id; give one such as 'r1'")
        with reading(self.db, self.id) as store:
            run_row(store, id)

    @property
    def _row(self) -> Row:
        """The run's row with its counts, read again on access: an assessment or another process may have changed it."""
        with reading(self.db, self.id) as store:
            row = run_row(store, self.id)
            return {**row, "status": store.state(row)}

    @property
    def status(self) -> str:
        """finished, interrupted or running, at this moment; the run of a killed process is interrupted."""
        return str(self._row["status"])

    @property
    def config(self) -> dict[str, Any]:
        """The configuration: scenario, cases, models of the roles, seed."""
        return dict(json.loads(self._row["config"]))

    @property
    def models(self) -> dict[str, str]:
        """Role → reference and revision."""
        return dict(json.loads(self._row["models"]))

    @property
    def accuracy(self) -> float | None:
        """Share of consultations that are right, 0 to 1, as currently stored; None if no truth is known."""
        row = self._row
        return row["correct"] / row["with_truth"] if row["with_truth"] else None

    @property
    def consultations(self) -> pd.DataFrame:
        """The consultations; `correct` is true, false, or missing if no truth is known."""
        return self._table("consultations")

    @property
    def turns(self) -> pd.DataFrame:
        """The turns of all consultations; `seconds` of model time, `tokens_in` and `tokens_out` in tokens."""
        return self._table("turns")

    @property
    def opinions(self) -> pd.DataFrame:
        """The specialists' opinions; `confidence` from 0 to 1."""
        return self._table("opinions")

    @property
    def assessments(self) -> pd.DataFrame:
        """One row per rubric item and assessor; a missing `value` was not scored, which is not 0."""
        return self._table("assessments")

    @property
    def judgements(self) -> pd.DataFrame:
        """A judge's verdicts on open diagnoses."""
        return self._table("judgements")

    @property
    def prompts(self) -> pd.DataFrame:
        """The prompts: one row per request, with the store's columns and the texts as sent.

        `messages` is a list of dicts of `role`, `content` and `images`; `grammar` is a dict or None. All texts are held
        in memory: for a large run, read `run["r3.17"].prompts` one by one.

        Raises:
            NoPromptsError: They were not stored for this run.
        """
        refuse_without_prompts(self._row)
        with reading(self.db, self.id) as store:
            types = {name: kind for name, kind in _types(store, "prompts").items() if name != "id"}
            rows = [_as_row(one) for one in prompts_of_run(store, self.id)]
        return _typed(rows, types | {"messages": "object", "grammar": "object"})

    @for_python
    def scores(self, *rewards: RewardLike) -> pd.DataFrame:
        """Score every consultation with your rewards.

        Args:
            rewards: Functions of one consultation that return a number, or None if they cannot tell; `file.py:name`,
                or names of built-in rewards of `train interview`.

        Returns:
            A DataFrame: one row per consultation, by its id; one column per reward, by its name, numbered if two have
            the same name. A score is missing (NaN) if the reward cannot tell, such as `diagnosis` without a true one,
            or if the consultation has not ended.

        Raises:
            UserError: A reward does not score whole consultations.
            PluginError: A reward raised an error, or did not return a finite number; the message names the reward and
            the consultation.
        """
        import pandas as pd

        from consult.rl.rewards.user_rewards import over_consultations

        columns: dict[str, Callable[[Interview], Any]] = {}
        for given in rewards:
            name, reward = over_consultations(given)
            numbered = (name if n == 1 else f"{name}-{n}" for n in count(1))
            columns[next(one for one in numbered if one not in columns)] = reward
        rows = []
        for transcript in self:
            row: dict[str, Any] = {"id": transcript.id}
            for name, reward in columns.items():
                row[name] = _score(name, reward, transcript)
            rows.append(row)
        return pd.DataFrame(rows, columns=["id", *columns]).set_index("id").astype("float64")

    def __len__(self) -> int:
        """Count the consultations."""
        return int(self._row["consultations"])

    def __iter__(self) -> Iterator[Transcript]:
        """Iterate over the consultations."""
        with reading(self.db, self.id) as store:
            ids = [row["id"] for row in store.consultations(self.id)]
        return (Transcript(self.db, one) for one in ids)

    def __getitem__(self, name: str) -> Transcript:
        """Return a consultation by its id (`r3.17`) or by its case (`test-0017`).

        Raises:
            UnknownNameError: The run has no such consultation.
            UserError: The case was played several times.
        """
        if not isinstance(name, str):
            raise UserError(f"{shown(name)} is not a consultation; give an id such as '{self.id}.1', or a case's")
        with reading(self.db, self.id) as store:
            return Transcript(self.db, consultation_of(store, self.id, name)["id"])

    def __repr__(self) -> str:
        try:
            state = _in_words(self._row)
        except UserError:
            state = "cannot be read"  # the file was moved or removed
        return f"<run {self.id} of {self.db}: {state}>"

    def _repr_html_(self) -> str:
        shown = self.consultations[["id", "case_id", "temperament", "status", "diagnosis", "truth", "correct"]]
        return f"<p>{as_html(repr(self).strip('<>'))}</p>{shown.to_html(index=False, max_rows=20, na_rep='')}"

    def _table(self, table: str) -> pd.DataFrame:
        with reading(self.db, self.id) as store:
            return _typed(rows_of(store, table, self.id), _types(store, table))


class Runs:
    """The runs of a store, the newest first; `runs["r3"]` is one of them.

    Args:
        db: The store's file.

    Raises:
        StoreError: There is no such store, or it cannot be opened.
    """

    def __init__(self, db: PathLike) -> None:
        self.db = store_file(db)
        with reading(self.db) as store:
            self._ids = [row["id"] for row in store.runs()]

    @property
    def table(self) -> pd.DataFrame:
        """One row a run, with counts of its consultations.

        `with_truth` are those whose truth is known, `correct_n` those of them that are right, and `unjudged` those that
        count as wrong because they have not been judged.
        """
        with reading(self.db) as store:
            rows = [{**row, "status": store.state(row)} for row in store.runs()]
            counts = dict.fromkeys(_COUNTS, "Int64")
            types = {**_types(store, "runs"), **counts}
        found = _typed([{name: row[name] for name in types} for row in rows], types)
        return found.rename(columns=_COUNTS)

    def __len__(self) -> int:
        """Count the runs."""
        return len(self._ids)

    def __iter__(self) -> Iterator[Run]:
        """Iterate over the runs."""
        return (Run(self.db, one) for one in self._ids)

    def __getitem__(self, run: str) -> Run:
        """Return a run by its id.

        Raises:
            UnknownNameError: There is no such run.
        """
        return Run(self.db, run)

    def __repr__(self) -> str:
        return f"<{count_of(len(self), 'run')} of {self.db}{': ' if self._ids else ''}{', '.join(self._ids)}>"

    def _repr_html_(self) -> str:
        columns = ["id", "status", "created", "scenario", "seed", "consultations", "failed", "with_truth", "correct_n"]
        return str(self.table[columns].to_html(index=False, max_rows=20)) if self._ids else as_html(repr(self))


class Transcript:
    """One consultation: it displays as text in a terminal and as a page in a notebook.

    Args:
        db: The store's file.
        id: The consultation's id, such as `r3.17`.

    Raises:
        UnknownNameError: The store has no such consultation.
    """

    def __init__(self, db: PathLike, id: str) -> None:
        self.db, self.id = Path(db), id

    @cached_property
    def _told(self) -> Told:
        from consult.render.stored import told

        with reading(self.db, self.id) as store:
            return told(store, self.id)

    @property
    def row(self) -> Row:
        """The consultation's row in the store: case_id, diagnosis, truth, correct, urgency and the others."""
        return dict(self._told.row)

    @property
    def events(self) -> list[Event]:
        """The events in order: turns, opinions and the end, as `--json` prints them."""
        from consult.render.page_parts import events_of

        return events_of(self._told)

    @property
    def prompts(self) -> list[StoredPrompt]:
        """The prompts in order, with raw replies and how they were read.

        Raises:
            NoPromptsError: They were not stored for this run.
        """
        refuse_without_prompts(self._told.run)
        with reading(self.db, self.id) as store:
            return prompts_of(store, self.id)

    @property
    def consultation(self) -> Interview:
        """Its scenario, case, acts and status, as passed to a reward."""
        from consult.rl.rewards.decisions import Interview

        told = self._told
        return Interview(told.scenario, told.case, told.acts, told.row["status"], stored_decision(told.row))

    def html(self) -> str:
        """Return one self-contained HTML page: no script, no network, no second file."""
        from consult.render.page import consultation_page

        told = self._told
        return consultation_page(told.row, told.acts, told.case, told.scenario, told.run, told.assessments)

    def save(self, path: PathLike) -> None:
        """Write the page.

        Raises:
            UserError: The place cannot be written, or holds a file that is not an HTML page.
            OSError: The disk is full.
        """
        from consult.whole_files import check_page, write_whole

        page = path_of("path", path)
        check_page(page)
        write_whole(page, self.html())

    def __str__(self) -> str:
        from io import StringIO

        from consult.render.console import PlainConsole
        from consult.render.transcript import print_consultation

        out, told = StringIO(), self._told
        console = PlainConsole(file=out, width=WIDTH, force_terminal=False)
        print_consultation(console, told.row, told.acts, told.case, told.scenario, told.run)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        # A frame keeps the page's style inside, and keeps model output out of the notebook's document.
        style = f"width:100%;height:{_HEIGHT}px;border:0"
        return f'<iframe sandbox srcdoc="{escape(self.html())}" style="{style}"></iframe>'


def run_row(store: Store, run: str) -> Row:
    """Return a run's row.

    Raises:
        UnknownNameError: There is no such run.
    """
    row = store.run(run)
    if row is None:
        raise UnknownNameError("run", run, [r["id"] for r in store.runs()])
    return row


def _score(name: str, reward: Callable[[Interview], Any], transcript: Transcript) -> float | None:
    """Score a consultation; return None if it has not ended or the reward cannot tell."""
    from consult.rl.rewards.decisions import RUNNING
    from consult.rl.rewards.user_rewards import paid

    consultation, where = transcript.consultation, f" on {transcript.id}"
    if consultation.status == RUNNING:
        return None
    with blame("reward", name, where=where):
        found = reward(consultation)
        return None if found is None else paid(name, found, where)


def place_of(run: Run | str, db: PathLike) -> tuple[Path, str]:
    """Return a run's store and its id, from the run or from its id.

    Raises:
        UserError: It is neither.
    """
    if isinstance(run, Run):
        return run.db, run.id
    if not isinstance(run, str):
        raise UserError(f"{shown(run)} is not a run; give a run, or its id such as 'r1'")
    return store_file(db), run


@for_python
def load(db: PathLike = "consult.db") -> Runs:
    """Open a store.

    Args:
        db: The SQLite file. A store written by an older version is migrated.

    Returns:
        Its runs, the newest first.

    Raises:
        StoreError: There is no such file, or it is not a store.
    """
    return Runs(db)


def _in_words(row: Row) -> str:
    from consult.render.verdict import right_of

    ended, planned = sum(row[name] for name in ("finished", "unfinished", "failed")), row["consultations"]
    played = f"{planned} consultation{'' if planned == 1 else 's'}"
    if ended < planned:
        played = f"{ended} of {played} played"
    failed = f", {row['failed']} failed" if row["failed"] else ""
    return f"{row['status']}, {played}{failed}" + (f", {right_of(row)}" if ended else "")


def _as_row(prompt: StoredPrompt) -> Row:
    row = prompt.event()
    return {"consultation_id": row.pop("consultation"), **row}


def _types(store: Store, table: str) -> dict[str, str]:
    """Return column → pandas' type, as the store declares it."""
    usual = {name: _TYPES.get(declared, "string") for name, declared in declared_types(store, table).items()}
    return {name: "boolean" if name in _BOOLEAN else kind for name, kind in usual.items()}


def _typed(rows: list[Row], types: Mapping[str, str]) -> pd.DataFrame:
    """Make a table with pandas' nullable types, so that counts stay integers."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(types)).astype(dict(types))
