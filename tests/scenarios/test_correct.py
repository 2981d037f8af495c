"""Right or wrong: by labels, by names, by aliases, by a judge."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.scenarios import Scenario, ScenarioError, load_scenario
from consult.scenarios.correct import Correct, CorrectBy, Relation, correct, is_right, name_of, naming, plurality
from consult.scenarios.normalised import abstains, has_clause, normalised
from consult.scenarios.scenario import Label

CLOSED = load_scenario("derm34")
OPEN = replace(CLOSED, labels={}, aliases={"Herpes zoster": ["shingles", "zona"]})


@pytest.mark.parametrize(
    ("said", "truth"),
    [
        ("impetigo", "Impetigo"),
        ("IMPETIGO.", "impetigo"),
        ("**Impetigo**", "impetigo"),
        (" herpes\u00a0 zoster", "Herpes zoster"),
        ("M\u00e9ni\u00e8re\u2019s disease", "Meniere's disease"),
        ("Me\u0301nie\u0300re's disease", "M\u00e9ni\u00e8re's disease"),
        ("non\u2011Hodgkin lymphoma", "Non-Hodgkin Lymphoma"),
        ("beta thalassemia", "Beta-thalassemia"),
        ("B\u2081\u2082 deficiency", "b12 deficiency"),
        ("STRASSENPOCKEN", "stra\u00dfenpocken"),
        ("\uff41cne", "acne"),
        ("ac\u00adne", "acne"),
        ("ac\u200bne", "acne"),
        ("(flu)", "flu"),
        ("flu).", "flu"),
        ("((flu.)", "flu"),
        ("acne (mild)", "acne (mild)."),
    ],
)
def test_spellings_of_a_name_are_equal(said: str, truth: str) -> None:
    assert normalised(said) == normalised(truth)
    assert correct(said, truth, OPEN) == Correct(True, "match")


@pytest.mark.parametrize(("a", "b"), [("\u304b", "\u304c"), ("acne", "acnes"), ("\u0915", "\u0915\u093f"), ("", "-x")])
def test_different_names_stay_different(a: str, b: str) -> None:
    assert normalised(a) != normalised(b)


def test_aliases_of_open_diagnoses_count_either_way_round() -> None:
    assert correct("Shingles", "herpes zoster", OPEN) == Correct(True, "alias")
    assert correct("Zona", "shingles", OPEN) == Correct(True, "alias")
    assert correct("herpes", "shingles", OPEN) == Correct(False, "unjudged")
    assert name_of("ZONA", OPEN) == "herpes zoster"


@pytest.mark.parametrize(
    ("relation", "right"), [("same", True), ("broader", False), ("narrower", False), ("different", False)]
)
def test_only_the_same_is_right_to_a_judge(relation: Relation, right: bool) -> None:
    assert correct("heart attack", "myocardial infarction", OPEN, relation=relation) == Correct(right, "judge")


def test_a_judge_changes_nothing_that_names_decide() -> None:
    assert correct("shingles", "Shingles", OPEN, relation="different") == Correct(True, "match")
    assert correct("zona", "shingles", OPEN, relation="different") == Correct(True, "alias")
    assert correct("acne", "hives", CLOSED, relation="same") == Correct(False, "match")


def test_what_was_not_concluded_is_wrong_and_nobody_has_to_judge_it() -> None:
    for scenario in (OPEN, CLOSED):
        assert correct(None, "acne", scenario) == Correct(False, "match")
        assert correct("acne", "acne", scenario, finished=False) == Correct(False, "match")
        assert correct("acne", None, scenario) == correct(None, None, scenario) == Correct(None, None)


def test_a_list_of_labels_decides_alone() -> None:
    assert correct("shingles", "shingles", CLOSED) == Correct(True, "match")
    assert correct("herpes zoster", "shingles", CLOSED) == Correct(True, "alias")
    assert correct("acne or shingles", "shingles", CLOSED) == Correct(False, "match")
    assert correct("melanoma", "shingles", CLOSED) == Correct(False, "match")


def test_without_a_scenario_only_names_decide() -> None:
    assert correct("Acne", "acne", None) == Correct(True, "match")
    assert correct("zits", "acne", None) == Correct(False, "unjudged")


def test_an_opinion_that_names_the_right_conclusion_is_right() -> None:
    judged = Correct(True, "judge")
    truth = "myocardial infarction"
    assert is_right("Heart attack", truth, OPEN, "heart attack", judged)
    assert is_right("Myocardial infarction", truth, OPEN, "heart attack", judged)
    assert not is_right("angina", truth, OPEN, "heart attack", judged)
    assert not is_right("heart attack", truth, OPEN, "heart attack", Correct(False, "unjudged"))
    assert not is_right(None, truth, OPEN, "heart attack", judged)
    assert not is_right(None, truth, OPEN, None, Correct(False, "match"))


def test_mentions_carry_the_words_of_the_text() -> None:
    found = CLOSED.mentions("Herpes Zoster or ATOPIC dermatitis, not herpes")
    assert [(one.label, one.words) for one in found] == [
        ("shingles", "Herpes Zoster"),
        ("eczema", "ATOPIC dermatitis"),
        ("herpes", "herpes"),
    ]


FOLDER = 'name: ward\ntitle: Ward\ntopics: {duration: "since when"}\n'
CASE = '{"id": "a1", "split": "test", "complaint": "It burns.", "diagnosis": "Herpes zoster"}\n'


def folder(path: Path, aliases: str) -> Scenario:
    (path / "scenario.yaml").write_text(FOLDER + aliases)
    (path / "cases.jsonl").write_text(CASE)
    return load_scenario(str(path))


def test_aliases_of_open_diagnoses_stand_in_the_scenario_file(tmp_path: Path) -> None:
    scenario = folder(tmp_path, "aliases:\n  Herpes zoster: [shingles]\n")
    assert correct("SHINGLES", "Herpes zoster", scenario) == Correct(True, "alias")


@pytest.mark.parametrize(
    ("aliases", "labels", "told"),
    [
        ("aliases: {a: [x], b: [X]}\n", False, "the alias 'X' of 'b' names 'a', too"),
        ("aliases: {a: [B], b: [c]}\n", False, "the alias 'B' of 'a' names 'b', too"),
        ("aliases: {Herpes zoster: [shingles]}\n", True, "listed in labels.yaml"),
    ],
)
def test_aliases_that_mislead_are_refused(tmp_path: Path, aliases: str, labels: bool, told: str) -> None:
    if labels:
        (tmp_path / "labels.yaml").write_text("labels: {Herpes zoster: {specialty: dermatology, urgency: soon}}\n")
    with pytest.raises(ScenarioError, match=told):
        folder(tmp_path, aliases)


NAMES = ("Crohn's disease", "M\u00e9ni\u00e8re disease", "Confluent and reticulated papillomatosis", "Acne")
WARD = replace(
    CLOSED,
    labels={name: Label(name, "", None, aliases) for name, aliases in zip(NAMES, (("CD",), (), (), ()), strict=True)},
)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("Crohn\u2019s disease", "Crohn's disease"),
        ("Crohns disease", "Crohn's disease"),
        ("Meniere-disease", "M\u00e9ni\u00e8re disease"),
        ("Me\u0301nie\u0300re  DISEASE.", "M\u00e9ni\u00e8re disease"),
        ("I think it is Crohn`s disease's late stage", "Crohn's disease"),
        ("CONFLUENT and reticulated papillomatosis", "Confluent and reticulated papillomatosis"),
        ("Acnes", None),
        ("Crohn \u2013 disease of the bowel", None),
        ("Acne or Crohn\u2019s disease", None),
    ],
)
def test_a_label_is_read_in_any_spelling_in_which_names_are_equal(said: str, label: str | None) -> None:
    assert WARD.diagnosis(said) == name_of(said, WARD) == label
    for truth in NAMES:
        assert correct(said, truth, WARD).correct is (truth == label)


def test_all_names_of_derm34_are_read_as_their_labels() -> None:
    for label in CLOSED.labels.values():
        for name in (label.name, *label.aliases):
            assert CLOSED.diagnosis(name) == CLOSED.diagnosis(f"It\u2019s {name.upper()}.") == label.name
            assert not abstains(name)


@pytest.mark.parametrize(
    ("words", "by"),
    [("shingles", "match"), ("Herpes zoster", "alias"), ("shingles (herpes zoster)", "match"), (None, "match")],
)
def test_the_doctors_words_tell_a_name_from_an_alias(words: str | None, by: CorrectBy) -> None:
    assert correct("shingles", "shingles", CLOSED, words=words) == Correct(True, by)


ABSTENTIONS = (
    "I don't know", "I don\u2019t know.", "no diagnosis", "unknown", "N/A", "n.a.", "Unclear", "cannot be determined",
    "-", "\u2014", "?", "None", "not sure", "Diagnosis unclear", "cannot be determined from the information given", "",
    "No diagnosis yet", "insufficient information", "I cannot say.", "(unknown)", "[unknown]", "Diagnosis: unknown",
    "No idea", "not determined", "Inconclusive", "indeterminate", "not applicable", "I am not able to tell", "I can't",
    "I don't know what it is", "I cannot make a diagnosis without more information.", "Diagnosis: n/a",
    "I cannot tell from the photograph. More tests are needed", "not enough information to tell", "un\u00adknown",
)  # fmt: skip


@pytest.mark.parametrize("said", ABSTENTIONS)
def test_an_answer_that_names_no_diagnosis_is_wrong_and_nobody_has_to_judge_it(said: str) -> None:
    assert abstains(said)
    assert correct(said, "gout", OPEN) == Correct(False, "match")
    assert name_of(said, OPEN) is None
    assert correct("gout", said, OPEN) == Correct(None, None)


@pytest.mark.parametrize(
    "name",
    [
        "It could not be anything but flu",
        "don't know, flu",
        "I am not sure, perhaps flu",
        "I cannot be sure but flu",
        "not sure which, flu",
        "I don't know. Flu",
        "insufficient data, likely flu",
        "I cannot exclude flu",
        "Diagnosis: flu",
        "I can't breathe",
        "Fever of unknown origin",
        "Uncertain cell carcinoma",
        "Nonea",
        "Carcinoma of unknown primary",
        "NA-itis",
    ],
)
def test_a_diagnosis_is_no_abstention(name: str) -> None:
    assert not abstains(name) and correct(name, "gout", OPEN).by == "unjudged"


def test_two_names_of_one_diagnosis_are_two_votes_for_it() -> None:
    said = ["stroke", "zona", "SHINGLES", None, "unclear", "unclear", "n/a"]
    assert plurality(said, naming(OPEN)) == "Herpes zoster"
    assert plurality(["Gout", "gout.", "stroke"], naming(OPEN)) == "Gout"
    assert plurality(["a", "b"], naming(OPEN)) == "a"
    assert plurality([None, "unknown"], naming(OPEN)) is None


@pytest.mark.parametrize(
    "text", ["it is Crohn\u2019s disease", "CROHNS-DISEASE", "they say CD", "my crohn's diseases", "crohnsdisease"]
)
def test_any_spelling_gives_a_diagnosis_away(text: str) -> None:
    assert WARD.leaks(text) == ("Crohn's disease",)


def test_open_diagnoses_of_the_cases_and_their_aliases_are_given_away(tmp_path: Path) -> None:
    scenario = folder(tmp_path, "aliases:\n  Herpes Zoster: [shingles]\n  gout: []\n")
    assert scenario.leaks("they say it\u2019s shingles") == ("Herpes zoster",)
    assert scenario.leaks("herpes-zoster") == ("Herpes zoster",)
    assert scenario.leaks("it is no gout") == ("gout",)
    assert scenario.leaks("it burns") == ()


@pytest.mark.parametrize("said", ["a HERPES-ZOSTER", "the shingles", "An  herpes zoster", "(the zona)"])
def test_an_article_before_an_open_diagnosis_does_not_matter(said: str) -> None:
    assert correct(said, "Herpes zoster", OPEN).correct
    assert correct("Herpes zoster", said, OPEN).correct


@pytest.mark.parametrize("said", ["A-herpes zoster", "herpes zoster of the eye", "I think herpes zoster", "an"])
def test_an_open_name_must_be_the_whole_answer(said: str) -> None:
    assert correct(said, "Herpes zoster", OPEN).by == "unjudged"


def test_aliases_with_an_article_are_names_like_others() -> None:
    scenario = replace(CLOSED, labels={}, aliases={"The bends": ["a decompression sickness", "Caisson disease"]})
    for said in ("bends", "the bends", "Decompression sickness", "caisson disease"):
        assert correct(said, "The bends", scenario).correct and correct("Bends", said, scenario).correct
    assert plurality(["bends", "the bends", "gout"], naming(scenario)) == "The bends"


@pytest.mark.parametrize(("said", "label"), [("ecz\u00adema", "eczema"), ("it is ecz\u200bema", "eczema")])
def test_marks_that_nobody_sees_hide_no_label(said: str, label: str) -> None:
    assert CLOSED.diagnosis(said) == label and CLOSED.leaks(said) == (label,)


def test_long_answers_are_read_at_once() -> None:
    for tail in (" the" * 2_000 + ", flu", ", more the" * 1_000 + ", flu", "(" * 3_000 + ")" * 2_999):
        started = time.perf_counter()
        assert not abstains(f"I don't know{tail}")
        assert time.perf_counter() - started < 1


@given(st.text("aB _.\u00e9\u017fsS'", max_size=12), st.text("aB _.\u00e9sS'", max_size=4))
def test_a_clause_is_found_as_whole_words(text: str, clause: str) -> None:
    whole = re.search(rf"(?<!\w){re.escape(clause)}(?!\w)", text, re.IGNORECASE)
    assert has_clause(text, clause) == (whole is not None)
