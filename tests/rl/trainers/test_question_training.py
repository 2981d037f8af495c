"""Trainings of seconds on questions about pictures: triage and attending, with the curriculum, by a tiny model."""

from __future__ import annotations

from dataclasses import replace

import asked
import pytest
import tiny_models

from consult.agents.models import Role, revision_at
from consult.agents.prompt_formats import PlainDialect
from consult.errors import UserError
from consult.rl.config import TrainConfig
from consult.rl.data.dataset import attending_row, triage_rows
from consult.rl.policy.policy import Policy
from consult.rl.practitioner import train_practitioner
from consult.rl.rewards.decisions import Target
from consult.rl.trainers import trainer_factory
from consult.rl.trainers.rollout_store import Player, RolloutStore
from consult.scenarios import load_scenario

LITTLE = dict(steps=3, prompts=2, group=2, cases=6, validation=2, test=2, check_every=3, max_tokens=24)


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    """Questions of all splits; the first of each has two pictures."""
    lines = [one for split in ("train", "validation", "test") for one in asked.questions(12, split)]
    for one in lines[::12]:
        one["images"] = [one.pop("image"), "p3.png"]
    return asked.folder(tmp_path_factory.mktemp("asked") / "q", lines)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_models.llava(tmp_path_factory.mktemp("models") / "llava"))


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Draw no curves: that takes as long as the training."""
    monkeypatch.setattr("consult.rl.runtime.results.draw_curves", lambda rows, path: path.touch())


def config(at, model, role="triage", **more):
    return TrainConfig(role=role, scenario=str(at), model=model, db=at / f"{role}.db", **{**LITTLE, **more})


def test_triage_rows_have_question_pictures_and_specialty(at):
    scenario = load_scenario(str(at))
    rows = triage_rows(scenario, scenario.case_ids("train"), PlainDialect(), sees=True)
    assert [row.target.answer for row in rows[:2]] == ["ophthalmology", "radiology"]
    assert [len(row.prompt.messages[1].photographs) for row in rows[:2]] == [2, 1]
    blind = triage_rows(scenario, ["train-0"], PlainDialect(), sees=False)[0]
    assert not blind.prompt.messages[1].photographs and "There is no picture." in blind.prompt.messages[1].text
    one = triage_rows(scenario, ["train-0"], PlainDialect(), sees=True, most=1)[0]
    assert "has 2 pictures. Attached: the first 1;" in one.prompt.messages[1].text


def test_an_attendings_decision_is_right_by_its_own_options(at):
    scenario, player = load_scenario(str(at)), asked.script(at / "s.json", specialist="B")
    played = Player(player, revision_at(player))
    team: dict[Role, Player] = {"triage": played, "specialist": played, "attending": played}
    team["patient"] = Player("nobody")
    store = RolloutStore(scenario, str(at), team, at / "rows.db", lambda line: None)
    found = store.rollouts("train", list(scenario.case_ids("train"))[:3])
    rows = [attending_row(name, one, PlainDialect(), sees=True, rationale="before") for name, one in found]
    # B is lung, and no; the third question is open.
    assert [row and row.panel_correct_share for row in rows] == [1.0, 1.0, 0.0]
    first = rows[0]
    assert first is not None and first.target.is_right("B") and not first.target.is_right("C")


def test_a_completion_is_read_by_letter_or_text(at, model):
    scenario = load_scenario(str(at))
    policy = Policy.open(config(at, model, "attending"))
    row = triage_rows(scenario, ["train-0"], policy.dialect, sees=True)[0]
    mine = scenario.for_case(row.case)
    row = replace(row, target=Target("lung", scenario=mine), view=replace(row.view, labels=tuple(mine.labels)))
    for said, named, formed in (
        ('{"findings": "f", "reasoning": "r", "answer": "B", "confidence": 0.5}', "lung", True),
        ('{"findings": "f", "reasoning": "r", "answer": "lung", "confidence": 0.5}', "lung", True),
        ('{"answer": "lung"}', "lung", False),
        ('{"answer": "lung", "answer": "liver"}', None, False),
        ("lung", None, False),
    ):
        decided = policy.read(said, row, scenario)
        assert (decided.named, decided.formed) == (named, formed)


def test_a_data_set_of_chats_has_the_same_fingerprint_twice(at, model):
    scenario, policy = load_scenario(str(at)), Policy.open(config(at, model))
    rows = triage_rows(scenario, list(scenario.case_ids("train"))[:3], policy.dialect, sees=policy.sees)
    first, second = trainer_factory._chats(policy, rows), trainer_factory._chats(policy, rows)
    assert first[:2]["images"][0] and len(first[:2]["images"][0]) == 2
    # A random one would mean that `datasets` cannot pickle what fills the rows, and it warns of that.
    assert first._fingerprint == second._fingerprint


@pytest.mark.slow
def test_triage_is_trained_by_grpo(at, model, tmp_path):
    metrics = train_practitioner(config(at, model), tmp_path / "out", lambda line: None)
    assert metrics["n"] == 2 and (tmp_path / "out" / "metrics.json").is_file()


@pytest.mark.slow
def test_the_attending_is_trained_with_the_curriculum(at, model, tmp_path):
    told: list[str] = []
    made = config(at, model, "attending", curriculum="full", panel_skill=0.5, panel_draws=2, test=0)
    train_practitioner(made, tmp_path / "out", told.append)
    assert any("phase easy" in line or "phase medium" in line or "phase hard" in line for line in told)


def test_the_starter_and_a_patient_are_refused(at, model):
    for role, given, message in (
        ("triage", {"model": "starter"}, "cannot answer the questions"),
        ("attending", {"patient": model}, "--patient"),
        ("interview", {"max_tokens": None}, "no interviews; use consult train triage or attending"),
    ):
        with pytest.raises(UserError, match=message):
            train_practitioner(config(at, **{"model": model, "role": role, **given}), at / "out", lambda line: None)
