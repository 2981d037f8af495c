"""What of a store cannot be read any more, and how the rest is read without it.

A spoilt consultation is read as a failed one that names what is spoilt; a spoilt run, verdict, benchmark, photograph or
prediction is left out. Temporary views take the place of the tables, so that no query has to know of it, and nothing is
written to the file. Without a finding there are no views.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from consult.counts import count_of
from consult.envs.config import stored_config
from consult.envs.store.columns import all_sound, conditions, first_spoilt, sound
from consult.envs.store.rows import Row, consultation_id, planned_row
from consult.errors import StoreError

if TYPE_CHECKING:
    from consult.envs.store.readonly import ReadOnlyStore
    from consult.envs.store.write import Store

_PLAYED = ("turns", "opinions")
"""Tables whose rows a consultation consists of."""
_VERDICTS = ("assessments", "judgements")
_ASIDE = ("benchmarks", "benchmark_runs", "photographs", "classifier_predictions")
_TRUTHS = (
    "truth", "true_specialty", "true_urgency", "red_flag", "style", "skin_type", "demo",
    "dataset", "modality", "question_type", "question_form", "domain",
)  # fmt: skip
"""Columns of a consultation that do not depend on how it was played: they are kept if they can be read."""
_LENGTH = (
    "json_array_length(config, '$.cases') * coalesce(json_extract(config, '$.repeats'), 1) "
    "* iif(json_extract(config, '$.all_temperaments'), json_array_length(config, '$.temperaments'), 1)"
)
"""SQL for the number of consultations of a run."""
_CANNOT = "cannot be read from the store: "
MOST_NAMED = 3
"""Findings that a sentence names."""


class Spoilt(NamedTuple):
    """One thing that cannot be read."""

    what: str
    """Run, consultation or row, in words."""
    why: str


class Findings:
    """What was found in a store, and what is read in its place.

    Args:
        store: The store, opened for reading.
    """

    def __init__(self, store: ReadOnlyStore) -> None:
        self._store = store
        self.runs: dict[str, str] = {}
        """Spoilt run → why."""
        self.consultations: dict[str, str] = {}
        """Spoilt consultation → why."""
        self.rows: list[Spoilt] = []
        """Rows that are left out."""
        self._views = False

    def all(self) -> list[Spoilt]:
        """List everything that was found."""
        return [
            *(Spoilt(f"run {run}", why) for run, why in self.runs.items()),
            *(Spoilt(f"consultation {one}", why) for one, why in self.consultations.items()),
            *self.rows,
        ]

    def look_at_runs(self) -> None:
        """Look at all runs, at the columns of their consultations, and at the tables beside them."""
        self.runs = dict(spoilt_runs(self._store))
        found = dict(_spoilt_consultations(self._store))
        lacking = _incomplete(self._store, among=sound("consultations") if found else "1")
        self._replace({one: why for one, why in found.items() if one}, lacking)
        self.rows += [row for table in _ASIDE for row in _spoilt_rows(self._store, table)]
        if self.runs or found or self.rows:
            self._take_the_place()

    def look_at(self, run: str, consultation: str | None = None) -> None:
        """Look at the configuration, turns, opinions and verdicts of a run, or of one of its consultations."""
        if run in self.runs or not self._store.query("SELECT 1 FROM main.runs WHERE id = ?", run):
            return
        why = _spoilt_config(self._store, run)
        if why is not None:
            self.runs[run] = why
            self._take_the_place()
            return
        within = _within(run, consultation)
        found = dict(_spoilt_plays(self._store, *within))
        self._replace({one: why for one, why in found.items() if one not in self.consultations}, {})
        where, name = f"consultation_id IN (SELECT id FROM main.consultations WHERE {within[0]})", within[1]
        self.rows += (rows := [row for table in _VERDICTS for row in _spoilt_rows(self._store, table, where, name)])
        if found or rows:
            self._take_the_place()

    # -- reading the rest ------------------------------------------------------------------------------------------

    def _replace(self, spoilt: Mapping[str, str], incomplete: Mapping[str, str]) -> None:
        """Replace damaged consultations, and those that a run lacks, with failed ones."""
        concerned = {one.rpartition(".")[0] for one in spoilt} | set(incomplete)
        replaced: list[Row] = []
        for run in sorted(concerned - set(self.runs)):
            why = _spoilt_config(self._store, run)
            if why is not None:
                self.runs[run] = why
            else:
                replaced += self._replaced(run, spoilt, lacking=run in incomplete)
        self.consultations |= {row["id"]: row["error"].removeprefix(_CANNOT) for row in replaced}
        if replaced:
            self._take_the_place()
            with self._store.temporary() as connection:
                names = list(replaced[0])
                slots = ", ".join(f":{name}" for name in names)
                connection.executemany(f"INSERT INTO replaced ({', '.join(names)}) VALUES ({slots})", replaced)

    def _replaced(self, run: str, spoilt: Mapping[str, str], *, lacking: bool) -> Iterator[Row]:
        config = self._store.query("SELECT config FROM main.runs WHERE id = ?", run)[0]["config"]
        readable = f"SELECT id FROM main.consultations WHERE run_id = ? AND {sound('consultations')}"
        rows = self._store.query(readable, run) if lacking else []
        present = {row["id"] for row in rows}
        for plan in stored_config(config).plan():
            name = consultation_id(run, plan.ordinal)
            why = spoilt.get(name) or ("its row is missing" if lacking and name not in present else None)
            if why is not None:
                yield {
                    **planned_row(run, plan, _truths(self._store, name)),
                    "status": "failed",
                    "error": f"{_CANNOT}{why}",
                }

    def _take_the_place(self) -> None:
        with self._store.temporary() as connection:
            if not self._views:
                connection.execute("CREATE TEMP TABLE spoilt_runs (id PRIMARY KEY)")
                connection.execute("CREATE TEMP TABLE spoilt_consultations (id PRIMARY KEY)")
                connection.execute("CREATE TEMP TABLE replaced AS SELECT * FROM main.consultations WHERE 0")
                connection.execute(
                    f"INSERT OR IGNORE INTO spoilt_runs SELECT id FROM main.runs WHERE NOT {sound('runs')}"
                )
                connection.execute(
                    "INSERT OR IGNORE INTO spoilt_consultations SELECT id FROM main.consultations "
                    f"WHERE NOT {sound('consultations')}"
                )
                for table, rows in _views().items():
                    connection.execute(f"CREATE TEMP VIEW {table} AS {rows}")
                self._views = True
            connection.executemany("INSERT OR IGNORE INTO spoilt_runs VALUES (?)", [(run,) for run in self.runs])
            connection.executemany(
                "INSERT OR IGNORE INTO spoilt_consultations VALUES (?)", [(one,) for one in self.consultations]
            )


def _views() -> dict[str, str]:
    """Map each table to what is read in its place."""
    readable = "consultation_id NOT IN (SELECT id FROM spoilt_consultations WHERE id IS NOT NULL)"
    runs = "(SELECT id FROM spoilt_runs WHERE id IS NOT NULL)"
    return {
        "runs": f"SELECT rowid AS rowid, * FROM main.runs WHERE id NOT IN {runs}",
        "consultations": (
            f"SELECT * FROM main.consultations WHERE run_id NOT IN {runs} "
            "AND id NOT IN (SELECT id FROM spoilt_consultations WHERE id IS NOT NULL) UNION ALL SELECT * FROM replaced"
        ),
        **{name: f"SELECT * FROM main.{name} WHERE {readable}" for name in (*_PLAYED, "prompts")},
        **{
            name: f"SELECT * FROM main.{name} WHERE {readable} AND {sound(name)}"
            for name in (*_VERDICTS, "reply_counts")
        },
        **{
            name: f"SELECT {'rowid AS rowid, ' if name == 'benchmarks' else ''}* FROM main.{name} WHERE {sound(name)}"
            for name in _ASIDE
        },
    }


# -- looking -----------------------------------------------------------------------------------------------------------


def spoilt_runs(store: Store) -> Iterator[tuple[str, str]]:
    """Yield each damaged run and the reason; a run without its row is damaged, too."""
    rows = store.stream(f"SELECT id, rowid, {first_spoilt('runs')} FROM main.runs WHERE NOT {sound('runs')}")
    for name, number, column in rows:
        yield name if isinstance(name, str) and re.fullmatch(r"r\d+", name) else f"r{number}", f"runs.{column}"
    gone = "SELECT DISTINCT run_id FROM main.consultations WHERE run_id NOT IN (SELECT id FROM main.runs)"
    for (name,) in store.stream(f"{gone} AND typeof(run_id) = 'text' AND is_utf8(CAST(run_id AS BLOB))"):
        yield name, "its row is missing"


def _spoilt_consultations(store: Store, where: str = "1", *parameters: Any) -> Iterator[tuple[str, str]]:
    """Yield each consultation with a column that cannot be read, and why; the name is empty if it is not known."""
    rows = store.stream(
        "SELECT iif(typeof(run_id) = 'text' AND is_utf8(CAST(run_id AS BLOB)), run_id, NULL), "
        f"iif(typeof(ordinal) = 'integer', ordinal, NULL), {first_spoilt('consultations')} FROM main.consultations "
        f"WHERE {where} AND NOT {sound('consultations')}",
        *parameters,
    )
    for run, ordinal, column in rows:
        yield consultation_id(run, ordinal) if run and ordinal else "", f"consultations.{column}"


def _incomplete(store: Store, among: str = "1") -> dict[str, str]:
    """Map each run that lacks consultations to why; rows that do not meet a condition do not count."""
    rows = store.stream(
        f"SELECT r.id, (SELECT count(*) FROM main.consultations WHERE run_id = r.id AND {among}), length "
        f"FROM (SELECT id, {_LENGTH} AS length FROM main.runs WHERE {sound('runs')}) r"
    )
    return {run: "consultations are missing" for run, count, length in rows if count < length}


def _spoilt_config(store: Store, run: str) -> str | None:
    rows = store.aggregate(f"SELECT config, {first_spoilt('runs')} AS spoilt FROM main.runs WHERE id = ?", run)
    if not rows:
        return "its row is missing"
    if rows[0]["spoilt"] is not None:
        return f"runs.{rows[0]['spoilt']}"
    try:
        stored_config(rows[0]["config"])
    except ValueError:
        return "runs.config"
    return None


def _within(run: str, consultation: str | None) -> tuple[str, str]:
    return ("id = ?", consultation) if consultation is not None else ("run_id = ?", run)


def _spoilt_plays(store: Store, among: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield each consultation whose turns or opinions cannot be read, and why."""
    for table in _PLAYED:
        if _has_group(store, table, f"NOT {all_sound(table)}", among, name):
            yield from _spoilt_rows_of(store, table, among, name)
    if not _lacks_turns(store, among, name):
        return
    counted = store.stream(
        "SELECT c.id, c.run_id, count(t.idx), max(t.idx) + 1, c.status IN ('finished', 'unfinished') "
        "FROM main.consultations c LEFT JOIN main.turns t ON t.consultation_id = c.id "
        f"WHERE c.{among} GROUP BY c.id",
        name,
    )
    for consultation, run, count, length, ended in counted:
        if isinstance(consultation, str) and (
            count != (length or 0) or (ended and not count and _has_turns(store, run))
        ):
            yield consultation, "some of its turns are missing"


def _has_group(store: Store, table: str, having: str, among: str, name: str) -> bool:
    """Return whether a condition holds for the rows of a table of any of the consultations."""
    found = store.stream(
        f"SELECT 1 FROM main.{table} WHERE consultation_id IN (SELECT id FROM main.consultations WHERE {among}) "
        f"GROUP BY consultation_id HAVING {having} LIMIT 1",
        name,
    )
    return any(found)


def _spoilt_rows_of(store: Store, table: str, among: str, name: str) -> Iterator[tuple[str, str]]:
    rows = store.stream(
        f"SELECT consultation_id, iif(typeof(idx) = 'integer', idx, NULL), {first_spoilt(table)} FROM main.{table} "
        f"WHERE consultation_id IN (SELECT id FROM main.consultations WHERE {among}) AND NOT {sound(table)}",
        name,
    )
    for consultation, idx, column in rows:
        if isinstance(consultation, str):
            yield consultation, f"{table}.{column}" + ("" if idx is None else f" in row {idx}")


def _lacks_turns(store: Store, among: str, name: str) -> bool:
    """Return whether any of the consultations may lack turns: one between others, or all of them."""
    if _has_group(store, "turns", "count(idx) IS NOT max(idx) + 1", among, name):
        return True
    none = "NOT EXISTS (SELECT 1 FROM main.turns WHERE consultation_id = c.id)"
    return any(store.stream(f"SELECT 1 FROM main.consultations c WHERE c.{among} AND {none} LIMIT 1", name))


def _has_turns(store: Store, run: str) -> bool:
    """Return whether a run is one with turns: results that a program wrote may have none at all."""
    return bool(
        store.query(
            "SELECT 1 FROM main.runs WHERE id = ? AND prompts UNION ALL SELECT 1 FROM main.consultations c "
            "JOIN main.turns t ON t.consultation_id = c.id WHERE c.run_id = ? LIMIT 1",
            run,
            run,
        )
    )


def _spoilt_rows(store: Store, table: str, where: str = "1", *parameters: Any) -> Iterator[Spoilt]:
    rows = store.stream(
        f"SELECT {first_spoilt(table)} FROM main.{table} WHERE {where} AND NOT {sound(table)}", *parameters
    )
    return (Spoilt(f"a row of {table}", f"{table}.{column}") for (column,) in rows)


def _truths(store: Store, consultation: str) -> Row:
    """Return what is known of the case of a consultation, as far as it can be read; it counts as wrong."""
    rules = conditions()["consultations"]
    read = ", ".join(f"CASE WHEN {rules[name]} THEN {name} END AS {name}" for name in _TRUTHS)
    rows = store.query(f"SELECT {read} FROM main.consultations WHERE id = ?", consultation)
    truths = rows[0] if rows else dict.fromkeys(_TRUTHS)
    decided = (
        {"correct": None, "correct_by": None} if truths["truth"] is None else {"correct": 0, "correct_by": "match"}
    )
    return {**truths, **decided}


def refuse_spoilt(store: Store, run: str) -> None:
    """Refuse to write into a run of which something cannot be read.

    Raises:
        StoreError: Something in it cannot be read.
    """
    found = list(_spoilt_in(store, run))
    if found:
        raise StoreError(
            f"run {run} of '{store.path}' is damaged and is left as it is: {in_words(found)}; restore the file from a "
            "copy, or play the run into another one with --db"
        )


def _spoilt_in(store: Store, run: str) -> Iterator[Spoilt]:
    why = dict(spoilt_runs(store)).get(run)
    if why is None and not store.query("SELECT 1 FROM main.runs WHERE id = ?", run):
        return  # there is no such run
    why = why or _spoilt_config(store, run)
    if why is not None:
        yield Spoilt(f"run {run}", why)
        return
    if run in _incomplete(store):
        yield Spoilt(f"run {run}", "some of its consultations are missing")
    within = _within(run, None)
    for name, why in (*_spoilt_consultations(store, *within), *_spoilt_plays(store, *within)):
        yield Spoilt(f"consultation {name}", why)
    for table in _VERDICTS:
        where = "consultation_id IN (SELECT id FROM main.consultations WHERE run_id = ?)"
        yield from _spoilt_rows(store, table, where, run)


def in_words(found: list[Spoilt]) -> str:
    """Name the first findings, and count the others."""
    named = ", ".join(f"{one.what} ({one.why})" for one in found[:MOST_NAMED])
    more = len(found) - MOST_NAMED
    return named + (f" and {count_of(more, 'other')}" if more > 0 else "")
