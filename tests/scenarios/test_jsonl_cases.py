"""Scenarios of cases written by hand: loaded without code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from narrowing import present
from PIL import Image

from consult.scenarios import PhotographError, ScenarioError, UnknownNameError, load_scenario
from consult.scenarios.checks.folder import check_folder

SCENARIO = """
name: ward
title: A ward's own cases
topics: {duration: how long, site: where}
examinations: {palpation: feeling it}
"""
LABELS = """
labels:
  flu: {specialty: medicine, urgency: soon, aliases: [influenza]}
  cold: {specialty: general practice}
"""
CASES: list[dict[str, Any]] = [
    {"id": "a", "complaint": "I ache all over", "diagnosis": "flu", "age": 40, "sex": "female", "image": "a.png"},
    {"id": "b", "complaint": "I cough", "diagnosis": "flu", "urgency": "urgent", "specialty": "general practice"},
    {"id": "c", "complaint": "I sneeze", "diagnosis": "cold", "facts": [{"topic": "duration", "text": "two days"}]},
    {"id": "d", "complaint": "my nose runs", "diagnosis": "cold", "split": "train"},
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    (tmp_path / "labels.yaml").write_text(LABELS)
    Image.new("RGB", (8, 6), "red").save(tmp_path / "a.png")
    write(tmp_path, CASES)
    return tmp_path


def write(folder, cases):
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))


def refused(folder, cases):
    write(folder, cases)
    with pytest.raises(ScenarioError) as error:
        load_scenario(str(folder))
    return error.value


def test_a_folder_loads_without_code(folder):
    scenario = load_scenario(str(folder))
    assert (scenario.name, dict(scenario.splits)) == ("ward", {"test": 3, "train": 1})
    assert scenario.specialties == ("medicine", "general practice")
    case = scenario.case("c")
    assert case.card.about("duration")[0].text == "two days"
    assert case.card.complaint.text == "I sneeze"
    assert (case.truth.specialty, case.truth.urgency) == ("general practice", "routine")


def test_a_case_overrides_its_label(folder):
    truth = load_scenario(str(folder)).case("b").truth
    assert (truth.specialty, truth.urgency) == ("general practice", "urgent")


def test_the_order_goes_round_the_diagnoses(folder):
    scenario = load_scenario(str(folder))
    assert scenario.case_ids("test") == ("a", "c", "b")
    assert scenario.case_ids("train") == ("d",)


def test_unknown_cases_and_splits_give_the_menu(folder):
    scenario = load_scenario(str(folder))
    with pytest.raises(UnknownNameError, match="no case 'e'; there are: "):
        scenario.case("e")
    with pytest.raises(UnknownNameError, match="no split 'validation'; there are: "):
        scenario.case_ids("validation")


def test_a_photograph_is_read_when_someone_looks(folder):
    photograph = present(load_scenario(str(folder)).case("a").photograph)
    assert photograph.load().size == (8, 6)
    (folder / "a.png").write_bytes(b"no picture")
    with pytest.raises(PhotographError, match="convert it first"):
        photograph.load()


@pytest.mark.parametrize("image", ["../a.png", "/etc/hostname", "b/../../a.png"])
def test_images_lie_inside_the_folder(folder, image):
    assert "lies outside the folder" in str(refused(folder, [{**CASES[0], "image": image}]))


def test_a_link_does_not_lead_outside(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "x.png"
    Image.new("RGB", (2, 2)).save(outside)
    (folder / "link.png").symlink_to(outside)
    assert "lies outside the folder" in str(refused(folder, [{**CASES[0], "image": "link.png"}]))


@pytest.mark.parametrize("image", ["gone.png", "x" * 5_000, "nul\0.png", "."])
def test_images_must_be_there(folder, image):
    assert "there is no image" in str(refused(folder, [{**CASES[0], "image": image}]))


def test_facts_of_one_topic_get_ids_of_their_own(folder):
    facts = [
        {"topic": "site", "text": "arm"},
        {"topic": "site", "text": "leg"},
        {"topic": "site", "text": "x", "id": "y"},
    ]
    write(folder, [{**CASES[1], "facts": facts}])
    assert [f.id for f in load_scenario(str(folder)).case("b").card.facts] == ["site", "site-2", "y"]


def test_all_broken_lines_are_found(folder):
    lines = [
        "{",
        "7",
        json.dumps(CASES[1]),
        json.dumps({**CASES[1], "diagnosis": "gout", "image": "no.png"}),
        "9" * 5_000,
    ]
    (folder / "cases.jsonl").write_text("\n".join([*lines, "[" * 100_000]))
    with pytest.raises(ScenarioError) as error:
        load_scenario(str(folder))
    assert [p.line for p in error.value.problems] == [1, 2, 4, 4, 4, 5, 6]


def test_open_diagnoses_need_no_labels(folder):
    (folder / "labels.yaml").unlink()
    scenario = load_scenario(str(folder))
    assert not scenario.labels
    assert scenario.case("a").truth.diagnosis == "flu"
    assert scenario.case("a").truth.specialty is None


def test_other_files_give_another_revision(folder):
    before = load_scenario(str(folder)).revision
    write(folder, CASES[:3])
    assert load_scenario(str(folder)).revision != before


def test_what_is_not_known_of_a_label_is_not_scored(folder):
    (folder / "labels.yaml").write_text("labels: {flu: {specialty: null, urgency: null}, cold: {specialty: null}}")
    (folder / "scenario.yaml").write_text(SCENARIO + "specialties: [general practice]\n")
    scenario = load_scenario(str(folder))
    assert check_folder(folder) == []
    assert scenario.specialties == ("general practice",)
    assert (scenario.case("a").truth.specialty, scenario.case("a").truth.urgency) == (None, None)
    assert (scenario.case("b").truth.specialty, scenario.case("c").truth.urgency) == ("general practice", "routine")


@pytest.mark.parametrize(
    ("age", "text", "words"),
    [
        (0, "my age is 6 months", "6 months"),
        (1, "my age is 1", "1 year"),
        (0, "", "0 years"),
        (40, "for 2 weeks", "40 years"),
    ],
)
def test_an_age_in_words_has_the_months_of_a_small_child(folder, age, text, words):
    write(folder, [{**CASES[1], "age": age, "facts": [{"topic": "age", "text": text}] if text else []}])
    assert load_scenario(str(folder)).case("b").card.age_in_words == words
