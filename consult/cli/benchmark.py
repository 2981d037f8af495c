"""`consult benchmark`: a grid of runs on the same cases, planned, played, assessed, and reported once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from consult.cli.options import DEFAULT_BATCH, DEFAULT_DATABASE, Batch, Database, Json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consult.cli.benchmark_plan import Planned
    from consult.cli.benchmark_play import Benchmark
    from consult.envs.benchmark.cells import Cell
    from consult.envs.benchmark.grid import Grid
    from consult.scenarios import Scenario

INTERRUPTED = 130
_OF_CELLS = ("value", "low", "high", "n", "failed", "unjudged")
"""Of a cell's accuracy, what the summary tells."""
ROLES = ("patient", "triage", "specialist", "attending")


def benchmark(
    ctx: typer.Context,
    scenario: Annotated[str | None, typer.Option(help="Built-in name or a folder.")] = None,
    preset: Annotated[str | None, typer.Option(help="smoke (two minutes on a CPU) or 3mdbench.")] = None,
    config: Annotated[Path | None, typer.Option(help="A grid as TOML; options take the place of its keys.")] = None,
    strategies: Annotated[
        str | None, typer.Option(help="Some of no-dialogue,text-only,dialogue,reasoning,expert.")
    ] = None,
    teams: Annotated[str | None, typer.Option(help="Some of panel,no-triage,solo.")] = None,
    temperament: Annotated[
        str | None, typer.Option(help="sanguine, choleric, melancholic, phlegmatic, all, or own: one a case, balanced.")
    ] = None,
    cases: Annotated[int | None, typer.Option(min=1, help="The first N of the split; else all.")] = None,
    split: Annotated[str | None, typer.Option(help="train, validation or test.")] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, max=100, help="How often each case is played, each time with other draws.")
    ] = None,
    panel_size: Annotated[int | None, typer.Option(min=1, max=15, help="Specialists asked.")] = None,
    max_turns: Annotated[
        int | None, typer.Option(min=2, max=100, help="Doctor turns before a case is unfinished.")
    ] = None,
    patient_grounding: Annotated[
        str | None, typer.Option(help="on: a program chooses and checks the patient's facts; off: its model is free.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Who plays all roles; given again, models are compared.")
    ] = None,
    patient: Annotated[str | None, typer.Option(help="Model of the patient, whatever model is compared.")] = None,
    triage: Annotated[str | None, typer.Option(help="Model of the triage doctor.")] = None,
    specialist: Annotated[list[str] | None, typer.Option(help="[SPECIALTY=]MODEL; may be given again.")] = None,
    attending: Annotated[str | None, typer.Option(help="Model of the attending physician.")] = None,
    classifier: Annotated[
        str | None, typer.Option(help="Image classifier for `expert`, and a baseline: starter, a folder or a hub id.")
    ] = None,
    assessor: Annotated[
        list[str] | None, typer.Option(help="rules, model (the first one), another model, or none; may be given again.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="A model that judges open diagnoses which no name or alias decides.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides every draw.")] = None,
    solo: Annotated[
        bool | None, typer.Option("--solo/--no-solo", help="Add the solo doctor to each strategy that lacks him.")
    ] = None,
    engine: Annotated[str, typer.Option(help="local: on this machine.")] = "local",
    again: Annotated[bool, typer.Option("--again", help="Play anew what the database holds already.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the plan.")] = False,
    out: Annotated[Path, typer.Option("--out", help="The folder for the report.")] = Path("report"),
    batch: Batch = DEFAULT_BATCH,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Play a grid of strategies, teams and models on the same cases; killed, the same command goes on."""
    from consult.cli.benchmark_plan import check_engine
    from consult.envs.benchmark.cells import cells as cells_of
    from consult.scenarios import load_scenario

    check_engine(engine)
    grid = _grid(preset, config, _given(ctx.params))
    loaded = load_scenario(grid.scenario)
    found = cells_of(grid, loaded)
    toml = grid.toml(len(loaded.case_ids(grid.split)))
    code = _run(grid, toml, loaded, found, db=db, out=out, batch=batch, anew=again, ask=not yes, json=json)
    raise typer.Exit(code)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options that were given, by the keys of a grid."""
    from consult.cli.simulate import from_menu

    plain = (
        "scenario", "temperament", "cases", "split", "repeats", "panel_size", "max_turns", "classifier", "seed",
        "judge",
    )  # fmt: skip
    told: dict[str, Any] = {key: options[key] for key in plain}
    told |= {key: _listed(options[key]) for key in ("strategies", "teams")}
    told |= {"models": options["model"] or None, "assessors": options["assessor"] or None}
    told["solo_baseline"] = options["solo"]
    if options["patient_grounding"] is not None:
        told["patient_grounding"] = from_menu("patient grounding", options["patient_grounding"], ("on", "off")) == "on"
    roles: dict[str, Any] = {name: options[name] for name in ("patient", "triage", "attending") if options[name]}
    roles |= _specialists(options["specialist"] or [])
    told["roles"] = roles or None
    return {key: value for key, value in told.items() if value is not None}


def _listed(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _specialists(entries: Sequence[str]) -> dict[str, Any]:
    everyone, own = None, {}
    for entry in entries:
        specialty, equals, reference = entry.partition("=")
        if not equals or "/" in specialty or ":" in specialty:
            everyone = entry
        else:
            own[specialty] = reference
    return ({"specialist": everyone} if everyone else {}) | ({"specialists": own} if own else {})


def _grid(preset: str | None, config: Path | None, given: Mapping[str, Any]) -> Grid:
    from consult.envs.benchmark.grid_file import Source, make_grid, read_grid, read_preset
    from consult.errors import UserError

    if preset is not None and config is not None:
        raise UserError("--preset and --config both bring a grid; give one of the two")
    source = read_preset(preset) if preset is not None else read_grid(config) if config is not None else Source()
    return make_grid(source, given)


def _run(
    grid: Grid,
    toml: str,
    scenario: Scenario,
    found: Sequence[Cell],
    *,
    db: Path,
    out: Path,
    batch: int,
    anew: bool,
    ask: bool,
    json: bool,
) -> int:
    from consult.agents.models import ModelGoneError
    from consult.cli.benchmark_plan import Company, plan, plan_event
    from consult.cli.benchmark_play import Benchmark
    from consult.cli.benchmark_view import BenchmarkView
    from consult.cli.session import print_json
    from consult.envs.store import Store

    view = None if json else BenchmarkView(str(db))
    listen = print_json if view is None else view
    company = Company(found)
    try:
        _check_judges(grid, scenario)
        # Until the plan is agreed to, nothing is written: not even an empty database.
        with Store(db if db.exists() else Path(":memory:")) as store:
            planned = plan(found, company, scenario, store, toml=toml, anew=anew, batch=batch)
        listen(plan_event(planned, toml))
        if ask and not json and _left(planned) and not _agreed():
            return 0
        with Store(db) as store:
            work = Benchmark(grid, toml, scenario, planned, company, store, anew, batch, listen)
            work.play()
            said, summary = _finish(work, out)
        if view is None:
            print_json(summary)
        else:
            view.finish(said, summary, out)
        return 1 if summary["failed"] or summary["judge_failed"] else 0
    except (KeyboardInterrupt, ModelGoneError) as stop:
        if view is not None:
            view.close()
        why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
        print(f"consult: {why}interrupted, what was shown is kept; the same command goes on", file=sys.stderr)
        return INTERRUPTED
    finally:
        company.close()


def _check_judges(grid: Grid, scenario: Scenario) -> None:
    """Open judge and assessors once before anything is played, so that a mistake in one does not come after hours."""
    from consult.agents.judge import open_judge
    from consult.agents.models import close_model
    from consult.agents.rules import RULES
    from consult.cli.assess import open_assessor
    from consult.envs.judging import refuse_judging

    if grid.judges_diagnoses():
        refuse_judging(scenario)
        close_model(open_judge(grid.judge))
    for judge in grid.judges():
        if judge != RULES:
            close_model(open_assessor(judge))


def _left(planned: Sequence[Planned]) -> bool:
    return any(one.left for one in planned)


def _agreed() -> bool:
    """Ask a person at a terminal whether to play; anybody else has agreed."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return typer.confirm("play it?", default=True, err=True)


def _finish(work: Benchmark, out: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write the report; give what it says, and the last event."""
    found = work.report(out)
    cells = [
        {
            "cell": one.cell.number,
            "run": run["run"],
            "strategy": run["strategy"],
            "team": run["team"],
            "model": one.cell.model,
            **{
                name: run["headlines"]["accuracy"][name] for name in ("value", "low", "high", "n", "failed", "unjudged")
            },
        }
        for one, run in zip(work.planned, found["runs"], strict=True)
    ]
    return found, {
        "event": "summary",
        "benchmark": work.id,
        "runs": work.runs,
        "cells": cells,
        "failed": sum(run["consultations"]["failed"] for run in found["runs"]),
        "judge_failed": work.judge_failed,
        "report": str(out / "report.html"),
    }
