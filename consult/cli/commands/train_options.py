"""`consult train triage`, `attending` and `interview`: train a general practitioner."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from consult.counts import count_of, duration

if TYPE_CHECKING:
    from consult.rl.config import TrainConfig

Role = Literal["triage", "attending", "interview"]
NOT_FIELDS = ("ctx", "out", "config", "preset", "resume", "dry_run", "json", "threads")
"""Parameters that say how to run and not what to train."""

SUMMARIES: dict[Role, str] = {
    "triage": "Train the triage doctor: complaint and photograph to specialty and urgency.",
    "attending": "Train the attending's decision: interview, photograph and opinions to a diagnosis.",
    "interview": "Train the attending's questions over whole consultations.",
}


def command_of(role: Role) -> Callable[..., None]:
    """Make the command that trains a role; all have the same flags, which are the fields of a training."""

    def train(
        ctx: typer.Context,
        out: Annotated[Path, typer.Option(help="The result's folder.")],
        config: Annotated[Path | None, typer.Option(help="TOML with the same fields; flags override it.")] = None,
        preset: Annotated[str | None, typer.Option(help="smoke: a training of minutes.")] = None,
        scenario: Annotated[str, typer.Option(help="Built-in name or a folder.")] = "derm34",
        model: Annotated[str, typer.Option(help="The start: starter, a folder, an adapter or a hub id.")] = "starter",
        patient: Annotated[
            str | None, typer.Option(help="Who plays the patient; else the start, without its adapter.")
        ] = None,
        triage: Annotated[str | None, typer.Option(help="The same for the triage doctor.")] = None,
        specialist: Annotated[str | None, typer.Option(help="The same for every specialist.")] = None,
        method: Annotated[str, typer.Option(help="grpo, sft or sft+grpo.")] = "grpo",
        full: Annotated[bool, typer.Option("--full", help="Train the whole language model, not an adapter.")] = False,
        rank: Annotated[int, typer.Option(help="Of the adapter.")] = 16,
        seed: Annotated[int, typer.Option(help="Of weights, order and draws.")] = 0,
        cases: Annotated[int | None, typer.Option(help="Train cases, from the first; else all.")] = None,
        leave_out: Annotated[
            list[str] | None, typer.Option(help="A specialty not to train on; may be repeated.")
        ] = None,
        validation: Annotated[int | None, typer.Option(help="Cases that select the checkpoint; else all.")] = None,
        test: Annotated[int | None, typer.Option(help="Test cases that are read at the end; else all.")] = None,
        steps: Annotated[int | None, typer.Option(help="Steps in all.")] = None,
        minutes: Annotated[float | None, typer.Option(help="Minutes of training in all.")] = None,
        prompts: Annotated[int, typer.Option(help="Cases in a step.")] = 16,
        group: Annotated[int | None, typer.Option(help="Completions of each.")] = None,
        micro: Annotated[int | None, typer.Option(help="Completions on the device at once.")] = None,
        learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
        temperature: Annotated[float, typer.Option(help="Of the completions.")] = 1.0,
        max_tokens: Annotated[int | None, typer.Option(help="Of a completion.")] = None,
        beta: Annotated[float | None, typer.Option(help="Weight of the KL divergence.")] = None,
        entropy: Annotated[float | None, typer.Option(help="Weight of the entropy bonus.")] = None,
        rewards: Annotated[
            list[str] | None,
            typer.Option("--reward", help="NAME=WEIGHT, FILE.py:NAME[=WEIGHT]; may be repeated; 0 takes one out."),
        ] = None,
        rationale: Annotated[str, typer.Option(help="Attending's reason: before, after or none.")] = "before",
        curriculum: Annotated[str, typer.Option(help="Attending: none, order, entropy or full.")] = "none",
        stages: Annotated[str, typer.Option(help="Attending: of easy, medium, hard.")] = "easy,medium,hard",
        panel_skill: Annotated[
            float | None, typer.Option(help="Attending: make opinions up, right this often.")
        ] = None,
        panel_draws: Annotated[int, typer.Option(help="Attending: made-up panels an interview.")] = 1,
        votes: Annotated[int, typer.Option(help="Votes per decision; their majority is evaluated.")] = 1,
        db: Annotated[Path, typer.Option(help="Where interviews are kept and taken from.")] = Path("consult.db"),
        check_every: Annotated[int, typer.Option(help="Steps between checkpoints.")] = 50,
        report_to: Annotated[str, typer.Option(help="none, trackio, tensorboard or wandb.")] = "none",
        threads: Annotated[int | None, typer.Option(min=1, help="Threads; one for a tiny model, else torch's.")] = None,
        resume: Annotated[bool, typer.Option("--resume", help="Go on with what lies in --out.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and stop.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    ) -> None:
        from consult.api.train import plan_training

        planned = plan_training(role, config, preset, _weights(rewards or []), _given(ctx))
        read = planned.config
        _limit_threads(read, threads)
        with planned.named.known():
            if dry_run:
                from consult.rl.runtime.dry_run import tell_plan

                tell_plan(read, out, typer.echo)
                return
            from consult.rl.practitioner import train_practitioner

            try:
                metrics = train_practitioner(read, out, _say(), resume=resume)
            except KeyboardInterrupt:
                typer.echo("consult: interrupted; the same command with --resume goes on", err=True)
                raise typer.Exit(130) from None
        if metrics:
            _show(metrics, read, out, json=json)

    train.__doc__ = SUMMARIES[role]
    return train


def _given(ctx: typer.Context) -> dict[str, Any]:
    """Give the fields that stand on the command line, but for the rewards, which may be code."""
    found: dict[str, Any] = {}
    for name, value in ctx.params.items():
        source = ctx.get_parameter_source(name)
        if name not in (*NOT_FIELDS, "rewards") and source is not None and source.name == "COMMANDLINE":
            found[name] = value
    if "stages" in found:
        found["stages"] = [stage.strip() for stage in found["stages"].split(",")]
    return found


def _weights(entries: list[str]) -> dict[str, float | None]:
    """Read `NAME=WEIGHT`; code of yours may leave the weight to its decorator."""
    return dict(_weight(entry) for entry in entries)


def _weight(entry: str) -> tuple[str, float | None]:
    from consult.errors import UserError
    from consult.plugins import is_plugin

    if is_plugin(entry):
        return entry, None
    name, _, weight = entry.rpartition("=")
    try:
        return name.strip(), float(weight)
    except ValueError:
        raise UserError(f"--reward '{entry}' is no name and weight; write NAME=WEIGHT, e.g. accuracy=1") from None


def _limit_threads(config: TrainConfig, threads: int | None) -> None:
    """Keep the starter on one thread: more would mostly wait for each other."""
    import os

    if threads is None and ("OMP_NUM_THREADS" in os.environ or not _is_starter(config.model)):
        return
    import torch

    torch.set_num_threads(threads or 1)


def _is_starter(reference: str) -> bool:
    """Tell whether it is the starter, or an adapter on it that lies here; nothing is fetched for that."""
    from consult.agents.models.model import ModelError
    from consult.agents.models.model_resolver import base_reference

    if not Path(reference).is_dir():
        return reference == "starter"
    try:
        return base_reference(reference) == "starter"
    except ModelError:
        return False  # told where it is opened


def _say() -> Callable[[str], None]:
    import os

    if os.environ.get("RANK", "0") != "0":
        return lambda _: None
    begun = time.monotonic()

    def say(line: str) -> None:
        seconds = round(time.monotonic() - begun)
        typer.echo(f"{seconds // 60:3d}:{seconds % 60:02d}  {line}", err=True)

    return say


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
    typer.echo(
        f"{metrics['split']}, {told}: {metrics['before']:.1%} → {metrics['after']:.1%}, "
        f"gain {100 * metrics['gain']:+.1f} points ({sure}), "
        f"{count_of(metrics['steps'], 'step')} in {duration(metrics['seconds'])}, seed {metrics['seed']}"
    )
    typer.echo(f"consult simulate {played_with(config, str(out))}")
    typer.echo("Simulation, not medical advice.")
