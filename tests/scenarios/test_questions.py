"""Scenarios of questions about pictures: their files, their mistakes, and how an answer is read and decided."""

from __future__ import annotations

import asked
import pytest
from narrowing import present

from consult.scenarios import load_scenario
from consult.scenarios.checks.folder import check_folder
from consult.scenarios.correct import correct
from consult.scenarios.options import letter_named

LUNG = ("liver", "lung", "B cells", "A")


def test_a_folder_of_questions_is_read(tmp_path):
    scenario = load_scenario(str(asked.folder(tmp_path / "q")))
    case = scenario.case("test-0")
    assert scenario.asks_questions and len(scenario.specialties) == 7
    assert list(scenario.case_ids("test"))[:3] == ["test-0", "test-1", "test-2"]  # the order of the file
    question = present(case.question)
    assert (question.form, case.truth.diagnosis, len(case.photographs)) == ("closed", "lung", 1)
    assert question.in_words == "Which organ is shown? (A) liver (B) lung (C) heart"
    assert [scenario.domain_of(scenario.case(f"test-{n}")) for n in range(3)] == ["in", "in", "out"]
    assert tuple(scenario.for_case(case).labels) == asked.OPTIONS
    assert not scenario.for_case(scenario.case("test-2")).labels


def test_several_pictures_keep_their_order(tmp_path):
    line = {**asked.questions(1)[0], "images": ["p2.png", "p0.png", "p1.png"]}
    del line["image"]
    case = load_scenario(str(asked.folder(tmp_path / "q", [line]))).case("test-0")
    assert [one.load().getpixel((0, 0)) for one in case.photographs] == [(0, 0, 255), (255, 0, 0), (0, 128, 0)]
    assert len({one.id for one in case.photographs}) == 3


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("B", "lung"), ("(b)", "lung"), ("b.", "lung"), ("Answer: B", "lung"), ("The answer is (B).", "lung"),
        ("B. lung", "lung"), ("(B) Lung", "lung"), ("B. liver", None), ("E", None), ("A", "liver"), ("lung", None),
        ("Option C", "B cells"), ("a lung", None),
    ],
)  # fmt: skip
def test_a_letter_names_an_option(said, named):
    assert letter_named(said, LUNG[:3]) == named


def test_an_answer_is_read_by_text_then_letter_then_words(tmp_path):
    scenario = load_scenario(str(asked.folder(tmp_path / "q")))
    mine = scenario.for_case(scenario.case("test-0"))
    assert mine.diagnosis("C") == "heart" and mine.diagnosis("Lung.") == "lung"
    assert mine.diagnosis("it is the lung") == "lung" and mine.diagnosis("lung or liver") is None


@pytest.mark.parametrize(
    ("options", "said", "truth", "right", "by"),
    [
        (["-5", "5"], "5", "-5", False, "match"),
        (["yes", "no"], "no", "no", True, "match"),
        ([], "Left lung", "the left lung", True, "match"),
        ([], "none", "none", True, "match"),
        ([], "pneumonia", "the left lung", False, "unjudged"),
        (["none", "some"], "some", "none", False, "match"),
    ],
)
def test_an_answer_is_decided_by_its_question(tmp_path, options, said, truth, right, by):
    line = {"id": "a", "question": "What?", "options": options, "answer": truth}
    scenario = load_scenario(str(asked.folder(tmp_path / "q", [line])))
    assert correct(said, truth, scenario.for_case(scenario.case("a"))) == (right, by)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": "b"}, "the answer 'b' is none of the options; write 'lung'"),
        ({"options": ["lung", "lung"]}, "the option 'lung' appears twice; remove one"),
        ({"options": ["lung"]}, "there is only one option; add the others"),
        ({"image": "p9.png"}, "there is no image 'p9.png'"),
        ({"images": ["p1.png"]}, "both 'image' and 'images' are given"),
        ({"specialty": "radiologie"}, "the specialty 'radiologie' is not in scenario.yaml; write 'radiology'"),
        ({"complaint": "it hurts"}, "'complaint' is not known here"),
        ({"question": ""}, "'question'"),
    ],
)
def test_a_mistake_in_a_question_is_one_sentence(tmp_path, change, message):
    found = check_folder(asked.folder(tmp_path / "q", [{**asked.questions(1)[0], **change}]))
    assert len(found) == 1 and message in str(found[0])


def test_what_belongs_to_patients_is_refused(tmp_path):
    at = asked.folder(tmp_path / "q", topics={"site": "where"})
    (at / "labels.yaml").write_text("labels: {}\n", encoding="utf-8")
    told = " ".join(map(str, check_folder(at)))
    assert "'topics' has no effect on questions" in told and "is not read beside questions" in told
