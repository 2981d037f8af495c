"""Commands with grouped help in the terminal's full width, created on first use."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

FULL_WIDTH = 1000
"""Columns beyond which the help is not widened; a terminal has fewer."""
_RANGES = ((r"(-?[\d.]+)<=x<=(-?[\d.]+)", r"from \1 to \2"), (r"x>=(-?[\d.]+)", r"\1 or more"))
_ANY_NUMBER = re.compile(r"(; |(?<=\[))from -9223372036854775808 to 9223372036854775807")
"""The range of numbers that the store can hold, which help need not print."""


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
    for written, plain in (*_RANGES, (r"<(int|float) range>", r"<\1>"), (r"<list\[(\w+)\]>", r"<\1>")):
        said = re.sub(written, plain, said)
    return _ANY_NUMBER.sub("", said).replace("  []", "")


class Root(TyperGroup):
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
