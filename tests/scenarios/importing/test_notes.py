"""Clinical notes: what the patient said becomes speech, what a doctor found a finding; the rest is listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consult.cli.main import app
from consult.scenarios.importing import import_cases
from consult.scenarios.importing.ages import age_in_cell, age_in_text
from consult.scenarios.importing.columns import meant_columns
from consult.scenarios.importing.entries import named
from consult.scenarios.importing.first_person import in_first_person
from consult.scenarios.importing.notes import asks, is_doctors, is_shorthand
from consult.scenarios.importing.shorthand import spelled_out
from consult.scenarios.importing.topics import topic_of


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("Pt c/o painful red eye", "I have a painful red eye"),
        ("pt is a smoker", "I am a smoker"),
        ("C/o headache x 3/7", "I have had a headache for 3 days"),
        ("45 yo F c/o itch for 2/52", "I have had itch for 2 weeks"),
        ("Hx of asthma", "I have a history of asthma"),
        ("H/o eczema", "I have a history of eczema"),
        ("History of fractures", "I have a history of fractures"),
        ("PMH: asthma, eczema", "I have a history of asthma, eczema"),
        ("NKDA", "I have no known allergies"),
        ("Rash x 6 months", "I have had a rash for 6 months"),
        ("Headache w/o fever", "I have a headache without fever"),
        ("Currently taking oral isotretinoin", "I am currently taking oral isotretinoin"),
        ("Is anyone there?", "Is anyone there?"),
        ("Non-smoker, drinks wine", "I am a non-smoker and drink wine"),
        ("Attends preschool", "I attend preschool"),
        ("Non-smoker, occasional wine", "I am a non-smoker and I drink wine occasionally"),
        ("She has a lump that was small in May and is growing", "I have a lump that was small in May and is growing"),
        ("Daily cannabis use", "I use cannabis every day"),
        ("Retired engineer, no tobacco use or drug use", "I am a retired engineer and I do not use tobacco or drugs"),
        ("Former smoker, quit 5 years ago", "I am a former smoker and I quit 5 years ago"),
        ("Smoking history of 30 pack-years", "I have smoked as much as a pack a day for 30 years"),
        ("Previously employed", "I was previously employed"),
        ("She felt the baby move before the bleeding", "I felt my baby move before the bleeding"),
        ("Second child to young parents", "I am the second child of young parents"),
        ("Sexually active with inconsistent condom use", "I am sexually active and do not always use condoms"),
        ("I am 26 years old, with patches", "I am 26 years old, with patches"),
        ("No fever, vomiting", "I have had no fever, vomiting"),
        ("Hypertension, treated with aspirin", "Hypertension, treated with aspirin"),
        ("Consumes 2 beers daily", "I consume 2 beers daily"),
        ("Positive for fever and bone pain", "I have a fever and bone pain"),
        ("No significant past medical history", "I have no significant past medical history"),
        ("Unremarkable past medical history", "my past medical history is unremarkable"),
        ("She smokes 1 pack a day and consumes 5 beers", "I smoke 1 pack a day and consume 5 beers"),
        ("He has no pain and denies any recent illness", "I have no pain and I have had no recent illness"),
        ("His mother says that her son has no illness", "my mother says that I have no illness"),
        ("It wakes her up at night", "it wakes me up at night"),
        ("Female, 65 years old, has had a rash for a month", "I have had a rash for a month"),
        ("Young female, rash for six months", "I have had a rash for six months"),
        ("Known history of HIV", "I have a known history of HIV"),
        ("Family history of gout", "there is a family history of gout"),
        ("He has eczema, and he presents to the clinic with a rash", "I have eczema, and now I have a rash"),
    ],
)
def test_shorthand_of_what_a_patient_said_is_written_out(note: str, said: str) -> None:
    assert not is_doctors(note)
    clause = in_first_person(spelled_out(note))
    assert clause == said and not is_shorthand(clause)


@pytest.mark.parametrize(
    "note",
    ["VA 6/12", "VA R 6/9", "Corneal infiltrate on slit lamp", "O/E tender abdomen", "BP 120/80", "HR 92 bpm",
     "Temp 38.2", "CRP 45 mg/L", "HbA1c 48 mmol/mol", "Lungs clear to auscultation", "20/40 vision", "IOP 14",
     "Exam: soft abdomen", "He appears tired", "Oriented to person and place", "Mild lymphadenopathy is noted",
     "She is somnolent", "He shows signs of agitation", "Physical examination shows low-set ears",
     "CXR clear", "PERRLA", "Fine scale was present on the soles"],
)  # fmt: skip
def test_what_a_doctor_measured_or_saw_is_a_finding(note: str) -> None:
    assert is_doctors(note)


@pytest.mark.parametrize(
    "said", ["My blood pressure is high", "it began 6 weeks ago", "I had a fever of 39", "I take 20 mg"]
)
def test_what_a_patient_can_say_is_no_finding(said: str) -> None:
    assert not is_doctors(said) and not is_shorthand(said)


@pytest.mark.parametrize(
    ("entry", "topic", "said"),
    [
        ("Hypertension", "history", "I have a history of hypertension"),
        ("HIV", "history", "I have a history of HIV"),
        ("Glyburide", "treatment", "I take glyburide"),
        ("Penicillin", "allergies", "I am allergic to penicillin"),
        ("No known allergies", "allergies", "No known allergies"),
        ("He was operated on", "history", "He was operated on"),
        ("", "treatment", ""),
        ("Lives alone", "social", "Lives alone"),
    ],
)
def test_an_entry_of_a_list_becomes_a_sentence(entry: str, topic: str, said: str) -> None:
    assert named(entry, topic) == said


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        ("What is this?", True),
        ("Thank you!", True),
        ("Experts, please identify this", True),
        ("I would appreciate any advice", True),
        ("View image", True),
        ("it began a week ago", False),
        ("I would like it to go away", False),
        ("I see spots before my eyes", False),
    ],
)
def test_a_question_is_no_fact(sentence: str, asked: bool) -> None:
    assert asks(sentence) is asked


@pytest.mark.parametrize(
    "note",
    [
        "Tentative diagnosis: shingles",
        "Plan: review in 2/52",
        "FHx: nil",
        "RTC prn",
        "IMP: conjunctivitis",
        "Dx keratitis",
        "ROS neg",
        "pain ++",
        "Rx topical abx",
    ],
)
def test_other_shorthand_is_set_aside(note: str) -> None:
    assert is_shorthand(in_first_person(spelled_out(note)))


def test_notes_become_speech_findings_and_a_list(tmp_path: Path, given) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        "complaint,text,diagnosis,age\n"
        '"VA 6/12. Pt c/o painful red eye.","Corneal infiltrate on slit lamp. Hx of asthma. Washes hands 40 times a '
        'day. BP 120/80. Plan: review tomorrow. It began 2 days ago.",keratitis,0.5\n'
    )
    summary, cases = given("csv", source)
    (case,) = cases.values()
    facts = {(fact["topic"], fact["text"]) for fact in case["facts"]}
    assert case["complaint"] == "I have a painful red eye" and case["age"] == 0
    assert facts == {
        ("age", "my age is 6 months"), ("history", "I have a history of asthma"),
        ("social", "I wash hands 40 times a day"), ("duration", "it began 2 days ago"),
    }  # fmt: skip
    assert {found["text"] for found in case["examinations"]} == {
        "VA 6/12",
        "Corneal infiltrate on slit lamp",
        "BP 120/80",
    }
    assert summary.aside == 1
    kept = json.loads((tmp_path / "out" / "import" / "kept.jsonl").read_text())
    assert kept["set_aside"] == ["Plan: review tomorrow"]


def test_a_case_that_is_nothing_but_findings_has_a_vague_complaint(tmp_path: Path, given) -> None:
    source = tmp_path / "a.csv"
    source.write_text("complaint,diagnosis\nVA 6/12,keratitis\nI itch,hives\n")
    _, cases = given("csv", source)
    case = cases["row-000002"]
    assert (case["complaint"], [one["text"] for one in case["examinations"]]) == ("I do not feel well", ["VA 6/12"])


@pytest.mark.parametrize(
    ("clause", "topic"),
    [
        ("Washes hands 40 times a day", "social"),
        ("I smoke 20 a day", "social"),
        ("it tends to improve after a few hours of rest", "course"),
        ("I take one tablet every two weeks", "treatment"),
        ("I vomit five times a day", "symptoms"),
        ("it began a week ago", "duration"),
        ("for a week now", "duration"),
        ("for about a month", "duration"),
        ("two weeks", "duration"),
    ],
)
def test_a_habit_is_no_duration(clause: str, topic: str) -> None:
    assert topic_of(clause) == topic


@pytest.mark.parametrize(
    ("cell", "years", "said"),
    [
        ("0.5", 0, "6 months"), ("6 months", 0, "6 months"), ("6m", 0, "6 months"), ("6/12", 0, "6 months"),
        ("1.5", 1, "18 months"), ("18 months", 1, "18 months"), ("30 months", 2, "2"), ("2 years 3 months", 2, "2"),
        ("3 weeks", 0, "3 weeks"), ("3/52", 0, "3 weeks"), ("2 days", 0, "2 days"), ("1 week", 0, "1 week"),
        ("newborn", 0, ""), ("<1", 0, ""), ("45", 45, "45"), ("45.0", 45, "45"), ("45.5", 45, "45"), ("40yo", 40, "40"),
        ("45 years", 45, "45"), ("35-year-old", 35, "35"), ("120", 120, "120"), ("1", 1, "1"),
    ],
)  # fmt: skip
def test_ages_in_a_cell(cell: str, years: int, said: str) -> None:
    assert age_in_cell(cell) == (years, said)


@pytest.mark.parametrize("cell", ["130", "old", "", "-3", "1e3", "9" * 30])
def test_what_is_no_age(cell: str) -> None:
    assert age_in_cell(cell) is None


def test_ages_in_a_text() -> None:
    assert age_in_text("a 35-year-old woman") == (35, "35")
    assert age_in_text("a 6-month-old boy") == (0, "6 months")
    assert age_in_text("the infant, aged 6 months") == (0, "6 months")
    assert age_in_text("she has itched for 3 months") is None


def test_columns_of_other_names_are_suggested(tmp_path: Path) -> None:
    columns = ["final_diagnosis", "Patient Age", "gender_code", "photoPath", "n_images"]
    meant = meant_columns(columns, ("diagnosis", "age", "sex", "image"))
    assert meant == {"diagnosis": "final_diagnosis", "age": "Patient Age", "sex": "gender_code", "image": "photoPath"}
    (tmp_path / "a.csv").write_text("complaint,final_diagnosis\nI itch,hives\n")
    command = ["scenarios", "import", "csv", str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]
    told = CliRunner().invoke(app, command).output
    assert "no column is called diagnosis; if 'final_diagnosis' holds it, add --map diagnosis=final_diagnosis" in told
    summary = import_cases("csv", tmp_path / "a.csv", tmp_path / "b", {"diagnosis": "final_diagnosis"})
    assert (summary.labels, summary.suggested) == (1, {})


def test_a_table_without_a_complaint_names_the_column_to_map(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("presenting_problem,hpi,dx\nI itch,It began today,hives\n")
    command = ["scenarios", "import", "csv", str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]
    said = str(CliRunner().invoke(app, command).exception)
    assert "--map complaint=presenting_problem --map text=hpi" in said


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400"])
def test_a_number_that_is_none_is_missing_or_refused(tmp_path: Path, given, value: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"complaint": "I itch", "age": {value}}}\n{{"complaint": "I cough"}}\n')
    summary, cases = given("jsonl", tmp_path / "a.jsonl")
    assert summary.kept == (2 if value == "NaN" else 1) and not any("age" in case for case in cases.values())


def test_old_line_ends_and_pipes_are_read(tmp_path: Path, given) -> None:
    (tmp_path / "a.csv").write_bytes(b"complaint,diagnosis\rI itch,hives\rI cough,asthma\r")
    summary, _ = given("csv", tmp_path / "a.csv")
    assert summary.kept == 2


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        ("Married", "I am married"),
        ("Single lesion on the cheek", "I have a single lesion on the cheek"),
        ("Retired teacher, lives with his wife", "I am a retired teacher and live with my wife"),
        ("Does not smoke", "I do not smoke"),
        ("Currently being treated for pneumonia", "I am currently being treated for pneumonia"),
        ("One healthy sibling", "I have one healthy sibling"),
        ("Mother with diabetes", "my mother has diabetes"),
        ("Only significant for asthma", "my history is only significant for asthma"),
        ("Immunizations up to date", "my immunizations are up to date"),
        ("Papules on both legs", "I have small bumps on both legs"),
        ("Glasses with thick lenses", "I have glasses with thick lenses"),
        ("Head rash", "I have a head rash"),
        ("No history of substance abuse reported", "I have no history of substance abuse"),
        (
            "The rash does not bother her, but her mother is worried",
            "the rash does not bother me, but my mother is worried",
        ),
        ("She yells and cries but does not wake", "I yell and cry but do not wake"),
        ("She hasn't been abroad", "I haven't been abroad"),
        ("She doesn\u2019t smoke and isn\u2019t pregnant", "I don't smoke and am not pregnant"),
        ("She didn't cough", "I didn't cough"),
        # Sentences stay as they are.
        ("Rash treated with steroids", "Rash treated with steroids"),
        ("Nails on both hands turn yellow", "Nails on both hands turn yellow"),
        ("Topical cream was not effective", "Topical cream was not effective"),
        ("Is anyone there?", "Is anyone there?"),
    ],
)
def test_a_note_without_a_subject_becomes_a_sentence(noted, said):
    assert in_first_person(noted, "female" if "She" in noted or " her" in noted else None) == said


@pytest.mark.parametrize(
    "remark",
    [
        "Let's see what the disease is",
        "I'm also here to share pictures",
        "The photo was taken with a mobile phone",
        "The current rash is as follows:",
        "Fungus test required",
    ],
)
def test_a_remark_to_doctors_is_no_fact(remark):
    assert asks(remark)
