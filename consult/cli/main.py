"""The root of the command line: register the commands, one file each, and print mistakes as sentences."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import sys
import warnings
from itertools import pairwise
from typing import Annotated, Any, TextIO

import typer

from consult.cli.commands import (
    assess,
    benchmark,
    doctor,
    export,
    graph,
    grounding,
    prompts,
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
from consult.cli.terminal.closed import discard_closed_output
from consult.errors import ModelWarning, PluginWarning, StoreWarning, UserError
from consult.foreign_text import sentence as harmless_sentence
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
app.command("export", cls=GroupedCommand)(export.export)
app.command("graph", cls=GroupedCommand)(graph.graph)
app.command("prompts", cls=GroupedCommand)(prompts.prompts)
app.command("grounding", cls=GroupedCommand)(grounding.grounding)
app.command("doctor", cls=GroupedCommand)(doctor.doctor)
app.command("view", cls=GroupedCommand)(view.view)
app.add_typer(scenarios.app, name="scenarios", help="List, show, check and import scenarios.")
app.add_typer(train.app, name="train", help="Train a model.")

INTERRUPTED = 130
_INVALID = re.compile(r"Invalid value for (?P<option>'[^']+'): (?:Value error, )?")
_NO_VALUE = re.compile(r"Option '(?P<option>[^']+)' does not take a value")
_EXTRA = re.compile(r"Got unexpected extra argument\(s\) \((?P<words>.*)\)", re.DOTALL)
_WIDEST = 10_000
"""Columns of a terminal."""
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
    """Run a command; print a user's mistake as one sentence and exit with code 2."""
    # They may be closed; output is then discarded, and nothing is asked.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows a question mark instead of raising an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.showwarning = _warned
    _check_size()
    try:
        code = _invoke(sys.argv[1:])
        sys.stdout.flush()
        sys.exit(code)
    except typer.TyperException as error:
        sys.exit(_misused(error))
    except UserError as error:
        sys.exit(_complain(str(error), 2))
    except KeyboardInterrupt:
        # Another one would only disturb the end of the process.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(_complain("interrupted", INTERRUPTED))
    except UnicodeEncodeError as error:
        # A word of the command line whose bytes are not UTF-8; the store and JSON hold text.
        sys.exit(_complain(f"'{error.object}' cannot be written as {error.encoding}; type it again as UTF-8 text", 2))
    except BrokenPipeError:
        # As for `| head`: what was asked for has been read, however much of it the pipe held.
        discard_closed_output()
        sys.exit(0)
    except OSError as error:
        name = f"'{error.filename}': " if error.filename else ""
        sys.exit(_complain(f"{name}{error.strerror or error}; check the path, its permissions and the disk", 2))


def _check_size() -> None:
    """Ignore a size of the terminal that is not one, such as `COLUMNS=0`."""
    for name in ("COLUMNS", "LINES"):
        if not re.fullmatch("0*[1-9][0-9]{0,4}", os.environ.get(name, "1")) or int(os.environ.get(name, "1")) > _WIDEST:
            del os.environ[name]


def _invoke(arguments: list[str]) -> int:
    """Run a command without typer's own error handling, which would print three lines for a mistake."""
    _refuse_empty(arguments)
    command = typer.main.get_command(app)
    try:
        with command.make_context("consult", arguments) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    return 0


def _refuse_empty(arguments: list[str]) -> None:
    """Refuse an option or argument without a value, which no command has a use for."""
    for before, given in pairwise(("", *arguments)):
        name, equals, value = given.partition("=")
        if equals and name.startswith("--") and not value.strip():
            raise UserError(f"'{name}' is empty; give a value, or leave it out")
        if not given.strip():
            what = f"'{before}'" if before.startswith("--") else "an argument"
            raise UserError(f"{what} is empty; give a value, or leave it out")


def _misused(error: typer.TyperException) -> int:
    """Return typer's error as one sentence with the fix; do not change a help text."""
    said, context = error.format_message().strip(), getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # which typer does not export
        print(said, file=sys.stderr)
        return error.exit_code
    command = context.command_path if context else "consult"
    if (flag := _NO_VALUE.match(said)) is not None:
        said = f"'{flag['option']}' is on when it is given, and takes no value; write {flag['option']} alone"
    elif (extra := _EXTRA.match(said)) is not None:
        said = _unexpected(extra["words"], context)
    else:
        said = _INVALID.sub(r"\g<option> ", said)
        said = f"{said[:1].lower()}{said[1:].rstrip('.?')}".replace(". ", ", ").replace("Did you", "did you")
    return _complain(f"{said}; see: {command} --help", error.exit_code)


def _unexpected(words: str, context: Any) -> str:
    """Say that a command takes no such argument, and which option might be meant."""
    from consult.foreign_text import shortened

    said = f"unexpected extra argument '{shortened(words, 200)}'"
    options = [option for parameter in context.command.get_params(context) for option in parameter.opts]
    if "--scenario" not in options:
        return said
    from consult.scenarios import BUILT_IN

    first = words.split(" ")[0]
    return f"{said}, did you mean --scenario {first}" if first in BUILT_IN or os.path.isdir(first) else said


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print this program's warnings as one sentence, and other warnings as Python does."""
    if issubclass(category, PluginWarning | ModelWarning | StoreWarning):
        _complain(str(message), 0)
    else:
        _SHOW_WARNING(message, category, filename, lineno, file, line)


def _complain(sentence: str, code: int) -> int:
    # The exit code says it even if nothing can be printed.
    with contextlib.suppress(OSError):
        print(f"consult: {harmless_sentence(sentence)}", file=sys.stderr, flush=True)
    return code
