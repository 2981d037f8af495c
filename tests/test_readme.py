"""Every block of the README runs, and every command stands in it."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from consult.cli.main import app

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(<!-- \w+ -->\n)?```(\w+)\n(.*?)\n```", TEXT, re.DOTALL)
SET_UP = [body for mark, _, body in BLOCKS if mark in ("<!-- run -->\n", "<!-- tests -->\n")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Run all blocks in one folder, in their order, as a reader would."""
    folder = tmp_path_factory.mktemp("reader")
    scripts = next(body for _, kind, body in BLOCKS if kind == "yaml")
    (folder / "runs").mkdir()
    (folder / "runs" / "script.yaml").write_text(scripts)
    return folder


def shell(command, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "2", "NO_COLOR": "1"}
    call = ["bash", "-euo", "pipefail", "-c", command]
    return subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True)


def test_the_two_set_up_commands_are_one_line_each_and_need_nothing_else():
    assert len(SET_UP) == 2
    for command in SET_UP:
        assert "\n" not in command and command.startswith("python3 -m venv .venv && .venv/bin/pip install")


def test_blocks_run(folder):
    commands = [body for mark, kind, body in BLOCKS if kind == "bash" and not mark]
    assert commands
    for block in commands:
        result = shell(block, folder)
        assert result.returncode == 0, f"{block}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}"
    events = (folder / "runs" / "events.jsonl").read_text().splitlines()
    assert '"event": "summary"' in events[-1]
    assert "<html" in (folder / "runs" / "consultation.html").read_text()
    written = {path.name for path in folder.iterdir() if path.suffix not in (".db", ".db-wal", ".db-shm")}
    assert written == {"runs"} and "runs/" in (ROOT / ".gitignore").read_text().split()


def test_the_commands_are_found_in_an_active_environment():
    start = TEXT.index("## Commands")
    assert TEXT.index("source .venv/bin/activate") < TEXT.index("\nconsult simulate --scenario derm34 --case", start)


def test_python_runs(folder):
    blocks = [body for _, kind, body in BLOCKS if kind == "python"]
    assert len(blocks) >= 2
    (folder / "reader.py").write_text("\n\n".join(blocks))
    result = shell("python reader.py", folder)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "-- derm34 · test-0001 --" in result.stdout and "report.html" in result.stdout


def test_queries_run(folder):
    queries = next(body for _, kind, body in BLOCKS if kind == "sql").split(";\n")
    assert len(queries) == 5
    with sqlite3.connect(folder / "consult.db") as db:
        for query in queries:
            assert db.execute(query).fetchall(), query


def test_the_script_is_a_script():
    script = next(yaml.safe_load(body) for _, kind, body in BLOCKS if kind == "yaml")
    assert set(script) == {"replies"}


def test_training_stands_in_the_readme_as_it_is_called():
    lines = [
        line for _, kind, body in BLOCKS if kind == "text" for line in body.splitlines() if "consult train" in line
    ]
    assert len(lines) >= 4
    for line in lines:
        words = line[line.index("consult train") :].split()
        command = get_command(app).commands["train"].commands[words[2]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words[3:] if word.startswith("--")} <= options, line


def test_every_command_and_option_is_documented():
    root = get_command(app)
    for name, command in root.commands.items():
        assert f"consult {name}" in TEXT
        for sub in getattr(command, "commands", {}):
            assert re.search(rf"consult {name} [^|\n]*\b{sub}\b", TEXT), f"{name} {sub}"
    for parameter in root.commands["simulate"].params:
        assert any(f"`{o}" in TEXT or f" {o}" in TEXT for o in parameter.opts), parameter.opts


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_medicine_is_disclaimed():
    assert "not medical advice" in TEXT and "measures the system" in TEXT and "melanoma" in TEXT
