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


@pytest.mark.parametrize(
    ("fact", "line", "other"),
    [
        (
            "I feel mildly anxious",
            "A little anxious, yes.",
            "I'm in an absolute state, I'm so anxious I can hardly function.",
        ),
        ("the itching is unbearable", "The itching is unbearable.", "A bit itchy, but nothing I can't put up with."),
        ("the pain is constant", "It's always there, the pain.", "It comes and goes, the pain."),
        ("it comes and goes", "It comes and goes. It isn't there all the time.", "It's there all the time."),
        ("it is getting better", "It's a bit better.", "No better, to be honest."),
        ("I slept badly", "I didn't sleep well.", "I slept well, thank you."),
        ("I have pain when I swallow", "It hurts when I swallow.", "Swallowing is fine."),
        ("the spots do not itch", "No, they don't itch.", "They itch, yes."),
        ("I have no pain", "No pain at all.", "No pain at all. It only hurts when I press on it."),
        ("the spots are on the inside of my wrists", "On the inside of my wrists.", "On the outer side of my wrists."),
    ],
)
def test_the_contrary_of_a_fact_denies_it(fact: str, line: str, other: str) -> None:
    assert kinds(line, fact) == [] and kinds(other, fact)


@pytest.mark.parametrize(
    "cause",
    [
        "It's because I sit in front of a screen.",
        "It's all those cleaning products that do it.",
        "I ate far too many sweets, so that's what's done it.",
        "I blame the hay.",
        "I think it's the new glasses.",
        "That's what I get for buying new boots.",
    ],
)
def test_what_a_patient_blames_is_a_claim(cause: str) -> None:
    assert kinds(f"My eyes hurt. {cause}", "my eyes hurt")
    assert not kinds("My eyes hurt. I came because my wife made me.", "my eyes hurt")


def test_what_the_doctor_is_said_to_have_told_was_told() -> None:
    told = "You have a sprained ankle. Use ice and a bandage."
    assert not kinds("You said ice and a bandage. Do I need to keep it on?", doctor="Any questions?", told=told)
    assert kinds("So you said I should stay off work, right?", doctor="Any questions?", told=told)
    assert kinds("You were saying it's nothing to worry about.", doctor="Any questions?", told=told)
    assert not kinds("I did exactly as you said, with ice.", "I used ice", doctor="Did you use ice?", told=told)


def test_what_a_test_or_somebody_found_is_a_claim() -> None:
    assert kinds("Six years now. My last sugar reading was eight point five.", "I have had diabetes for six years")
    assert kinds("Tired. They said my iron was on the low side.", "I feel tired")
    assert kinds("I have a rash, and my GP had a look.", "I have a rash")


@pytest.mark.parametrize(
    ("unsaid", "line"),
    [
        ("I stare at a screen ten hours a day", "They're dry, but I do sit at a screen for ten hours a day."),
        ("the cat sleeps on my pillow", "They're dry. The cat, you know, on my pillow."),
    ],
)
def test_most_words_or_the_number_of_an_unsaid_fact_tell_it(unsaid: str, line: str) -> None:
    found = check_claims(line, Grounds(("my eyes are dry",), (unsaid,), "What about your eyes?"))
    assert "unsaid" in {one.kind for one in found}


def test_somebody_else_says_to_be_the_one() -> None:
    assert kinds("I'm the one with lice, not my girl.", "my daughter has head lice") == ["denied"]
    assert kinds("My girl is the one with lice.", "my daughter has head lice") == []


def test_calling_the_doctor_states_no_fact() -> None:
    fact, question = "another doctor has looked at the lump", "Has anyone looked at this lump before?"
    assert kinds("No, you're the first, doctor.", fact, doctor=question)
    assert not kinds("Yes, another doctor has.", fact, doctor=question)


@pytest.mark.parametrize(
    "line",
    [
        "You explained that very clearly, thank you.",
        "You said I have to take it before breakfast, right?",
        "Before breakfast, one tablet. You said the name so quickly, what was it again?",
        "Okay, do whatever you have to do.",
    ],
)
def test_talk_about_what_was_told_is_no_misquotation(line: str) -> None:
    told = "Your thyroid is underactive. Take one tablet before breakfast."
    assert kinds(line, doctor="Any questions?", told=told) == []


@pytest.mark.parametrize(
    ("rest", "cause"),
    [
        ("I guess it's the sort of thing you hear every day.", "I guess it's the new mattress."),
        ("I'm fed up because nothing gets done around the house.", "The new baby doesn't help."),
        ("I'm just not myself, doctor.", "I put that down to moving house."),
        ("Maybe the answer is obvious to you, but I'm lost.", "What with the building work next door."),
    ],
)
def test_everyday_talk_blames_nothing(rest: str, cause: str) -> None:
    fact = "I have been tired for three months"
    assert kinds(f"I've been tired for three months. {rest}", fact) == []
    assert kinds(f"I've been tired for three months. {cause}", fact)


def test_a_greeting_is_no_time() -> None:
    grounds = Grounds(("I have a sore throat",), ("my throat is worse in the morning",))
    assert not check_claims("Morning, doctor. I have a sore throat.", grounds)
    assert check_claims("I have a sore throat, mostly in the morning.", grounds)
