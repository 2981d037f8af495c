"""How many files a newcomer touches: a strategy is one file; plugins are tested in `api/test_plugins.py`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import consult

PACKAGE = Path(consult.__file__).parent


@pytest.fixture
def own_package(tmp_path: Path) -> Path:
    """A copy of the package, without the weights."""
    copy = tmp_path / "consult"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors", "*.pt"))
    return copy


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "100"}
    command = [sys.executable, "-m", "consult", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_strategy_is_two_entries_of_one_file(own_package: Path) -> None:
    choices = own_package / "agents" / "choices.py"
    replaced(choices, '"reasoning", "expert"]', '"reasoning", "expert", "blind-reasoning"]')
    rules = '    "expert": StrategyRules(asks_classifier=True),\n'
    replaced(choices, rules, f'{rules}    "blind-reasoning": StrategyRules(shows_photograph=False, thinks=True),\n')
    assert "blind-reasoning" in run(own_package.parent, "simulate", "--help")
    played = run(
        own_package.parent,
        "simulate",
        "--strategy",
        "blind-reasoning",
        "--model",
        "bayes:derm34",
        "--cases",
        "2",
        "--json",
    )
    ended = [json.loads(line) for line in played.splitlines()]
    assert [one["status"] for one in ended if one["event"] == "consultation"] == ["finished"] * 2
    assert "blind-reasoning" in run(own_package.parent, "show", "r1", "--json")
