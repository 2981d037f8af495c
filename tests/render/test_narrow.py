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
from consult.render.terminal import say_wrapped
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


def test_a_table_that_fits_is_a_table_and_one_that_is_too_wide_is_in_parts() -> None:
    assert printed(fitted(made(), 200), 200) == printed(made(), 200)
    parts = printed(fitted(made(), 60), 60).strip().split("\n\n")
    title, *rest = "\n".join(parts).splitlines()
    assert title.strip() == "figures" and not any("figures" in line for line in rest)
    headings = [part.splitlines()[-4].split() for part in parts]
    kept = ["condition", "strategy"]
    assert headings == [[*kept, "consultations"], [*kept, "right,", "95", "%"], [*kept, "tokens"]]
    assert all(part.count("of the first clinic") == 2 for part in parts)


def test_a_row_alone_and_a_table_whose_parts_are_too_wide_are_stacked() -> None:
    for rows, width in ((1, 60), (2, 30)):
        stacked = printed(fitted(made(rows), width), width).splitlines()
        assert stacked[0].strip() == "figures"
        names = [line.split()[0] for line in stacked[1:] if not line.startswith(" ") and line.strip()]
        assert names == ["condition", "strategy", "consultations", "right,", "tokens"] * rows


@pytest.mark.parametrize(("width", "terminal"), [(60, True), (80, True), (120, True), (60, False)])
def test_a_terminal_breaks_a_message_between_words(width: int, terminal: bool) -> None:
    out, path = io.StringIO(), "/" + "folder/" * 20
    said = f"grpo step 50  reward 0.71  {path}  " + "and more of it " * 10 + "[b]"
    say_wrapped(Console(file=out, width=width, force_terminal=terminal, color_system=None), said, "  0:12  ")
    lines = out.getvalue().splitlines()
    assert " ".join(out.getvalue().split()) == " ".join(f"0:12 {said}".split())
    if not terminal:
        assert lines == [f"  0:12  {said}"]
        return
    assert len(lines) > 1 and all(len(line) <= width or path in line for line in lines)
    assert lines[0].startswith("  0:12  grpo") and all(line.startswith(" " * 8) for line in lines[1:])


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
