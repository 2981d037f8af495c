"""`consult export`: write a run as files for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consult.cli.commands.options import DEFAULT_DATABASE, Database, Json
from consult.counts import count_of
from consult.foreign_text import harmless


def export(
    run: Annotated[str, typer.Argument(help="This is the run's id, as `consult runs` lists it.")],
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="It is jsonl, parquet, openai-chat, sft, 3mdbench or inspect.")
    ],
    out: Annotated[Path, typer.Option("--out", help="This file is written; for parquet and 3mdbench, this folder.")],
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Write a run as files for other programs: a data set, training examples, 3MDBench's files, or Inspect's log."""
    from consult.api.export import export as exported
    from consult.cli.commands.session import print_json

    event = exported(run, to, out, db=db)
    if json:
        print_json(event)
        return
    kind = ("reply", "replies") if to == "sft" else ("consultation", "consultations")
    left = f", {event['left_out']:,} left out" if event["left_out"] else ""
    typer.echo(harmless(f"{out}: {count_of(event['consultations'], *kind)}{left}"))
    for note in event["notes"]:
        typer.echo(harmless(f"  {note}"))
