"""`consult train starter`, `assessor` and `classifier`: train the models in the package, or others of their kind."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from consult.cli.commands.from_model import from_model
from consult.cli.commands.options import OUTPUT_PANEL
from consult.foreign_text import as_name, harmless

if TYPE_CHECKING:
    from consult.rl.starter.config import AssessorRecipe, ClassifierRecipe, Recipe

Trained = Literal["starter", "assessor", "classifier"]
SUMMARIES: dict[Trained, str] = {
    "starter": "Train the starter from scratch: tokenizer, vision tower, then all roles; about 90 minutes on one core.",
    "assessor": "Train the starter as an assessor: an adapter for this role that reproduces the rule assessor.",
    "classifier": "Train an image classifier on a starter's frozen vision tower, saved beside its weights; minutes on "
    "one core.",
}


def command_of(trained: Trained) -> Callable[..., None]:
    """Make the command that trains a model; its options are the fields of its recipe."""
    from consult.rl.starter.config import AssessorRecipe, ClassifierRecipe, Recipe

    if trained == "starter":
        return from_model(_starter, Recipe)
    return from_model(_assessor, AssessorRecipe) if trained == "assessor" else from_model(_classifier, ClassifierRecipe)


def _say(line: str) -> None:
    from consult.render.console import PlainConsole
    from consult.render.terminal import say_wrapped

    say_wrapped(PlainConsole(stderr=True), line)


def _starter(
    recipe: Recipe,
    *,
    out: Annotated[
        Path,
        typer.Option(
            help="Write the model into this folder; the same folder again continues.", rich_help_panel=OUTPUT_PANEL
        ),
    ],
) -> None:
    from consult.rl.runtime.output_dir import held_output_dir
    from consult.rl.starter.recipe import train_starter

    with held_output_dir(out):
        figures = train_starter(recipe, out, _say)
    typer.echo(
        f"{as_name(str(out))}: {figures['parameters'] / 1e6:.1f} M parameters, loss {figures['loss']}; try it with:"
    )
    typer.echo(harmless(shlex.join(["consult", "simulate", "--scenario", recipe.scenario, "--model", str(out)])))


def _assessor(
    recipe: AssessorRecipe,
    *,
    out: Annotated[
        Path,
        typer.Option(
            help="Write the adapter into this folder; the same folder again continues the training.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ],
) -> None:
    from consult.rl.runtime.output_dir import held_output_dir
    from consult.rl.starter.assessor.recipe import train_assessor

    with held_output_dir(out):
        facts = train_assessor(recipe, out, _say)
    typer.echo(f"{as_name(str(out))}: {facts['parameters'] / 1e6:.2f} M parameters, loss {facts['loss']}; try it with:")
    typer.echo(harmless(f"consult assess RUN --assessor {shlex.quote(str(out))}"))


def _classifier(
    recipe: ClassifierRecipe,
    *,
    model: Annotated[
        str,
        typer.Option(
            help="The model is starter, or a folder that train starter made.", rich_help_panel="What is trained"
        ),
    ],
) -> None:
    import tempfile

    from consult.rl.starter.card import table_row
    from consult.rl.starter.classifier import train_classifier

    with tempfile.TemporaryDirectory() as work:
        rates = train_classifier(model, recipe, Path(work), _say)
    for rate in rates:
        typer.echo(table_row(rate))
