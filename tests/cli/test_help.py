"""The help of every command: whole sentences, in groups, in full width, and no option that can only fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from consult.cli.main import app

IDLE = {
    "triage": {
        "--patient", "--triage", "--specialist", "--rationale", "--curriculum", "--stages", "--panel-skill",
        "--panel-draws", "--replicas", "--ray",
    },
    "interview": {
        "--method", "--max-tokens", "--votes", "--rationale", "--curriculum", "--stages", "--panel-skill",
        "--panel-draws", "--warm-up",
    },
    "attending": set(),
}  # fmt: skip
"""Role → options of which another value than the default could only fail."""


def commands(group: Any = None, path: str = "consult") -> Iterator[tuple[str, Any]]:
    top: Any = group or get_command(app)
    for name, command in top.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL = dict(commands())


def helped(*words: str, columns: int = 200) -> str:
    env = {**os.environ, "COLUMNS": str(columns)}
    done = subprocess.run([sys.executable, "-m", "consult", *words, "--help"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", ALL)
def test_each_option_is_told_in_a_whole_sentence(path: str) -> None:
    for parameter in ALL[path].params:
        said = parameter.help or ""
        assert said[:1].isupper() and said.endswith(".") and len(said.split()) >= 3, (path, parameter.opts, said)


@pytest.mark.parametrize("role", IDLE)
def test_an_option_that_can_only_fail_is_not_in_the_help(role: str) -> None:
    told = helped("train", role)
    parameters = ALL[f"consult train {role}"].params
    assert {option for one in parameters if one.hidden for option in one.opts} == IDLE[role]
    for parameter in parameters:
        assert (f"  {parameter.opts[0]} " in told) == (parameter.opts[0] not in IDLE[role]), parameter.opts


def test_help_is_grouped_and_has_the_full_width_of_the_terminal() -> None:
    wide, narrow = helped("simulate"), helped("simulate", columns=80)
    for group in ("Cases:", "Who plays:", "How it is played:", "Output:"):
        assert f"\n{group}\n" in wide and f"\n{group}\n" in narrow
    assert max(map(len, wide.splitlines())) > 120
    assert max(map(len, narrow.splitlines())) <= 80
    assert "from 1 to 15" in wide and "9223372036854775807" not in wide


@pytest.mark.parametrize("words", [("simulate",), ("benchmark",), ("train", "triage")])
def test_help_imports_no_model_library(words: tuple[str, ...]) -> None:
    code = (
        "import sys; from consult.cli.main import app; from typer.main import get_command\n"
        f"try: get_command(app)([*{words!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    heavy = {"torch", "transformers", "pandas", "langgraph", "numpy", "PIL", "rich"}
    assert "pydantic" in loaded and not heavy & set(loaded)


def test_the_root_makes_no_options_of_models() -> None:
    code = (
        "import sys; from consult.cli.main import app; from typer.main import get_command\n"
        "try: get_command(app)(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    assert "pydantic" not in loaded
