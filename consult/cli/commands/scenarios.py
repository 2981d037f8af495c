"""`consult scenarios`: list scenarios, show how difficult one is, and check a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from consult.cli.commands.help import Group, GroupedCommand
from consult.cli.commands.imports import import_
from consult.counts import count_of
from consult.foreign_text import as_name, harmless, one_line, shown
from consult.render.narrow import fitted

if TYPE_CHECKING:
    from rich.console import Console

    from consult.scenarios import Scenario
    from consult.scenarios.ceilings import Ceiling

BLOCKS = "▏▎▍▌▋▊▉█"
"""Eighths of a character, from one to all."""
BAR = 30
"""Length of a full bar, in characters."""

app = typer.Typer(no_args_is_help=True, cls=Group)
app.command("import", cls=GroupedCommand)(import_)

Reference = Annotated[str, typer.Argument(metavar="ID", help="This is a built-in scenario, or the path of a folder.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="This is a scenario's folder.")]


@app.command("list")
def list_() -> None:
    """List the built-in scenarios."""
    from consult.render.console import PlainConsole
    from consult.scenarios import BUILT_IN, load_scenario

    table = _table("name", "title", "labels>", "splits")
    for scenario in map(load_scenario, BUILT_IN):
        table.add_row(*map(_text, (scenario.name, scenario.title, str(len(scenario.labels)), _splits(scenario))))
    console = PlainConsole()
    console.print(fitted(table, console.width))


@app.command(cls=GroupedCommand)
def show(
    reference: Reference,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Show a scenario's labels, and how often the best possible doctor would be right."""
    from consult.render.console import PlainConsole
    from consult.scenarios import load_scenario

    scenario = load_scenario(reference)
    if json_:
        from consult.cli.commands.session import print_json

        print_json(_described(scenario))
        return
    _print(PlainConsole(), scenario)


@app.command(cls=GroupedCommand)
def check(folder: Folder) -> None:
    """Find every mistake of a scenario's folder; exit code 2 if there is one."""
    from consult.errors import UserError
    from consult.scenarios.checks.folder import check as check_folder
    from consult.scenarios.folder import load_folder

    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give the path of a scenario's folder")
    found = check_folder(folder)
    for problem in found.problems:
        typer.echo(one_line(str(problem)))
    if found.waiting:
        typer.echo(f"fix these first; not checked yet: {harmless(', '.join(found.waiting))}")
    if found.problems:
        raise typer.Exit(2)
    scenario = load_folder(folder)
    sizes = ", ".join(count_of(size, f"{split} case") for split, size in _tests_first(scenario))
    listed = "questions" if scenario.asks_questions else count_of(len(scenario.labels), "label")
    typer.echo(f"{as_name(str(folder))}: no mistakes found ({listed}, {sizes})")


def _tests_first(scenario: Scenario) -> list[tuple[str, int]]:
    test = scenario.splits.get("test")
    return list(scenario.splits.items()) if test is None else [("test", test)]


def _ceilings(scenario: Scenario) -> list[Ceiling]:
    """Compute the ceilings; return none for cases written by hand."""
    from consult.scenarios.case_generator import Grammar
    from consult.scenarios.ceilings import ceilings

    return ceilings(scenario.source) if isinstance(scenario.source, Grammar) else []


def _facts_known(scenario: Scenario) -> list[Ceiling]:
    """Compute the ceilings by the number of facts known; return none for cases written by hand."""
    from consult.scenarios.case_generator import Grammar
    from consult.scenarios.ceilings import by_facts_known

    return list(by_facts_known(scenario.source).values()) if isinstance(scenario.source, Grammar) else []


def _described(scenario: Scenario) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "scenario": scenario.name,
        "kind": scenario.kind,
        "title": scenario.title,
        "description": scenario.description,
        "revision": scenario.revision,
        "splits": dict(scenario.splits),
        "topics": dict(scenario.topics),
        "examinations": dict(scenario.examinations),
        "specialties": list(scenario.specialties),
        "labels": [asdict(label) for label in scenario.labels.values()],
        "ceilings": [asdict(ceiling) for ceiling in _ceilings(scenario)],
        "facts_known": [asdict(ceiling) for ceiling in _facts_known(scenario)],
    }


def _print(console: Console, scenario: Scenario) -> None:
    console.print(_text(f"{scenario.name}: {scenario.title}", "bold"), highlight=False)
    if scenario.description:
        console.print(_text(scenario.description), highlight=False)
    listed = "questions" if scenario.asks_questions else count_of(len(scenario.labels), "label")
    console.print(_text(f"{listed} · {_splits(scenario)} · revision {scenario.revision}"))
    menus: list[tuple[str, Iterable[str]]] = [("topics", scenario.topics), ("examinations", scenario.examinations)]
    menus += [("specialties", scenario.specialties)] if scenario.asks_questions else []
    for kind, names in menus:
        if names:
            console.print(_text(f"{kind}: {', '.join(names)}", "dim"), highlight=False)
    if scenario.labels:
        console.print()
        console.print(fitted(_label_table(scenario), console.width))
    ceilings = _ceilings(scenario)
    if ceilings:
        console.print()
        console.print(_text("How often the best possible doctor is right, by what it is told:", "bold"))
        console.print(fitted(_ceiling_table("told", ceilings), console.width))
        console.print()
        console.print(_text("How often the best possible doctor is right, by the number of facts known:", "bold"))
        console.print(fitted(_ceiling_table("facts", _facts_known(scenario), plotted=True), console.width))
        console.print(_text("In addition to complaint and photograph; each fact is the most informative one.", "dim"))


def _label_table(scenario: Scenario) -> Any:
    table = _table("label", "specialty", "urgency", "aliases>", "look-alikes")
    for label in scenario.labels.values():
        specialty = " or ".join(filter(None, (label.specialty, label.second_specialty)))
        alike = ", ".join(label.look_alikes)
        known = (label.name, specialty or "not known", label.urgency or "not known")
        table.add_row(*map(_text, (*known, str(len(label.aliases)), alike)))
    return table


def _ceiling_table(first: str, ceilings: list[Ceiling], *, plotted: bool = False) -> Any:
    table = _table(first, "right>", "95 % interval", *([""] if plotted else []))
    for ceiling in ceilings:
        interval = f"{ceiling.low:.1%} to {ceiling.high:.1%} (n = {ceiling.draws:,})" if ceiling.draws else "exact"
        table.add_row(ceiling.name, f"{ceiling.value:.1%}", interval, *([bar(ceiling.value)] if plotted else []))
    return table


def bar(share: float) -> str:
    """Draw a share as a bar of block characters, to an eighth of a character."""
    eighths = round(share * BAR * len(BLOCKS))
    whole, rest = divmod(eighths, len(BLOCKS))
    return BLOCKS[-1] * whole + (BLOCKS[rest - 1] if rest else "")


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        number = name.endswith(">")
        table.add_column(name.rstrip(">"), justify="right" if number else "left", no_wrap=number)
    return table


def _splits(scenario: Scenario) -> str:
    return ", ".join(f"{name} {size}" for name, size in scenario.splits.items())


def _text(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(shown(text), style=style)
