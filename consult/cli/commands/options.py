"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consult.ranges import BATCH


def _file(path: Path) -> Path:
    from consult.api.checks import store_file

    return store_file(path)


Database = Annotated[Path, typer.Option("--db", callback=_file, help="The SQLite file that holds the runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line and nothing else.")]
Batch = Annotated[
    int,
    typer.Option("--batch", min=BATCH.least, max=BATCH.most, help="Consultations at once, and most requests a batch."),
]
Prompts = Annotated[
    bool, typer.Option("--prompts/--no-prompts", help="Store what models are asked and reply, for show --prompts.")
]
DEFAULT_DATABASE = Path("consult.db")
DEFAULT_BATCH = 32
