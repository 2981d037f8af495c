"""Prompt texts refuse a blank left open and a filling left over, and every plain prompt can be filled."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import pytest

from consult.agents import prompt as texts
from consult.agents.acts import DoctorView, Line, Opinion, PatientTask, PatientView, Person
from consult.agents.models.model import Prompt
from consult.agents.prompt import fill, prompt_text
from consult.agents.prompt_formats.plain import STANCES, THOUGHT_TOKENS, PlainDialect
from consult.agents.temperament import temperaments
from consult.scenarios import Card, Fact, Photograph, Question
from consult.scenarios.scenario import REFERRAL

THINK = prompt_text("plain", "think")
FACT = Fact("site", "site", "it is on my {hands}")
LINES = (Line("patient", "open", "I have a rash."), Line("attending", "ask", "Where is it?", "site"))
PICTURE = Photograph("p", lambda: None)  # type: ignore[arg-type, return-value]
DOCTOR = DoctorView(
    lines=LINES,
    labels=("eczema", "hives"),
    specialties=("dermatology", "allergy clinic"),
    topics={"site": "where on the body", "duration": "how long"},
    examinations={"palpation": "feeling the place"},
    photograph=PICTURE,
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
    PatientTask("reluctant"),
)
FREE = (
    replace(PATIENT, offers=("open",), lines=()),
    replace(PATIENT, offers=("answer",)),
    replace(PATIENT, offers=("ask", "satisfied")),
    replace(PATIENT, offers=("satisfied",)),
)
QUESTION = Line("patient", "ask", "Is it catching?", "contagious")


def patients() -> list[Prompt]:
    dialect, temperament = PlainDialect(), temperaments()["choleric"]
    return [
        *(dialect.patient_line(PATIENT, task, temperament) for task in TASKS),
        *(dialect.free_line(view, temperament) for view in FREE),
        dialect.topic("Where is it?", PATIENT),
    ]


def doctors(view: DoctorView = DOCTOR) -> list[Prompt]:
    dialect = PlainDialect()
    return [
        dialect.triage(view),
        dialect.action(view),
        dialect.opinion(view, "dermatology", 0),
        dialect.decision(view),
        dialect.explanation(view),
        dialect.reply(view, QUESTION),
    ]


def picture_questions() -> list[Prompt]:
    """Ask about pictures: with options and without, with and without pictures, and with fewer than there are."""
    several = replace(DOCTOR, further=(PICTURE, PICTURE))
    asks = replace(several, question=Question("Which?", ("liver", "lung")), labels=("liver", "lung"))
    open_ = replace(asks, question=Question("What?"), labels=(), rationale="after", specialty="radiology", opinions=())
    views = [asks, asks.showing(1), open_, replace(open_, photograph=None, rationale="none")]
    patients = [PlainDialect().triage(view) for view in (several, several.showing(2))]
    return [*patients, *(doctors(view)[task] for view in views for task in (0, 2, 3))]


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

    monkeypatch.setattr(texts, "prompt_text", noted)
    views = [
        replace(DOCTOR, specialty="dermatology", expert=("hives",), thinks=True),
        replace(DOCTOR, photograph=None, labels=(), rationale="after"),
        replace(DOCTOR, rationale="none"),
        replace(DOCTOR, labels=(*DOCTOR.labels, REFERRAL)),
    ]
    members = [PlainDialect().opinion(DOCTOR, "dermatology", member) for member in range(len(STANCES))]
    for prompt in (*patients(), *members, *(prompt for view in views for prompt in doctors(view))):
        assert prompt.max_new_tokens > 0
        assert not re.search(r"\{[a-z_]+\}", text(prompt).replace(FACT.text, ""))
    for prompt in picture_questions():
        assert not re.search(r"\{[a-z_]+\}", text(prompt))
    folder = files("consult.agents") / "prompts" / "plain"
    # Filled elsewhere: test_assessor.py, test_judge.py, test_checker.py, and a patient's second try in test_patient.py.
    # A free talk has texts of its own.
    there = {entry.name.removesuffix(".txt") for entry in folder.iterdir()}
    talk = {name for name in there if name.startswith("talk_")}
    assert used | talk | {"assessor", "judge", "checker", "patient_again", "extractor"} == there


def test_prompts_say_what_the_side_may_know() -> None:
    opened, answered, *_ = patients()
    assert all("it is on my {hands}" in text(prompt) for prompt in (opened, answered))
    assert temperaments()["choleric"].describing in text(opened)
    action = text(PlainDialect().action(DOCTOR))
    for part in ("duration: how long", "palpation", "Already asked, told or done: site", "turns left: 7", '"examine"'):
        assert part in action
    for part in ("eczema (confidence 0.80). It is dry.", "2. dentistry: not my field", "3. surgery: no usable answer"):
        assert part in action
    assert "eczema, hives" in text(PlainDialect().opinion(DOCTOR, "dermatology", 2))
    told = replace(
        DOCTOR.opinions[0], findings="Scale.", differential=("hives",), urgency="soon", stated_confidence=0.9
    )
    action = text(PlainDialect().action(replace(DOCTOR, opinions=(told,))))
    assert (
        "1. dermatology: eczema (confidence 0.80). It is dry. Findings: Scale. Less likely: hives. Urgency: soon.\n"
        in action
    )


def test_on_the_last_turn_only_concluding_is_offered() -> None:
    action = text(PlainDialect().action(replace(DOCTOR, offers=("conclude",), turns_left=1)))
    assert '{"action": "conclude"}' in action
    assert '"ask"' not in action and '"consult"' not in action


def test_the_photograph_goes_to_doctors_and_without_one_they_are_told_so() -> None:
    assert all(len(prompt.messages[-1].photographs) == 1 for prompt in doctors())
    assert not any(message.photographs for prompt in patients() for message in prompt.messages)
    blind = doctors(replace(DOCTOR, photograph=None))
    assert all("There is no photograph." in text(prompt) for prompt in blind)
    assert not any(message.photographs for prompt in blind for message in prompt.messages)


def test_an_open_scenario_has_prompts_too() -> None:
    bare = DoctorView(lines=(), labels=(), specialties=(), topics={}, examinations={}, offers=("ask", "conclude"))
    prompts = doctors(bare)
    assert "(nothing has been said yet)" in text(prompts[0])
    assert "Name the most likely diagnosis." in text(PlainDialect().decision(bare))


def test_a_free_patient_is_told_what_it_may_do_now() -> None:
    opens, answers, reacts, leaves = (text(PlainDialect().free_line(v, temperaments()["choleric"])) for v in FREE)
    for prompt in (opens, answers, reacts, leaves):
        assert "- I have a rash\n- it is on my {hands}" in prompt and temperaments()["choleric"].describing in prompt
        assert "State only the facts that you are given" not in prompt
    assert "main complaint" in opens and "the doctor's last question" in answers
    assert "Ask one question back" in reacts and "Ask one question back" not in leaves
    assert ["JSON" in prompt for prompt in (opens, answers, reacts, leaves)] == [False, False, True, True]


def test_who_doubts_the_plan_is_told_so() -> None:
    satisfied, reluctant = (
        text(PlainDialect().patient_line(PATIENT, PatientTask(kind), temperaments()["choleric"]))
        for kind in ("satisfied", "reluctant")
    )
    assert "doubt the plan" in reluctant and "doubt the plan" not in satisfied


def test_a_private_thought_is_asked_for_where_it_is_wanted() -> None:
    names = ("triage", "action", "opinion", "decision", "explanation", "reply")
    for name, usual, thinking in zip(names, doctors(), doctors(replace(DOCTOR, thinks=True)), strict=True):
        # A decision is reasoned in any case, and the object of an act has a place for the thought.
        spoken, more = name in ("explanation", "reply"), name in ("action", "explanation", "reply")
        assert THINK not in text(usual) and (THINK in text(thinking)) == spoken
        assert (usual == thinking) == (not more)
        assert thinking.max_new_tokens == usual.max_new_tokens + more * THOUGHT_TOKENS
        assert ('"reasoning": ' in text(thinking)) == (not spoken)


def test_what_a_classifier_sees_is_told_to_doctors() -> None:
    line = "An image classifier takes the photograph for: hives, eczema."
    assert not any("classifier" in text(prompt) for prompt in doctors())
    assert all(line in text(prompt) for prompt in doctors(replace(DOCTOR, expert=("hives", "eczema"))))


def test_the_attending_is_given_the_question_in_its_words() -> None:
    assert "The patient asks: Is it catching?" in text(PlainDialect().reply(DOCTOR, QUESTION))


# -- who is asked, about whom, in which order --------------------------------------------------------------------------

CASE = replace(
    DOCTOR,
    lines=(
        LINES[0],
        Line("triage", "triage", "A rash is for the skin."),
        *LINES[1:],
        Line("patient", "answer", "Here."),
    ),
    patient=Person("Jana", 43, "female"),
    specialty="dermatology",
    urgency="urgent",
    triage_urgency="soon",
    expert=("hives", "eczema"),
)
ABOUT = """The patient: Jana, 43 years old, female
The patient's photograph is attached.
An image classifier takes the photograph for: hives, eczema.
Triage referred the patient to: dermatology. Urgency: soon. Reason: A rash is for the skin.

The conversation so far:
Patient: I have a rash.
Attending: Where is it?
Patient: Here.

"""


def test_a_doctor_is_told_who_the_patient_is_and_what_triage_decided() -> None:
    for prompt in doctors(CASE):
        assert prompt.messages[-1].text.startswith(ABOUT)
    bare = text(PlainDialect().triage(replace(DOCTOR, patient=Person())))
    assert "The patient: name, age and sex are not on file\n" in bare and "Triage referred" not in bare
    silent = replace(CASE, lines=LINES, triage_urgency=None)
    assert "to: dermatology. Urgency: not stated. Reason: none given\n" in text(PlainDialect().decision(silent))


def test_all_prompts_of_the_attending_share_their_beginning() -> None:
    acts = [PlainDialect().action(CASE), PlainDialect().action(replace(CASE, turns_left=2, asked=(), opinions=()))]
    asked = [
        *acts,
        PlainDialect().decision(CASE),
        PlainDialect().explanation(CASE),
        PlainDialect().reply(CASE, QUESTION),
    ]
    assert len({prompt.messages[0] for prompt in asked}) == 1
    rules = asked[0].messages[0].text
    assert rules.index("attending physician") < rules.index("duration: how long") < rules.index("palpation")
    assert rules.index("palpation") < rules.index("eczema, hives")
    later = replace(CASE, lines=(*CASE.lines, Line("attending", "ask", "How long?")))
    before, after = (PlainDialect().action(view).messages for view in (CASE, later))
    assert before[0] == after[0] and after[1].text.startswith(ABOUT.rstrip("\n"))


def test_a_panel_shares_its_beginning_up_to_the_end_of_the_conversation() -> None:
    orders = [("hives", "eczema"), ("eczema", "hives"), ("hives", "eczema"), ("eczema", "hives")]
    asked = [
        PlainDialect().opinion(replace(CASE, own_order=order), specialty, member)
        for member, (order, specialty) in enumerate(
            zip(orders, ("dermatology", "nail clinic", "dentistry", "dermatology"), strict=True)
        )
    ]
    assert len({prompt.messages[0] for prompt in asked}) == 1
    tasks = [prompt.messages[-1].text.removeprefix(ABOUT) for prompt in asked]
    assert all(len(task) < len(prompt.messages[-1].text) for task, prompt in zip(tasks, asked, strict=True))
    for task, order, stance in zip(tasks, orders, (*STANCES, STANCES[0]), strict=True):
        assert ", ".join(order) in task and prompt_text("plain", stance) in task
    assert "You are a consultant dermatologist." in tasks[0] and "You are a dentist." in tasks[2]
    # The schema and the choice are the same for all, so that each is compiled once.
    assert len({repr((prompt.schema, prompt.choice)) for prompt in asked}) == 1


def test_a_doctor_describes_the_photograph_and_reasons_before_it_decides() -> None:
    for prompt in (
        PlainDialect().triage(CASE),
        PlainDialect().opinion(CASE, "dermatology", 0),
        PlainDialect().decision(CASE),
    ):
        task = prompt.messages[-1].text
        described = task.index("site, morphology, colour, border and distribution")
        assert described < task.index("Then reason") < task.index("Answer with one JSON object")
        assert list((prompt.schema or {})["properties"])[:2] == ["findings", "reasoning"]
    blind = text(PlainDialect().decision(replace(CASE, photograph=None)))
    assert "morphology" not in blind and "You see no photograph." in blind


def test_a_patient_is_told_who_it_is_and_never_to_speak_for_the_doctor() -> None:
    card = replace(PATIENT.card, name="Karel", age=10, sex="male")
    own = replace(PATIENT, card=card)
    temperament = temperaments()["choleric"]
    lines = [PlainDialect().patient_line(own, task, temperament) for task in TASKS]
    lines += [PlainDialect().free_line(replace(view, card=card), temperament) for view in FREE]
    for prompt in lines:
        system = prompt.messages[0].text
        assert "You are Karel, a 10-year-old boy, and you speak as a child of that age." in system
        for part in ("one to three sentences", "never write a line of the doctor's", "An example, of another patient"):
            assert part in system
