"""How many files a newcomer touches: a strategy is one, a role six; plugins are tested in `api/test_plugins.py`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import consult
from consult.envs.store.write import Store

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


def files_of(package: Path) -> dict[Path, bytes]:
    return {path.relative_to(package): path.read_bytes() for path in package.rglob("*") if path.is_file()}


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


NURSE = '''"""The nurse tells the patient, after the decision, how to carry out the plan."""

from __future__ import annotations

from consult.agents.acts import Act, DoctorView
from consult.agents.models.model import Message, Prompt
from consult.agents.prompt_formats.clean import clean
from consult.agents.prompt_formats.prompt_format import transcript
from consult.agents.roles.client import RequestContext, RoleClient, usage


class Nurse:
    """A nurse with a model behind it."""

    def __init__(self, client: RoleClient) -> None:
        self.client = client

    async def instruct(self, view: DoctorView, context: RequestContext) -> Act:
        """Explain the plan in one line."""
        asked = self.client.texts.fill("nurse", transcript=transcript(view))
        reply = (await self.client.generate(Prompt((Message("user", asked),), 120), "instruct", context)).answer
        seed = self.client.seed("instruct", context)
        return Act("nurse", "instruct", clean(reply.text), usage=usage(reply), seed=seed)
'''
NODE = """async def _instruct(state: State, runtime: Runtime[Session]) -> State:
    session, client = runtime.context, runtime.context.client("nurse")
    return session.apply(await Nurse(client).instruct(session.doctor_view(client), session.context("nurse")))


async def _react("""
RULE = """        if last.action == "conclude" and self.plan.team == "panel":
            return "instruct"
        if self.conclusion is not None:
            return "react"
"""
EDITS = (
    ("agents/choices.py", '"triage", "attending"]', '"triage", "attending", "nurse"]'),
    ("agents/choices.py", '"conclude", "satisfied"]', '"conclude", "instruct", "satisfied"]'),
    (
        "agents/choices.py",
        '    "attending": RoleRules(',
        '    "nurse": RoleRules("Nurse", "Nurse", "red", ("instruct",), ("panel",)),\n    "attending": RoleRules(',
    ),
    ("envs/config.py", "    attending: RoleConfig", "    nurse: RoleConfig = RoleConfig()\n    attending: RoleConfig"),
    (
        "envs/consultation.py",
        '"conclude", "react", "reply", "extract"',
        '"conclude", "instruct", "react", "reply", "extract"',
    ),
    ("envs/consultation.py", '    "react": "patient",\n', '    "instruct": "nurse",\n    "react": "patient",\n'),
    ("envs/consultation.py", '{"open": "open",', '{"open": "open", "instruct": "instruct",'),
    ("envs/consultation.py", '        if self.conclusion is not None:\n            return "react"\n', RULE),
    (
        "envs/graph.py",
        "from consult.agents.roles.patient",
        "from consult.agents.roles.nurse import Nurse\nfrom consult.agents.roles.patient",
    ),
    ("envs/graph.py", '"conclude": ("react",),', '"conclude": ("instruct", "react"),\n    "instruct": ("react",),'),
    ("envs/graph.py", '    "react": _react,', '    "instruct": _instruct,\n    "react": _react,'),
    ("envs/graph.py", "async def _react(", NODE),
)
"""File, what stands there, and what replaces it."""


def add_nurse(package: Path) -> None:
    """Add a role that takes a turn after the attending's conclusion, in the team panel."""
    (package / "agents" / "roles" / "nurse.py").write_text(NURSE)
    (package / "agents" / "prompts" / "plain" / "nurse.txt").write_text("Explain the plan:\n{transcript}\n")
    for name, old, new in EDITS:
        replaced(package / name, old, new)


@pytest.mark.slow
def test_a_role_is_six_files(own_package: Path, tmp_path: Path) -> None:
    before = files_of(own_package)
    add_nurse(own_package)
    after = files_of(own_package)
    assert sum(content != before.get(path) for path, content in after.items()) <= 6
    said = "Wash your hands before you put the cream on."
    script = (Path(__file__).parent / "data" / "panel.yaml").read_text()
    (tmp_path / "script.yaml").write_text(f"{script}\n  nurse: [{said}]\n")
    played = run(tmp_path, "simulate", "--model", "scripted:script.yaml", "--temperature", "nurse=0.1", "--json")
    events = [json.loads(line) for line in played.splitlines()]
    assert [one["status"] for one in events if one["event"] == "consultation"] == ["finished"]
    assert "nurse" in next(one["models"] for one in events if one["event"] == "run")
    with Store(tmp_path / "consult.db") as store:
        (turn,) = store.query("SELECT action, text FROM turns WHERE speaker = 'nurse'")
    assert turn == {"action": "instruct", "text": said}
    shown = run(tmp_path, "show", "r1.1")
    assert "Nurse" in shown and said in shown
    run(tmp_path, "report", "r1", "--out", "report")
    assert said in (tmp_path / "report" / "report.html").read_text()
