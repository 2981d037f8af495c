"""A reader that closes the output, as `| head` does: no trace, exit code 0 everywhere, and nothing is lost."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from amounts import handful
from command_line import consult

import consult.scenarios.derm34 as consult_scenario

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
DERM34 = next(iter(consult_scenario.__path__))
MODEL = ("--model", f"scripted:{PANEL}")
GRID = ("--cases", "4", "--strategies", "dialogue", "--assessor", "rules", "--yes", "--db", "grid.db")
PRINTING = {
    "help": ("--help",),
    "version": ("--version",),
    "help of simulate": ("simulate", "--help"),
    "one": ("simulate", "--case", "test-0003", "--seed", "5", *MODEL),
    "one as JSON": ("simulate", "--case", "test-0003", "--seed", "6", *MODEL, "--json"),
    "many": ("simulate", "--cases", "40", "--seed", "7", *MODEL),
    "many as JSON": ("simulate", "--cases", "40", "--seed", "8", *MODEL, "--json"),
    "show": ("show", "r1.1"),
    "show as JSON": ("show", "r1.1", "--json"),
    "show prompts": ("show", "r1.1", "--prompts"),
    "show a run": ("show", "r1"),
    "show a run as JSON": ("show", "r1", "--json"),
    "runs": ("runs",),
    "runs as JSON": ("runs", "--json"),
    "graph": ("graph",),
    "scenarios": ("scenarios", "list"),
    "scenario": ("scenarios", "show", "derm34"),
    "scenario checked": ("scenarios", "check", str(DERM34)),
    "assess": ("assess", "r1", "--assessor", "rules"),
    "assess as JSON": ("assess", "r1", "--assessor", "rules", "--json"),
    "report": ("report", "r1", "--out", "report"),
    "benchmark": ("benchmark", *MODEL, *GRID, "--out", "grid"),
    "benchmark as JSON": ("benchmark", *MODEL, *GRID, "--out", "grid", "--json"),
    "doctor": ("doctor", *MODEL),
    "doctor as JSON": ("doctor", *MODEL, "--json"),
    "training": ("train", "triage", "--preset", "smoke", "--dry-run", "--out", "trained"),
}


def turns(db: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT consultation_id, idx, text, seed FROM turns ORDER BY 1, 2").fetchall()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("closed")
    consult("simulate", "--cases", "3", *MODEL, folder=place, check=True)
    return place


KEPT = {
    "help", "one", "one as JSON", "many as JSON", "show", "show as JSON", "show a run", "scenarios", "assess",
    "benchmark",
}  # fmt: skip
"""Each command with the one or the other number of lines; the others print with the same functions."""
READ = [(command, lines) for command in PRINTING for lines in (0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "lines"),
    handful(READ, lambda case: case[0] in KEPT and case[1] == list(PRINTING).index(case[0]) % 2),
)
def test_a_reader_that_leaves_is_no_failure(folder: Path, tmp_path: Path, command: str, lines: int) -> None:
    place = shutil.copytree(folder, tmp_path / "here")
    call = [sys.executable, "-m", "consult", *PRINTING[command]]
    with subprocess.Popen(call, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert not any(word in said for word in ("Traceback", "Broken", "Error", "rror:", "never retrieved")), said


@pytest.mark.slow
@pytest.mark.parametrize("json", [True, False])
def test_a_run_whose_reader_leaves_is_continued(tmp_path: Path, json: bool) -> None:
    shown = ["--cases", "60", "--json"] if json else ["--case", "test-0001"]
    call = [sys.executable, "-m", "consult", "simulate", *MODEL, *shown]
    with subprocess.Popen(call, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert "the output was closed" in said and "continue with: consult resume r1" in said and said.count("\n") == 1
    assert consult("resume", "r1", folder=tmp_path).returncode == 0
    if json:
        consult("simulate", *MODEL, "--cases", "60", "--db", "whole.db", folder=tmp_path)
        assert turns(tmp_path / "consult.db") == turns(tmp_path / "whole.db")
