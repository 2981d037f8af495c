"""Who knows what: another hidden diagnosis, all else fixed, leaves every prompt as it was."""

from dataclasses import replace

import pytest
from amounts import exhaustive
from improvising import Improviser, played
from narrowing import present

from consult.scenarios import Truth, load_scenario

SCENARIO = load_scenario("derm34")


class OtherTruth:
    """The same cases with another hidden truth."""

    def ids(self, split):
        return SCENARIO.source.ids(split)

    def get(self, case_id):
        case = SCENARIO.source.get(case_id)
        labels = list(SCENARIO.labels)
        other = SCENARIO.labels[labels[(labels.index(present(case.truth.diagnosis)) + 7) % len(labels)]]
        return replace(case, truth=Truth(other.name, other.specialty, "emergency", "other", "wheals"))


WAYS = pytest.mark.parametrize(
    "more",
    [{}, {"strategy": "reasoning"}, {"patient_grounding": False}],
    ids=["dialogue", "reasoning", "free patient"],
)


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("dialect", ["plain", "starter"])
@pytest.mark.parametrize("cases", [34, exhaustive(120)])
def test_the_hidden_truth_is_in_no_prompt(tmp_path, dialect, more, cases):
    true, other = Improviser(dialect), Improviser(dialect)
    changed = replace(SCENARIO, source=OtherTruth(), revision="x")
    played(tmp_path / "a.db", true, cases, batch=64, **more)
    played(tmp_path / "b.db", other, cases, batch=64, scenario=changed, **more)
    assert len(true.prompts) > 8 * cases
    assert true.prompts == other.prompts


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("dialect", ["plain", "starter"])
@pytest.mark.parametrize("cases", [34, exhaustive(68)])
def test_doctors_read_of_the_card_only_what_was_said(tmp_path, dialect, more, cases):
    model = Improviser(dialect)
    said: dict[int, list[tuple[int, str]]] = {}

    def listen(event):
        if event["event"] == "turn":
            said.setdefault(int(event["consultation"].split(".")[1]), []).append((event["idx"], event["text"].lower()))

    played(tmp_path / "a.db", model, cases, batch=64, listen=listen, **more)
    checked = 0
    for (ordinal, turn, role, *_), prompt in model.prompts.items():
        if role == "patient":
            continue
        shown = " ".join(m.text for m in prompt.messages).lower()
        card = SCENARIO.case(SCENARIO.case_ids("test")[ordinal - 1]).card
        before = " ".join(text for idx, text in said[ordinal] if idx < turn)
        for fact in (*card.facts, *card.examinations):
            if fact.text.lower() not in before:
                checked += 1
                assert fact.text.lower() not in shown
    assert checked > 73 * cases


@pytest.mark.parametrize("dialect", ["plain", "starter"])
@pytest.mark.slow
def test_a_private_thought_is_in_no_prompt(tmp_path, dialect):
    model, thoughts = Improviser(dialect), set()

    def listen(event):
        if event["event"] == "turn" and event["thought"].startswith("I think of"):
            thoughts.add(event["thought"].removeprefix("I think of ").removesuffix("."))

    played(tmp_path / "a.db", model, 24, batch=64, listen=listen, strategy="reasoning")
    assert len(thoughts) > 60 and all(thought.startswith("secret") for thought in thoughts)
    shown = "\n".join(m.text for prompt in model.prompts.values() for m in prompt.messages)
    assert "secret" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_the_reasons_of_a_decision_are_in_the_attendings_prompts_only(tmp_path, dialect):
    model = Improviser(dialect)
    played(tmp_path / "a.db", model, 24, batch=64, strategy="reasoning")
    thought = {"plain": "Your reasoning: hm", "starter": "I see it."}[dialect]
    readers = {key[2:4] for key, p in model.prompts.items() if any(thought in m.text for m in p.messages)}
    # A program hands the starter's finding on, so that its thought is in no prompt at all.
    assert readers == {"plain": {("attending", "explanation")}, "starter": set()}[dialect]


def test_no_strategy_shows_a_photograph_that_it_withholds(tmp_path):
    model = Improviser("starter")
    played(tmp_path / "a.db", model, 12, strategy="text-only")
    assert not any(m.photographs for p in model.prompts.values() for m in p.messages)
    played(tmp_path / "b.db", model, 12)
    assert any(m.photographs for p in model.prompts.values() for m in p.messages)
    assert not any(m.photographs for k, p in model.prompts.items() if k[2] == "patient" for m in p.messages)
