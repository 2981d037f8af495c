"""`consult.benchmark`: play, assess and report a grid of runs on the same cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

from consult.agents.assessors.judge import open_judge
from consult.agents.assessors.model import ASSESSORS, open_assessor
from consult.agents.experts.classifier import EXPERTS
from consult.agents.models import ModelGoneError, close_model
from consult.agents.models.python import MODELS
from consult.agents.roles.checker import OWN
from consult.agents.roles.checker import RULES as CHECKING_RULES
from consult.api.arguments import takes
from consult.api.checks import (
    boolean,
    folder,
    for_python,
    listed,
    listener,
    path_of,
    placed,
    store_file,
    text,
)
from consult.api.given import PathLike, checked, what_is_left
from consult.api.options import ROLES, GridArguments, GridOptions
from consult.api.playing import Opener
from consult.api.report import Report
from consult.api.run import Run
from consult.envs.benchmark.cells import Cell
from consult.envs.benchmark.cells import cells as cells_of
from consult.envs.benchmark.grid import NOBODY_ASSESSES, RULES, THE_MODEL, Grid
from consult.envs.benchmark.grid_file import Source, make_grid, read_grid, read_preset
from consult.envs.benchmark.plan import Company, Planned, plan, plan_event
from consult.envs.benchmark.play import Benchmark as Play
from consult.envs.benchmark.protocol import beside, drawn, refuse_own_assessor
from consult.envs.events import Event, Listener
from consult.envs.held import held_report
from consult.envs.judging import refuse_judging
from consult.envs.placement import Placement
from consult.envs.roles import references
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.plugins import Named, warn
from consult.render.report.write import write_report
from consult.scenarios import Scenario, load_scenario

_OF_CELLS = ("value", "low", "high", "n", "failed", "unjudged")
"""Fields of a cell's accuracy in the summary."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark that was played."""

    runs: list[Run]
    """In the order of the grid's cells."""
    report: Report
    summary: Event
    """The last event of `consult benchmark --json`: the accuracy of each cell, and what failed."""

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


@for_python
@takes(GridArguments, GridOptions)
def benchmark(
    scenario: PathLike | None = None,
    *,
    preset: str | None = None,
    config: PathLike | None = None,
    again: bool = False,
    out: PathLike = "runs/report",
    batch: int | None = None,
    replicas: int | None = None,
    ray: str | None = None,
    db: PathLike = "consult.db",
    listen: Listener | None = None,
    **options: Unpack[GridArguments],
) -> Benchmark:
    """Play a grid of strategies, teams and models on the same cases, as `consult benchmark` does.

    Runs that are already in the store are not replayed; after an interrupt the same call continues.

    Args:
        scenario: Built-in name or a folder; None for derm34, or the value in the preset or the file.
        **options: The grid, and who plays and assesses.
        preset: smoke or 3mdbench; arguments given here override its values.
        config: A TOML file with a grid, in place of these options.
        again: Whether to replay runs that are already in the store.
        out: The folder for the report.
        batch: Consultations at once; by default 32, or as many as keep the servers busy.
        replicas: As for `simulate`.
        ray: As for `simulate`.
        db: The store's file.
        listen: Called with every event after it is stored.

    Returns:
        The runs and their report.

    Raises:
        UserError: The grid cannot be played: an unknown name, a value out of range, or a model that cannot be opened.
        ModelGoneError: A server stopped responding; what was played is stored.
        KeyboardInterrupt: Interrupted; what was played is stored.
    """
    with checked():
        grid = GridOptions.model_validate({"scenario": None if scenario is None else str(scenario), **options})
    path, target, tell = store_file(db), folder("out", out), listener("listen", listen)
    placement = placed(batch, replicas, ray)
    again, file = boolean("again", again), None if config is None else path_of("config", config)
    gridded = grid_of(grid.by_key(), preset, file, prompts=grid.prompts is not False)
    with gridded.planned(path, target, placement=placement, again=again) as bench:
        tell(bench.event())
        try:
            return bench.play(tell)
        except (KeyboardInterrupt, ModelGoneError) as stop:
            stop.add_note(what_is_left(gridded.named))
            raise


@dataclass(frozen=True)
class Gridded:
    """A grid before it is planned."""

    grid: Grid
    toml: str
    """The grid with every default in it."""
    scenario: Scenario
    cells: list[Cell]
    named: Named
    """User code that plays or assesses in it."""
    prompts: bool = True
    """Whether prompts are stored."""

    @contextmanager
    def planned(
        self,
        db: Path,
        out: Path,
        *,
        placement: Placement,
        again: bool,
        opener: Opener | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> Iterator[Bench]:
        """Hold the report's folder, open every model once and read the store; write nothing, not even an empty store.

        Raises:
            UserError: A model, an assessor or the judge cannot be opened, or another process writes into the folder.
        """
        company = Company(self.cells, opener or placement.open)
        Store.check_place(db)
        with held_report(out), self.named.known():
            try:
                named = [*(name for cell in self.cells for name in references(cell.config)), *_judging(self.grid)]
                placement.check(named, self.grid.dtype)
                _check_judges(self.grid, self.scenario)
                with Store(db if db.exists() else Path(":memory:")) as store:
                    planned = plan(
                        self.cells,
                        company,
                        self.scenario,
                        store,
                        toml=self.toml,
                        anew=again,
                        batch=placement.batch,
                        tell=tell,
                    )
                yield Bench(self, planned, company, db, out, placement, again)
            finally:
                company.close()


@dataclass
class Bench:
    """A planned benchmark with its models."""

    gridded: Gridded
    cells: list[Planned]
    company: Company
    db: Path
    out: Path
    placement: Placement
    again: bool
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> bool:
        """Whether anything is left to play."""
        return any(one.left for one in self.cells)

    def event(self) -> Event:
        """Describe the plan."""
        return plan_event(self.cells, self.gridded.toml)

    def play(self, listen: Listener) -> Benchmark:
        """Play what is left, assess, and write the report."""
        grid = self.gridded
        with Store(self.db) as store:
            work = Play(
                grid.grid, grid.toml, grid.scenario, self.cells, self.company, store, self.again, self.placement,
                listen, prompts=grid.prompts,
            )  # fmt: skip
            work.play()
            found = write_report(store, work.runs, self.out)
            summary = _summary(work, found, self.out)
        return Benchmark([Run(self.db, run) for run in work.runs], Report(self.out, found), summary)


def grid_of(
    told: Mapping[str, Any], preset: str | None = None, file: Path | None = None, *, prompts: bool = True
) -> Gridded:
    """Make a grid from a preset or a file and the given values.

    Args:
        told: Key of a grid → the given value, or None; models and assessors may be code.
        preset: Its name.
        file: TOML.
        prompts: Whether prompts are stored.

    Raises:
        UserError: The grid cannot be played.
    """
    if preset is not None:
        text("preset", preset)
    if preset is not None and file is not None:
        raise UserError("--preset and --config each define a grid; give one of the two")
    named = Named()
    source = read_preset(preset) if preset is not None else read_grid(file) if file is not None else Source()
    grid = make_grid(source, _references(told, named))
    if not grid.self_assessment:
        refuse_own_assessor(grid.judges(), grid.compared())
    scenario = load_scenario(grid.scenario)
    grid = grid.for_scenario(scenario)
    for sentence in _beside(preset, source, grid, scenario):
        warn(sentence)
    return Gridded(
        grid, grid.toml(len(scenario.case_ids(grid.split))), scenario, cells_of(grid, scenario), named, prompts
    )


def _beside(preset: str | None, source: Source, grid: Grid, scenario: Scenario) -> list[str]:
    """Say what was given beside a preset with a protocol, and that a drawn scenario's photographs are drawings."""
    if preset is None or "protocol" not in (source.data or {}):
        return []
    usual = make_grid(source, {})
    names = [name for name in source.data or {} if name != "strategies"]
    said = beside(preset, {name: getattr(usual, name) for name in names}, {name: getattr(grid, name) for name in names})
    drawings = drawn(scenario, grid.split) if grid.split in scenario.splits else ""
    return [*said, drawings] if drawings else said


def _references(told: Mapping[str, Any], named: Named) -> dict[str, Any]:
    """Replace code with references, and leave out values that were not given."""
    given: dict[str, Any] = {key: value for key, value in told.items() if value is not None}
    given |= {key: listed(given[key]) for key in ("models", "strategies", "teams", "assessors") if key in given}
    if "models" in given:
        given["models"] = [named.add(MODELS, one) for one in given["models"]]
    if "assessors" in given:
        given["assessors"] = [
            one if isinstance(one, str) and one in (RULES, THE_MODEL, NOBODY_ASSESSES) else named.add(ASSESSORS, one)
            for one in given["assessors"]
        ]
    for key, registry in (("judge", MODELS), ("checker", MODELS), ("extractor", MODELS), ("classifier", EXPERTS)):
        if key in given and not (key == "checker" and given[key] in (CHECKING_RULES, OWN)):
            given[key] = named.add(registry, given[key])
    roles = given.pop("roles", None) or {}
    played: dict[str, Any] = {name: named.add(MODELS, roles[name]) for name in ROLES if roles.get(name) is not None}
    if roles.get("specialists"):
        if not isinstance(roles["specialists"], Mapping):
            raise UserError(
                "'specialists' takes a mapping of specialties to models, such as {'dermatology': 'starter'}"
            )
        played["specialists"] = {name: named.add(MODELS, one) for name, one in roles["specialists"].items()}
    return given | ({"roles": played} if played else {})


def _judging(grid: Grid) -> list[str]:
    """Return the references of judge and assessors."""
    return [*([grid.judge] if grid.judges_diagnoses() else []), *grid.judges()]


def _check_judges(grid: Grid, scenario: Scenario) -> None:
    """Open judge, assessors and a named classifier once, so that a mistake shows up at once and not after hours."""
    if grid.judges_diagnoses():
        refuse_judging(scenario)
        close_model(open_judge(grid.judge))
    for judge in grid.judges():
        if judge != RULES:
            close_model(open_assessor(judge))
    if "classifier" in grid.model_fields_set and grid.classifier != NOBODY_ASSESSES:
        from consult.agents.experts.classifier import open_classifier

        open_classifier(grid.classifier)


def _summary(work: Play, found: dict[str, Any], out: Path) -> Event:
    cells = [
        {
            "cell": one.cell.number,
            "run": run["run"],
            "label": run["label"],
            "strategy": run["strategy"],
            "team": run["team"],
            "model": one.cell.model,
            **{name: run["headlines"]["accuracy"][name] for name in _OF_CELLS},
        }
        for one, run in zip(work.planned, found["runs"], strict=True)
    ]
    return {
        "event": "summary",
        "benchmark": work.id,
        "runs": work.runs,
        "cells": cells,
        "failed": sum(run["consultations"]["failed"] for run in found["runs"]),
        "judge_failed": work.judge_failed,
        "unusable_roles": [said for run in found["runs"] for said in run["unusable_roles"]],
        "report": str(out / "report.html"),
    }
