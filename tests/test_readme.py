"""Every block of the README and of the pages moved out of it runs, and every command stands in them."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from consult.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/*.md"))}
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = {"README.md": README, **PAGES}
LONGEST = 220
"""Lines of the README at most, so that it is read in five minutes."""


def blocks(text):
    """Give (mark, language, body) of each fenced block."""
    return re.findall(r"(<!-- \w+ -->\n)?```(\w+)\n(.*?)\n```", text, re.DOTALL)


RUNNABLE = [name for name, text in TEXTS.items() if any(kind == "bash" for _, kind, _ in blocks(text))]


def shell(command, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "2", "NO_COLOR": "1"}
    call = ["bash", "-euo", "pipefail", "-c", command]
    return subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder in which a reader runs page after page."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "runs").mkdir()
    script = next(body for _, kind, body in blocks(TEXTS["docs/models.md"]) if kind == "yaml")
    (folder / "runs" / "script.yaml").write_text(script)
    assert set(yaml.safe_load(script)) == {"replies"}
    return folder


def test_the_readme_can_be_read_in_five_minutes():
    assert len(README.splitlines()) <= LONGEST


def test_the_two_set_up_commands_are_one_line_each_and_need_nothing_else():
    commands = [body for mark, _, body in blocks(README) if mark in ("<!-- run -->\n", "<!-- tests -->\n")]
    assert len(commands) == 2
    for command in commands:
        assert "\n" not in command and command.startswith("python3 -m venv .venv && .venv/bin/pip install")


@pytest.mark.slow
def test_a_reader_runs_page_after_page(folder):
    """One test, since each page stands on what those before it have made, and tests are spread over processes."""
    for page in RUNNABLE:
        run_blocks(folder, page)
    events = (folder / "runs" / "events.jsonl").read_text().splitlines()
    assert '"event": "summary"' in events[-1]
    assert "<html" in (folder / "runs" / "consultation.html").read_text()
    run_python(folder)
    run_queries(folder)


def run_blocks(folder, page):
    for mark, kind, block in blocks(TEXTS[page]):
        if kind == "bash" and not mark:
            result = shell(block, folder)
            assert result.returncode == 0, f"{block}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}"
    written = {path.name for path in folder.iterdir() if path.suffix not in (".db", ".db-wal", ".db-shm")}
    assert written == {"runs"} and "runs/" in (ROOT / ".gitignore").read_text().split()


def run_python(folder):
    code = [body for _, kind, body in blocks(README) if kind == "python"]
    assert code
    (folder / "runs" / "reader.py").write_text("\n\n".join(code))
    result = shell("python runs/reader.py", folder)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "-- derm34 · test-0001 --" in result.stdout and "report.html" in result.stdout


def run_queries(folder):
    queries = next(body for _, kind, body in blocks(TEXTS["docs/store.md"]) if kind == "sql").split(";\n")
    assert len(queries) == 5
    with sqlite3.connect(folder / "consult.db") as db:
        for query in queries:
            assert db.execute(query).fetchall(), query


def test_the_commands_are_found_in_an_active_environment():
    assert README.index("source .venv/bin/activate") < README.index("\nconsult simulate --cases")


def test_trainings_stand_in_the_pages_as_they_are_called():
    lines = [
        line
        for text in TEXTS.values()
        for _, kind, body in blocks(text)
        if kind == "text"
        for line in body.splitlines()
        if re.match(r"(accelerate launch .*-m )?consult train \w", line)
    ]
    assert len(lines) >= 6
    for line in lines:
        words = line[line.index("consult train") :].split()
        root: Any = get_command(app)
        command = root.commands["train"].commands[words[2]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words[3:] if word.startswith("--")} <= options, line


def test_every_command_and_option_is_documented():
    page = TEXTS["docs/commands.md"]
    root: Any = get_command(app)
    for name, command in root.commands.items():
        assert f"consult {name}" in page
        for sub in getattr(command, "commands", {}):
            assert re.search(rf"consult {name} [^|\n]*\b{sub}\b", page), f"{name} {sub}"
    everything = "\n".join(TEXTS.values())
    for parameter in root.commands["simulate"].params:
        assert any(f"`{o}" in everything or f" {o}" in everything for o in parameter.opts), parameter.opts


def anchors(text):
    """Give the anchors of a page's headings, as a forge makes them."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", TEXTS[page], flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        to = (ROOT / page).parent / path if path else ROOT / page
        assert to.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(to.read_text(encoding="utf-8")), f"{page}: {target}"


def test_the_index_lists_every_page():
    index = TEXTS["docs/index.md"]
    for page in PAGES:
        assert page == "docs/index.md" or f"({Path(page).name})" in index, page


def test_the_medicine_is_disclaimed():
    assert "not medical advice" in README and "measures the system" in README and "melanoma" in README
