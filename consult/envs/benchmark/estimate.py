"""Estimate the cost of a benchmark: seconds and tokens per consultation, from earlier runs or from a warm-up."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consult.envs.benchmark.cells import Cell
from consult.envs.config import RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.runs import cost_of, finished_runs
from consult.envs.store.write import Store
from consult.scenarios import Scenario

WARM_UP = 8
"""Most consultations of a warm-up, played together; at most an eighth of a cell."""
BUDGET = 30.0
"""Seconds of warm-up after which no further kind of cell is tried."""
FEWEST = 4
"""Fewest consultations of an earlier run that serves as an estimate."""

LIKE = ("strategy", "team", "panel_size", "max_turns", "patient_grounding", "dtype")
"""Settings, besides the models, that decide how long a consultation takes."""


@dataclass(frozen=True)
class Estimate:
    """Cost of one consultation."""

    seconds: float
    """Wall time in seconds, with that run's batching."""
    tokens_in: float
    tokens_out: float
    source: str
    """A run's id, or `warm-up`."""


def from_store(store: Store, config: RunConfig, models: Mapping[str, str]) -> Estimate | None:
    """Estimate from the newest run with the same settings and models; return None if there is none."""
    for run in finished_runs(store):
        if json.loads(run.models) == dict(models) and _alike(config, json.loads(run.config)):
            found = _measured(store, run.id, run.wall_seconds, run.id)
            if found is not None:
                return found
    return None


def _alike(config: RunConfig, told: Mapping[str, object]) -> bool:
    usual = RunConfig.model_fields
    return all(told.get(name, usual[name].default) == getattr(config, name) for name in LIKE)


def _measured(store: Store, run: str, seconds: float, source: str, fewest: int = FEWEST) -> Estimate | None:
    n, tokens_in, tokens_out = cost_of(store, run)
    return None if n < fewest else Estimate(seconds / n, tokens_in / n, tokens_out / n, source)


def by_warming_up(scenario: Scenario, config: RunConfig, models: Models, batch: int | None) -> Estimate:
    """Play a few consultations into a temporary store.

    Args:
        scenario: The scenario with the cases.
        config: What to play: a cell's configuration on a few cases.
        models: The opened models.
        batch: Most consultations at once; None leaves it to the models.
    """
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "warm-up.db") as store:
        begun = time.monotonic()
        summary = Runner(scenario, config, models, store, batch=batch).run()
        found = _measured(store, summary["run"], time.monotonic() - begun, "warm-up", fewest=1)
        assert found is not None
        return found


def warm_up_config(cell: Cell) -> RunConfig:
    """Return a cell's configuration on its first few cases, each once."""
    config = cell.config
    count = max(1, min(WARM_UP, len(config.cases) // 8))
    moods = config.temperaments[:1] * count if config.all_temperaments else config.temperaments[:count]
    few = {"cases": config.cases[:count], "temperaments": moods, "all_temperaments": False, "repeats": 1}
    return config.model_copy(update=few)
