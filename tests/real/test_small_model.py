"""A small pretrained model in its roles: it answers in the schema, learns to answer without it, and is no judge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from consult.agents.assessors.known_faults import known_transcripts
from consult.agents.models import open_model
from consult.agents.prompt_formats import DIALECTS
from consult.envs import judge_check
from consult.rl.config import TrainConfig
from consult.rl.policy.policy import Policy
from consult.rl.practitioner import train_practitioner
from consult.scenarios import load_scenario

FOLDER = os.environ.get("CONSULT_REAL_MODEL", "")
pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not Path(FOLDER or "-").is_dir(), reason="CONSULT_REAL_MODEL names no folder of a model"),
]


def usable_freely(reference: str, cases: int) -> int:
    """Count the usable triage answers that are drawn without a schema on validation cases."""
    policy = Policy.open(TrainConfig(role="triage", model=reference, steps=1, max_tokens=100))
    rows = _rows(policy, cases)
    drawn = zip(policy.sample_freely(rows), rows, strict=True)
    return sum(policy.read(text, row, load_scenario("derm34")).named is not None for text, row in drawn)


def _rows(policy, cases):
    from consult.rl.data.dataset import triage_rows

    scenario = load_scenario("derm34")
    return triage_rows(scenario, scenario.case_ids("validation")[:cases], DIALECTS["plain"], sees=policy.sees)


def test_copying_right_answers_makes_its_answers_usable(tmp_path):
    small = dict(cases=64, validation=4, test=0, steps=24, prompts=1, check_every=24, learning_rate=5e-4)
    config = TrainConfig.model_validate({"role": "triage", "model": FOLDER, "method": "sft", **small})
    metrics = train_practitioner(config, tmp_path / "out", print)
    assert metrics["steps"] == 24
    assert usable_freely(str(tmp_path / "out"), 4) > usable_freely(FOLDER, 4)


def test_it_is_trusted_with_little_as_a_judge(monkeypatch):
    """It judges three of the transcripts, of which two have faults: all of them would take a core half an hour."""
    some = [one for one in known_transcripts() if one.id.startswith("stye")][:3]
    monkeypatch.setattr(judge_check, "known_transcripts", lambda: some)
    summary = judge_check.check_judge(open_model(FOLDER), 4, lambda event: None)
    assert len(summary["trusted"]) < 4 and summary["meaning"]
