"""The plain format's prompts for questions about pictures, and how answers are read."""

from __future__ import annotations

import json
from dataclasses import replace

import asked
import pytest
from narrowing import present

from consult.agents.acts import DoctorView, Opinion
from consult.agents.prompt_formats import PlainDialect
from consult.scenarios import Photograph, load_scenario

PLAIN = PlainDialect()
PICTURES = tuple(Photograph(str(number), lambda: None) for number in range(3))  # type: ignore[arg-type, return-value]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    return load_scenario(str(asked.folder(tmp_path_factory.mktemp("questions") / "q")))


@pytest.fixture
def view(scenario):
    case = scenario.case("test-0")
    mine = scenario.for_case(case)
    return DoctorView(
        (), tuple(mine.labels), mine.specialties, {}, {}, photograph=PICTURES[0], further=PICTURES[1:],
        question=case.question, specialty="radiology",
    )  # fmt: skip


def prompts(view):
    return {
        "triage": PLAIN.triage(replace(view, specialty=None)),
        "opinion": PLAIN.opinion(view, "radiology", 0),
        "decision": PLAIN.decision(replace(view, opinions=(Opinion("radiology", "lung", 0.7, "it fits"),))),
    }


def test_each_role_reads_question_options_and_all_pictures(view):
    for prompt in prompts(view).values():
        _, user = prompt.messages
        assert "Which organ is shown?" in user.text and "B. lung" in user.text
        assert user.photographs == PICTURES and "Attached pictures: 3." in user.text
        assert not any(word in user.text for word in ("patient", "clinic", "diagnosis"))
    assert "ophthalmology" in prompts(view)["triage"].messages[0].text
    decision = prompts(view)["decision"].messages[1].text
    assert "radiology: lung (confidence 0.70). it fits" in decision and "sent the question to: radiology" in decision


def test_no_prompt_tells_the_answer_or_what_the_set_knows(view):
    told = replace(view, question=replace(present(view.question), dataset="slake", modality="MRI", type="organ"))
    for prompt in prompts(told).values():
        words = " ".join(message.text for message in prompt.messages)
        assert "slake" not in words and "MRI" not in words


@pytest.mark.parametrize(
    ("most", "sentence"), [(None, "Attached pictures: 3."), (2, "has 3 pictures. Attached: the first 2;")]
)
def test_fewer_pictures_are_said(view, most, sentence):
    prompt = PLAIN.decision(view.showing(most))
    assert sentence in prompt.messages[1].text and len(prompt.messages[1].photographs) == (most or 3)


def test_a_patients_photographs_are_counted_too(view):
    patient = replace(view, question=None, labels=("acne",))
    assert "The patient's 3 photographs are attached." in PLAIN.triage(patient).messages[1].text
    assert "has 3 photographs. Attached: the first 1;" in PLAIN.triage(patient.showing(1)).messages[1].text


def test_the_schema_holds_answers_to_the_options(view, scenario):
    schemas = {name: present(prompt.schema)["properties"] for name, prompt in prompts(view).items()}
    assert schemas["decision"]["answer"]["enum"] == list(asked.OPTIONS)
    assert list(schemas["triage"]) == ["findings", "reasoning", "specialty"]
    open_ = prompts(replace(view, labels=(), question=scenario.case("test-2").question))["decision"]
    assert "enum" not in present(open_.schema)["properties"]["answer"]
    assert "There is no list of answers." in open_.messages[1].text


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('{"findings": "f", "reasoning": "r", "answer": "B", "confidence": 0.9}', "lung"),
        ('{"answer": "Lung"}', "lung"),
        ('```json\n{"answer": "(b) lung"}\n```', "lung"),
        ("<think>liver?</think><answer>lung</answer>", "lung"),
        ("B", "lung"),
        ('{"answer": "lung or heart"}', None),
        ('{"answer": "kidney"}', None),
    ],
)
def test_a_decision_is_read(view, scenario, said, answer):
    mine = scenario.for_case(scenario.case("test-0"))
    word = PLAIN.read_decision(said, view, mine)
    assert (word.diagnosis if word else None) == answer
    opinion = PLAIN.read_opinion(said, view, mine)
    assert (opinion.diagnosis if opinion else None) == answer


def test_an_open_answer_may_be_none(view, scenario):
    case = scenario.case("test-2")
    asks = replace(view, labels=(), question=case.question)
    word = present(PLAIN.read_decision(json.dumps({"answer": "none"}), asks, scenario.for_case(case)))
    assert word.diagnosis == "none"


def test_a_triage_has_no_urgency(view):
    word = present(PLAIN.read_triage('{"findings": "urgent", "reasoning": "", "specialty": "radiology"}', view))
    assert (word.specialty, word.urgency) == ("radiology", None)
