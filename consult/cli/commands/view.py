"""`consult view`: serve the store as local web pages, read-only."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from consult.cli.commands.options import DEFAULT_DATABASE, Database, number
from consult.foreign_text import as_name
from consult.ranges import PORT

DEFAULT_PORT = 8765


def view(
    db: Database = DEFAULT_DATABASE,
    port: Annotated[int, number(PORT, "The server listens on this port; 0 takes any free port.")] = DEFAULT_PORT,
) -> None:
    """Serve runs and consultations as local web pages, read-only; Ctrl-C stops the server."""
    from consult.cli.web.readers import Readers
    from consult.cli.web.server import application, listening, prepare, serve
    from consult.render.terminal import DISCLAIMER

    readers = Readers(db)
    # Report a mistake before anything is served.
    with readers.reading():
        pass
    with listening(port) as socket, contextlib.suppress(KeyboardInterrupt):
        prepare(readers)
        address = f"http://127.0.0.1:{socket.getsockname()[1]}/"
        typer.echo(f"{address}  shows {as_name(str(db))}, read-only; Ctrl-C stops it.")
        typer.echo(DISCLAIMER)
        serve(application(readers), socket)
