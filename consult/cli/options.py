"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Database = Annotated[Path, typer.Option("--db", help="The SQLite file that holds the runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line and nothing else.")]
Batch = Annotated[
    int, typer.Option("--batch", min=1, max=1024, help="Consultations at once, and most requests a batch.")
]
Prompts = Annotated[
    bool, typer.Option("--prompts/--no-prompts", help="Store what models are asked and reply, for show --prompts.")
]
DEFAULT_DATABASE = Path("consult.db")
DEFAULT_BATCH = 32
