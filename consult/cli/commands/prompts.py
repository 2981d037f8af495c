"""`consult prompts`: print the prompts of a consultation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def prompts(
    role: Annotated[
        str | None,
        typer.Argument(
            metavar="[ROLE]", help="Only the prompts of patient, triage, specialist or attending are printed."
        ),
    ] = None,
    scenario: Annotated[str, typer.Option(help="The scenario is a built-in name or a folder.")] = "derm34",
    case: Annotated[
        str | None, typer.Option(help="The case with this id is used; without it, the first test case.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--prompts", help="The prompts in this folder replace the built-in ones, file by file."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="The prompts of the preset 3mdbench are printed.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line and nothing else.")] = False,
) -> None:
    """Print the prompts of a consultation as instruction-tuned models get them; no model is needed."""
    from consult.api.prompts import prompts as rendered
    from consult.cli.commands.session import print_json

    shown = rendered(role, scenario=scenario, case=case, prompts=folder, preset=preset)
    if not json:
        typer.echo(str(shown))
        return
    for event in shown.events():
        print_json(event)
