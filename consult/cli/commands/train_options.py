"""`consult train triage`, `attending` and `interview`: train a general practitioner."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from consult.cli.commands.from_model import from_model
from consult.cli.commands.options import OUTPUT_PANEL, Ray, Replicas, number
from consult.counts import count_of, duration
from consult.foreign_text import harmless
from consult.ranges import REWARD_WEIGHT, THREADS

if TYPE_CHECKING:
    from consult.rl.config import TrainConfig

Role = Literal["triage", "attending", "interview"]
NOT_FIELDS = ("ctx", "out", "config", "preset", "resume", "dry_run", "json", "threads", "replicas", "ray")
"""Parameters about how to run, not what to train."""

TRAINED_PANEL = "What is trained"
SUMMARIES: dict[Role, str] = {
    "triage": "Train the triage doctor: complaint and photograph to specialty and urgency.",
    "attending": "Train the attending's decision: interview, photograph and opinions to a diagnosis.",
    "interview": "Train the attending's questions over whole consultations.",
}


def command_of(role: Role) -> Callable[..., None]:
    """Make the command that trains a role; its options are the fields of a training that can work in this role."""
    from consult.rl.config import TrainConfig

    # No consultation is played for a triage decision.
    idle = ("replicas", "ray") if role == "triage" else ()
    return from_model(_command(role), TrainConfig, dict, role=role, idle=idle)


def _command(role: Role) -> Callable[..., None]:
    def train(
        fields: dict[str, Any],
        *,
        out: Annotated[
            Path, typer.Option(help="The result is written into this folder.", rich_help_panel=OUTPUT_PANEL)
        ],
        config: Annotated[
            Path | None,
            typer.Option(
                help="This TOML file has the same fields; options override it.", rich_help_panel=TRAINED_PANEL
            ),
        ] = None,
        preset: Annotated[
            str | None,
            typer.Option(help="The preset smoke is a training that takes minutes.", rich_help_panel=TRAINED_PANEL),
        ] = None,
        rewards: Annotated[
            list[str] | None,
            typer.Option(
                "--reward",
                help="This reward counts, as NAME=WEIGHT or FILE.py:NAME[=WEIGHT], with a weight "
                f"{REWARD_WEIGHT}; it may be given again; a weight of 0 removes a reward.",
                rich_help_panel="Learning",
            ),
        ] = None,
        threads: Annotated[
            int | None,
            number(
                THREADS,
                "Torch uses this many threads; without it, one for a tiny model, otherwise torch's own choice.",
                panel="Length and size",
            ),
        ] = None,
        replicas: Replicas = None,
        ray: Ray = None,
        resume: Annotated[
            bool,
            typer.Option("--resume", help="The training in --out is continued.", rich_help_panel=OUTPUT_PANEL),
        ] = False,
        dry_run: Annotated[
            bool,
            typer.Option("--dry-run", help="Print what would be done, and stop.", rich_help_panel=OUTPUT_PANEL),
        ] = False,
        json: Annotated[
            bool, typer.Option("--json", help="Print the figures as JSON.", rich_help_panel=OUTPUT_PANEL)
        ] = False,
    ) -> None:
        from consult.api.checks import placed
        from consult.api.train import plan_training

        planned = plan_training(role, config, preset, _weights(rewards or []), fields)
        read, placement = planned.config, placed(None, replicas, ray)
        _limit_threads(read, threads)
        with planned.named.known():
            if dry_run:
                from consult.rl.runtime.dry_run import tell_plan
                from consult.rl.runtime.output_dir import check_output_dir

                check_output_dir(read, out, resume=resume)
                tell_plan(read, out, _print, placement)
                return
            from consult.rl.practitioner import train_practitioner

            try:
                metrics = train_practitioner(read, out, _say(), placement=placement, resume=resume)
            except KeyboardInterrupt:
                typer.echo("consult: interrupted; the same command with --resume continues", err=True)
                raise typer.Exit(130) from None
        if metrics:
            _show(metrics, read, out, json=json)

    train.__doc__ = SUMMARIES[role]
    return train


def _weights(entries: list[str]) -> dict[str, float | None]:
    """Read `NAME=WEIGHT`; user code may leave the weight to its decorator."""
    from consult.errors import UserError

    weights = [_weight(entry) for entry in entries]
    twice = next((name for at, (name, _) in enumerate(weights) if name in dict(weights[:at])), None)
    if twice is not None:
        raise UserError(f"--reward '{twice}' is given twice; give it once")
    return dict(weights)


def _weight(entry: str) -> tuple[str, float | None]:
    from consult.errors import UserError
    from consult.plugins import is_plugin

    if is_plugin(entry):
        return entry, None
    name, equals, weight = entry.rpartition("=")
    if not equals:
        raise UserError(f"--reward '{entry}' is not a name and a weight; write NAME=WEIGHT, e.g. accuracy=1")
    try:
        return name.strip(), float(REWARD_WEIGHT.read(weight))
    except ValueError as error:
        raise UserError(f"the weight of --reward '{entry}' {error}; write NAME=WEIGHT, e.g. accuracy=1") from None


def _limit_threads(config: TrainConfig, threads: int | None) -> None:
    """Keep the starter on one thread: more would mostly wait for each other."""
    import os

    if threads is None and ("OMP_NUM_THREADS" in os.environ or not _is_starter(config.model)):
        return
    import torch

    torch.set_num_threads(threads or 1)


def _is_starter(reference: str) -> bool:
    """Return whether it is the starter, or a local adapter on it; nothing is downloaded."""
    from consult.agents.models.model import ModelError
    from consult.agents.models.model_resolver import base_reference

    if not Path(reference).is_dir():
        return reference == "starter"
    try:
        return base_reference(reference) == "starter"
    except ModelError:
        return False  # reported when it is opened


def _say() -> Callable[[str], None]:
    import os

    if os.environ.get("RANK", "0") != "0":
        return lambda _: None
    from consult.render.console import PlainConsole
    from consult.render.terminal import say_wrapped

    begun, console = time.monotonic(), PlainConsole(stderr=True)

    def say(line: str) -> None:
        seconds = round(time.monotonic() - begun)
        say_wrapped(console, line, f"{seconds // 60:3d}:{seconds % 60:02d}  ")

    return say


def _print(line: str) -> None:
    from consult.render.console import PlainConsole
    from consult.render.terminal import say_wrapped

    say_wrapped(PlainConsole(), line)


def _show(metrics: dict[str, Any], config: TrainConfig, out: Path, *, json: bool) -> None:
    if json:
        from json import dumps

        typer.echo(dumps(metrics))
        return
    from consult.rl.runtime.results import in_points, played_with

    told = count_of(metrics["cases"], "case")
    if metrics["n"] != metrics["cases"]:
        told = f"{count_of(metrics['n'], 'decision')} on {told}"
    interval = in_points(metrics["interval"])
    sure = f"95 % interval {interval}" if interval else "too few cases for an interval"
    _print(
        f"{metrics['split']}, {told}: {metrics['before']:.1%} → {metrics['after']:.1%}, "
        f"gain {100 * metrics['gain']:+.1f} points ({sure}), "
        f"{count_of(metrics['steps'], 'step')} in {duration(metrics['seconds'])}, seed {metrics['seed']}"
    )
    typer.echo(harmless(f"consult simulate {played_with(config, str(out))}"))
    typer.echo("Simulation, not medical advice.")
