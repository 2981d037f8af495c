"""Shared prompts give what the stock forward gives: probabilities, gradients, and decisions as in play."""

from __future__ import annotations

import copy

import pytest
import torch

from consult.agents.models.model import Request
from consult.rl.config import TrainConfig
from consult.rl.data.dataset import triage_rows
from consult.rl.policy.constraint import END, Constraint
from consult.rl.policy.policy import Policy
from consult.rl.policy.shared_prompt import Completions, sample, score_decisions
from consult.rl.trainers.trl_adapter import through_forward
from consult.scenarios import load_scenario


@pytest.fixture(scope="module")
def derm34():
    return load_scenario("derm34")


@pytest.fixture(scope="module")
def policy(derm34, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSULT_CACHE", str(tmp_path_factory.mktemp("cache")))
        return Policy.open(TrainConfig(role="triage", steps=1))


@pytest.fixture(scope="module")
def rows(derm34, policy):
    made = triage_rows(derm34, derm34.case_ids("train")[:3], policy.dialect, sees=True)
    policy.constrain(made)
    return made


# -- constraint --------------------------------------------------------------------------------------------------------


def test_a_choice_alone():
    table = Constraint.of([[5, 7, 8], [5, 9], [6, 7]], vocabulary=12)
    assert table.columns.tolist() == [5, 6, 7, 8, 9]
    assert table.walk([5, 7, 8]) == [0, 1, 2]
    assert table.after(2, 8) == table.after(1, 9) == END
    # The first token, and what follows 5, are choices; what follows 6 or 5 7 is forced.
    assert table.choices.tolist() == [True, True, False, False]
    assert table.chooses_from == (True, True, False, False)


def test_a_choice_after_free_text_and_before_it():
    before = Constraint.of([[5], [6]], vocabulary=9, after=3, banned=[0], stops=[2])
    assert before.walk([7, 8, 3, 5]) == [0, 0, 0, 1]
    assert before.after(0, 2) == END and not before.allowed[0, 0] and before.allowed[0, 1]
    assert before.allowed[1].nonzero()[:, 0].tolist() == [5, 6]
    after = Constraint.of([[5, 4], [6, 4]], vocabulary=9, until=3, banned=[0], stops=[2])
    walked = after.walk([5, 4, 7, 8, 3])
    assert walked[0] == 0 and walked[2] == walked[3] == walked[4] != END
    assert after.after(walked[4], 3) == END and after.after(walked[4], 2) == END


def test_several_choices_in_one_table():
    table, (first, second) = Constraint.several([[[5, 7], [6, 7]], [[5, 8]]])
    assert table.walk([6, 7], first)[0] == first and table.after(table.walk([6, 7], first)[1], 7) == END
    assert table.choices[first] and not table.choices[second]
    assert table.columns[table.allowed[second]].tolist() == [5]


def test_renormalised_probabilities():
    table = Constraint.of([[1], [3]], vocabulary=5)
    logits = torch.tensor([[0.0, 1.0, 9.0, 2.0, 9.0]])[:, table.columns]
    found = table.log_probabilities(logits, torch.tensor([0])).exp()
    assert torch.allclose(found.sum(-1), torch.ones(1)) and found[0, 1] > found[0, 0]


# -- scoring -----------------------------------------------------------------------------------------------------------


def stock(policy, row, ids):
    """Score a completion as the model's own forward does, one at a time, pixels and all."""
    speaker, table = policy.speaker, policy.constraint
    (inputs,) = speaker.photographs.inputs([speaker.text(row.prompt)], [[row.view.photograph]])
    whole = torch.cat([inputs["input_ids"], torch.tensor([ids])], 1)
    output = policy.body(input_ids=whole, attention_mask=torch.ones_like(whole), pixel_values=inputs["pixel_values"])
    logits = output.logits[0, -len(ids) - 1 : -1][:, table.columns]
    logs = table.log_probabilities(logits, torch.tensor(table.walk(ids)))
    places = torch.searchsorted(table.columns, torch.tensor(ids))
    return logs[torch.arange(len(ids)), places]


def test_probabilities_and_gradients_are_those_of_the_stock_forward(policy, rows):
    table = policy.constraint
    shown, owner = policy.prompts(rows), torch.tensor([0, 1, 1, 2, 0, 1])
    torch.manual_seed(3)
    drawn = sample(policy.body, shown, owner, table, temperature=1.0, most=policy.most_tokens)
    assert all(len(ids) == 5 for ids in drawn.ids)
    assert all(sum(chosen) == 2 for chosen in drawn.chosen)
    states = torch.tensor([table.walk(ids) for ids in drawn.ids])
    said = Completions(torch.tensor(drawn.ids), owner, states, table)
    logs, entropies = through_forward(policy.model, policy.model, score_decisions, shown, said, 1.0)
    one_by_one = torch.stack([stock(policy, rows[i], ids) for i, ids in zip(owner, drawn.ids, strict=True)])
    assert torch.allclose(logs, one_by_one, atol=2e-5)
    assert torch.allclose(logs, torch.tensor(drawn.logs), atol=2e-5)
    assert (entropies >= 0).all() and (entropies[:, 1:3] == 0).all()
    weights = torch.linspace(-1, 1, logs.numel()).reshape(logs.shape)
    trained = [p for p in policy.model.parameters() if p.requires_grad]
    ours = torch.autograd.grad((logs * weights).sum(), trained, allow_unused=True)
    theirs = torch.autograd.grad((one_by_one * weights).sum(), trained, allow_unused=True)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_the_likeliest_decision_is_that_of_play(policy, rows):
    texts = policy.decide(rows)
    requests = [Request((i,), "triage", "triage", 0, row.prompt, seed=0, temperature=0) for i, row in enumerate(rows)]
    played = policy.speaker.generate(requests)
    assert all(reply.text.startswith(text) for (text,), reply in zip(texts, played, strict=True))


def test_the_model_still_speaks(policy, rows):
    request = Request((0,), "triage", "triage", 0, rows[0].prompt, seed=1, temperature=1.0)
    before = policy.speaker.generate([request])
    said = Completions(
        torch.tensor([[policy.constraint.columns[0]]]), torch.tensor([0]), torch.tensor([[0]]), policy.constraint
    )
    through_forward(policy.model, policy.model, score_decisions, policy.prompts(rows[:1]), said, 1.0)
    assert policy.speaker.generate([request]) == before


def test_draws_are_frequent_as_they_are_probable(policy, rows):
    shown, owner = policy.prompts(rows[:1]), torch.zeros(4000, dtype=torch.long)
    torch.manual_seed(0)
    drawn = sample(policy.body, shown, owner, policy.constraint, temperature=3.0, most=6)
    probable = {tuple(ids): torch.tensor(logs).sum().exp() for ids, logs in zip(drawn.ids, drawn.logs, strict=True)}
    for ids, p in probable.items():
        share = drawn.ids.count(list(ids)) / len(drawn.ids)
        assert abs(share - float(p)) < 4 * (float(p) / len(drawn.ids)) ** 0.5 + 1e-3


def test_photographs_are_looked_at_once(derm34, policy, rows, monkeypatch, tmp_path):
    monkeypatch.setenv("CONSULT_CACHE", str(tmp_path))
    vision_cache = copy.copy(policy.vision_cache)
    vision_cache._seen = {}
    vision_cache.look_at(rows, derm34.revision, lambda _: None)
    (kept,) = tmp_path.glob("looks-*.safetensors")
    again = copy.copy(policy.vision_cache)
    again._seen = {}
    monkeypatch.setattr(type(again), "_look", lambda *_: pytest.fail("looked again"))
    again.look_at(rows, derm34.revision, lambda _: None)
    for row in rows:
        assert torch.equal(again.features(row.view.photograph), vision_cache.features(row.view.photograph))
    kept.unlink()
    kept.write_bytes(b"broken")
    anew = copy.copy(policy.vision_cache)
    anew._seen = {}
    monkeypatch.undo()
    monkeypatch.setenv("CONSULT_CACHE", str(tmp_path))
    anew.look_at(rows[:1], derm34.revision, lambda _: None)
    assert torch.equal(anew.features(rows[0].view.photograph), vision_cache.features(rows[0].view.photograph))
