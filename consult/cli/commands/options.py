"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from consult.ranges import BATCH, REPLICAS, Range


def number(span: Range, help: str, *names: str, panel: str | None = None) -> Any:
    """Make an option that takes a number; help states its range.

    Args:
        span: The range.
        help: A whole sentence.
        names: The option's names; by default its parameter's.
        panel: The group of the help.
    """

    def read(written: Any) -> Any:
        # A default is a number.
        return span.read(written) if isinstance(written, str) else written

    return typer.Option(*names, min=span.least, max=span.most, parser=read, help=help, rich_help_panel=panel)


def _file(path: Path) -> Path:
    from consult.api.checks import store_file

    return store_file(path)


CASES_PANEL, OUTPUT_PANEL = "Cases", "Output"
"""Groups of the help, as the fields of the models name them."""

Database = Annotated[
    Path,
    typer.Option(
        "--db", callback=_file, help="The SQLite file at this path holds the runs.", rich_help_panel=OUTPUT_PANEL
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object per line and nothing else.", rich_help_panel=OUTPUT_PANEL),
]
Batch = Annotated[
    int | None,
    number(
        BATCH,
        "Play this many consultations at once, and send a model at most this many requests in one batch; the default "
        "is 32, or as many as keep the servers busy.",
        panel="How it is played",
    ),
]
Replicas = Annotated[
    int | None,
    number(
        REPLICAS,
        "Each model with its weights on this machine is loaded this many times on Ray (pip install "
        "'consult-sim[ray]'), with one GPU or a share of the processors for each copy.",
        panel="How it is played",
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The replicas run on the Ray cluster at this address; auto uses the one on this machine, or starts one.",
        rich_help_panel="How it is played",
    ),
]
NoPrompts = Annotated[
    bool,
    typer.Option(
        "--no-prompts",
        help="The models' prompts and replies are not stored, so that consult show --prompts has none.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
DEFAULT_DATABASE = Path("consult.db")
