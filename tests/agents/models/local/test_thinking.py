"""A model's own private thought in process: in room of its own, before a reply that keeps to its constraint."""

import json

import pytest
import tiny_models

from consult.agents.models import Choice, Message, Prompt, Request
from consult.agents.models.local import transformers_model
from consult.agents.models.local.transformers_model import TransformersModel

ROOM = 24
SCHEMA = {"type": "object", "properties": {"site": {"enum": ["arm", "leg"]}}, "required": ["site"],
          "additionalProperties": False}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tiny_models.llama(tmp_path_factory.mktemp("thinks"), tiny_models.read("qwen3"))
    return TransformersModel.load(folder, "tiny")


@pytest.fixture(autouse=True)
def room(monkeypatch):
    monkeypatch.setattr(transformers_model, "THOUGHT_TOKENS", ROOM)


def request(seed, thinks=True, tokens=12, **more):
    prompt = Prompt((Message("system", "A doctor."), Message("user", "Where?")), tokens, **more)
    return Request((seed,), "attending", "action", 0, prompt, seed, 1.0, thinks=thinks)


def test_the_template_says_how_a_thought_begins_and_ends(model):
    assert model.info.details["thinking"] == "can be switched"
    assert model.format.thought == ("<think>\n", "\n</think>\n\n")


def test_a_thought_is_told_apart_and_has_its_own_room(model):
    replies = model.generate([request(seed) for seed in range(6)])
    for reply in replies:
        assert reply.thought and "</think>" not in reply.thought and reply.thought not in reply.text
        assert reply.tokens_out <= ROOM + 12
        assert reply.sent.text.endswith(f"<think>\n{reply.thought}\n</think>\n\n")
    assert any(reply.tokens_out > 12 for reply in replies) and len({reply.thought for reply in replies}) > 1


def test_the_reply_keeps_to_its_constraint_after_the_thought(model):
    chosen, held = model.generate([request(1, choice=Choice(("yes", "no"))), request(2, schema=SCHEMA, tokens=40)])
    assert chosen.text.startswith(("yes", "no")) and chosen.thought and 0 < chosen.probability <= 1
    assert not chosen.cut  # what follows the choice is not part of the answer
    assert json.loads(held.text)["site"] in ("arm", "leg") and held.thought


def test_a_batch_of_both_kinds_gives_the_texts_of_one_by_one(model):
    asked = [request(seed, thinks=seed % 2 == 0) for seed in range(6)]
    together = model.generate(asked)
    alone = [model.generate([one])[0] for one in asked]
    assert [(r.thought, r.text) for r in together] == [(r.thought, r.text) for r in alone]
    assert [bool(r.thought) for r in together] == [True, False] * 3


def test_without_the_switch_the_prompt_is_as_before(model):
    plain = model.generate([request(3, thinks=False)])[0]
    assert plain.thought == "" and plain.sent.text == model.text(request(3).prompt)
    assert "<think>\n\n</think>" in plain.sent.text


def test_a_model_without_thought_ignores_the_switch(tmp_path):
    bare = TransformersModel.load(tiny_models.llama(tmp_path), "tiny")
    assert bare.info.details["thinking"] == "none"
    thinking, plain = bare.generate([request(1)])[0], bare.generate([request(1, thinks=False)])[0]
    assert thinking.text == plain.text and thinking.thought == ""


def test_gpt_oss_thinks_in_one_channel_and_answers_in_another(tmp_path):
    folder = tiny_models.llama(tmp_path, tiny_models.read("gptoss"))
    model = TransformersModel.load(folder, "tiny")
    assert model.info.details["thinking"] == "can be switched"
    thinking, plain = model.generate([request(1), request(1, thinks=False)])
    opened, final = "<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"
    begun, at_once = (str(reply.sent and reply.sent.text) for reply in (thinking, plain))
    assert thinking.thought and begun.endswith(f"{opened}{thinking.thought}<|end|>{final}")
    assert plain.thought == "" and at_once.endswith(final)
