"""`consult graph`: print the flow of a consultation."""

from __future__ import annotations

import typer


def graph() -> None:
    """Print the flow of a consultation as a Mermaid chart."""
    from consult.envs.graph import mermaid

    typer.echo(mermaid())
