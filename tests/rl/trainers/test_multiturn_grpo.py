"""Interviews: episodes on the graph of play, what of them is trained, and a training of seconds."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from narrowing import present

from consult.agents.models import Model, ModelInfo, open_model
from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.models.model import Choice, Message, Prompt, Reply, Request
from consult.agents.roles.client import Sampling
from consult.errors import UserError
from consult.rl.config import TrainConfig
from consult.rl.data.dataset import triage_rows
from consult.rl.multiturn_training import InterviewTraining
from consult.rl.policy.constraint import Constraint
from consult.rl.policy.policy import Policy
from consult.rl.policy.prefix_packing import common_tail, packs_of
from consult.rl.policy.shared_prompt import TASK, _score_each, _told, score_decisions
from consult.rl.practitioner import train_practitioner
from consult.rl.trainers.choices import (
    EncodedChoice,
    batch_choices,
    chosen_freely,
    encode_choice,
    scatter_tokens,
    split_at_choice,
)
from consult.rl.trainers.rollouts import RecordedChoice, RolloutEngine
from consult.rl.trainers.trl_adapter import through_forward
from consult.scenarios import load_scenario

SMALL: dict[str, Any] = dict(cases=4, validation=3, test=0, steps=2, prompts=1, group=2, check_every=2)


def frozen(**others):
    """Give who plays the other roles: the starter, where nobody else is named."""
    return {**dict.fromkeys(("patient", "triage", "specialist"), open_model("starter")), **others}


@pytest.fixture(scope="module")
def derm34():
    return load_scenario("derm34")


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSULT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Policy.open(TrainConfig(role="interview", steps=1))


@pytest.fixture(scope="module")
def episodes(derm34, policy):
    engine = RolloutEngine(derm34, policy.speaker, frozen())
    cases = [derm34.case(i) for i in ("train-0001", "train-0001", "train-0007")]
    return engine.play(cases, [1, 2, 3], Sampling(1.0, 1.0))


@pytest.mark.slow
def test_an_episode_is_a_consultation_played_to_its_end(episodes):
    for episode in episodes:
        acts = [act.action for act in episode.consultation.acts]
        assert acts[:2] == ["open", "triage"] and "conclude" in acts and episode.interview.status == "finished"
        assert len(episode.consultation.consulted.opinions) == 3
    assert len({tuple(act.topic for act in e.consultation.acts) for e in episodes[:2]}) == 2


@pytest.mark.slow
def test_what_was_chosen_is_what_was_done(episodes):
    for episode in episodes:
        done = [act for act in episode.consultation.acts if act.speaker == "attending"]
        asked = [f"<{act.action}><{act.topic}>" for act in done if act.action in ("ask", "examine")]
        acts = [one.said for one in episode.choices if one.request.task == "action"]
        # After an act there is nothing to say; what the model may write there all the same is passed over.
        chosen = [said for said in acts if said.startswith(("<ask>", "<examine>"))]
        assert [present(re.match(r"<(ask|examine)><[a-z]+>", said))[0] for said in chosen] == asked
        (decision,) = [one for one in episode.choices if one.request.task == "decision"]
        assert f"<answer>{episode.consultation.conclusion.diagnosis}</answer>" in decision.said


def test_words_that_nothing_depends_on_are_the_programs(episodes):
    for episode in episodes:
        said = [act for act in episode.consultation.acts if act.speaker == "patient"]
        assert said and all(act.source == "program" for act in said)


@pytest.mark.slow
def test_the_same_seed_plays_the_same_and_companions_change_nothing(derm34, policy, episodes):
    engine = RolloutEngine(derm34, policy.speaker, frozen())
    (again,) = engine.play([derm34.case("train-0001")], [2], Sampling(1.0, 1.0))
    assert [one.said for one in again.choices] == [one.said for one in episodes[1].choices]
    assert [one.request.prompt for one in again.choices] == [one.request.prompt for one in episodes[1].choices]


def test_who_is_named_plays_and_is_asked_as_in_play(derm34, policy, tmp_path):
    class Dentist:
        """Sends everybody to the dentist, at length."""

        info = ModelInfo("dentist", "test", dialect="plain")

        def __init__(self):
            self.asked = []

        def generate(self, requests):
            self.asked += requests
            return [Reply('{"specialty": "dentistry", "urgency": "urgent", "why": "Teeth."}') for _ in requests]

    dentist = Dentist()
    engine = RolloutEngine(derm34, policy.speaker, frozen(triage=dentist))
    (episode,) = engine.play([derm34.case("train-0001")], [1], Sampling(1.0, 1.0))
    assert present(episode.consultation.consulted).opinions[0].specialty == "dentistry"
    assert {request.role for request in dentist.asked} == {"triage"} and not episode.failed
    assert max(request.prompt.max_new_tokens for request in dentist.asked) > 8


def test_a_model_that_fails_makes_a_failed_episode(derm34):
    class Broken:
        info = ModelInfo("broken", "test", dialect="starter")

        def generate(self, requests):
            raise ValueError("no")

    (episode,) = RolloutEngine(derm34, Broken(), frozen()).play([derm34.case("train-0001")], [0], Sampling())
    assert episode.failed and episode.interview.status == "failed" and episode.choices == ()


# -- as numbers --------------------------------------------------------------------------------------------------------


def choosing(said: str, *options: str, after: str = "") -> RecordedChoice:
    prompt = Prompt((Message("user", "So?"),), 9, Choice(options, after))
    return RecordedChoice(Request((1,), "attending", "action", 0, prompt, 0), said)


def test_a_choice_is_parted_from_what_stands_before_it():
    choice = Choice(("a</answer>", "ab</answer>"), "<answer>")
    assert split_at_choice("<think>So.</think><answer>ab</answer>then", choice) == (
        "<think>So.</think><answer>",
        "ab</answer>",
    )
    assert split_at_choice("<think>without end", choice) == ("<think>without end", "")
    assert split_at_choice("b", Choice(("a", "b"))) == ("", "b")


def test_tokens_come_back_to_their_places():
    episodes = [
        [EncodedChoice((1,), None, ((5, 7), (6, 7)), (5, 7)), EncodedChoice((2,), None, ((8,), (9,)), (9,))],
        [],
        [EncodedChoice((1,), None, ((5, 7), (6, 7)), (6, 7))],
    ]
    values = torch.tensor([[1.0, 2.0], [3.0, 99.0], [4.0, 5.0]])
    laid = scatter_tokens(values, episodes, 3)
    assert laid.tolist() == [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [4.0, 5.0, 0.0]]
    assert chosen_freely(episodes[0]) == [1, 0, 1] and chosen_freely([]) == []


@pytest.mark.slow
def test_probabilities_are_those_that_were_drawn_from(derm34, policy, episodes):
    rows = triage_rows(derm34, ["train-0001", "train-0007"], policy.dialect, sees=True)
    policy.vision_cache.look_at(rows, derm34.revision, lambda _: None)
    choices = [encode_choice(policy, one) for episode in episodes for one in episode.choices]
    shown, said = batch_choices(policy, choices)
    with torch.no_grad():
        logs, _ = through_forward(policy.model, policy.model, score_decisions, shown, said, 1.0)
    made = [one for episode in episodes for one in episode.choices]
    again = [replace(one.request, temperature=1.0, top_p=1.0) for one in made]
    played = policy.speaker.generate(again)
    for row, one, reply in zip(logs.sum(1).exp().tolist(), made, played, strict=True):
        assert reply.text == one.said
        assert row == pytest.approx(reply.probability, abs=2e-4)


@pytest.mark.slow
def test_acts_are_read_as_one_and_scored_as_if_alone(derm34, policy, episodes):
    rows = triage_rows(derm34, ["train-0001", "train-0007"], policy.dialect, sees=True)
    policy.vision_cache.look_at(rows, derm34.revision, lambda _: None)
    shown, said = batch_choices(policy, [encode_choice(policy, one) for episode in episodes for one in episode.choices])
    told, photographs = _told(policy.body, shown)
    assert len(photographs) == 2 and all(min(tokens) < 0 for tokens in told)
    task = Counter(tokens[-TASK:] for tokens in told).most_common(1)[0][0]
    acts = [tokens for tokens in told if tokens[-TASK:] == task]
    packs = packs_of([act[: -common_tail(acts)] for act in acts], range(len(acts)))
    assert len(packs) <= len(episodes) < len(acts) < len(shown.ids)

    def scored(score):
        policy.model.zero_grad()
        logs, entropies = score(policy.body, shown, said, 0.7)
        (logs.sum() + entropies.sum()).backward()
        gradients = [weight.grad.clone() for weight in policy.model.parameters() if weight.grad is not None]
        return [logs.detach(), entropies.detach(), *gradients]

    together, alone = scored(score_decisions), scored(_score_each)
    assert len(together) == len(alone) > 2
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(one, other, atol=1e-4 * float(other.abs().max()) + 1e-6)
    policy.model.zero_grad()


def test_nothing_that_others_said_is_trained(policy, episodes):
    for episode in episodes:
        for one in episode.choices:
            scored = encode_choice(policy, one)
            assert scored.chosen in scored.options and len(scored.chosen) <= 2
            table, (start,) = Constraint.several([scored.options])
            assert table.walk(scored.chosen, start)[0] == start


# -- a training --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("interview") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSULT_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("consult.rl.runtime.results.draw_curves", lambda rows, path: path.touch())
        return out, train_practitioner(TrainConfig(role="interview", **SMALL), out, lambda line: None)


@pytest.mark.slow
def test_an_interview_is_trained(trained):
    out, metrics = trained
    assert (metrics["n"], metrics["steps"], metrics["split"]) == (3, 2, "validation")
    assert {"right", "facts disclosed", "doctor turns", "new_finding", "repeated"} <= set(metrics["interview"])
    assert metrics["interview"]["right"]["after"] == pytest.approx(metrics["after"])
    assert json.loads((out / "consult.json").read_text())["role"] == "interview"
    model = open_model(str(out))
    assert isinstance(model, TransformersModel) and model.adapter is not None


def test_a_patient_who_would_not_be_asked_is_refused(tmp_path):
    with pytest.raises(UserError, match="--patient would have no effect, since a program writes the lines"):
        train_practitioner(
            TrainConfig(role="interview", patient="starter", **SMALL), tmp_path / "out", lambda line: None
        )
    assert not (tmp_path / "out").exists()


def test_who_played_beside_is_let_go(tmp_path):
    class Served:
        closed = 0

        def close(self):
            self.closed += 1

    training = InterviewTraining(
        TrainConfig(role="interview", cases=10**6, steps=1), tmp_path / "out", lambda line: None
    )
    served = Served()
    training._others = {"triage": cast(Model, served), "specialist": cast(Model, served)}
    with pytest.raises(UserError, match="ask for fewer"):
        training.run()
    assert served.closed == 1


def test_other_dialects_are_refused(tmp_path):
    import tiny_models

    folder = tiny_models.llava(tmp_path / "llava")
    with pytest.raises(UserError, match=r"only in the starter's prompt format, which '.*llava' lacks"):
        train_practitioner(
            TrainConfig(role="interview", model=str(folder), **SMALL), tmp_path / "out", lambda line: None
        )
    with pytest.raises(UserError, match="has no right answer to copy"):
        TrainConfig(role="interview", steps=1, method="sft")
