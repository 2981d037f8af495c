"""`consult train`: train models."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from consult.cli.commands.help import GroupedCommand, add_on_demand
from consult.cli.commands.train_options import SUMMARIES, command_of
from consult.ranges import SEED

app = typer.Typer(no_args_is_help=True)
for role, summary in SUMMARIES.items():
    add_on_demand(app, role, summary, partial(command_of, role))


@app.callback()
def train() -> None:
    """Train a model."""


@app.command(cls=GroupedCommand)
def starter(
    out: Annotated[Path, typer.Option(help="The model's folder; the same folder again takes the training up.")],
    scenario: Annotated[str, typer.Option(help="A scenario with tables.")] = "derm34",
    seed: Annotated[int, typer.Option(min=SEED.least, max=SEED.most, help="Of weights, lessons and batches.")] = 34,
    tokens: Annotated[float, typer.Option(min=0.001, help="Millions of tokens of lessons in judging.")] = 5.5,
    wording_tokens: Annotated[float, typer.Option(min=0.001, help="The same of lessons in speaking.")] = 1.5,
    triage_labels: Annotated[int, typer.Option(min=0, help="Cases whose specialty triage is taught.")] = 1000,
    decision_labels: Annotated[
        int, typer.Option(min=0, help="Cases whose diagnosis is taught to the attending.")
    ] = 4000,
    vision_steps: Annotated[int, typer.Option(min=1, help="Batches of 64 pictures for the vision tower.")] = 2500,
    pictures: Annotated[int, typer.Option(min=1, help="Drawings beyond the cases' own for the tower.")] = 6800,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the training itself.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw the photographs.")] = 2,
) -> None:
    """Train the starter from scratch: tokenizer, vision tower, then all roles; about 90 minutes of one core."""
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
    figures = train_starter(recipe, out, lambda line: typer.echo(line, err=True))
    typer.echo(f"{out}: {figures['parameters'] / 1e6:.1f} M parameters, loss {figures['loss']}; try it with:")
    typer.echo(f"consult simulate --scenario {scenario} --model {out}")


@app.command(cls=GroupedCommand)
def assessor(
    out: Annotated[Path, typer.Option(help="The adapter's folder; the same folder again takes the training up.")],
    base: Annotated[str, typer.Option(help="Who plays and is taught: starter, or a folder that was made here.")] = (
        "starter"
    ),
    scenario: Annotated[str, typer.Option(help="A scenario with tables.")] = "derm34",
    seed: Annotated[int, typer.Option(min=SEED.least, max=SEED.most, help="Of play, edits and weights.")] = 5,
    consultations: Annotated[int, typer.Option(min=7, help="Train cases to play.")] = 320,
    lessons: Annotated[int, typer.Option(min=1, help="Edited consultations to learn from.")] = 12_000,
    rank: Annotated[int, typer.Option(min=1, max=64, help="Of the adapter.")] = 32,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the training itself.")] = 1,
) -> None:
    """Teach the starter to assess: an adapter that repeats the rule assessor, for this role alone."""
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
    facts = train_assessor(recipe, out, lambda line: typer.echo(line, err=True))
    typer.echo(f"{out}: {facts['parameters'] / 1e6:.2f} M parameters, loss {facts['loss']}; try it with:")
    typer.echo(f"consult assess RUN --assessor {out}")


@app.command(cls=GroupedCommand)
def classifier(
    model: Annotated[str, typer.Option(help="starter, or a folder of: consult train starter.")],
    scenario: Annotated[str, typer.Option(help="A scenario with tables.")] = "derm34",
    seed: Annotated[int, typer.Option(min=SEED.least, max=SEED.most, help="Of weights and batches.")] = 34,
    cases: Annotated[int, typer.Option(min=1, help="Train cases.")] = 6800,
    held_out: Annotated[int, typer.Option(min=1, help="Validation and test cases each to evaluate on.")] = 680,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw the photographs.")] = 2,
) -> None:
    """Train an image classifier on a starter's frozen vision tower, kept beside its weights; minutes of one core."""
    import tempfile

    from consult.rl.starter.card import table_row
    from consult.rl.starter.classifier import ClassifierRecipe, train_classifier

    recipe = ClassifierRecipe(scenario, seed, cases, held_out, workers)
    with tempfile.TemporaryDirectory() as work:
        rates = train_classifier(model, recipe, Path(work), lambda line: typer.echo(line, err=True))
    for rate in rates:
        typer.echo(table_row(rate))
