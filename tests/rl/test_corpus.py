"""Lessons: made from train cases, right about what can be known, and in the format that the model is asked in."""

import random
from collections import Counter
from functools import partial

import pytest

from consult.agents.dialects.starter import TAGS
from consult.agents.models import Request
from consult.agents.models.transformers_folder import TransformersModel
from consult.rl.starter import architecture
from consult.rl.starter.corpus import Corpus
from consult.rl.starter.encoding import HARD, Encoder, rendered, single_tokens
from consult.rl.starter.lesson import SHARES, Soft, wording
from consult.scenarios import load_scenario

SCENARIO = load_scenario("derm34")


def corpus(seed=0):
    return Corpus(SCENARIO, SCENARIO.source, random.Random(seed))


@pytest.fixture(scope="module")
def tokenizer():
    made = corpus(1)
    texts = [lesson.text for lesson in (made.lesson() for _ in range(600))]
    return architecture.train_tokenizer(texts, single_tokens(SCENARIO))


@pytest.mark.parametrize("task", SHARES)
def test_the_targets_of_every_task_add_up(task):
    made = corpus(2)
    for _ in range(60):
        lesson = made.lesson(task)
        for part in lesson.answer:
            if isinstance(part, Soft):
                assert sum(part.weights.values()) == pytest.approx(1)
                assert part.weights[part.chosen] > 0
        assert all(sum(p.values()) == pytest.approx(1) for p in lesson.running)
        assert (lesson.case is not None) == any(m.photographs for m in lesson.prompt.messages)


def test_lessons_see_train_cases_only():
    made = corpus(3)
    sizes = SCENARIO.splits["train"]
    cases = {made.lesson("opinion").case for _ in range(200)} - {None}
    assert len(cases) > 100 and max(cases) < sizes
    photographs = {
        m.photographs[0].id for _ in range(50) for m in made.lesson("triage").prompt.messages if m.photographs
    }
    assert photographs and all(p.startswith("derm34/train-") for p in photographs)


def test_answers_can_be_read_back_by_the_dialect():
    from consult.rl.starter.corpus import DIALECT

    made = corpus(4)
    for _ in range(80):
        evidence = made.evidence()
        view = made._view(evidence, evidence.opening(), True, offers=("ask", "examine", "consult", "conclude"))
        readers = {
            "triage": partial(DIALECT.read_triage, view=view),
            "opinion": partial(DIALECT.read_opinion, view=view, scenario=SCENARIO),
            "decision": partial(DIALECT.read_decision, view=view, scenario=SCENARIO),
        }
        for task, reader in readers.items():
            text = made.lesson(task).text
            assert reader(text) is not None, text


def test_the_attending_never_asks_what_it_knows():
    made = corpus(5)
    for _ in range(300):
        lesson = made.lesson("action")
        known = [line.split(">")[0] + ">" for line in lesson.prompt.messages[1].text.split("\n")]
        within = [p for p in lesson.answer if isinstance(p, Soft)][1:]
        assert not any(tag in known for soft in within for tag in soft.weights)


def test_more_evidence_makes_the_posterior_righter():
    made = corpus(6)
    first, last = [], []
    for _ in range(300):
        evidence = made.evidence()
        evidence.opening()
        evidence.interview(9)
        truth = evidence.case.truth.diagnosis
        running = evidence.running(True)
        first.append(max(running[0], key=running[0].get) == truth)
        last.append(max(running[-1], key=running[-1].get) == truth)
    assert sum(last) > sum(first) + 30 and sum(last) > 250


def test_names_are_one_token_and_nothing_is_lost(tokenizer):
    for name in (*single_tokens(SCENARIO), *TAGS):
        assert len(tokenizer.encode(name, add_special_tokens=False)) == 1
    text = "I see eczema, soon. <ask><site> It's \u2018odd\u2019, 37\u00b0."
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_encoded_places_are_where_they_should_be(tokenizer):
    made, encoder = corpus(7), Encoder(tokenizer, list(SCENARIO.labels))
    for task in ("triage", "opinion", "decision"):
        for _ in range(30):
            lesson = made.lesson(task)
            encoded = encoder.encode(lesson)
            assert len(encoded.ids) == len(encoded.targets)
            answer = [i for i, t in zip(encoded.ids, encoded.targets, strict=True) if t != HARD]
            assert tokenizer.decode(answer) == lesson.text + "<|im_end|>"
            for place, alternatives, weights in encoded.soft:
                assert encoded.ids[place] in alternatives and sum(weights) == pytest.approx(1, abs=0.01)
            assert len(encoded.running) == len(lesson.running)
            lines = lesson.prompt.messages[1].text.split("\n")
            for number, (place, _) in enumerate(encoded.running):
                before = tokenizer.decode(encoded.ids[:place])
                assert before.endswith(lines[lesson.first_line + number])


def test_lessons_are_rendered_as_the_model_is_asked(tokenizer, tmp_path):
    model = architecture.build_model(len(tokenizer), 0)
    model.save_pretrained(tmp_path)
    architecture.build_processor(tokenizer).save_pretrained(tmp_path)
    loaded = TransformersModel.load(tmp_path, "tiny")
    made = corpus(8)
    for task in SHARES:
        prompt = made.lesson(task).prompt
        request = Request((0,), "patient", task, 0, prompt, 0)
        ids = loaded._inputs([request])["input_ids"][0].tolist()
        assert tokenizer.encode(rendered(prompt), add_special_tokens=False) == ids


def test_no_phrase_of_a_temperament_is_in_more_than_a_twentieth_of_its_frames():
    for temperament, bank in wording("patient").items():
        frames = [*bank["one"], *bank["two"], *bank["three"]]
        phrases = Counter()
        for frame in frames:
            words = frame.lower().replace("{", " {").split()
            phrases.update({tuple(words[i : i + 4]) for i in range(len(words) - 3)})
        share = {p: n / len(frames) for p, n in phrases.items() if not any("{" in word for word in p)}
        assert max(share.values(), default=0) <= 0.05, temperament
