"""Whatever a complaint is, the sentence around it is right."""

from __future__ import annotations

import re

import pytest

from consult.agents.acts import PatientTask
from consult.agents.grounding.clauses import bare, is_clause, standing_alone, stopped
from consult.agents.grounding.facts import check_line, plainly
from consult.agents.prompt_formats.starter_frames import filled
from consult.agents.prompt_formats.wording import bank, patient_lines
from consult.scenarios import Fact, Scenario, load_scenario
from consult.scenarios.case_generator import Grammar

CLAUSES = [
    "My knee gave way when I was skiing.",
    "my knee gave way",
    "I can't sleep",
    "The rash itches.",
    "Mum saw a rash",
]
OTHERS = [
    "Can you look at my knee?",
    "My knee gave way. It swelled up at once.",
    "Help! It burns",
    'My wife said: "see a doctor".',
    '"It is nothing," he said',
    "Blisters on both hands",
    "itchy rash on arm",
    "Knee pain; swelling since yesterday...",
    "It hurts…",
    "What is this?!",
    "Pain at rest (worse at night.)",
    "My knee\ngave way.",
]
CAPITAL = re.compile(r"(?:that|but|afraid|And|and|Well,|Look,|So,) (?:My|The|Can|Help|Blisters|Knee|What)\b")


def fact(text: str, topic: str = "complaint") -> Fact:
    return Fact("complaint", topic, text)


@pytest.fixture(scope="module")
def derm34() -> Scenario:
    return load_scenario("derm34")


@pytest.mark.parametrize("text", CLAUSES)
def test_a_statement_can_be_part_of_a_sentence(text: str) -> None:
    assert is_clause(fact(text))


@pytest.mark.parametrize("text", OTHERS[:-1])
def test_other_texts_stand_alone(text: str) -> None:
    assert not is_clause(fact(text))


def test_every_phrasing_of_derm34_can_be_part_of_a_sentence(derm34: Scenario) -> None:
    assert isinstance(derm34.source, Grammar)
    cases = [derm34.case(name) for split in ("validation", "alarms", "test") for name in derm34.case_ids(split)[:400]]
    facts = {(one.topic, one.text): one for case in cases for one in (case.card.complaint, *case.card.facts)}
    assert [text for (_, text), one in facts.items() if not is_clause(one)] == []


@pytest.mark.parametrize("text", [*CLAUSES, *OTHERS])
@pytest.mark.parametrize("temperament", list(bank("patient")))
@pytest.mark.parametrize("topic", ["complaint", "symptoms", "history"])
def test_a_line_around_any_complaint_is_right(derm34: Scenario, temperament: str, text: str, topic: str) -> None:
    first, second = fact(text, topic), Fact("second", topic, text.swapcase() if text.isupper() else f"Also, {text}")
    for facts in ((first,), (first, second)):
        task = PatientTask("open" if topic == "complaint" else "answer", facts)
        for frame in patient_lines(temperament, task, child=False):
            line = filled(frame, facts)
            assert line is not None
            assert not re.search(r"[.!?…]['\")]*\.(?!\.)(?<!\.\.\.)|\.,|\?,|,\.|  |\n", line.replace("...", "…")), line
            assert line.rstrip("\"')")[-1] in ".!?…", line
            # A capital in the middle of a sentence belongs to a name, or follows a colon.
            assert not re.search(
                r"(?:that|but|afraid|And|and|Well,|Look,|So,) (?:My|The|Can|Help|Blisters|Knee|What)\b", line
            )
            assert check_line(line, facts, (), derm34).missing == (), line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Is it bad?", "Is it bad?"),
        ("it hurts.", "It hurts."),
        ("It hurts...", "It hurts..."),
        ('he said "ouch."', 'He said "ouch."'),
        ("it hurts (a lot)", "It hurts (a lot)."),
    ],
)
def test_a_fact_said_plainly_has_one_end_mark(text: str, said: str) -> None:
    assert plainly((fact(text),)) == said


def test_a_frame_is_reduced_to_what_stands_alone() -> None:
    assert standing_alone("Hello. Well, <fact>. Bye.", "<fact>") == "Hello. <fact>. Bye."
    assert standing_alone("I have to say: <fact>.", "<fact>") == "I have to say: <fact>."
    assert standing_alone("<fact>. Can we get on?", "<fact>") == "<fact>. Can we get on?"
    assert standing_alone("<fact>, but I'm fine.", "<fact>") == "<fact>."


def test_full_stops() -> None:
    assert (bare("It is 5 p.m.. "), bare("well..."), bare(" a\n b.")) == ("It is 5 p.m", "well...", "a b")
    assert (stopped("a"), stopped("a!"), stopped('"a."'), stopped("")) == ("a.", "a!", '"a."', ".")
