"""The command line's root: it only wires the commands, one file each, and turns mistakes into sentences."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from typing import Annotated, TextIO

import typer

from consult.cli.commands import (
    assess,
    benchmark,
    doctor,
    graph,
    report,
    resume,
    runs,
    scenarios,
    show,
    simulate,
    train,
    view,
)
from consult.cli.commands.help import GroupedCommand, Root, add_on_demand
from consult.errors import PluginWarning, UserError
from consult.version import __version__

app = typer.Typer(
    name="consult",
    cls=Root,
    help="Simulated clinical consultations between AI agents. Simulation, not medical advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help starts twice as fast
)
add_on_demand(app, "simulate", simulate.simulate.__doc__ or "", simulate.command)
app.command("assess", cls=GroupedCommand)(assess.assess)
app.command("show", cls=GroupedCommand)(show.show)
app.command("runs", cls=GroupedCommand)(runs.runs)
app.command("resume", cls=GroupedCommand)(resume.resume)
add_on_demand(app, "benchmark", benchmark.benchmark.__doc__ or "", benchmark.command)
app.command("report", cls=GroupedCommand)(report.report)
app.command("graph", cls=GroupedCommand)(graph.graph)
app.command("doctor", cls=GroupedCommand)(doctor.doctor)
app.command("view", cls=GroupedCommand)(view.view)
app.add_typer(scenarios.app, name="scenarios", help="List, show, check and import scenarios.")
app.add_typer(train.app, name="train", help="Train a model.")

INTERRUPTED = 130
_TAKES = {
    "valid integer": "a whole number",
    "valid number": "a number",
    "greater than or equal to": "at least ",
    "less than or equal to": "at most ",
    "greater than": "more than ",
    "less than": "less than ",
}
"""Part of what a check says of a number → what the option takes."""
_INVALID = re.compile(
    r"Invalid value for (?P<option>'[^']+'): Input should be "
    rf"(?:a )?(?P<why>{'|'.join(_TAKES)})(?:, unable to parse[^;]*)?(?: (?P<end>[-\d.]+))?"
)
_SHOW_WARNING = warnings.showwarning


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"consult {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Simulated clinical consultations between AI agents. Simulation, not medical advice."""


def run() -> None:
    """Run a command; a user's mistake is one sentence and exit code 2."""
    # Somebody may have closed them; what is then written goes nowhere, as he wanted it.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a sign shows a question mark instead of stopping us.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.showwarning = _warned
    try:
        sys.exit(_invoke(sys.argv[1:]))
    except typer.TyperException as error:
        sys.exit(_misused(error))
    except UserError as error:
        sys.exit(_complain(str(error), 2))
    except KeyboardInterrupt:
        sys.exit(_complain("interrupted", INTERRUPTED))
    except BrokenPipeError:
        # The reader of our output has gone, e.g. `| head`.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        name = f"'{error.filename}': " if error.filename else ""
        sys.exit(_complain(f"{name}{error.strerror or error}; check the path, its permissions and the disk", 2))


def _invoke(arguments: list[str]) -> int:
    """Run a command; not by typer's own way, which would answer a mistake in three lines."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("consult", arguments) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    return 0


def _plainly(match: re.Match[str]) -> str:
    """Say what an option takes, in the words of the Python API."""
    return f"{match['option']} takes {_TAKES[match['why']]}{match['end'] or ''}"


def _misused(error: typer.TyperException) -> int:
    """Say typer's complaint in one sentence with the fix; a help text stays as it is."""
    said, context = error.format_message().strip(), getattr(error, "ctx", None)
    if "\n" in said:
        print(said, file=sys.stderr)
        return error.exit_code
    said = _INVALID.sub(_plainly, said)
    said = f"{said[:1].lower()}{said[1:].rstrip('.?')}".replace(". ", ", ").replace("Did you", "did you")
    return _complain(f"{said}; see: {context.command_path if context else 'consult'} --help", error.exit_code)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning of this program's as one sentence, and others as Python does."""
    if issubclass(category, PluginWarning):
        _complain(str(message), 0)
    else:
        _SHOW_WARNING(message, category, filename, lineno, file, line)


def _complain(sentence: str, code: int) -> int:
    print(f"consult: {sentence}", file=sys.stderr)
    return code
