"""Benchmarks in the store: the TOML of each, and the run of each cell.

A cell's run is recorded when it starts, so that a benchmark that is killed at any moment finds its own runs again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from consult.envs.store.columns import sound
from consult.envs.store.rows import Row
from consult.envs.store.write import Store, now


def begin_benchmark(store: Store, toml: str, *, anew: bool) -> str:
    """Resume a benchmark of the same grid, or start one.

    Args:
        store: The store of the benchmark.
        toml: The grid with every default in it.
        anew: Whether to play everything again; then only an interrupted benchmark that also did so is resumed.

    Returns:
        The benchmark's id, e.g. `b1`.
    """
    with store.writing() as connection:
        found = connection.execute(
            "SELECT id FROM benchmarks WHERE toml = ? AND (NOT ? OR (anew AND status = 'running')) ORDER BY rowid DESC",
            (toml, anew),
        ).fetchone()
        if found:
            return str(found[0])
        last = connection.execute("SELECT max(CAST(substr(id, 2) AS INTEGER)) FROM benchmarks").fetchone()[0] or 0
        name = f"b{last + 1}"
        connection.execute(
            "INSERT INTO benchmarks (id, toml, anew, status, created) VALUES (?, ?, ?, 'running', ?)",
            (name, toml, anew, now()),
        )
    return name


def keep_run(store: Store, benchmark: str, cell: int, run: str) -> None:
    """Record the run of a cell, by the cell's number."""
    store.write(
        "INSERT OR REPLACE INTO benchmark_runs (benchmark_id, cell, run_id) VALUES (?, ?, ?)", [(benchmark, cell, run)]
    )


def end_benchmark(store: Store, benchmark: str) -> None:
    """Record that all runs of a benchmark were played and assessed."""
    store.write("UPDATE benchmarks SET status = 'finished', ended = ? WHERE id = ?", [(now(), benchmark)])


def runs_of(store: Store, benchmark: str) -> dict[int, str]:
    """Return cell number → its run."""
    rows = store.query("SELECT cell, run_id FROM benchmark_runs WHERE benchmark_id = ? ORDER BY cell", benchmark)
    return {row["cell"]: row["run_id"] for row in rows}


def interrupted_runs(store: Store, toml: str) -> list[str]:
    """List the runs of a benchmark that was interrupted while playing everything again, by the TOML of its grid."""
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
    prompts: str | None = None,
    among: Sequence[str] | None = None,
) -> str | None:
    """Find the newest finished run of this cell, by the same models on the same scenario.

    Args:
        store: The store to search.
        digest: Digest of the cell's configuration.
        models: Role → current reference and revision.
        revision: The scenario's current revision.
        prompts: Revision of the prompts that the models read.
        among: The runs to search; by default all of the store's.
    """
    rows = store.query(
        "SELECT id, models, status FROM runs WHERE digest = ? AND scenario_revision = ? AND prompt_revision IS ? "
        f"AND {sound('runs')} "
        "ORDER BY rowid DESC",
        digest,
        revision,
        prompts,
    )
    fitting = (row for row in rows if among is None or row["id"] in among)
    return next(
        (row["id"] for row in fitting if row["status"] == "finished" and json.loads(row["models"]) == dict(models)),
        None,
    )
