"""`consult train`: train models."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from consult.cli.commands.help import Group, GroupedCommand, add_on_demand
from consult.cli.commands.options import number
from consult.cli.commands.train_options import SUMMARIES, command_of
from consult.foreign_text import as_name, harmless
from consult.ranges import (
    ADAPTER_RANK,
    ASSESSED,
    CASES,
    LABELS,
    MILLION_TOKENS,
    STEPS,
    THREADS,
    TRAINING_SEED,
    WORKERS,
)

app = typer.Typer(no_args_is_help=True, cls=Group)
for role, summary in SUMMARIES.items():
    add_on_demand(app, role, summary, partial(command_of, role))


Tables = Annotated[str, typer.Option(help="The scenario is one with tables.")]
Workers = Annotated[int, number(WORKERS, "This many processes draw the photographs.")]
Threads = Annotated[int, number(THREADS, "The training itself uses this many threads.")]


def _say(line: str) -> None:
    typer.echo(harmless(line), err=True)


@app.callback()
def train() -> None:
    """Train a model."""


@app.command(cls=GroupedCommand)
def starter(
    out: Annotated[Path, typer.Option(help="Write the model into this folder; the same folder again continues.")],
    scenario: Tables = "derm34",
    seed: Annotated[
        int,
        number(TRAINING_SEED, "The seed decides weights, examples and batches."),
    ] = 34,
    tokens: Annotated[float, number(MILLION_TOKENS, "Decision examples have this many million tokens.")] = 5.5,
    wording_tokens: Annotated[float, number(MILLION_TOKENS, "Examples of speech have this many million tokens.")] = 1.5,
    triage_labels: Annotated[int, number(LABELS, "Triage is trained on the specialty of this many cases.")] = 1000,
    decision_labels: Annotated[
        int, number(LABELS, "The attending is trained on the diagnosis of this many cases.")
    ] = 4000,
    vision_steps: Annotated[
        int, number(STEPS, "The vision tower is trained on this many batches of 64 images.")
    ] = 2500,
    pictures: Annotated[int, number(CASES, "The tower sees this many drawings beyond the cases' own.")] = 6800,
    threads: Threads = 1,
    workers: Workers = 2,
) -> None:
    """Train the starter from scratch: tokenizer, vision tower, then all roles; about 90 minutes on one core."""
    from consult.rl.runtime.output_dir import held_output_dir
    from consult.rl.starter.recipe import Recipe, train_starter

    recipe = Recipe(
        scenario=scenario,
        seed=seed,
        tokens=round(tokens * 1e6),
        wording_tokens=round(wording_tokens * 1e6),
        triage_labels=triage_labels,
        decision_labels=decision_labels,
        vision_steps=vision_steps,
        free_pictures=pictures,
        threads=threads,
        workers=workers,
    )
    with held_output_dir(out):
        figures = train_starter(recipe, out, _say)
    typer.echo(
        f"{as_name(str(out))}: {figures['parameters'] / 1e6:.1f} M parameters, loss {figures['loss']}; try it with:"
    )
    typer.echo(harmless(shlex.join(["consult", "simulate", "--scenario", scenario, "--model", str(out)])))


@app.command(cls=GroupedCommand)
def assessor(
    out: Annotated[
        Path, typer.Option(help="Write the adapter into this folder; the same folder again continues the training.")
    ],
    base: Annotated[
        str, typer.Option(help="This model plays and is trained: starter, or a folder that train starter made.")
    ] = ("starter"),
    scenario: Tables = "derm34",
    seed: Annotated[
        int,
        number(TRAINING_SEED, "The seed decides play, edits and weights."),
    ] = 5,
    consultations: Annotated[int, number(ASSESSED, "This many train cases are played.")] = 320,
    lessons: Annotated[int, number(CASES, "This many edited consultations are trained on.")] = 20_000,
    rank: Annotated[int, number(ADAPTER_RANK, "The adapter has this rank.")] = 32,
    threads: Threads = 1,
) -> None:
    """Train the starter as an assessor: an adapter for this role that reproduces the rule assessor."""
    from consult.rl.runtime.output_dir import held_output_dir
    from consult.rl.starter.assessor.recipe import AssessorRecipe, train_assessor

    recipe = AssessorRecipe(
        base=base,
        scenario=scenario,
        seed=seed,
        consultations=consultations,
        lessons=lessons,
        rank=rank,
        threads=threads,
    )
    with held_output_dir(out):
        facts = train_assessor(recipe, out, _say)
    typer.echo(f"{as_name(str(out))}: {facts['parameters'] / 1e6:.2f} M parameters, loss {facts['loss']}; try it with:")
    typer.echo(harmless(f"consult assess RUN --assessor {shlex.quote(str(out))}"))


@app.command(cls=GroupedCommand)
def classifier(
    model: Annotated[str, typer.Option(help="The model is starter, or a folder that train starter made.")],
    scenario: Tables = "derm34",
    seed: Annotated[int, number(TRAINING_SEED, "The seed decides weights and batches.")] = 34,
    cases: Annotated[int, number(CASES, "This many train cases are used.")] = 6800,
    held_out: Annotated[int, number(CASES, "It is evaluated on this many validation and as many test cases.")] = 680,
    workers: Workers = 2,
) -> None:
    """Train an image classifier on a starter's frozen vision tower, saved beside its weights; minutes on one core."""
    import tempfile

    from consult.rl.starter.card import table_row
    from consult.rl.starter.classifier import ClassifierRecipe, train_classifier

    recipe = ClassifierRecipe(scenario, seed, cases, held_out, workers)
    with tempfile.TemporaryDirectory() as work:
        rates = train_classifier(model, recipe, Path(work), _say)
    for rate in rates:
        typer.echo(table_row(rate))
