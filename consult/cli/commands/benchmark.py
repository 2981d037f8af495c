"""`consult benchmark`: a grid of runs on the same cases, planned, played, assessed, and reported once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from consult.cli.commands.options import DEFAULT_BATCH, DEFAULT_DATABASE, Batch, Database, Json, Prompts
from consult.ranges import CASES, MAX_TURNS, PANEL_SIZE, REPEATS, SEED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consult.api.benchmark import Gridded

INTERRUPTED = 130


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
    cases: Annotated[int | None, typer.Option(min=CASES.least, help="The first N of the split; else all.")] = None,
    split: Annotated[
        str | None, typer.Option(help="train, validation, test, or another split of the scenario.")
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            min=REPEATS.least, max=REPEATS.most, help="How often each case is played, each time with other draws."
        ),
    ] = None,
    panel_size: Annotated[
        int | None, typer.Option(min=PANEL_SIZE.least, max=PANEL_SIZE.most, help="Specialists asked.")
    ] = None,
    max_turns: Annotated[
        int | None,
        typer.Option(min=MAX_TURNS.least, max=MAX_TURNS.most, help="Doctor turns before a case is unfinished."),
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
    seed: Annotated[int | None, typer.Option(min=SEED.least, max=SEED.most, help="Decides every draw.")] = None,
    solo: Annotated[
        bool | None, typer.Option("--solo/--no-solo", help="Add the solo doctor to each strategy that lacks him.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Replay runs that the database already holds.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Play without asking for confirmation.")] = False,
    out: Annotated[Path, typer.Option("--out", help="The folder for the report.")] = Path("report"),
    prompts: Prompts = True,
    batch: Batch = DEFAULT_BATCH,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Play a grid of strategies, teams and models on the same cases; rerun the command to continue."""
    from consult.api.benchmark import grid_of

    gridded = grid_of(_given(ctx.params), preset, config, prompts=prompts)
    raise typer.Exit(_run(gridded, db=db, out=out, batch=batch, again=again, ask=not yes, json=json))


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options that were given, by the keys of a grid."""
    from consult.cli.commands.simulate import on_or_off, specialists_of

    plain = (
        "scenario", "temperament", "cases", "split", "repeats", "panel_size", "max_turns", "classifier", "seed",
        "judge",
    )  # fmt: skip
    told: dict[str, Any] = {key: options[key] for key in plain}
    told |= {key: _listed(options[key]) for key in ("strategies", "teams")}
    told |= {"models": options["model"] or None, "assessors": options["assessor"] or None}
    told["solo_baseline"] = options["solo"]
    grounded = options["patient_grounding"]
    told["patient_grounding"] = None if grounded is None else on_or_off(grounded)
    everyone, own = specialists_of(options["specialist"] or [])
    roles = {name: options[name] for name in ("patient", "triage", "attending")}
    told["roles"] = roles | {"specialist": everyone, "specialists": own}
    return told


def _listed(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _run(gridded: Gridded, *, db: Path, out: Path, batch: int, again: bool, ask: bool, json: bool) -> int:
    from consult.agents.models import ModelGoneError
    from consult.cli.commands.session import opened, print_json
    from consult.cli.terminal.benchmark_view import BenchmarkView

    view = None if json else BenchmarkView(str(db))
    listen = print_json if view is None else view
    try:
        with gridded.planned(db, batch=batch, again=again, opener=opened, tell=_tell) as bench:
            listen(bench.event())
            if ask and not json and bench.left and not _agreed():
                return 0
            played = bench.play(out, listen)
    except (KeyboardInterrupt, ModelGoneError) as stop:
        if view is not None:
            view.close()
        why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
        print(f"consult: {why}interrupted, what was shown is stored; run the same command to continue", file=sys.stderr)
        return INTERRUPTED
    if view is None:
        print_json(played.summary)
    else:
        view.finish(played.report.data, played.summary, out)
    return 1 if played.summary["failed"] or played.summary["judge_failed"] else 0


def _tell(line: str) -> None:
    """Tell a person at a terminal what takes its time."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


def _agreed() -> bool:
    """Ask a person at a terminal whether to play; anybody else has agreed."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return typer.confirm("play it?", default=True, err=True)
