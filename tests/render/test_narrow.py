"""Tables in narrow terminals: no word and no number is cut."""

from __future__ import annotations

import io
from typing import Any

import pytest
from amounts import exhaustive
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from consult.cli.commands.runs import _print_table
from consult.cli.commands.scenarios import _print
from consult.cli.terminal.benchmark_tables import plan_table
from consult.render.narrow import fitted
from consult.scenarios import load_scenario


def made(rows: int = 2) -> Table:
    table = Table(box=SIMPLE_HEAD, title="figures", pad_edge=False, show_edge=False)
    table.add_column("condition")
    table.add_column("strategy")
    for name in ("consultations", "right, 95 %", "tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    for i in range(rows):
        table.add_row(f"r{i + 1} of the first clinic", "no-dialogue", "1,234", "100.0 % (97.7 to 100.0)", "12,345,678")
    return table


def printed(shown: Any, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(shown)
    assert all(len(line) <= width for line in out.getvalue().splitlines())
    return out.getvalue()


@pytest.mark.parametrize("width", [120, 80, 60, 30])
def test_every_word_of_a_table_is_whole_whatever_the_width(width: int) -> None:
    wide, narrow = printed(made(), 200), printed(fitted(made(), width), width)
    assert set(wide.replace("─", "").split()) <= set(narrow.split()) and "…" not in narrow


def test_a_table_that_fits_is_a_table_and_one_that_cannot_is_stacked() -> None:
    assert printed(fitted(made(), 200), 200) == printed(made(), 200)
    stacked = printed(fitted(made(), 60), 60).splitlines()
    assert stacked[0].strip() == "figures" and stacked[1].split() == ["condition", "r1", "of", "the", "first", "clinic"]
    assert [line.split()[0] for line in stacked[1:6]] == ["condition", "strategy", "consultations", "right,", "tokens"]


def test_long_names_are_folded_and_not_stacked() -> None:
    table = Table()
    table.add_column("model", overflow="fold")
    table.add_column("n", no_wrap=True)
    table.add_row("x" * 100, "1,000")
    narrow = printed(fitted(table, 40), 40)
    assert narrow.count("x") == 100 and "1,000" in narrow and "model" in narrow.splitlines()[1]


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, exhaustive(80)])
def test_a_scenario_is_shown_whole(width: int) -> None:
    scenario = load_scenario("derm34")
    shown = {}
    for columns in (300, width):
        out = io.StringIO()
        _print(Console(file=out, width=columns), scenario)
        shown[columns] = out.getvalue()
    assert set(shown[300].split()) <= set(shown[width].split()) and "…" not in shown[width]


@pytest.mark.parametrize("width", [80, 60])
def test_runs_and_plans_are_shown_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    row: dict[str, Any] = {
        "id": "r10000",
        "status": "interrupted",
        "created": "2026-11-28T01:02:00",
        "scenario": "derm34",
    }
    row |= {"strategy": "no-dialogue", "team": "no-triage", "seed": 4294967295, "models": "{}"}
    row |= {"consultations": 10000, "finished": 9000, "unfinished": 0, "failed": 100}
    _print_table([{**row, "correct": 9000, "with_truth": 9000, "unjudged": 123}])
    out = capsys.readouterr().out
    assert {"r10000", "4294967295", "9100/10000", "100%", "interrupted"} <= set(out.split()) and "…" not in out
    cell = {"cell": 1, "consultations": 34000, "played": 0, "run": "", "added": False, "seconds": 100.0}
    cell |= {"tokens": 123456789, "estimated_from": "warm-up", "condition": {"strategy": "dialogue", "team": "panel"}}
    plan = printed(fitted(plan_table({"cells": [cell]}), width), width)
    assert {"34,000", "123,456,789", "2", "min"} <= set(plan.split())
