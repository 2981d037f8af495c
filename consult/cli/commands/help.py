"""Commands with grouped help in the terminal's full width, created on first use."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from consult.ranges import Range

FULL_WIDTH = 1000
"""Columns beyond which the help is not widened; a terminal has fewer."""
_RANGE = re.compile(r"(-?[\de.-]+)<=x<=(-?[\de.-]+)")


class GroupedCommand(TyperCommand):
    """A command that lists its options in the groups they name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, options without a group, and a section for each group; `--help` alone comes last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
                group = getattr(parameter, "rich_help_panel", None) or usual
                sections.setdefault(group, []).append((_in_words(record[0]), _in_words(record[1])))
        rest = {title: sections.pop(title, []) for title in ("Arguments", "Options")}
        alone = len(rest["Options"]) == 1
        ordered = {"Arguments": rest["Arguments"], **sections, "Options": rest["Options"]} if alone else rest | sections
        for title, records in ordered.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _in_words(said: str) -> str:
    """Describe types and ranges in plain words."""
    for written, plain in ((r"<(int|float) range>", r"<\1>"), (r"<list\[(\w+)\]>", r"<\1>")):
        said = re.sub(written, plain, said)
    # In brackets stands the default of something that the command looks up itself.
    said = re.sub(r"\[default: \(([^()]*)\)", r"[default: \1", said)
    return _RANGE.sub(lambda ends: str(Range(_end(ends[1]), _end(ends[2]))), said)


def _end(written: str) -> float:
    return float(written) if re.search("[.e]", written) else int(written)


class Group(TyperGroup):
    """A command with commands of its own, whose summaries are listed whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands, each with the whole first sentence of its help."""
        summaries = [(name, self.commands[name].help or "") for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, " ".join(summary.split())) for name, summary in summaries])


class Root(Group):
    """The root of the command line; all help uses the terminal's full width."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Make the context that sets the commands' width."""
        return super().make_context(info_name, args, parent, **{"max_content_width": FULL_WIDTH, **extra})


def add_on_demand(app: typer.Typer, name: str, about: str, make: Callable[[], Callable[..., None]]) -> None:
    """Add a command whose options are built on first use, so that other commands start faster.

    Args:
        app: Where to.
        name: The command's.
        about: Its help.
        make: Makes its function.
    """

    class OnDemand(GroupedCommand):
        @cached_property
        def made(self) -> Any:
            alone = typer.Typer(add_completion=False, rich_markup_mode=None)
            alone.command(name)(make())
            return typer.main.get_command(alone)

        @property
        def params(self) -> Any:
            return self.made.params

        @params.setter
        def params(self, given: Any) -> None:
            """Ignore the parameters of the placeholder function; it has none."""

        def invoke(self, ctx: Any) -> Any:
            return self.made.invoke(ctx)

    def stands_for_it() -> None:
        raise NotImplementedError

    stands_for_it.__doc__ = about
    app.command(name, cls=OnDemand)(stands_for_it)
