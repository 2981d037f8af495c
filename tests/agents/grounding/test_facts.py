"""Does the check of a patient's line hold: what was given is said, nothing else is, and no diagnosis is named?"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from consult.agents.grounding.facts import check_line, plainly, stated, telling, words
from consult.scenarios import Case, Fact, Scenario

ITCH = Fact("sensation", "sensation", "it itches badly at night")
WEEKS = Fact("duration", "duration", "I've had it for 3 weeks")
HANDS = Fact("site", "site", "it's on the backs of both hands")
AGE = Fact("age", "age", "I am 4")
FAMILY = Fact("family", "family", "my mother has eczema")
NOTHING = Fact("treatment", "treatment", "I haven't tried anything on it", none=True)
CARD = (ITCH, WEEKS, HANDS, AGE, FAMILY, NOTHING)


def others(*given: Fact) -> list[Fact]:
    return [fact for fact in CARD if fact not in given and not fact.none]


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("It itches badly at night.", [ITCH]),
        ("Oh, doctor, IT ITCHES BADLY AT NIGHT, what a nuisance!", [ITCH]),
        ("At night it's itching so badly.", [ITCH]),
        ("I\u2019ve had it for 3 weeks.", [WEEKS]),
        ("It has been three weeks that I had it.", [WEEKS]),
        ("I've had it for 3 weeks. It's on the backs of both hands.", [WEEKS, HANDS]),
        ("Both hands, on the backs.", [HANDS]),
        ("I am 4.", [AGE]),
        ("My mother has eczema.", [FAMILY]),
        ("I haven't tried anything on it.", [NOTHING]),
        ("No, I have not tried anything.", [NOTHING]),
        ("Good morning, doctor.", []),
    ],
)
def test_sound_lines(line: str, given: list[Fact], derm34: Scenario) -> None:
    backing = check_line(line, given, others(*given), derm34)
    assert backing.sound, backing


@pytest.mark.parametrize(
    ("line", "given", "missing"),
    [
        ("It is rather unpleasant.", [ITCH], ["sensation"]),
        ("It itches badly at night.", [ITCH, WEEKS], ["duration"]),
        ("", [ITCH, WEEKS], ["sensation", "duration"]),
        ("I've had it for 5 weeks.", [WEEKS], ["duration"]),
        ("I've had it for 3 months.", [WEEKS], ["duration"]),
        ("I am 44.", [AGE], ["age"]),
        ("It doesn't itch badly at night.", [ITCH], ["sensation"]),
        ("I have tried anything on it.", [NOTHING], ["treatment"]),
        ("My hands are fine.", [HANDS], ["site"]),
    ],
)
def test_missing_facts(line: str, given: list[Fact], missing: list[str], derm34: Scenario) -> None:
    backing = check_line(line, given, [], derm34)
    assert list(backing.missing) == missing
    assert not backing.backed and not backing.sound


@pytest.mark.parametrize(
    ("line", "given", "foreign"),
    [
        ("It itches badly at night. It's on the backs of both hands.", [ITCH], ["site"]),
        ("It itches badly at night, on the backs of my hands, both.", [ITCH], ["site"]),
        ("It itches badly at night, and 7 people have it.", [ITCH], ["7"]),
        ("It itches badly at night, for seven months.", [ITCH], ["7"]),
        ("It itches badly at night, and I'm 52.", [ITCH], ["52"]),
        ("I don't know. It itches badly at night.", [], ["sensation"]),
    ],
)
def test_what_was_not_given(line: str, given: list[Fact], foreign: list[str], derm34: Scenario) -> None:
    backing = check_line(line, given, others(*given), derm34)
    assert not backing.missing
    assert list(backing.foreign) == foreign
    assert not backing.sound


def test_words_shared_with_a_given_fact_do_not_state_another(derm34: Scenario) -> None:
    nights = Fact("course", "course", "it's bad at night")
    assert check_line("At night it's itching so badly.", [ITCH], [nights], derm34).sound
    assert check_line("At night it's bad, and my hands, too.", [HANDS], [nights], derm34).foreign == ("course",)


def test_a_given_number_may_be_said_and_no_other(derm34: Scenario) -> None:
    assert check_line("3 weeks I've had it, yes, 3 weeks.", [WEEKS], [], derm34).sound
    assert check_line("3 weeks I've had it, or 4.", [WEEKS], [], derm34).foreign == ("4",)


@pytest.mark.parametrize(
    ("line", "leaked"),
    [
        ("It itches badly at night. Is it eczema?", ("eczema",)),
        ("It itches badly at night. Is it HERPES ZOSTER or ringworm?", ("shingles", "mycosis")),
        ("It itches badly at night like mad.", ()),
    ],
)
def test_a_named_diagnosis_is_a_leak(line: str, leaked: tuple[str, ...], derm34: Scenario) -> None:
    backing = check_line(line, [ITCH], others(ITCH), derm34)
    assert backing.backed
    assert backing.leaked == leaked
    assert backing.sound == (not leaked)


def test_a_name_within_the_given_clause_is_no_leak(derm34: Scenario) -> None:
    assert check_line("My mother has eczema.", [FAMILY], [], derm34).leaked == ()
    assert check_line("My mother has eczema. Have I eczema?", [FAMILY], [], derm34).leaked == ("eczema",)
    grandma = Fact("family", "family", "my grandma's had eczema")
    assert check_line("My grandma\u2019s had eczema.", [grandma], [], derm34).sound
    assert check_line("My mother has eczema.", [ITCH], [], derm34).leaked == ("eczema",)


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("It itches badly at night. I've had it for 3 weeks.", [ITCH, WEEKS]),
        ("Three weeks I had it, on both hands, on the backs.", [WEEKS, HANDS]),
        ("At night it's itching so badly.", [ITCH]),
        ("It doesn't itch badly at night.", []),
        ("I've had it for 5 weeks.", []),
        ("No, I have not tried anything.", [NOTHING]),
        ("I have tried anything on it.", []),
        ("Good morning, doctor.", []),
        ("", []),
    ],
)
def test_what_a_line_states_is_found(line: str, facts: list[Fact]) -> None:
    assert stated(line, CARD) == facts
    assert stated(line, reversed(CARD)) == facts[::-1]


def test_words_and_their_stems() -> None:
    assert words("I\u2019ve 2 spots, twelve O'CLOCK") == ["i've", "2", "spots", "12", "o'clock"]
    assert telling("it is itching") == telling("it itches") == {"itch"}
    assert telling("it's just there") == set()


def test_plainly() -> None:
    assert plainly([ITCH, AGE]) == "It itches badly at night. I am 4."
    assert plainly([]) == ""


# -- derm34 ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases(derm34: Scenario) -> list[Case]:
    return [derm34.case(case_id) for case_id in derm34.case_ids("test")[:300]]


@pytest.mark.slow
def test_facts_said_plainly_are_sound(derm34: Scenario, cases: list[Case]) -> None:
    verdicts = []
    for case in cases:
        facts = (case.card.complaint, *case.card.facts)
        for fact in facts:
            verdicts.append(check_line(plainly([fact]), [fact], [f for f in facts if f != fact], derm34).sound)
    assert len(verdicts) >= 3000
    assert sum(verdicts) / len(verdicts) >= 0.98


@pytest.mark.slow
def test_the_facts_of_a_line_are_found_among_all_of_its_card(cases: list[Case]) -> None:
    """Every fact that was said is found, and seldom one that was not."""
    found, besides = [], []
    for case in cases:
        card = (case.card.complaint, *case.card.facts)
        for said in pairwise(card):
            read = stated(plainly(said), card)
            found += [fact in read for fact in said]
            besides += [fact in read for fact in card if fact not in said]
    assert len(found) >= 6000 and all(found)
    assert sum(besides) / len(besides) < 0.02


def test_another_patients_fact_is_noticed(derm34: Scenario, cases: list[Case]) -> None:
    """The same topic's fact of another case, where it has another value, does not pass for one's own."""
    noticed = []
    for case, other in zip(cases, cases[7:] + cases[:7], strict=True):
        for fact in case.card.facts:
            for said in other.card.about(fact.topic):
                if said.text == fact.text or (said.value == fact.value and fact.topic not in ("age", "duration")):
                    continue
                rest = [f for f in case.card.facts if f != fact]
                noticed.append(fact.id in check_line(plainly([said]), [fact], rest, derm34).missing)
    assert len(noticed) >= 2000
    assert sum(noticed) / len(noticed) >= 0.97


def test_a_second_fact_said_besides_is_noticed(derm34: Scenario, cases: list[Case]) -> None:
    noticed = []
    for case in cases:
        facts = [fact for fact in case.card.facts if not fact.none]
        for fact, besides in pairwise(facts):
            backing = check_line(plainly([fact, besides]), [fact], [f for f in facts if f != fact], derm34)
            noticed.append(not backing.sound)
    assert sum(noticed) / len(noticed) >= 0.9


@pytest.mark.parametrize(
    "line", ["They say it's a heart attack.", "It is a Heart-attack!", "Two myocardial infarctions."]
)
def test_an_open_diagnosis_and_its_aliases_are_not_named(line: str, derm34: Scenario) -> None:
    ward = replace(derm34, labels={}, splits={}, aliases={"Myocardial infarction": ["heart attack"], "diabetes": []})
    assert check_line(line, [], [], ward).leaked == ("Myocardial infarction",)
    illness = Fact("history", "history", "I have had diabetes for years")
    assert check_line("My diabetes is old.", [illness], [], ward).leaked == ()


def test_other_spellings_of_a_label_are_noticed(derm34: Scenario) -> None:
    assert check_line("Is it a cold-sore?", [], [], derm34).leaked == ("herpes",)
    assert check_line("Coldsores, they said.", [], [], derm34).leaked == ("herpes",)
