"""The strategy `expert`: doctors are told what a classifier takes the photograph for, asked once a case."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from improvising import SCENARIO, Improviser, configured

from consult.agents.models import ModelError, ModelGoneError, ModelInfo
from consult.envs.classifier_predictions import check_photographs
from consult.envs.config import RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import RunError, Runner
from consult.envs.store.write import Store
from consult.scenarios import Case, Photograph, Scenario


class Eye:
    """Takes a photograph for what its id says, and remembers what it was shown."""

    drawn_only = True
    names = tuple(SCENARIO.labels)

    def __init__(self, opens: bool = False) -> None:
        self.opens = opens
        self.info = ModelInfo("eye", "test", revision="1")
        self.shown: list[list[str]] = []

    def probabilities(self, photographs: Sequence[Photograph]) -> list[list[float]]:
        self.shown.append([photograph.id for photograph in photographs])
        if self.opens:
            for photograph in photographs:
                photograph.load()
        return [self._row(photograph.id) for photograph in photographs]

    def _row(self, name: str) -> list[float]:
        first = int(name.rpartition("-")[2]) % len(self.names)
        return [0.5 if i == first else 0.5 / (len(self.names) - 1) for i in range(len(self.names))]


def chosen(model: Improviser, count: int, strategy: str = "expert", **more: Any) -> RunConfig:
    cases = SCENARIO.case_ids("test")[:count]
    return configured(model.info.reference, cases, strategy=strategy, **more)


def play(
    path: Path, model: Improviser, eye: Eye | None, *, scenario: Scenario = SCENARIO, count: int = 17, **more: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    config = chosen(model, count, **more)
    with Store(path) as store:
        models = Models({model.info.reference: model}, eye)
        summary = Runner(scenario, config, models, store, listen=events.append).run()
    return summary, events


def test_doctors_are_told_and_the_patient_is_not(tmp_path: Path) -> None:
    model, eye = Improviser("starter"), Eye()
    summary, events = play(tmp_path / "a.db", model, eye)
    assert summary["finished"] == 17
    by_role: dict[str, list[bool]] = {}
    for key, prompt in model.prompts.items():
        by_role.setdefault(str(key[2]), []).append("<expert> " in prompt.messages[-1].text)
    told = {role for role, lines in by_role.items() if any(lines)}
    assert told and not any("patient" in role for role in told), by_role.keys()
    assert all(event["models"]["classifier"] == "eye@1" for event in events if event["event"] == "run")
    ended = {e["case"]: e["expert"] for e in events if e["event"] == "consultation"}
    assert ended["test-0007"][0] == eye.names[7] and all(len(prediction) == 3 for prediction in ended.values())
    with sqlite3.connect(tmp_path / "a.db") as db:
        rows = dict(db.execute("SELECT case_id, expert FROM consultations").fetchall())
    assert {case: json.loads(expert) for case, expert in rows.items()} == ended


def test_each_photograph_is_looked_at_once_whatever_the_batch_and_the_run(tmp_path: Path) -> None:
    eye = Eye()
    play(tmp_path / "a.db", Improviser(), eye)
    assert sorted(map(len, eye.shown)) == [1, 16]
    play(tmp_path / "a.db", Improviser(), eye, team="solo", seed=3)
    assert len(eye.shown) == 2


def test_a_strategy_that_asks_no_classifier_tells_of_none(tmp_path: Path) -> None:
    model, eye = Improviser("starter"), Eye()
    _, events = play(tmp_path / "a.db", model, eye, strategy="dialogue")
    assert not eye.shown and not any("<expert>" in p.messages[-1].text for p in model.prompts.values())
    assert "classifier" not in events[0]["models"]


class Blurred:
    """Cases of which one's photograph cannot be opened."""

    def ids(self, split: str) -> Any:
        return SCENARIO.case_ids(split)

    def get(self, case_id: str) -> Case:
        def broken() -> Any:
            raise OSError("no such picture")

        case = SCENARIO.case(case_id)
        return replace(case, photograph=Photograph(case_id, broken)) if case_id == "test-0003" else case


def test_a_photograph_that_cannot_be_opened_fails_its_consultation_alone(tmp_path: Path) -> None:
    scenario = replace(SCENARIO, source=Blurred())
    summary, events = play(tmp_path / "a.db", Improviser(), Eye(opens=True), scenario=scenario)
    assert (summary["finished"], summary["failed"]) == (16, 1)
    lost = next(e for e in events if e["event"] == "consultation" and e["status"] == "failed")
    assert lost["case"] == "test-0003" and "no such picture" in lost["error"] and lost["expert"] == []


def test_another_classifier_does_not_go_on_with_a_run(tmp_path: Path) -> None:
    def gone(request: Any) -> bool:
        if request.role == "attending":
            raise ModelGoneError("the model is gone")
        return False

    model, eye = Improviser(fails=gone), Eye()
    config = chosen(model, 4)
    with Store(tmp_path / "a.db") as store:
        models = Models({model.info.reference: model}, eye)
        with pytest.raises(ModelGoneError):
            Runner(SCENARIO, config, models, store).run()
        eye.info = replace(eye.info, revision="2")
        with pytest.raises(RunError, match="was started with classifier eye@1, not eye@2"):
            Runner(SCENARIO, config, models, store).run()


def test_cases_that_no_classifier_can_judge_are_refused(tmp_path: Path) -> None:
    class Unseen(Blurred):
        def get(self, case_id: str) -> Case:
            return replace(SCENARIO.case(case_id), photograph=None)

    class Real(Blurred):
        def get(self, case_id: str) -> Case:
            return replace(SCENARIO.case(case_id), origin="file")

    with pytest.raises(ModelError, match="no photograph"):
        check_photographs(Eye(), replace(SCENARIO, source=Unseen()), chosen(Improviser(), 2))
    with pytest.raises(ModelError, match="knows only drawn photographs, and that of test-0000"):
        check_photographs(Eye(), replace(SCENARIO, source=Real()), chosen(Improviser(), 2))
    with pytest.raises(RunError, match="asks a classifier"):
        play(tmp_path / "a.db", Improviser(), None)
