"""Prompt texts refuse a blank left open and a filling left over, and every plain prompt can be filled."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import pytest

from consult.agents.acts import DoctorView, Line, Opinion, PatientTask, PatientView
from consult.agents.dialects import plain
from consult.agents.dialects.plain import PlainDialect
from consult.agents.models.model import Prompt
from consult.agents.prompt import fill, prompt_text
from consult.agents.temperament import temperaments
from consult.scenarios import Card, Fact, Photograph

FACT = Fact("site", "site", "it is on my {hands}")
LINES = (Line("patient", "open", "I have a rash."), Line("attending", "ask", "Where is it?", "site"))
DOCTOR = DoctorView(
    lines=LINES,
    labels=("eczema", "hives"),
    specialties=("dermatology", "allergy clinic"),
    topics={"site": "where on the body", "duration": "how long"},
    examinations={"palpation": "feeling the place"},
    photograph=Photograph("p", lambda: None),  # type: ignore[arg-type, return-value]
    opinions=(
        Opinion("dermatology", "eczema", 0.8, "It is dry."),
        Opinion("dentistry", None, None, ""),
        Opinion("surgery", None, None, "", usable=False),
    ),
    asked=("site",),
    offers=("ask", "examine", "consult", "conclude"),
    turns_left=7,
)
PATIENT = PatientView(Card(Fact("c", "complaint", "I have a rash"), (FACT,)), "choleric", LINES, DOCTOR.topics)
TASKS = (
    PatientTask("open", (FACT,)),
    PatientTask("answer", (FACT,)),
    PatientTask("unknown"),
    PatientTask("ask", about="whether it is dangerous"),
    PatientTask("satisfied"),
)


def rendered(view: DoctorView = DOCTOR) -> list[Prompt]:
    dialect = PlainDialect()
    temperament = temperaments()["choleric"]
    return [
        *(dialect.patient_line(PATIENT, task, temperament) for task in TASKS),
        dialect.topic("Where is it?", PATIENT),
        dialect.triage(view),
        dialect.action(view),
        dialect.opinion(view, "dermatology"),
        dialect.decision(view),
        dialect.explanation(view),
        dialect.reply(view, "Is it catching?"),
    ]


def text(prompt: Prompt) -> str:
    return "\n".join(message.text for message in prompt.messages)


def test_fill_refuses_an_open_blank_and_a_left_over_filling() -> None:
    assert fill("{who} says {what}", who="A", what="B") == "A says B"
    with pytest.raises(ValueError, match=r"without filling: \['what'\]"):
        fill("{who} says {what}", who="A")
    with pytest.raises(ValueError, match=r"without blank: \['temperament'\]"):
        fill("{who}", who="A", temperament="choleric")
    with pytest.raises(ValueError, match="without filling"):
        fill("{who}", whom="A")


def test_braces_in_fillings_and_json_in_prompts_stay() -> None:
    assert fill('{"a": 1} {x} {y}', x="{y} {z} \\1", y="{x}") == '{"a": 1} {y} {z} \\1 {x}'


def test_a_prompt_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        prompt_text("plain", "no_such_prompt")


def test_every_plain_prompt_is_filled_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    used = set()

    def noted(dialect: str, name: str) -> str:
        used.add(name)
        return prompt_text(dialect, name)

    monkeypatch.setattr(plain, "prompt_text", noted)
    for prompt in rendered():
        assert prompt.max_new_tokens > 0
        assert not re.search(r"\{[a-z_]+\}", text(prompt).replace(FACT.text, ""))
    folder = files("consult.agents") / "prompts" / "plain"
    assert used == {entry.name.removesuffix(".txt") for entry in folder.iterdir()}


def test_prompts_say_what_the_side_may_know() -> None:
    opened, answered, *_ = rendered()
    assert all("it is on my {hands}" in text(prompt) for prompt in (opened, answered))
    assert temperaments()["choleric"].describing in text(opened)
    action = text(PlainDialect().action(DOCTOR))
    for part in ("duration: how long", "palpation", "Already asked, told or done: site", "turns left: 7", '"examine"'):
        assert part in action
    for part in ("eczema (confidence 0.80). It is dry.", "2. dentistry: not my field", "3. surgery: no usable answer"):
        assert part in action
    assert "eczema, hives" in text(PlainDialect().opinion(DOCTOR, "dermatology"))


def test_on_the_last_turn_only_concluding_is_offered() -> None:
    action = text(PlainDialect().action(replace(DOCTOR, offers=("conclude",), turns_left=1)))
    assert '{"action": "conclude"}' in action
    assert '"ask"' not in action and '"consult"' not in action


def test_the_photograph_goes_to_doctors_and_without_one_they_are_told_so() -> None:
    patient, doctors = rendered()[:6], rendered()[6:]
    assert all(len(prompt.messages[-1].photographs) == 1 for prompt in doctors)
    assert not any(message.photographs for prompt in patient for message in prompt.messages)
    blind = rendered(replace(DOCTOR, photograph=None))[6:]
    assert all("There is no photograph." in text(prompt) for prompt in blind)
    assert not any(message.photographs for prompt in blind for message in prompt.messages)


def test_an_open_scenario_has_prompts_too() -> None:
    bare = DoctorView(lines=(), labels=(), specialties=(), topics={}, examinations={}, offers=("ask", "conclude"))
    prompts = rendered(bare)[6:]
    assert "(nothing has been said yet)" in text(prompts[0])
    assert "Name the most likely diagnosis." in text(PlainDialect().decision(bare))
