"""`consult benchmark`: a grid of runs on the same cases, planned, played, assessed, and reported once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consult.cli.commands.from_model import from_model
from consult.cli.commands.options import DEFAULT_DATABASE, OUTPUT_PANEL, Batch, Database, Json, NoPrompts, Ray, Replicas
from consult.foreign_text import harmless

if TYPE_CHECKING:
    from consult.api.benchmark import Gridded
    from consult.api.options import GridOptions
    from consult.envs.placement import Placement

INTERRUPTED = 130
GRID_PANEL = "The grid"


def benchmark(
    options: GridOptions,
    *,
    preset: Annotated[
        str | None,
        typer.Option(help="The grid is smoke (two minutes on a CPU) or 3mdbench.", rich_help_panel=GRID_PANEL),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="The grid is this TOML file; options replace its keys.", rich_help_panel=GRID_PANEL),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Runs that are already in the store are played again.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="No confirmation is asked for.", rich_help_panel=OUTPUT_PANEL)
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", help="The report is written into this folder.", rich_help_panel=OUTPUT_PANEL)
    ] = Path("runs/report"),
    no_prompts: NoPrompts = False,
    batch: Batch = None,
    replicas: Replicas = None,
    ray: Ray = None,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Play a grid of strategies, teams and models on the same cases; rerun the command to continue."""
    from consult.api.benchmark import grid_of
    from consult.api.checks import folder, placed

    folder("--out", out)
    gridded = grid_of(options.by_key(), preset, config, prompts=not no_prompts)
    raise typer.Exit(
        _run(gridded, db=db, out=out, placement=placed(batch, replicas, ray), again=again, ask=not yes, json=json)
    )


def command() -> Callable[..., None]:
    """Make the command."""
    from consult.api.options import GridOptions
    from consult.envs.benchmark.grid import Grid

    return from_model(benchmark, GridOptions, defaults=Grid)


def _run(gridded: Gridded, *, db: Path, out: Path, placement: Placement, again: bool, ask: bool, json: bool) -> int:
    from consult.agents.models import ModelGoneError
    from consult.cli.commands.session import opening, print_json
    from consult.cli.terminal.benchmark_view import BenchmarkView
    from consult.cli.terminal.closed import discard_closed_output

    view = None if json else BenchmarkView(str(db))
    listen = print_json if view is None else view
    try:
        with gridded.planned(db, out, placement=placement, again=again, opener=opening(placement), tell=_tell) as bench:
            listen(bench.event())
            if ask and not json and bench.left and not _agreed():
                return 0
            played = bench.play(listen)
    except (KeyboardInterrupt, ModelGoneError) as stop:
        if view is not None:
            view.close()
        why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
        stored = "interrupted; what was shown is stored; run the same command to continue"
        print(f"consult: {harmless(why)}{stored}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        discard_closed_output()
        print("consult: the output was closed; run the same command to continue", file=sys.stderr)
        return 0
    if view is None:
        print_json(played.summary)
    else:
        view.finish(played.report.data, played.summary, out)
    unusable = played.summary["unusable_roles"]
    for sentence in unusable:
        print(f"consult: {sentence}", file=sys.stderr)
    return 1 if played.summary["failed"] or played.summary["judge_failed"] or unusable else 0


def _tell(line: str) -> None:
    """Show a person at a terminal what is taking time."""
    if sys.stderr.isatty():
        print(harmless(line), file=sys.stderr)


def _agreed() -> bool:
    """Ask a person at a terminal whether to play; return True without a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return typer.confirm("play it?", default=True, err=True)
