"""Cases off the list: drawn and written, checked, decided, played, and reported with false referrals beside."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

import consult
from consult.rl.rewards.decisions import Target
from consult.scenarios import load_scenario
from consult.scenarios.checks.folder import check_folder
from consult.scenarios.correct import correct
from consult.scenarios.off_list import WithOffList
from consult.scenarios.scenario import REFERRAL

OFF_LIST = load_scenario("derm34-off-list")
FOLDER = Path(consult.__file__).parent / "scenarios"


def test_derm34_is_what_it_was():
    assert load_scenario("derm34").revision == "15ada78459e29b3f"
    assert not load_scenario("derm34").off_list
    assert REFERRAL not in load_scenario("derm34").answers


def test_one_case_in_twenty_is_off_the_list_and_the_others_cycle_through_the_labels():
    truths = [OFF_LIST.case(case_id).truth for case_id in OFF_LIST.case_ids("test")[:160]]
    off = [number for number, truth in enumerate(truths) if truth.diagnosis in OFF_LIST.off_list]
    assert off == list(range(19, 160, 20))
    assert {truths[number].diagnosis for number in off} == set(OFF_LIST.off_list)
    listed = [truth.diagnosis for truth in truths if truth.diagnosis in OFF_LIST.labels]
    assert listed[:34] == list(OFF_LIST.labels)
    assert all(truth.specialty in OFF_LIST.specialties for truth in truths)
    case = OFF_LIST.case("test-0019")
    assert case.id == "test-0019" and case.photograph and case.photograph.id == "derm34-off-list/test-0019"
    with pytest.raises(consult.UserError, match="no case 'test-0680'"):
        OFF_LIST.case("test-0680")


def test_no_patient_names_what_they_have():
    source, rng = OFF_LIST.source, random.Random(3)
    assert isinstance(source, WithOffList)
    for name in OFF_LIST.off_list:
        for _ in range(30):
            source.off.draw(name, rng)
    for case_id in OFF_LIST.case_ids("test")[19:340:20]:
        card = OFF_LIST.case(case_id).card
        for fact in (card.complaint, *card.facts, *card.examinations):
            assert not set(OFF_LIST.leaks(fact.text)) & set(OFF_LIST.off_list)


@pytest.mark.parametrize(
    ("said", "truth", "right"),
    [
        (REFERRAL, "melanoma", True),
        ("None of these", "melanoma", True),
        ("rodent ulcer", "basal cell carcinoma", True),
        ("scabies", "melanoma", True),
        ("seborrheic keratosis", "melanoma", False),
        (None, "melanoma", False),
        (REFERRAL, "acne", False),
        ("melanoma", "acne", False),
        ("acne", "acne", True),
    ],
)
def test_only_a_referral_is_right_off_the_list(said, truth, right):
    assert correct(said, truth, OFF_LIST).correct is right
    assert Target(truth, scenario=OFF_LIST).is_right(said) is right


def play(folder: Path, named: str, **options) -> consult.Run:
    """Play with doctors who decide the same for everybody."""
    decided = {"diagnosis": named, "differential": [], "confidence": 0.6, "urgency": "urgent"}
    opinion = {"diagnosis": "none of these", "confidence": 0.5, "reason": "It is on no list."}
    replies = {
        "patient": ["I really can't say more about it."],
        "triage": [json.dumps({"specialty": "dermatology", "urgency": "soon", "why": "It is the skin."})],
        "attending.action": [
            '{"action": "consult", "text": "I ask my colleagues."}',
            '{"action": "conclude"}',
        ],
        "attending.decision": [json.dumps(decided)],
        "attending.explanation": ["I think you have this, and a cream will help."],
        "attending.reply": ["It will settle."],
        "specialist": [json.dumps(opinion)],
    }
    path = folder / "model.yaml"
    path.write_text(json.dumps({"replies": replies}), encoding="utf-8")
    return consult.simulate("derm34-off-list", model=f"scripted:{path}", db=folder / "a.db", **options)


def test_referrals_right_and_false_are_reported(tmp_path):
    run = play(tmp_path, "probably melanoma", cases=40)
    rows = run.consultations
    assert Counter(rows["correct"]) == {0: 38, 1: 2}
    assert set(rows["diagnosis"]) == {REFERRAL} and set(rows["diagnosis_words"]) == {"probably melanoma"}
    assert {"melanoma", "basal cell carcinoma"} < set(rows["truth"])
    # An alarm that was told makes it sooner.
    assert set(rows["final_urgency"]) == {"urgent", "emergency"}
    turns = run.turns
    said = " ".join(turns[turns["action"] == "conclude"]["text"])
    assert "I am referring you to dermatology; you should be seen there today" in said
    found = consult.report(run, out=tmp_path / "out")
    figures = json.loads((tmp_path / "out" / "report.json").read_text())["runs"][0]["headlines"]
    assert (figures["referred, off the list"]["value"], figures["referred, off the list"]["n"]) == (1.0, 2)
    assert (figures["referred, on the list"]["value"], figures["referred, on the list"]["n"]) == (1.0, 38)
    assert "referred, off the list" in (tmp_path / "out" / "report.md").read_text()
    assert found


def test_an_unusable_answer_is_no_referral(tmp_path):
    run = play(tmp_path, "something rare", cases=20)
    assert not any(run.consultations["correct"])


@pytest.mark.slow
def test_a_folder_of_ones_own(tmp_path):
    folder = tmp_path / "own"
    shutil.copytree(FOLDER / "derm34", folder)
    shutil.copy(FOLDER / "derm34-off-list" / "off_list.yaml", folder)
    shutil.copy(FOLDER / "derm34-off-list" / "scenario.yaml", folder)
    assert check_folder(folder) == []
    assert load_scenario(str(folder)).case("test-0019").card == OFF_LIST.case("test-0019").card
    text = (folder / "off_list.yaml").read_text()
    for wrong, right, said in (
        ("  melanoma:\n    aliases", "  acne:\n    aliases", "'acne' is on the list"),
        ("symptoms: {first_patch: 1}", "symptoms: {second_patch: 1}", "'second_patch' is not a value of 'symptoms'"),
        ("every: 20", "every: 1", "every"),
        ("  scabies:\n    age", "  scabiess:\n    age", "scabies"),
    ):
        (folder / "off_list.yaml").write_text(text.replace(wrong, right))
        problems = check_folder(folder)
        assert problems and {one.file for one in problems} == {"off_list.yaml"}, wrong
        assert any(said in one.what for one in problems), (wrong, problems)


def test_written_cases(tmp_path):
    (tmp_path / "scenario.yaml").write_text("name: own\ntitle: Own\ntopics: {site: where}\n")
    (tmp_path / "labels.yaml").write_text("labels: {acne: {specialty: dermatology}}\n")
    (tmp_path / "off_list.yaml").write_text("labels: {melanoma: {specialty: skin-tumour clinic, urgency: soon}}\n")
    cases = [
        {"id": "a", "complaint": "I have spots", "diagnosis": "acne"},
        {"id": "b", "complaint": "a mole has changed", "diagnosis": "melanoma"},
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    assert check_folder(tmp_path) == []
    scenario = load_scenario(str(tmp_path))
    assert scenario.answers == ("acne", REFERRAL)
    assert scenario.case("b").truth.specialty == "skin-tumour clinic" and scenario.case("b").truth.urgency == "soon"
    assert correct("none of these", "melanoma", scenario).correct
    (tmp_path / "off_list.yaml").unlink()
    assert any("'melanoma' is not in labels.yaml" in one.what for one in check_folder(tmp_path))
