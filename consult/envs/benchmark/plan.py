"""The plan of a benchmark: what has been played, what is left, and what that will cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consult.envs.benchmark.cells import Cell
    from consult.envs.benchmark.estimate import Estimate
    from consult.envs.conditions import Conditions
    from consult.envs.role_models import Models
    from consult.envs.settings import Settings
    from consult.envs.store.write import Store
    from consult.scenarios import Scenario


@dataclass(frozen=True)
class Planned:
    """One cell before it is played."""

    cell: Cell
    models: dict[str, str]
    """Role → reference and revision."""
    settings: Settings
    """The settings for its label among the other cells."""
    consultations: int
    run: str | None
    """The finished run of this cell, if there is one."""
    ended: int
    """Number of consultations that need not be played."""
    estimate: Estimate | None
    """Cost of one consultation; None if nothing is left to play."""

    @property
    def name(self) -> str:
        """Return its number, as a name among the other cells."""
        return str(self.cell.number)

    @property
    def left(self) -> int:
        """Return the number of consultations left to play."""
        return self.consultations - self.ended

    @property
    def seconds(self) -> float:
        """Return the estimated wall time in seconds."""
        return self.left * self.estimate.seconds if self.estimate else 0.0

    @property
    def tokens(self) -> float:
        """Return the estimated tokens, input and output together."""
        return self.left * (self.estimate.tokens_in + self.estimate.tokens_out) if self.estimate else 0.0

    def event(self, conditions: Conditions) -> dict[str, Any]:
        """Describe the cell as one of several."""
        config, name = self.cell.config, self.name
        return {
            "cell": self.cell.number,
            "label": conditions.labels[name],
            "condition": conditions.cells(name),
            "strategy": config.strategy,
            "team": config.team,
            "model": self.cell.model,
            "added": self.cell.added,
            "cases": len(config.cases),
            "consultations": self.consultations,
            "played": self.ended,
            "run": self.run,
            "seconds": round(self.seconds, 1),
            "tokens": round(self.tokens),
            "estimated_from": self.estimate.source if self.estimate else None,
        }


class Company:
    """Opens the models of the cells that compare one model; at most one such set is open at a time.

    Args:
        cells: The benchmark's cells.
        opener: Opens the models of several runs.
    """

    def __init__(self, cells: Sequence[Cell], opener: Callable[..., Models]) -> None:
        self._cells, self._opener, self._open = cells, opener, ""
        self._models: Models | None = None

    def of(self, cell: Cell) -> Models:
        """Return the opened models of a cell.

        Raises:
            ModelError: A model cannot be opened.
        """
        if self._models is None or self._open != cell.model:
            self.close()
            self._models = self._opener(*(one.config for one in self._cells if one.model == cell.model))
            self._open = cell.model
        return self._models

    def close(self) -> None:
        """Release the models."""
        if self._models is not None:
            self._models.close()
        self._models = None


def plan(
    cells: Sequence[Cell],
    company: Company,
    scenario: Scenario,
    store: Store,
    *,
    toml: str,
    anew: bool,
    batch: int | None,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Planned]:
    """Check every model once, and the store's runs.

    Args:
        cells: The grid's cells.
        company: Opens models.
        scenario: The scenario of all cells.
        store: The store; it may be empty.
        toml: The grid with every default in it.
        anew: Whether to ignore earlier runs.
        batch: Most consultations at once; None leaves it to the models.
        tell: Called with the cell that is played to estimate its cost.

    Raises:
        ModelError: A model cannot be opened, or a classifier cannot judge the cases.
    """
    from consult.envs.classifier_predictions import check_photographs
    from consult.envs.store.benchmarks import interrupted_runs

    own = interrupted_runs(store, toml) if anew else None
    found: list[Planned] = []
    clock = _Clock()
    # All models are checked before anything is played, so that a mistake in the last one does not surface hours later.
    for cell in cells:
        models = company.of(cell)
        if models.classifier is not None and cell.config.asks_classifier:
            check_photographs(models.classifier, scenario, cell.config)
        one = _looked_at(cell, models, store, scenario, own)
        tried = [each.estimate for each in found if each.cell.model == cell.model and each.estimate is not None]
        known = None if not one.left else _estimate(one, models, scenario, store, batch, clock, tried, tell)
        found.append(replace(one, estimate=known))
    return found


@dataclass
class _Clock:
    """Return the seconds spent on warm-up."""

    spent: float = 0.0


def _looked_at(cell: Cell, opened: Models, store: Store, scenario: Scenario, own: Sequence[str] | None) -> Planned:
    from consult.envs.settings import settings_of
    from consult.envs.store.benchmarks import played_run

    models, prompts = opened.described(cell.config), opened.prompt_revision(cell.config)
    run = played_run(store, cell.config.digest(), models, scenario.revision, prompts=prompts, among=own)
    consultations = len(cell.config.plan())
    ended = consultations if run else _ended(store, cell, models, prompts)
    settings = settings_of(cell.config, models, scenario, prompts=prompts)
    return Planned(cell, models, settings, consultations, run, ended, None)


def _ended(store: Store, cell: Cell, models: dict[str, str], prompts: str | None) -> int:
    """Count the consultations that an interrupted run of the cell has played."""
    from consult.envs.store.runs import count_played

    begun = store.unfinished_run(cell.config.digest(), models, prompts)
    return 0 if begun is None else count_played(store, begun["id"])


def _estimate(
    one: Planned,
    models: Models,
    scenario: Scenario,
    store: Store,
    batch: int | None,
    clock: _Clock,
    tried: Sequence[Estimate],
    tell: Callable[[str], None],
) -> Estimate:
    from consult.envs.benchmark import estimate

    known = estimate.from_store(store, one.cell.config, one.models)
    if known is not None:
        return known
    if tried and clock.spent > estimate.BUDGET:
        slowest = max(tried, key=lambda each: each.seconds)
        return replace(slowest, source="the slowest cell")
    tell(f"warming up: {one.cell.name} …")
    begun = time.monotonic()
    found = estimate.by_warming_up(scenario, estimate.warm_up_config(one.cell), models, batch)
    clock.spent += time.monotonic() - begun
    return found


def plan_event(planned: Sequence[Planned], toml: str) -> dict[str, Any]:
    """Describe a plan."""
    from consult.envs.conditions import Conditions

    conditions = Conditions({one.name: one.settings for one in planned})
    return {
        "event": "plan",
        "cells": [one.event(conditions) for one in planned],
        "differing": conditions.differing,
        "common": conditions.common,
        "consultations": sum(one.consultations for one in planned),
        "played": sum(one.ended for one in planned),
        "seconds": round(sum(one.seconds for one in planned), 1),
        "tokens": round(sum(one.tokens for one in planned)),
        "toml": toml,
    }
