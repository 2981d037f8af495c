"""Does the check of free lines let language pass, and does it refuse what nobody licensed?"""

from __future__ import annotations

import pytest

from consult.agents.grounding.claims import Grounds, check_claims
from consult.agents.grounding.language import Quantity, denies, quantities
from consult.agents.grounding.normal_form import normalised
from consult.agents.grounding.speech import not_speech
from consult.agents.grounding.verdict import check_free_line
from consult.scenarios import Scenario

KNEE = Grounds(("my left knee hurts", "it is swollen"), ("I fell off a ladder",), "What brings you here?")
FEVER = Grounds(("I have had no fever",), ("I sweat at night",), "Have you had a fever?")
WEEKS = Grounds(("I have had the rash for two weeks",), ("it is on my neck",), "How long have you had the rash?")
LUMP = Grounds(("the lump is in my left breast",), (), "Where is the lump?")
ITCH = Grounds(("it itches",), ("it is on my back",), "Does it itch?")
UNKNOWN = Grounds((), ("I am allergic to penicillin",), "Do you have any allergies?")
BACK = Grounds(("my lower back hurts", "it started when I moved house"), ("I take naproxen",), "What can I do for you?")
FEVERISH = Grounds(("he has had a fever for three days",), ("my son is two",), "What is worrying you about him?")
AT_TIMES = Grounds(("the mole itches sometimes",), ("it bled once",), "Does the mole itch?")
PLAN = Grounds(
    (), ("my father had a stroke",), "Is that clear?", "You have psoriasis. Use the cream twice a day for ten days."
)


@pytest.mark.parametrize(
    ("line", "grounds"),
    [
        ("My left knee is hurting, doctor, and it's puffed up.", KNEE),
        ("My left knee hurts and it's swollen. Lousy timing, my office party and all that karaoke.", KNEE),
        ("My left knee hurts and it's swollen, so I'd better skip the karaoke before my holiday.", KNEE),
        ("He's had a fever for three days, and he's got a recital coming up.", FEVERISH),
        ("Sure. I'll put it on when I shower.", PLAN),
        ("Can my mom wait outside? My left knee hurts and it's swollen.", KNEE),
        ("My left knee hurts and it's swollen, like it ran a hundred-yard dash without me.", KNEE),
        ("Good morning, doctor. I'm sorry to bother you. It's my left knee: it aches, and it's swollen.", KNEE),
        ("No.", FEVER),
        ("No, nothing like that.", FEVER),
        ("I haven't had any fever, thank goodness.", FEVER),
        ("A fortnight now.", WEEKS),
        ("I've had the rash for 14 days.", WEEKS),
        ("About two weeks, I'd say, and I'm getting rather worried.", WEEKS),
        ("It's in the left breast.", LUMP),
        ("Yes.", ITCH),
        ("Yes, it's itchy.", ITCH),
        ("I don't know, I'm afraid.", UNKNOWN),
        ("So it is psoriasis. Twice a day, for ten days. Thank you, doctor.", PLAN),
        ("Is it contagious?", PLAN),
        ("My lower back's been hurting ever since I moved house, and with two kids it's been a nightmare.", BACK),
        (
            "My lower back is killing me. It began when I was moving house. My wife made me come!",
            BACK,
        ),
        ("My lower back hurts. It started when I moved house, and I keep thinking, what if I can't work?", BACK),
        ("He's been burning up for three days. I've had three days off work, and his nursery keeps phoning.", FEVERISH),
        ("Now and again, yes.", AT_TIMES),
        ("It isn't there all the time, but it does itch, yes. Sometimes.", AT_TIMES),
        ("Thank you for explaining it so clearly. Goodbye.", PLAN),
    ],
)
def test_language_passes(line: str, grounds: Grounds) -> None:
    assert check_claims(line, grounds) == []


@pytest.mark.parametrize(
    ("line", "grounds", "kind"),
    [
        ("My left knee hurts.", KNEE, "missing"),
        ("My right knee hurts and it is swollen.", KNEE, "missing"),
        ("My left knee hurts, it is swollen, and my ankle is bruised.", KNEE, "added"),
        ("My left knee hurts and it is swollen. Ladders and I don't get on.", KNEE, "unsaid"),
        ("My left knee hurts and it is swollen. Nothing helps, just some melatonin.", KNEE, "added"),
        ("My left knee hurts and it is swollen. Lousy timing, same as my brother.", KNEE, "added"),
        ("My left knee hurts and it is swollen. I fell off a ladder.", KNEE, "unsaid"),
        ("My left knee hurts and it is swollen. I took ibuprofen.", KNEE, "added"),
        ("My left knee hurts and it is swollen, like my brother's.", KNEE, "added"),
        ("My left knee hurts and it is swollen. I think it is arthritis.", KNEE, "disease"),
        ("My left knee hurts and it is swollen. I think it is a rare disease.", KNEE, "added"),
        ("My left knee hurts and it is swollen. I came back from Kenya.", KNEE, "added"),
        ("Yes, I had a fever.", FEVER, "denied"),
        ("Yes.", FEVER, "denied"),
        ("No fever, but I sweat at night.", FEVER, "unsaid"),
        ("No, it doesn't itch.", ITCH, "denied"),
        ("No.", ITCH, "denied"),
        ("For two months.", WEEKS, "missing"),
        ("For two weeks, and 3 times a day it gets worse.", WEEKS, "number"),
        ("It's in the right breast.", LUMP, "missing"),
        ("Yes, I have an allergy.", UNKNOWN, "added"),
        ("I'm allergic to penicillin.", UNKNOWN, "unsaid"),
        ("So I use the cream three times a day.", PLAN, "number"),
        ("Could it be eczema instead?", PLAN, "disease"),
        ("Will it help the pain in my heel?", PLAN, "added"),
        ("My lower back hurts. It started when I moved house, and sitting at my desk brings it on.", BACK, "added"),
        ("My lower back hurts. It started when I moved house, and it's getting stronger.", BACK, "added"),
        ("My lower back hurts, especially on planes. It started when I moved house.", BACK, "added"),
        ("My lower back hurts. It started when I moved house. Just some fish oil so far.", BACK, "added"),
        ("My lower back hurts. It started when I moved house. My dad had bad discs.", BACK, "added"),
        ("My lower back hurts. It started when I moved house, a few months back.", BACK, "added"),
        ("I've had a fever for three days.", FEVERISH, "denied"),
        ("She's had a fever for three days.", FEVERISH, "denied"),
        ("He's had a fever for three days, and he's started twitching.", FEVERISH, "added"),
        ("Yes, the mole itches all the time.", AT_TIMES, "added"),
    ],
)
def test_what_nobody_licensed_is_found(line: str, grounds: Grounds, kind: str) -> None:
    assert kind in {finding.kind for finding in check_claims(line, grounds)}


@pytest.mark.parametrize(
    ("word", "leaked"), [("disease", False), ("illness", False), ("syndrome", False), ("cancer", True), ("flu", True)]
)
def test_a_word_for_any_disease_names_no_diagnosis(derm34: Scenario, word: str, leaked: bool) -> None:
    verdict = check_free_line(f"My left knee hurts and it is swollen. It is a {word}, I think.", KNEE, derm34)
    assert (verdict.sound, verdict.leaked) == (False, leaked)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "…",
        "...",
        "<what you tell the patient>",
        '{"text": "<your line>"}',
        "[your answer]",
        "My [symptom] hurts.",
        "Patient: My left knee hurts.",
        "My knee hurts. Doctor: I see.",
        "*winces*",
        "(sighs)",
        "Here is my line: my left knee hurts.",
        "As an AI language model I have no knees.",
        "I will play the patient. My left knee hurts.",
        "It hurts. It hurts. It hurts.",
        "it hurts it hurts it hurts it hurts it hurts it hurts",
        "How long have you had it?",
        "Let me examine your knee.",
        "You should rest and take two tablets daily.",
        "Take one tablet twice daily.",
    ],
)
def test_what_is_no_patients_speech_is_refused(line: str) -> None:
    assert not_speech(line)


def test_six_words_in_a_row_of_the_instructions_are_an_echo() -> None:
    asked = "Answer the doctor's last question, stating these facts: my left knee hurts"
    assert not_speech("I answer the doctor's last question, stating things.", asked)
    assert not not_speech("It is my left knee that hurts.", asked, "my left knee hurts")
    listed = "my left knee, my left knee hurts"
    assert not not_speech("It is my left knee, my left knee hurts.", f"Say: {listed}", listed)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a fortnight", [Quantity(14, "days")]),
        ("a year and a half", [Quantity(547.5, "days")]),
        ("twenty-four weeks", [Quantity(168, "days")]),
        ("nineteen ninety-eight", [Quantity(1998, "")]),
        ("thirty-eight point five", [Quantity(38.5, "")]),
        ("eight out of ten", [Quantity(8, "")]),
        ("twice", [Quantity(2, "time")]),
        ("8 mm", [Quantity(0.8, "centimetre", "millimetre")]),
        ("seven years old", [Quantity(7, "")]),
        ("102.2 Fahrenheit", [Quantity(39, "degree")]),
        ("39 °C", [Quantity(39, "degree")]),
        ("three quarters of an hour", [Quantity(45 / 1440, "days", "minute")]),
        ("half a pack a day", [Quantity(10, ""), Quantity(1, "days")]),
        ("the twenty-first of March", [Quantity(21, "")]),
        ("twenty nineteen", [Quantity(2019, "")]),
    ],
)
def test_quantities(text: str, found: list[Quantity]) -> None:
    read = quantities(normalised(text))
    assert len(read) == len(found) and all(a.equals(b) for a, b in zip(read, found, strict=True)), read


def test_measures_are_compared_in_one_unit_and_written_as_they_were() -> None:
    (kilos,), (pounds,), (feet,) = (quantities(normalised(text)) for text in ("6 kg", "13 pounds", "five feet"))
    assert kilos.equals(pounds) and not kilos.equals(feet)
    assert (str(pounds), str(feet)) == ("13 pounds", "5 feet")


def test_units_are_compared() -> None:
    (weeks,), (months,), (years,) = (quantities(normalised(text)) for text in ("8 weeks", "two months", "2 years"))
    assert weeks.equals(months) and not weeks.equals(years)
    (ten,), (eleven,) = (quantities(normalised(text)) for text in ("10 weeks", "11 weeks"))
    assert not ten.equals(eleven)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("I can't bend it", True),
        ("there isn't any blood", True),
        ("I am unable to bend it", True),
        ("I can bend it without any trouble", False),
        ("it itches", False),
        ("it won't stop itching", False),
    ],
)
def test_negation(text: str, denied: bool) -> None:
    assert denies(normalised(text)) is denied
