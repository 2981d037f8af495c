"""Closed streams, ASCII outputs and odd terminals: a command works, or says one sentence, and harms no store."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from amounts import handful
from command_line import consult

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
SCRIPT = ("--model", f"scripted:{PANEL}")
WARD = {
    "scenario.yaml": "name: ward\ntitle: A ward\ntopics: {duration: how long}\n",
    "labels.yaml": "labels: {flu: {specialty: m}, cold: {specialty: m}}\n",
    "cases.jsonl": '{"id": "a", "complaint": "I ache é →", "diagnosis": "flu"}\n'
    '{"id": "b", "complaint": "I sneeze", "diagnosis": "cold"}\n',
}
COMMANDS = [
    ("simulate", *SCRIPT, "--case", "test-0003"),
    ("simulate", *SCRIPT, "--cases", "2"),
    ("simulate", *SCRIPT, "--complaint", "It itches"),
    ("show", "r1.1"),
    ("runs",),
    ("assess", "r1", "--assessor", "rules"),
    ("benchmark", *SCRIPT, "--cases", "1", "--strategies", "no-dialogue", "--no-solo"),
    ("report", "r1"),
    ("resume", "r1"),
    ("graph",),
    ("doctor", *SCRIPT),
    ("scenarios", "list"),
    ("scenarios", "show", "ward"),
    ("scenarios", "check", "ward"),
    ("scenarios", "check", "nowhere"),
    ("train", "triage", "--out", "ward"),
    ("nonsense",),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    consult("simulate", *SCRIPT, "--case", "test-0003", folder=folder, check=True)
    (folder / "ward").mkdir()
    for name, content in WARD.items():
        (folder / "ward" / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "here"))


def shell(words: tuple[str, ...], redirected: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    call = ["bash", "-c", f'"$@" {redirected}', "-", sys.executable, "-m", "consult", *words]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONIO") and name not in env}
    given = {name: value for name, value in env.items() if value}
    return subprocess.run(call, cwd=folder, env={**kept, **given}, capture_output=True, text=True, timeout=120)


def fine(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    with sqlite3.connect(folder / "consult.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM consultations").fetchone()[0] >= 1


ALL, ONE = "<&- >&- 2>&-", ("<&-", ">&-", "2>&-")
CLOSED = [(words, one) for at, words in enumerate(COMMANDS) for one in (ALL, ONE[at % 3])]
"""All closed for each command, and one alone in turn."""


def of_the_handful(case: tuple[tuple[str, ...], str]) -> bool:
    """Keep every second command, by turns with all closed and with one."""
    words, closed = case
    at = COMMANDS.index(words)
    return at % 2 == 0 and (closed == ALL) == (at % 4 == 0)


@pytest.mark.slow
@pytest.mark.parametrize(("words", "redirected"), handful(CLOSED, of_the_handful))
def test_closed_streams_are_no_errors(
    made: Path, folder: Path, tmp_path: Path, words: tuple[str, ...], redirected: str
) -> None:
    usual = consult(*words, folder=shutil.copytree(made, tmp_path / "usual"))
    done = shell(words, redirected, folder)
    fine(done, folder)
    assert done.returncode == usual.returncode, done.stderr


SURROUNDINGS: list[dict[str, str]] = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"TERM": "dumb"},
    {"COLUMNS": "20"},
    {"COLUMNS": "0"},
    {"COLUMNS": "abc"},
    {"COLUMNS": "²"},
    {"COLUMNS": "99999999999"},
    {"NO_COLOR": "1"},
    {"HOME": "", "XDG_CACHE_HOME": ""},
    {"HOME": "/proc/nowhere"},
    {"TMPDIR": "/proc/nowhere"},
]


FIRST = [(COMMANDS[3 * at % len(COMMANDS)], env) for at, env in enumerate(SURROUNDINGS)]
MORE = [(COMMANDS[(3 * at + turn) % len(COMMANDS)], env) for at, env in enumerate(SURROUNDINGS) for turn in (1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "env"), handful([*FIRST, *MORE], FIRST.__contains__))
def test_odd_surroundings_are_no_errors(folder: Path, words: tuple[str, ...], env: dict[str, str]) -> None:
    fine(shell(words, "", folder, **env), folder)


@pytest.mark.slow
def test_json_is_whole_in_an_ascii_output(folder: Path) -> None:
    done = shell(("show", "r1.1", "--json"), "", folder, PYTHONIOENCODING="ascii")
    usual = shell(("show", "r1.1", "--json"), "", folder, PYTHONIOENCODING="utf-8")
    assert done.stdout.isascii() and list(map(json.loads, done.stdout.splitlines())) == list(
        map(json.loads, usual.stdout.splitlines())
    )
