"""What is said the other way round: another degree, the opposite of what the doctor told, a supposed cause."""

from __future__ import annotations

import pytest

from consult.agents.grounding.claims import check_claims
from consult.agents.grounding.reading import Grounds


def kinds(line: str, *facts: str, doctor: str = "", told: str = "") -> list[str]:
    return [one.kind for one in check_claims(line, Grounds(facts, (), doctor, told))]


@pytest.mark.parametrize(
    ("fact", "line", "other"),
    [
        ("it itches badly", "It itches something awful.", "It itches a little, hardly worth mentioning."),
        ("there is a small swelling", "There is a tiny swelling.", "The swelling is huge."),
        ("it bleeds a little", "It bleeds a bit.", "It bleeds a lot."),
        ("it is very painful", "It's very painful, doctor.", "It's a bit painful, nothing much."),
        ("there is a small lump", "A small lump. I worry a lot, you know.", "A huge lump."),
    ],
)
def test_another_degree_is_another_fact(fact: str, line: str, other: str) -> None:
    assert kinds(line, fact) == [] and kinds(other, fact) == ["denied"]


@pytest.mark.parametrize(
    ("told", "line", "other"),
    [
        ("Keep using the cream.", "I'll keep using the cream.", "Right, stop the cream."),
        ("Take the tablets before breakfast.", "Before breakfast, right.", "So I take the tablets after breakfast."),
        ("It is not an infection.", "Not an infection, good.", "So it is an infection."),
        ("If it bleeds, come back.", "If it bleeds, I'll come back.", ""),
    ],
)
def test_what_the_doctor_told_is_not_turned_round(told: str, line: str, other: str) -> None:
    assert kinds(line, doctor=told, told=told) == []
    assert not other or kinds(other, doctor=told, told=told)


@pytest.mark.parametrize("cause", ["It's from all the running.", "Probably from the stairs.", "Must be from the gym."])
def test_a_supposed_cause_is_a_claim(cause: str) -> None:
    assert kinds(f"My knee hurts. {cause}", "my knee hurts")
    assert not kinds("My knee hurts.", "my knee hurts")


def test_yes_answers_no_question_that_asks_what() -> None:
    assert kinds("It is dreadful.", "it itches", doctor="What is it?") == ["missing"]
    assert kinds("I have absolutely no idea.", "it itches", doctor="Does it itch?") == ["missing"]
    assert kinds("Both hands, on the backs.", "it is on the backs of both hands", doctor="Where is it?") == []
