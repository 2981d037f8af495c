"""`consult train`: train models."""

from __future__ import annotations

from functools import partial

import typer

from consult.cli.commands import starter_options
from consult.cli.commands.help import Group, add_on_demand
from consult.cli.commands.train_options import SUMMARIES, command_of

app = typer.Typer(no_args_is_help=True, cls=Group)
for role, summary in SUMMARIES.items():
    add_on_demand(app, role, summary, partial(command_of, role))
for name, summary in starter_options.SUMMARIES.items():
    add_on_demand(app, name, summary, partial(starter_options.command_of, name))


@app.callback()
def train() -> None:
    """Train a model."""
