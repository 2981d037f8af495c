"""`consult grounding`: measure a check of patients' lines on labelled ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consult.cli.commands.options import Json

if TYPE_CHECKING:
    from rich.table import Table

    from consult.envs.line_checking import Measured
    from consult.envs.metrics.fidelity import Rate


def grounding(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", help="This file has labelled lines, one JSON object per line.")
    ],
    checker: Annotated[
        str, typer.Option("--checker", metavar="REF", help="This model decides on the lines that the rules accept.")
    ] = "rules",
    json: Json = False,
) -> None:
    """Measure how well the check of patients' lines tells faithful lines from others."""
    from consult.api.grounding import measured
    from consult.cli.commands.session import print_json
    from consult.render.console import PlainConsole
    from consult.render.terminal import say, styled

    found = measured(file, checker)
    if json:
        print_json(found.as_json())
        return
    console = PlainConsole()
    console.print(_table(found))
    if found.without_verdict:
        say(
            console,
            styled(f"lines without a verdict of the model, left to the rules: {found.without_verdict}", "yellow"),
        )


def _table(found: Measured) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from consult.render.terminal import styled

    table = Table(box=SIMPLE_HEAD, title=styled(f"check: {found.check}", ""), title_justify="left", pad_edge=False)
    table.add_column("kind", overflow="fold")
    for heading in ("faithful, refused", "unfaithful, accepted"):
        table.add_column(heading, justify="right")
    for kind, error in (("all", found.whole), *found.by_kind.items()):
        table.add_row(styled(kind, ""), _figure(error.refused), _figure(error.accepted))
    return table


def _figure(rate: Rate) -> str:
    if rate.interval is None:
        return "—"
    low, high = rate.interval
    return f"{rate.share:.0%} ({100 * low:.0f}-{high:.0%}), {rate.hits} of {rate.n}"
