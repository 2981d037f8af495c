"""Benchmarks in the store: the TOML of each, and which run plays which of its cells.

A cell's run is written down when it begins, so that a benchmark that was killed at any moment finds its own runs again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from consult.envs.store.write import Row, Store, now


def begin_benchmark(store: Store, toml: str, *, anew: bool) -> str:
    """Take up a benchmark of the same grid, or begin one.

    Args:
        store: Where it is.
        toml: The grid with every default in it.
        anew: Whether all is to be played again; then only one that was interrupted while doing so is resumed.

    Returns:
        Its id, e.g. `b1`.
    """
    rows = store.query(
        "SELECT id FROM benchmarks WHERE toml = ? AND (NOT ? OR (anew AND status = 'running')) ORDER BY rowid DESC",
        toml,
        anew,
    )
    if rows:
        found: str = rows[0]["id"]
        return found
    name = f"b{store.query('SELECT count(*) AS n FROM benchmarks')[0]['n'] + 1}"
    store.write(
        "INSERT INTO benchmarks (id, toml, anew, status, created) VALUES (?, ?, ?, 'running', ?)",
        [(name, toml, anew, now())],
    )
    return name


def keep_run(store: Store, benchmark: str, cell: int, run: str) -> None:
    """Write down which run plays a cell, by the cell's number."""
    store.write("INSERT OR REPLACE INTO benchmark_runs VALUES (?, ?, ?)", [(benchmark, cell, run)])


def end_benchmark(store: Store, benchmark: str) -> None:
    """Write down that a benchmark was played and assessed to its end."""
    store.write("UPDATE benchmarks SET status = 'finished', ended = ? WHERE id = ?", [(now(), benchmark)])


def runs_of(store: Store, benchmark: str) -> dict[int, str]:
    """Return number of a cell → its run."""
    rows = store.query("SELECT cell, run_id FROM benchmark_runs WHERE benchmark_id = ? ORDER BY cell", benchmark)
    return {row["cell"]: row["run_id"] for row in rows}


def interrupted_runs(store: Store, toml: str) -> list[str]:
    """List the runs of a benchmark that was interrupted while playing all anew, by the TOML of its grid."""
    rows = store.query(
        "SELECT r.run_id FROM benchmark_runs r JOIN benchmarks b ON b.id = r.benchmark_id "
        "WHERE b.toml = ? AND b.anew AND b.status = 'running'",
        toml,
    )
    return [row["run_id"] for row in rows]


def benchmark_of(store: Store, runs: Sequence[str]) -> Row | None:
    """Return `id` and `toml` of the newest benchmark that consists of these runs; None if there is none."""
    for row in store.query("SELECT id, toml FROM benchmarks ORDER BY rowid DESC"):
        if set(runs_of(store, row["id"]).values()) == set(runs):
            return row
    return None


def played_run(
    store: Store,
    digest: str,
    models: Mapping[str, str],
    revision: str,
    *,
    among: Sequence[str] | None = None,
) -> str | None:
    """Find a run that is this cell played to its end, by the same models on the same scenario; the newest.

    Args:
        store: Where to look.
        digest: Of the cell's configuration.
        models: Role → reference and revision, as they are now.
        revision: The scenario's, now.
        among: These runs alone; all of the store's by default.
    """
    rows = store.query(
        "SELECT id, models, status FROM runs WHERE digest = ? AND scenario_revision = ? ORDER BY rowid DESC",
        digest,
        revision,
    )
    fitting = (row for row in rows if among is None or row["id"] in among)
    return next(
        (row["id"] for row in fitting if row["status"] == "finished" and json.loads(row["models"]) == dict(models)),
        None,
    )
