"""Options of `consult simulate`: what they come to in the run, and what a mistake in one is told."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest
from command_line import consult

from consult.cli.commands.simulate import _command
from consult.envs.config import RunConfig

PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"


def simulate(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return consult("simulate", "--model", f"scripted:{PANEL}", "--db", folder / "a.db", *options)


def test_a_free_patient_is_the_runs_and_its_lines_are_written_down_as_they_are(tmp_path: Path) -> None:
    done = simulate(tmp_path, "--patient-grounding", "off", "--strategy", "reasoning", "--json")
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "a.db") as db:
        (config,) = db.execute("SELECT config FROM runs").fetchone()
        lines = db.execute("SELECT text, draft_attempts, said_backed FROM turns WHERE speaker = 'patient'").fetchall()
    assert json.loads(config)["patient_grounding"] is False
    assert json.loads(config)["strategy"] == "reasoning"
    assert ("I really can't say more about it.", 1, 0) in lines


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--patient-grounding", "of", "off"),
        ("--strategy", "reasonning", "reasoning"),
        ("--team", "pannel", "panel"),
        ("--temperament", "colerick", "choleric"),
    ],
)
def test_a_mistyped_name_is_told_the_nearest(tmp_path: Path, option: str, value: str, told: str) -> None:
    done = simulate(tmp_path, option, value)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert value in done.stderr and told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_command_for_more_of_the_same_says_what_differs() -> None:
    config = RunConfig(
        scenario="derm34", cases=("a",), temperaments=("choleric",), strategy="reasoning", patient_grounding=False
    )
    words = shlex.split(_command(config))
    assert words[words.index("--patient-grounding") + 1] == "off"
    assert words[words.index("--strategy") + 1] == "reasoning"
    grounded = RunConfig(scenario="derm34", cases=("a",), temperaments=("choleric",))
    assert _command(grounded) == "consult simulate --scenario derm34"
