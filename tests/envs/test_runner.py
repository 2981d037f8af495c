"""Runs: the same texts whatever the batch, failed consultations as rows, and resuming."""

import asyncio
from typing import Any

import pytest
from improvising import Improviser, configured, played

from consult.agents.models import ModelGoneError
from consult.agents.prompt_formats.wording import frames
from consult.agents.roles.attending import CONSULT
from consult.envs.held import RunHold
from consult.envs.role_models import Models
from consult.envs.runner import RunError, Runner
from consult.envs.store.write import Store
from consult.scenarios import load_scenario


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["plain", "starter"])
@pytest.mark.parametrize("team", ["panel", "no-triage", "solo"])
@pytest.mark.parametrize("strategy", ["dialogue", "no-dialogue", "text-only", "reasoning"])
def test_every_strategy_and_team_plays_to_an_end(tmp_path, dialect, team, strategy):
    summary, turns = played(tmp_path / "a.db", Improviser(dialect), 6, team=team, strategy=strategy)
    assert summary["finished"] == 6 and summary["failed"] == 0
    actions = {turn["action"] for turn in turns}
    assert ("triage" in actions) == (team == "panel")
    assert ("consult" in actions) == (team != "solo")
    assert strategy != "no-dialogue" or not any(t["action"] == "ask" and t["speaker"] == "attending" for t in turns)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["dialogue", "reasoning"])
@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_a_patient_who_is_free_plays_to_an_end(tmp_path, dialect, strategy):
    events: list[dict[str, Any]] = []
    more = {"strategy": strategy, "patient_grounding": False, "max_turns": 40}
    summary, turns = played(tmp_path / "a.db", Improviser(dialect), 24, listen=events.append, **more)
    assert summary["failed"] == 0 and summary["finished"] == 24
    patient = [turn for turn in turns if turn["speaker"] == "patient"]
    # What the check finds is written down, and the line stays.
    assert {turn["said_backed"] for turn in patient if turn["source"] == "model"} == {0, 1}
    assert {turn["said_leaked"] for turn in patient} == {0, 1}
    told = {e["idx"]: e["accepts"] for e in events if e["event"] == "turn" and e["consultation"] == "r1.1"}
    stored = {turn["idx"]: turn["accepts"] for turn in turns if turn["consultation_id"] == "r1.1"}
    assert told == stored
    assert {turn["accepts"] for turn in turns if turn["action"] == "satisfied"} >= {0, 1}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_a_grounded_patient_says_nothing_that_is_not_backed(tmp_path, dialect):
    _, turns = played(tmp_path / "a.db", Improviser(dialect), 24)
    patient = [turn for turn in turns if turn["speaker"] == "patient"]
    assert {(turn["said_backed"], turn["said_leaked"]) for turn in patient} == {(1, 0)}
    assert {turn["accepts"] for turn in patient if turn["action"] == "satisfied"} == {0, 1}
    assert {turn["accepts"] for turn in turns if turn["action"] != "satisfied"} == {None}


@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_thoughts_are_stored_where_they_were_wanted(tmp_path, dialect):
    plain, turns = (
        played(tmp_path / f"{strategy}.db", Improviser(dialect), 6, strategy=strategy)[1]
        for strategy in ("dialogue", "reasoning")
    )
    assert not any(turn["thought"] for turn in plain if turn["action"] != "conclude")
    doctors = [turn for turn in turns if turn["speaker"] != "patient"]
    # The plain format's triage is reasoned in every strategy, and its object has one place for that.
    acts = ("ask", "examine") if dialect == "plain" else ("triage", "ask", "examine")
    thinking = [turn for turn in doctors if turn["action"] in acts]
    assert len(thinking) > 12 and all(turn["thought"].startswith("I think of secret") for turn in thinking)
    assert not any("secret" in turn["text"] for turn in turns)


def test_who_worded_the_call_for_a_panel_is_told(tmp_path):
    """The attending's own words, checked as they are; a program's where they are unusable, and marked so."""
    turns = played(tmp_path / "a.db", Improviser("starter"), 24, strategy="reasoning")[1]
    called = [turn for turn in turns if turn["action"] == "consult"]
    assert len(called) > 4 and all(turn["draft_attempts"] for turn in called)
    said = {(turn["text"], turn["source"], turn["draft_fallback"]) for turn in called}
    assert said <= {*((line, "model", 0) for line in frames("doctor", "consult")), (CONSULT, "program", 1)}
    assert len({text for text, source, _ in said if source == "model"}) > 2
    # What it thought of is kept either way.
    assert all(turn["thought"].startswith("I think of secret") for turn in called)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["plain", "starter"])
@pytest.mark.parametrize("more", [{}, {"strategy": "reasoning", "patient_grounding": False}], ids=["usual", "new"])
def test_the_same_texts_whatever_the_batch(tmp_path, dialect, more):
    runs = [played(tmp_path / f"{b}.db", Improviser(dialect), 12, batch=b, **more)[1] for b in (1, 5, 16)]
    assert runs[0] == runs[1] == runs[2]


def test_another_seed_gives_other_texts(tmp_path):
    first = played(tmp_path / "a.db", Improviser(), 4, seed=1)[1]
    assert first != played(tmp_path / "b.db", Improviser(), 4, seed=2)[1]


def test_a_failed_consultation_is_a_row_and_stays_in_the_count(tmp_path):
    def fails(request):
        return request.key[0] == 3 and request.task == "decision"

    events: list[dict[str, Any]] = []
    summary, _ = played(tmp_path / "a.db", Improviser(fails=fails), 6, listen=events.append)
    assert (summary["failed"], summary["finished"], summary["with_truth"]) == (1, 5, 6)
    failed = next(e for e in events if e["event"] == "consultation" and e["status"] == "failed")
    assert failed["consultation"] == "r1.3" and failed["correct"] is False and "the model broke" in failed["error"]


class Killed(BaseException):
    """Stands for a kill: nothing after it runs."""


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0, 3, 10, 17, 30])
def test_an_interrupted_run_goes_on_to_the_same_result(tmp_path, moment):
    whole = played(tmp_path / "whole.db", Improviser("starter"), 6)[1]
    seen = []

    def dies(event):
        seen.append(event)
        if sum(e["event"] == "turn" for e in seen) > moment:
            raise Killed

    path = tmp_path / "cut.db"
    with pytest.raises((Killed, asyncio.CancelledError)):
        played(path, Improviser("starter"), 6, listen=dies)
    shown = [(e["consultation"], e["idx"], e["text"]) for e in seen if e["event"] == "turn"]
    with Store(path) as store:
        kept = store.query("SELECT consultation_id, idx, text FROM turns")
        assert set(shown) <= {tuple(row.values()) for row in kept}
        assert store.runs()[0]["status"] == "interrupted"
    events: list[dict[str, Any]] = []
    summary, turns = played(path, Improviser("starter"), 6, listen=events.append)
    assert turns == whole and summary["consultations"] == 6 and events[0]["resumed"]
    again = [(e["consultation"], e["idx"]) for e in events if e["event"] == "turn"]
    assert not {(row["consultation_id"], row["idx"]) for row in kept} & set(again)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0, 9, 40])
def test_a_run_whose_model_goes_fails_nobody_and_goes_on_to_the_same_result(tmp_path, moment):
    whole = played(tmp_path / "whole.db", Improviser("starter"), 6)[1]

    class Going(Improviser):
        def generate(self, requests):
            if len(self.prompts) > moment:
                raise ModelGoneError("the server is gone")
            return super().generate(requests)

    path = tmp_path / "cut.db"
    with pytest.raises(ModelGoneError):
        played(path, Going("starter"), 6)
    with Store(path) as store:
        assert store.runs()[0]["status"] == "interrupted" and not store.runs()[0]["failed"]
    assert played(path, Improviser("starter"), 6)[1] == whole


def test_a_run_with_a_free_patient_is_not_taken_for_a_grounded_one(tmp_path):
    path = tmp_path / "a.db"
    played(path, Improviser(), 2)
    played(path, Improviser(), 2, patient_grounding=False)
    with Store(path) as store:
        assert len({row["digest"] for row in store.runs()}) == 2


def test_another_model_or_scenario_does_not_take_a_run_up(tmp_path):
    path = tmp_path / "a.db"
    scenario = load_scenario("derm34")
    model = Improviser()
    config = configured(model.info.reference, scenario.case_ids("test")[:2])
    with Store(path) as store:
        store_models = Models({model.info.reference: model})
        with RunHold(path) as hold:
            Runner(scenario, config, store_models, store)._begin(hold)
        changed = Improviser()
        changed.info = type(changed.info)(model.info.reference, "test", revision="2")
        with pytest.raises(RunError, match="was started with patient improviser-plain@1, not improviser-plain@2"):
            Runner(scenario, config, Models({model.info.reference: changed}), store).run()
        store.db.execute("UPDATE runs SET scenario_revision = 'old'")
        with pytest.raises(RunError, match="another version of 'derm34'"):
            Runner(scenario, config, store_models, store).run()
