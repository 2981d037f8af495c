"""Examples: made from train cases, right about what can be known, and in the format that the model is asked in."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Line, PatientTask, PatientView, Person
from consult.agents.models import Request
from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.prompt_formats.prompt_format import ActionOutput
from consult.agents.prompt_formats.starter import HABITS
from consult.agents.prompt_formats.starter_tags import SEEN, SLOTS, TAGS, TOPIC_TAGS, tag
from consult.agents.temperament import temperaments
from consult.rl.starter import architecture
from consult.rl.starter.corpus import DIALECT, Corpus
from consult.rl.starter.encoding import HARD, Encoder, rendered, single_tokens
from consult.rl.starter.evidence import Evidence, Knowledge
from consult.rl.starter.example import SHARES, WORDING_SHARES, Example, Soft, Withheld
from consult.rl.starter.information_gain import InformationGain
from consult.scenarios import Card, Fact, load_scenario
from consult.scenarios.bayes import normal
from consult.scenarios.case import ALARM
from consult.scenarios.case_generator import Grammar

SCENARIO = load_scenario("derm34")
assert isinstance(SCENARIO.source, Grammar)
GRAMMAR = SCENARIO.source
KNOWING = Card(Fact("complaint", "complaint", "I am ill"), tuple(Fact(t, t, f"it is {t}") for t in SCENARIO.topics))
"""A card with a fact on every topic."""


class Noting(Corpus):
    """Notes what the doctor of its last example knew, what it saw among it."""

    evidence_of_last: Evidence
    view: DoctorView

    def _view(self, evidence: Evidence, lines: Sequence[Line], seen: bool, **more: Any) -> DoctorView:
        view = super()._view(evidence, lines, seen, **more)
        self.evidence_of_last, self.view = evidence, replace(view, seen=evidence.finding if seen else "")
        return view


KNOWLEDGE, INFORMATION_GAIN = Knowledge(GRAMMAR), InformationGain(GRAMMAR.tables)


def corpus(seed: int = 0, **more: Any) -> Noting:
    made = Noting(SCENARIO, GRAMMAR, random.Random(seed), **more)
    # What all examples have in common takes seconds to make.
    made.knowledge, made.information_gain = KNOWLEDGE, INFORMATION_GAIN
    return made


def asked(example: Example) -> str:
    return example.prompt.messages[-1].text


def task_of(example: Example) -> str:
    """Return what a doctor is asked to do, the last line of its prompt."""
    return asked(example).rsplit("<do> ", 1)[1]


def soft(part: object) -> Soft:
    assert isinstance(part, Soft)
    return part


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    made = corpus(1)
    texts = [example.text for example in (made.example() for _ in range(600))]
    return architecture.train_tokenizer(texts, single_tokens(SCENARIO))


def test_both_stages_have_every_task_and_their_shares_add_up() -> None:
    assert set(SHARES) == set(WORDING_SHARES)
    assert sum(SHARES.values()) == pytest.approx(1) == sum(WORDING_SHARES.values())


@pytest.mark.slow
@pytest.mark.parametrize("task", SHARES)
def test_the_targets_of_every_task_add_up(task: str) -> None:
    made = corpus(2)
    for _ in range(60):
        example = made.example(task)
        for part in example.answer:
            if isinstance(part, Soft):
                assert sum(part.weights.values()) == pytest.approx(1)
                assert part.weights[part.chosen] > 0
        assert all(sum(posterior.values()) == pytest.approx(1) for _, posterior in example.posterior_targets)
        assert (example.case is not None) == any(m.photographs for m in example.prompt.messages)


@pytest.mark.slow
def test_examples_see_train_cases_only() -> None:
    made = corpus(3)
    sizes = SCENARIO.splits["train"]
    cases = {case for _ in range(200) if (case := made.example("opinion").case) is not None}
    assert len(cases) > 100 and max(cases) < sizes
    photographs = {
        m.photographs[0].id for _ in range(50) for m in made.example("triage").prompt.messages if m.photographs
    }
    assert photographs and all(p.startswith("derm34/train-") for p in photographs)


def test_a_triage_can_be_read_back() -> None:
    made, kinds = corpus(4), Counter[str]()
    for _ in range(200):
        example = made.example("triage")
        word = DIALECT.read_triage(example.text, made.view)
        # What is taught is never refused: neither the choice nor its reason.
        assert word is not None and word.why, example.text
        assert offered(example) and bool(word.thought) == task_of(example).endswith(" thinking")
        # The reason names the clinic by its slot alone: what is withheld is not taught by it.
        reason = example.text.rsplit("</think>", 1)[-1].partition(". ")[2]
        assert not any(name in reason for name in SCENARIO.specialties) and word.specialty in word.why
        kind = "alarm" if "<alarm>" in example.text else "seen" if SEEN in example.text else "told"
        told = next((f.text for f in made.evidence_of_last.facts[ALARM]), "")
        assert (kind == "alarm") == made.evidence_of_last.alarmed
        quoted = {"alarm": told, "seen": made.view.seen, "told": made.evidence_of_last.facts["complaint"][0].text}
        assert quoted[kind].lower() in word.why.lower()
        kinds[kind] += 1
    assert set(kinds) == {"alarm", "seen", "told"}


def offered(example: Example) -> bool:
    """Tell whether the prompt offers the answer, thoughts not counted."""
    choice, said = example.prompt.choice, example.text
    assert choice is not None
    said = said.rpartition(choice.after)[2] if choice.after else said
    return any(said.startswith(option) for option in choice.options)


@pytest.mark.slow
def test_an_opinion_can_be_read_back() -> None:
    made, quoting = corpus(4), Counter[str]()
    for _ in range(800):
        example = made.example("opinion")
        if "<complaint>" in example.text:
            continue  # learned, and no longer quoted where there is more to go by
        word = DIALECT.read_opinion(example.text, made.view, SCENARIO)
        assert word is not None and word.reason and offered(example), example.text
        assert (word.diagnosis or NOT_MY_FIELD) == soft(example.answer[0]).chosen
        assert (made.view.seen.lower() in word.reason.lower()) == (SEEN in example.text) or not made.view.seen
        quoting.update(seen=SEEN in example.text, told=SLOTS[0] in example.text, two=SLOTS[1] in example.text)
        quoting.update(outside=word.diagnosis is None)
    assert min(quoting[kind] for kind in ("seen", "told", "two", "outside")) > 10


def test_a_decision_can_be_read_back() -> None:
    made, stated = corpus(4), Counter[str | None]()
    for _ in range(200):
        example = made.example("decision")
        if "<complaint>" in example.text:
            continue  # learned, and no longer quoted where there is more to go by
        word = DIALECT.read_decision(example.text, made.view, SCENARIO)
        assert word is not None and word.thought and offered(example), example.text
        assert word.urgency == made.evidence_of_last.urgency(word.diagnosis or "")
        assert len(word.differential) == 3
        stated[word.urgency] += 1
        # Nothing is left out of the thought, and no program has to count the colleagues.
        thought = example.text.partition("</think>")[0]
        for part in ("I see ", "I noted ", "Colleagues: "):
            assert (part in thought) == (part in word.thought), example.text
        assert "[" not in word.thought and word.thought.count('"') == 2 * sum(f"<{t}>" in thought for t in TOPIC_TAGS)
    assert len(stated) >= 3 and None not in stated


def test_a_look_and_an_act_are_among_what_is_offered() -> None:
    made, acts = corpus(4), Counter[str]()
    for _ in range(300):
        look = made.example("look")
        choice = look.prompt.choice
        assert choice is not None and look.text in choice.options and look.text == made.evidence_of_last.finding
        example = made.example("action")
        word = DIALECT.read_action(example.text, made.view)
        assert word is not None and offered(example), example.text
        assert bool(word.thought) == task_of(example).endswith(" thinking")
        acts[word.action] += 1
        # So is all that is weighed.
        chosen, *topics = [soft(part) for part in example.answer if not isinstance(part, str)][-2:]
        options = example.prompt.choice.options if example.prompt.choice else ()
        if chosen.chosen in ("<ask>", "<examine>"):
            assert {f"{chosen.chosen}{topic}" for topic in topics[0].weights} <= set(options)
    assert set(acts) == {"ask", "examine", "consult", "conclude"}


def test_nobody_is_asked_for_what_cannot_be() -> None:
    made, asked_of = corpus(30), Counter[str]()
    for _ in range(500):
        example = made.example("action")
        weighed = {name for part in example.answer if isinstance(part, Soft) for name in part.weights}
        card = made.evidence_of_last.case.card
        who = "child" if (card.age or 0) < 12 else str(card.sex)
        asked_of[who] += "<pregnancy>" in weighed
        assert not weighed & {"<age>", "<complaint>"}
    assert asked_of["female"] > 20 and asked_of["male"] == asked_of["child"] == 0


def test_a_doctor_knows_who_the_patient_is_but_of_a_few() -> None:
    made, filed = corpus(31), Counter[bool]()
    for _ in range(300):
        example = made.example(made.rng.choice(["triage", "opinion", "decision", "action"]))
        card = made.evidence_of_last.case.card
        who = asked(example).split("\n")[0]
        filed[who != "<who> "] += 1
        assert who in (f"<who> {card.name}, {card.age}, {card.sex}", "<who> ")
        assert made.evidence_of_last.filed == (who != "<who> ")
    assert 2 < filed[False] < 50


def test_a_patients_lines_can_be_read_back() -> None:
    made, kinds = corpus(9), Counter[tuple[str, bool]]()
    for _ in range(600):
        example = made.example("patient")
        (kind, *rest), (_, temperament, *child) = (
            message.text.split() for message in reversed(example.prompt.messages)
        )
        kinds[kind, bool(child)] += 1
        count, words = sum(part in SLOTS for part in rest), [part for part in rest if part not in SLOTS]
        topic = {"trouble": "sensation", "story": "history"}.get(words[0], "site") if words else "site"
        fact = Fact(topic, topic, "it is so", none=words[:1] == ["absent"])
        task = PatientTask(kind, (fact,) * count, words[0] if kind == "ask" else "")  # type: ignore[arg-type]
        card = Card(KNOWING.complaint, (), age=8 if child else None)
        line = DIALECT.read_patient_line(example.text, task, PatientView(card, temperament, (), {}))
        assert line is not None, example.text
        assert DIALECT.patient_line(PatientView(card, temperament, (), {}), task, temperaments()[temperament]) == (
            example.prompt
        )
    assert {kind for kind, _ in kinds} == {"open", "answer", "unknown", "ask", "satisfied", "reluctant"}
    children = sum(n for (_, child), n in kinds.items() if child)
    assert 40 < children < 160 and ("ask", True) not in kinds


def test_a_question_is_about_the_topic_that_was_chosen() -> None:
    made, acts, starts = corpus(10), Counter[str](), Counter[str]()
    heard = reacting = 0
    for _ in range(600):
        example = made.example("wording")
        act, *last = asked(example).split("\n")
        named = "first named " in act
        action, *topic = act.removeprefix("first ").removeprefix("named ").split()
        acts[action] += 1
        starts["named" if named else "first" if act.startswith("first ") else "later"] += 1
        heard += bool(last)
        assert all(line.startswith("<said> ") for line in last)
        word = ActionOutput(action, topic[0] if topic else None, "")  # type: ignore[arg-type]
        view = DoctorView((), (), (), {}, {}, patient=Person("Ada" if named else ""))
        said = DIALECT.read_wording(example.text, view, word)
        assert said is not None and ("Ada" in said) == named, example.text
        reacting += bool(last) and not act.startswith("first ") and said.count(".") > 1
    assert set(acts) == {"ask", "examine", "consult"} and set(starts) == {"named", "first", "later"}
    assert 20 < reacting < heard < 600


@pytest.mark.parametrize("task", ["rewording", "reply"])
def test_the_words_of_the_advice_can_be_read_back(task: str) -> None:
    made, said = corpus(32), set()
    view, question = DoctorView((), (), (), {}, {}, diagnosis="acne"), Line("patient", "ask", "?", "outlook")
    for _ in range(150):
        example = made.example(task)
        said.add(example.text)
        if task == "reply":
            assert DIALECT.read_reply(example.text, view, question, SCENARIO) is not None
        else:
            assert DIALECT.read_rewording(example.text, asked(example).removeprefix("say ")) == example.text
    assert len(said) > 8


def test_a_topic_is_told_of_any_wording_and_of_none_where_nothing_is_asked() -> None:
    made, told = corpus(33), Counter[str]()
    for _ in range(400):
        example = made.example("topic")
        assert offered(example)
        told[example.text] += 1
    assert set(told) == {*(tag(topic) for topic in SCENARIO.topics), "<unsure>"} and 15 < told["<unsure>"] < 80


def test_a_free_patient_answers_what_it_is_asked() -> None:
    made = corpus(11)
    answered, volunteered, unknown = 0, 0, 0
    for _ in range(600):
        example = made.example("free")
        if not asked(example).startswith("free "):
            continue
        view = PatientView(KNOWING, "sanguine", (Line("attending", "ask", "?"),), SCENARIO.topics, ("answer",))
        word = DIALECT.read_free_line(example.text, view)
        assert word is not None and word.action == "answer" and word.facts is not None, example.text
        first = example.answer[0]
        if isinstance(first, str):
            assert first == "<unsure>" and word.facts == ()
            unknown += 1
            continue
        answered += 1
        volunteered += len(word.facts) > 1
        assert soft(first).weights == {soft(first).chosen: 1.0} and soft(first).chosen.strip("<>") in word.facts
    assert answered > 300 and 20 < unknown < 100 and 50 < volunteered < answered - 50


@pytest.mark.parametrize("temperament", temperaments())
def test_a_free_patient_reacts_as_its_temperament_does(temperament: str) -> None:
    made, mind, seen = corpus(12), temperaments()[temperament], set()
    for _ in range(60):
        example = made._free_reaction(temperament)
        react, again = soft(example.answer[0]), asked(example) == "react again"
        asks = 0.0 if again else mind.asks_back
        expected = {"<ask>": asks, "<satisfied>": (1 - asks) * mind.accepts}
        expected["<reluctant>"] = 1 - sum(expected.values())
        assert react.weights == pytest.approx(expected)
        view = PatientView(KNOWING, temperament, (Line("attending", "conclude", ""),), {}, ("ask", "satisfied"))
        word = DIALECT.read_free_line(example.text, view)
        assert word is not None and example.prompt.messages[0].text == f"patient {temperament}"
        assert (word.action == "ask") == (react.chosen == "<ask>") == (word.topic is not None)
        assert word.accepts == {"<ask>": None, "<satisfied>": True, "<reluctant>": False}[react.chosen]
        seen.add((again, react.chosen))
    assert (True, "<ask>") not in seen and {again for again, _ in seen} == {False, True}


def test_the_attending_never_asks_what_it_knows() -> None:
    made = corpus(5)
    for _ in range(300):
        example = made.example("action")
        known = [line.split(">")[0] + ">" for line in example.prompt.messages[1].text.split("\n")]
        # A thought's names of diagnoses are weighed, too.
        weighed = [name for part in example.answer if isinstance(part, Soft) for name in part.weights]
        topics = {name for name in weighed if name.strip("<>") in (*SCENARIO.topics, *SCENARIO.examinations)}
        assert not topics & set(known)
        assert topics or soft(example.answer[-1]).chosen in ("<consult>", "<conclude>")


def test_an_alarm_that_was_told_leaves_no_time_for_questions() -> None:
    made, alarmed = corpus(34), 0
    for _ in range(300):
        example = made.example("action")
        if made.evidence_of_last.alarmed:
            alarmed += 1
            weighed = next(
                p for p in example.answer if isinstance(p, Soft) and set(p.weights) & {"<conclude>", "<ask>"}
            )
            assert weighed.weights["<conclude>"] >= 0.97
    assert alarmed > 20


def test_who_thinks_names_two_diagnoses_by_how_likely_they_are() -> None:
    made, posterior = corpus(13), {"acne": 0.7, "hives": 0.2, "eczema": 0.1}
    firsts = Counter[str]()
    for _ in range(400):
        _, one, _, other, end = made._thought(posterior)
        first, second = soft(one), soft(other)
        firsts[first.chosen] += 1
        assert end == ".</think>" and first.weights == posterior
        rest = {label: p / (1 - posterior[first.chosen]) for label, p in posterior.items() if label != first.chosen}
        assert second.weights == pytest.approx(rest) and second.chosen != first.chosen
    assert firsts["acne"] > firsts["hives"] > firsts["eczema"] > 0
    certain = made._thought({"acne": 1.0, "hives": 0.0})
    assert "".join(p if isinstance(p, str) else p.chosen for p in certain) == "<think>I think of acne.</think>"


def test_a_classifiers_three_are_told_to_some_who_see() -> None:
    made, told = corpus(14), Counter[tuple[bool, int]]()
    for _ in range(500):
        example = made.example("triage")
        lines = [line for line in asked(example).split("\n") if line.startswith("<expert> ")]
        seen = bool(example.prompt.messages[-1].photographs)
        told[seen, len(lines)] += 1
        for line in lines:
            named = line.removeprefix("<expert> ").split(", ")
            assert len(set(named)) == 3 and set(named) <= set(SCENARIO.labels)
    assert (False, 1) not in told and 10 < told[True, 1] < 100 < told[True, 0]


def test_a_classifier_goes_by_the_photograph_alone() -> None:
    made, right, first = corpus(15), 0, 0
    for _ in range(200):
        evidence = made.evidence()
        named = evidence.by_sight()
        evidence.opening()
        evidence.interview(9)
        assert evidence.by_sight() == named
        right += evidence.case.truth.diagnosis in named
        first += evidence.case.truth.diagnosis == named[0]
    assert 100 < right < 200 and 30 < first < right


# -- a panel's habits --------------------------------------------------------------------------------------------------


def test_opinions_are_taught_for_every_place_in_the_panel() -> None:
    made, members = corpus(17), Counter[str]()
    for _ in range(120):
        members[task_of(made.example("opinion"))[-1]] += 1
    assert set(members) == {str(n) for n in range(1, HABITS + 1)} and min(members.values()) > 20


def test_a_reason_quotes_what_was_told_and_speaks_for_it() -> None:
    made, quoting = corpus(18), 0
    for _ in range(300):
        example = made.example("opinion")
        named, *rest = example.answer
        label = soft(named).chosen
        topics = [part for part in rest if isinstance(part, Soft) and part.chosen.startswith("<")]
        told = {line.partition(" ")[0] for line in asked(example).split("\n")}
        assert len(topics) == sum(slot in example.text for slot in SLOTS)
        if label == NOT_MY_FIELD:
            assert not topics and SEEN not in example.text
            continue
        support = {tag(topic) for topic in made.evidence_of_last.support(label)}
        assert (SEEN in example.text) == bool(made.view.seen and made.evidence_of_last.sight_supports(label))
        quoting += len(topics)
        for part in topics:
            assert set(part.weights) <= support <= told
        assert example.text.startswith(f"{label}. {''.join(part.chosen for part in topics)}")
        assert len({part.chosen for part in topics}) == len(topics)
    assert quoting > 100


def test_a_decisions_thought_notes_topics_that_were_told() -> None:
    made, noted = corpus(20), 0
    topics = {tag(t) for t in (*SCENARIO.topics, *SCENARIO.examinations)}
    for _ in range(200):
        example = made.example("decision")
        told = {line.partition(" ")[0] for line in asked(example).split("\n")}
        quoted = {topic for topic in topics if topic in example.text.partition("</think>")[0]}
        noted += bool(quoted)
        assert quoted <= told
    assert noted > 100


def test_a_panel_is_of_the_field_that_triage_chose() -> None:
    made, heard = corpus(35), 0
    for _ in range(120):
        example = made.example("decision")
        lines = asked(example).split("\n")
        opinions = [line for line in lines if line.startswith("<opinion> ")]
        assert len(opinions) in (0, 3) and lines[-1] == "<do> decide"
        if opinions:
            heard += 1
            specialty = lines[1].removeprefix("<triage> ").split(", ")[0]
            assert all(line.startswith(f"<opinion> {specialty}: ") for line in opinions)
    assert 60 < heard < 115


# -- labels that are withheld ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("task", "limit"), [("triage", "triage_labels"), ("decision", "decision_labels")])
def test_only_the_first_cases_labels_are_taught(task: str, limit: str) -> None:
    made, taught = corpus(21, **{limit: 3400}), Counter[bool]()
    for _ in range(150):
        example = made.example(task)
        withheld = [part for part in example.answer if isinstance(part, Withheld)]
        if example.case is not None:
            taught[example.case < 3400] += 1
            assert len(withheld) == (example.case >= 3400)
        named = withheld[0].chosen if withheld else None
        assert named is None or named in (SCENARIO.specialties if task == "triage" else SCENARIO.labels)
    assert min(taught[True], taught[False]) > 30
    assert not any(isinstance(p, Withheld) for _ in range(60) for p in corpus(22).example(task).answer)


@pytest.mark.parametrize(("task", "limit"), [("triage", "triage_labels"), ("decision", "decision_labels")])
def test_a_withheld_label_is_read_on_from_and_not_learned(tokenizer: Any, task: str, limit: str) -> None:
    made, encoder = corpus(23, **{limit: 0}), Encoder(tokenizer, list(SCENARIO.labels))
    for _ in range(40):
        example = made.example(task)
        encoded = encoder.encode(example)
        answer = len(tokenizer.encode(rendered(example.prompt), add_special_tokens=False))
        assert set(encoded.targets[:answer]) == {HARD}
        # A decision that lacks its runners-up does not teach to stop there.
        end, cut = ("", "<|im_end|>") if example.cut else ("<|im_end|>", "")
        assert example.cut == (task == "decision")
        assert tokenizer.decode(encoded.ids[answer:]) == example.text + "<|im_end|>"
        places = [i for i, target in enumerate(encoded.targets) if i >= answer and target == HARD]
        (label,) = (part.chosen for part in example.answer if isinstance(part, Withheld))
        assert tokenizer.decode([encoded.ids[i] for i in places]) == label + cut
        # Neither as a distribution: what is weighed is what is not withheld, urgencies and thoughts.
        weighed = [part for part in example.answer if isinstance(part, Soft)]
        assert len(encoded.soft) == len(weighed) and not {place for place, *_ in encoded.soft} & set(places)
        learned = [i for i, t in zip(encoded.ids, encoded.targets, strict=True) if t != HARD]
        parts = ["" if isinstance(p, Withheld) else p if isinstance(p, str) else p.chosen for p in example.answer]
        assert tokenizer.decode(learned) == "".join(parts) + end


def test_a_withheld_decision_names_no_runners_up() -> None:
    """They follow from the posterior over the diagnoses, which is what is withheld."""
    made = corpus(24, decision_labels=0)
    for _ in range(40):
        rest = made.example("decision").text.partition("</answer> ")[2]
        assert rest in [f"{urgency}." for urgency in ("routine", "soon", "urgent", "emergency")]


def test_more_evidence_makes_the_posterior_righter() -> None:
    made = corpus(6)
    first, last = [], []
    for _ in range(300):
        evidence = made.evidence()
        evidence.opening()
        evidence.interview(9)
        truth = evidence.case.truth.diagnosis
        posteriors = [posterior for _, posterior in evidence.posterior_targets(True, 1)]
        first.append(max(posteriors[0], key=posteriors[0].__getitem__) == truth)
        last.append(max(posteriors[-1], key=posteriors[-1].__getitem__) == truth)
    assert sum(last) > sum(first) + 30 and sum(last) > 250


def test_names_are_one_token_and_nothing_is_lost(tokenizer: Any) -> None:
    for name in (*single_tokens(SCENARIO), *TAGS):
        assert len(tokenizer.encode(name, add_special_tokens=False)) == 1
    text = "I see eczema, soon. <ask><site> It's \u2018odd\u2019, 37\u00b0."
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_encoded_places_are_where_they_should_be(tokenizer: Any) -> None:
    made, encoder = corpus(7), Encoder(tokenizer, list(SCENARIO.labels))
    for task in ("triage", "opinion", "decision"):
        for _ in range(30):
            example = made.example(task)
            encoded = encoder.encode(example)
            assert len(encoded.ids) == len(encoded.targets)
            answer = [i for i, t in zip(encoded.ids, encoded.targets, strict=True) if t != HARD]
            assert tokenizer.decode(answer) == example.text + "<|im_end|>"
            for place, alternatives, weights in encoded.soft:
                assert encoded.ids[place] in alternatives and sum(weights) == pytest.approx(1, abs=0.01)
            assert len(encoded.posterior_targets) == len(example.posterior_targets)
            lines = example.prompt.messages[1].text.split("\n")
            for (place, weights), (line, posterior) in zip(
                encoded.posterior_targets, example.posterior_targets, strict=True
            ):
                before = tokenizer.decode(encoded.ids[:place])
                assert before.endswith("\n".join(lines[: line + 1])) and "\n<" in before
                assert weights == [posterior[label] for label in SCENARIO.labels]
                # It is told what was told so far, and nothing comes of the same topic after it.
                assert lines[line].partition(" ")[0] not in [later.partition(" ")[0] for later in lines[line + 1 :]]
            assert len(encoded.line_targets) == len(example.line_targets) > 0
            for (place, weights), (line, by_itself) in zip(encoded.line_targets, example.line_targets, strict=True):
                assert tokenizer.decode(encoded.ids[:place]).endswith("\n".join(lines[: line + 1]))
                assert weights == [by_itself[label] for label in SCENARIO.labels]


def test_what_lines_say_by_themselves_adds_up_to_what_is_known() -> None:
    made, near, far = corpus(12), [], []
    for _ in range(120):
        example = made.example("opinion")
        evidence = made.evidence_of_last
        if example.case is None or len(evidence.told) < 3:
            continue
        told = [np.log(np.maximum([by[label] for label in SCENARIO.labels], 1e-12)) for _, by in example.line_targets]
        sight, known = (np.array(list(evidence.posterior(True, told).values())) for told in ((), None))
        # The first is the complaint's, which is known at sight already.
        summed = normal(np.log(np.maximum(sight, 1e-12)) + sum(told[1:]))
        near.append(float(np.abs(summed - known).sum()))
        far.append(float(np.abs(sight - known).sum()))
    # Fields depend on each other a little, so that the sum is not exact.
    assert len(near) > 30 and np.mean(near) < 0.5 * np.mean(far)


@pytest.mark.slow
def test_triage_in_an_example_knows_nothing_of_an_alarm_that_is_told_later() -> None:
    made, as_the_alarm, decided = corpus(21), Counter[bool](), Counter[str]()
    for _ in range(900):
        example = made.example("decision")
        evidence = made.evidence_of_last
        triaged = re.search(r"<triage> .*, (\w+)$", asked(example), re.MULTILINE)
        if triaged and evidence.alarmed and "alarm" not in evidence.case.card.opening:
            as_the_alarm[triaged[1] == evidence.facts["alarm"][0].urgency] += 1
            decided[soft([part for part in example.answer if isinstance(part, Soft)][-1]).chosen] += 1
    assert as_the_alarm.total() > 20 and as_the_alarm[False] > 2 * as_the_alarm[True]
    # The decision follows the alarm all the same.
    assert set(decided) <= {"urgent", "emergency"}


def test_examples_are_rendered_as_the_model_is_asked(tokenizer: Any, tmp_path: Path) -> None:
    model = architecture.build_model(len(tokenizer), 0)
    model.save_pretrained(tmp_path)
    architecture.build_processor(tokenizer).save_pretrained(tmp_path)
    loaded = TransformersModel.load(tmp_path, "tiny")
    made = corpus(8)
    for task in SHARES:
        prompt = made.example(task).prompt
        request = Request((0,), "patient", task, 0, prompt, 0)
        ids = tiny_models.inputs(loaded, [request])["input_ids"][0].tolist()
        assert tokenizer.encode(rendered(prompt), add_special_tokens=False) == ids
