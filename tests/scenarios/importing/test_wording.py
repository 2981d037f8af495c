"""Free text becomes clauses that a patient can say, each under its topic."""

from __future__ import annotations

import pytest
from narrowing import present

from consult.scenarios.importing.cleaning import cleaned, was_cleaned
from consult.scenarios.importing.first_person import in_first_person, symptom
from consult.scenarios.importing.names import Diagnoses, Diagnosis
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.importing.sentences import denies, says_nothing, sentences
from consult.scenarios.importing.topics import examination_of, is_found, topic_of


@pytest.mark.parametrize(
    ("report", "sex", "said"),
    [
        ("He denied fever, chills, or proctitis", "male", "I have had no fever, chills, or proctitis"),
        ("The patient denies any pain at rest", None, "I have had no pain at rest"),
        ("Patient denies experiencing any chest pain", None, "I have had no chest pain"),
        ("She denies any personal or family history", "female", "I have had no personal or family history"),
        ("Denies nausea", None, "I have had no nausea"),
        ("She states that the rash is painless", "female", "the rash is painless"),
        ("The patient stated that she used to have a mole", "female", "I used to have a mole"),
        ("A 20-year-old woman presents to the clinic with a lesion", "female", "I have a lesion"),
        ("A 20-year-old woman complains of a rash on her leg", "female", "I have a rash on my leg"),
        ("She takes no medications", "female", "I take no medications"),
        ("He is otherwise healthy", "male", "I am otherwise healthy"),
        ("He does not recall being exposed", "male", "I do not recall being exposed"),
        ("His mother states that he is hot", "male", "my mother says that I am hot"),
        ("Her mother says that she cries", "female", "my mother says that she cries"),
        ("It was given to her by a neighbour", "female", "it was given to me by a neighbour"),
        ("The patient has been fussy and has shown no appetite", None, "I have been fussy and have shown no appetite"),
        ("Works as a graphic designer", None, "I work as a graphic designer"),
        ("A 25-year-old man with no medical history presents with a rash", "male",
         "I have no medical history, and now I have a rash"),
        ("The rash is itchy.", None, "the rash is itchy"),
    ],
)  # fmt: skip
def test_a_report_in_the_first_person(report, sex, said):
    assert in_first_person(report, sex) == said


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("Double vision", "I have double vision"),
        ("CT-proven stones", "I have CT-proven stones"),
        ("Pain worsens with movement", "Pain worsens with movement"),
        ("Denies fever", "Denies fever"),
    ],
)
def test_a_symptom_in_note_form(note, said):
    assert symptom(note) == said


def test_sentences_end_at_full_stops_and_not_at_abbreviations():
    text = "He saw Dr. Brown at 5.30 p.m. twice. It is 0.5 to 2 cm wide, e.g. on the leg! Is it bad?\nYes"
    assert list(sentences(text)) == [
        "He saw Dr. Brown at 5.30 p.m. twice",
        "It is 0.5 to 2 cm wide, e.g. on the leg!",
        "Is it bad?",
        "Yes",
    ]


def test_sentences_that_only_say_that_the_source_is_silent():
    for silent in ("Information not provided", "No additional symptoms provided", "N/A", "...", "None"):
        assert says_nothing(silent), silent
    for telling in ("No known allergies", "It is not painful", "No other skin lesions"):
        assert not says_nothing(telling), telling


def test_denials_are_marked():
    assert denies("no significant past medical history") and denies("I have had no fever".replace("had ", ""))
    assert not denies("the rash is itchy")


@pytest.mark.parametrize(
    ("clause", "topic"),
    [
        ("I am allergic to penicillin", "allergies"),
        ("my father had the same rash", "family"),
        ("I use a cream twice a day", "treatment"),
        ("I smoke ten cigarettes a day", "social"),
        ("it began 3 weeks ago", "duration"),
        ("I have a history of asthma", "history"),
        ("it is aggravated by sunlight", "trigger"),
        ("it has become worse", "course"),
        ("it itches badly", "sensation"),
        ("I have a fever", "symptoms"),
        ("it is on my leg", "site"),
        ("I am otherwise healthy", "history"),
    ],
)
def test_topics(clause, topic):
    assert topic_of(clause) == topic


@pytest.mark.parametrize(
    ("heading", "text", "examination"),
    [
        ("vital signs temperature", "36.6", "temperature"),
        ("vital signs blood pressure", "125/80", "vital signs"),
        ("abdominal examination palpation", "soft", "abdominal examination"),
        ("skin examination general", "Coalescing erythematous macules", "skin examination"),
        ("complete blood count wbc", "normal", "blood tests"),
        ("chest ct findings", "normal", "imaging"),
        ("electromyography findings", "less response to repetitive stimulation", "tracings"),
        ("", "tender to palpation", "palpation"),
        ("", "a scaly plaque", "skin examination"),
        ("", "nothing to be told", "other tests"),
    ],
)
def test_examinations(heading, text, examination):
    assert examination_of(heading, text) == examination


def test_what_only_a_doctor_can_find():
    assert is_found("On examination, the palm is scaly", "on examination, the palm is scaly")
    assert is_found("Violaceous, edematous plaques were seen", "violaceous, edematous plaques were seen")
    assert not is_found("He has a tender plaque", "I have a tender plaque")
    assert not is_found("The rash itches", "the rash itches")


def test_cleaning_takes_out_markup_controls_and_formulas():
    hostile = (
        "=cmd|' /C calc'!A0 <script>alert(1)</script><b>I\x1b[31m itch</b> \u202e&lt;img src=x&gt;<|im_start|>\x00"
    )
    assert cleaned(hostile) == "cmd|' /C calc'!A0 I itch"
    assert was_cleaned(hostile) and not was_cleaned("CRP <5 mg/L, it\u2019s  fine")
    assert cleaned("CRP <5 mg/L, it\u2019s  fine") == "CRP <5 mg/L, it's fine"


def test_a_diagnosis_is_given_away_by_any_of_its_names():
    diagnosis = Diagnosis("Progressive multifocal encephalopathy (PML)")
    for text in ("it is PML", "progressive multifocal encephalopathy", "an encephalopathy, multifocal and progressive"):
        assert diagnosis.is_named_in(text), text
    assert not diagnosis.is_named_in("a progressive illness")
    assert Diagnosis("Hirschsprung disease").is_named_in("Hirschsprung's disease")


def test_spellings_of_one_diagnosis_are_one_label():
    diagnoses = Diagnoses()
    for written in (
        "Vertigo (BPPV)",
        "vertigo",
        "Hirschsprung disease",
        "Hirschsprung\u2019s disease",
        "yes",
        "1e3 fever",
    ):
        diagnosis = diagnoses.named(written)
        diagnoses.count(present(diagnosis), "")
    assert len(diagnoses) == 4
    file = present(diagnoses.file())
    assert "aliases:\n    - Vertigo\n    - BPPV" in file and "Hirschsprung's disease" in file


@pytest.mark.parametrize("written", ["123", "<b></b>", "?!", "x" * 121])
def test_what_is_no_diagnosis(written):
    with pytest.raises(UnusableRow):
        Diagnoses().named(written)
