"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consult.ranges import BATCH


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
    int,
    typer.Option(
        "--batch",
        min=BATCH.least,
        max=BATCH.most,
        help="Play this many consultations at once, and send a model at most this many requests in one batch.",
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
DEFAULT_BATCH = 32
