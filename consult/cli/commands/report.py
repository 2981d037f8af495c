"""`consult report`: write the results of one or several runs as a page, Markdown, JSON and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consult.cli.commands.options import DEFAULT_DATABASE, Database
from consult.foreign_text import as_name


def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="These are runs such as r3; several are compared.")],
    out: Annotated[Path, typer.Option("--out", help="The files are written into this folder.")] = Path("runs/report"),
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write report.html, report.md, report.json, summary.csv, summary.tex and consultations.csv about runs."""
    from consult.api.report import written

    typer.echo(as_name(str(written(runs, out, db).page)))
