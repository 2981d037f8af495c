"""Rewording keeps who did what, what is denied, and how much."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consult.scenarios.importing.context import parted, with_couples
from consult.scenarios.importing.doubtful import is_doubtful
from consult.scenarios.importing.first_person import in_first_person
from consult.scenarios.importing.sentences import denies
from consult.scenarios.importing.tellers import relative_of
from consult.scenarios.importing.topics import is_found, is_told


@pytest.mark.parametrize(
    ("report", "sex", "said"),
    [
        # A reason is no place, and somebody else's worry is not the patient's.
        ("She came to the clinic because her mother was very concerned about the mole", "female",
         "I came to the clinic because my mother was very concerned about the mole"),
        ("He presents to the clinic concerned about a mole", "male", "I am concerned about a mole"),
        # A partner's sex tells who "he" is.
        ("His female partner had chlamydia but he has not been tested", "male",
         "my female partner had chlamydia but I have not been tested"),
        ("Her male partner itched but she has not", "female", "my male partner itched but I have not"),
        # "No" stands before every name of a list.
        ("He denies any new lesions, a history of trauma, or a family history of warts", "male",
         "I have had no new lesions, history of trauma, or family history of warts"),
        ("She denies fever but has a cough, a rash, or a cold", "female",
         "I have had no fever but have a cough, a rash, or a cold"),
        ("She denies any pain and does not present with any other complaints", "female",
         "I have had no pain and do not have any other complaints"),
        # What goes on is the thing that began.
        ("She has knee pain that started yesterday and has been steadily worsening", "female",
         "I have knee pain that started yesterday and has been steadily worsening"),
        ("She has a rash that started yesterday and is taking pills", "female",
         "I have a rash that started yesterday and am taking pills"),
        # A second clause of what somebody reports.
        ("Reports that the cough is worse at night and has had multiple evaluations", None,
         "the cough is worse at night and I have had multiple evaluations"),
        ("He states that the lesion was small and that it has grown", "male", "the lesion was small and it has grown"),
        ("She reports that it itches and that her mother had it", "female", "it itches and my mother had it"),
        ("The infant does not scratch it nor appears otherwise bothered by it", None,
         "I do not scratch it nor am I otherwise bothered by it"),
        ("Her mother noticed that she has been limping", "female", "my mother noticed that I have been limping"),
        ("The patient and his wife deny travel", "male", "my wife and I have had no travel"),
        ("The patient and her husband want a child", "female", "my husband and I want a child"),
        # How much, and what is known.
        ("No significant alcohol, tobacco, or recreational drug use", None,
         "I have no significant use of alcohol, tobacco, or recreational drugs"),
        ("No alcohol or drug use", None, "I do not use alcohol or drugs"),
        ("No known substance use in the family", None, "as far as I know, nobody in my family uses drugs"),
        ("First child in the family", None, "I am the first child in the family"),
    ],
)  # fmt: skip
def test_who_did_what_is_kept(report: str, sex: str | None, said: str) -> None:
    assert in_first_person(report, sex) == said


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("The patient found blisters on his wrist for 10 days", "I have had blisters on my wrist for 10 days"),
        ("The patient has noticed a lump on the arm a month ago", "I noticed a lump on the arm a month ago"),
        ("The patient has noticed a lump that grew a month ago", "I have noticed a lump that grew a month ago"),
        ("She reports the consumption of ice cream 3 days ago", "I had ice cream 3 days ago"),
        ("The patient reports the appearance of blisters on her arm 3 days ago", "I got blisters on my arm 3 days ago"),
        ("She has a history of thrombosis 5 years ago", "I have a history of thrombosis 5 years ago"),
        ("She has fever and confusion, reporting fever without chills",
         "I have a fever and confusion, with fever without chills"),
        ("The patient is a woman who reported developing blisters", "I am a woman and I have developed blisters"),
        ("Denies fever (notes current temperature), joint pains", "I have had no fever, joint pains"),
        ("Peeling of the fingers (except for both thumbs)", "I have peeling of the fingers (except for both thumbs)"),
        ("He used a pack (specific medication unknown) for pain", "I used a pack for pain"),
        ("No illnesses except noted infections", "I have no illnesses except for infections"),
        ("No detailed social history provided; recent behavior includes attempting to run away",
         "recently I have been attempting to run away"),
        ("He smokes a pack a day for the last 30 years", "I have smoked a pack a day for the last 30 years"),
        ("He has seen a doctor a week ago", "I have seen a doctor a week ago"),
        ("The patient reports a fall two weeks ago", "I had a fall two weeks ago"),
        ("No reports of vomiting", "I have had no vomiting"),
        ("Previously healthy, up-to-date immunizations, no significant illnesses",
         "I was previously healthy, my immunizations are up to date, and I have no significant illnesses"),
        ("Was treated for pneumonia, no known history of asthma, immunizations up to date",
         "I was treated for pneumonia, and I have no known history of asthma, and my immunizations are up to date"),
        ("No fever; it itches", "I have no fever; it itches"),
    ],
)  # fmt: skip
def test_the_language_of_notes_becomes_speech(report: str, said: str) -> None:
    assert in_first_person(report, "female" if "her " in report or "She" in report else "male") == said


@pytest.mark.parametrize(
    "clause",
    [
        "I do not take any medications and I spent the weekend doing yardwork",
        "I have no specific triggers but the fatigue has been worsening",
        "I have no history of skin cancer and am taking oral contraceptives",
        "I am a non-smoker and drink alcohol socially",
        "my history is unremarkable except for 5 deliveries",
        "I have no other history aside from bronchitis",
        "I have eczema, and my family history is unremarkable",
        "I have no pain but it itches",
        "I don't think it's an allergy",
    ],
)
def test_what_is_affirmed_beside_a_denial_is_no_absence(clause: str) -> None:
    assert not denies(clause)


@pytest.mark.parametrize(
    "clause",
    [
        "I do not smoke, drink alcohol, or use drugs",
        "I have no illnesses and take no medications regularly",
        "I have no other problems and have no systemic symptoms",
        "I have no recent illnesses, and I have had no fever",
        "I have no relevant history and none of my family members have similar findings",
        "my medical history is unremarkable, and my family history is unremarkable",
    ],
)
def test_only_denials_are_an_absence(clause: str) -> None:
    assert denies(clause)


def test_they_are_a_couple_only_after_one_is_named() -> None:
    told = ["The patient and her husband want a child.", "They have tried.", "She itches.", "They are red."]
    assert list(with_couples(told))[1:] == ["We have tried.", "She itches.", "They are red."]


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Lung auscultation is normal, and he complains of a dry throat",
         ["Lung auscultation is normal", "He complains of a dry throat"]),
        ("Examination reveals dark nails, which he reports have been present since his 20s",
         ["Examination reveals dark nails", "The patient has had this since his 20s"]),
        ("The lesions are tender to palpation, associated with burning",
         ["The lesions are tender to palpation", "The lesions are associated with burning"]),
        ("He has a cough, and he complains of fever", ["He has a cough, and he complains of fever"]),
    ],
)  # fmt: skip
def test_what_the_patient_says_is_parted_from_a_finding(sentence: str, parts: list[str]) -> None:
    assert list(parted(sentence)) == parts


def test_what_a_relative_says_is_no_finding() -> None:
    said = "His mother states that the macules and papules go away"
    assert is_told(said) and not is_found(said, "my mother says that the macules and papules go away")
    assert is_found("The macules and papules go away", "the macules and papules go away")


def test_a_toddler_does_not_treat_itself() -> None:
    assert is_doubtful("I am applying a cream", "female", 1) and not is_doubtful("I am applying a cream", "female", 40)
    assert is_doubtful("my partner itched but he has not", "male", 30)
    assert not is_doubtful("my partner itched but she has not", "male", 30)
    assert is_doubtful("my mother says that I have a fever and am giving paracetamol", "male", 1)
    assert is_doubtful("my mother says that I have a rash and am worried", None, 30)
    assert is_doubtful("my mother says that she cries", "female", 30)
    assert not is_doubtful("my mother says that she had eczema", "male", 30)


@pytest.mark.parametrize(
    ("told", "who"),
    [
        (["Today, my friend asked me to take a look at the spots on his skin", "It recurs"], "friend"),
        (["My friend asked me to see a doctor", "I have a rash"], None),
        (["My sister sent me pictures of her arm"], "sister"),
        (["My friend told me he has a rash on his leg"], "friend"),
        (["An 18-year-old girl", "She had a drip yesterday", "I doubled the doses"], "patient"),
        (["The patient came", "He has a rash on my arm"], None),
        (["I took the pills the doctor gave me", "He said it was eczema"], None),
    ],
)
def test_who_tells_a_case(told: list[str], who: str | None) -> None:
    assert relative_of(told) == who


def test_a_doctors_own_doings_are_set_aside(tmp_path: Path, given) -> None:
    text = "An 18-year-old girl came in. She had a drip yesterday. Today, I doubled the doses of the drugs. It itches."
    (tmp_path / "a.jsonl").write_text(json.dumps({"complaint": "The patient developed a rash", "text": text}))
    _, cases = given("jsonl", tmp_path / "a.jsonl")
    (case,) = cases.values()
    assert case["complaint"] == "I developed a rash"
    assert [fact["text"] for fact in case["facts"]][1:] == ["I had a drip yesterday", "it itches"]
    kept = json.loads((tmp_path / "out" / "import" / "kept.jsonl").read_text())
    assert "Today, I doubled the doses of the drugs" in kept["set_aside"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("They are completely asymptomatic. I first noticed the lumps in May.", "I first noticed the lumps in May"),
        ("It began in May. I have a lump.", "I have a lump"),
        ("It began in May and is red. Cream helped.", "it began in May and is red"),
        ("They said it is an allergy. What is it?", "I do not feel well"),
        ("I have no fever. I have a cough.", "I have a cough"),
    ],
)
def test_a_denial_or_a_bare_pronoun_is_no_complaint(tmp_path: Path, given, text: str, complaint: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"complaint": "", "text": text}))
    _, cases = given("jsonl", tmp_path / "a.jsonl")
    assert [case["complaint"] for case in cases.values()] == [complaint]


def test_a_mother_treats_her_child(tmp_path: Path, given) -> None:
    stated = "A 13-month-old toddler with eczema on his arms is brought in by his mother"
    (tmp_path / "a.jsonl").write_text(json.dumps({"complaint": stated, "text": "She is applying a cream. It spread."}))
    _, cases = given("jsonl", tmp_path / "a.jsonl")
    (case,) = cases.values()
    assert "cream" not in json.dumps(case)
