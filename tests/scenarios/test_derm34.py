"""derm34: its labels, its cases, and how well they can be told apart."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import combinations

import pytest

from consult.scenarios import load_scenario
from consult.scenarios.ceilings import ceilings

SPECIALTIES = {
    "dermatology": "eczema, seborrheic dermatitis, psoriasis, lichen planus, chronic lichen, rosacea, acne, "
    "keratosis pilaris, vitiligo",
    "allergy clinic": "allergic contact dermatitis, contact dermatitis, hives",
    "skin-tumour clinic": "actinic keratosis, seborrheic keratosis",
    "skin-infection clinic": "herpes, shingles, chickenpox, molluscum contagiosum, warts, mycosis",
    "nail clinic": "ingrown nail, onychomycosis, onycholysis, nail dystrophy",
    "minor surgery": "abscess",
    "dentistry": "caries, dental calculus, gingivitis, periodontitis, stomatitis",
    "ophthalmology": "chalazion, conjunctivitis, stye",
    "otorhinolaryngology": "tonsillitis",
}
SPECIALTY_OF = {label: clinic for clinic, labels in SPECIALTIES.items() for label in labels.split(", ")}
SIZES = {"train": 6800, "validation": 680, "test": 680}
CHECKSUM = "bbda4875ef3d6583f3ca4817e0397983420551762787ab652d5d4d7d1900ec8f"
"""Of the first cases' ids, facts and truths: a run of an older version played the same ones."""


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("derm34")


@pytest.fixture(scope="module")
def grammar(scenario):
    return scenario.source


@pytest.fixture(scope="module")
def test_cases(scenario):
    return [scenario.case(i) for i in scenario.case_ids("test")]


@pytest.fixture(scope="module")
def train_cases(scenario):
    return [scenario.case(i) for i in scenario.case_ids("train")[:680]]


def all_facts(case):
    return (case.card.complaint, *case.card.facts, *case.card.examinations)


def test_the_labels_and_their_specialties(scenario):
    assert len(scenario.labels) == 34
    assert {name: label.specialty for name, label in scenario.labels.items()} == SPECIALTY_OF
    assert set(scenario.specialties) == set(SPECIALTIES)


def test_the_splits_are_balanced(scenario):
    assert dict(scenario.splits) == SIZES
    for split, size in SIZES.items():
        ids = scenario.case_ids(split)
        assert len(set(ids)) == size
    for split in ("validation", "test"):
        truths = Counter(scenario.case(i).truth.diagnosis for i in scenario.case_ids(split))
        assert set(truths.values()) == {20}


def test_the_first_cases_go_round_the_labels(test_cases, train_cases):
    for cases in (test_cases, train_cases):
        for start in range(0, 680, 34):
            assert {case.truth.diagnosis for case in cases[start : start + 34]} == set(SPECIALTY_OF)


def test_the_same_id_gives_the_same_case(scenario):
    again = load_scenario("derm34")
    for case_id in ("test-0000", "train-6799", "validation-0123"):
        assert scenario.case(case_id) == again.case(case_id)
        assert scenario.case(case_id).photograph.load().tobytes() == again.case(case_id).photograph.load().tobytes()


def test_the_cases_are_those_of_every_version(test_cases, train_cases):
    digest = hashlib.sha256()
    for case in (*test_cases[:102], *train_cases[:34]):
        facts = [(f.id, f.value, f.text) for f in all_facts(case)]
        truth = case.truth
        told = [truth.diagnosis, truth.specialty, truth.urgency, truth.red_flag, case.card.opening, case.card.name]
        digest.update(json.dumps([case.id, facts, told, case.photograph.load.args]).encode())
    assert digest.hexdigest() == CHECKSUM


def values_of(case):
    """What a patient can say and an examination shows, by its values: name, age and wording aside."""
    return tuple(sorted((f.topic, f.value) for f in all_facts(case) if f.topic != "age"))


def test_no_two_splits_share_a_card(grammar):
    # `_make` is `make` without the memory, from which 8,160 cases would push out each other.
    cards = {s: {values_of(grammar._make(s, n)) for n in range(size)} for s, size in SIZES.items()}
    for one, other in combinations(cards, 2):
        assert not cards[one] & cards[other], (one, other)


def test_held_out_wording_and_drawing_occur_in_held_out_test_cases_only(grammar, test_cases, train_cases):
    styles = Counter(case.style for case in test_cases)
    assert styles == {"in-style": 510, "held-out": 170}
    assert {case.style for case in train_cases} == {"in-style"}
    for case in (*test_cases, *train_cases):
        drawing_style = case.photograph.load.args[-1]
        assert (drawing_style == "window") == (case.style == "held-out")
        for fact in all_facts(case):
            assert fact.text in sayings(grammar, fact, case), (case.id, fact)


_SAYINGS = {}


def sayings(grammar, fact, case):
    """All that a fact may say in a case's style."""
    key = (fact.topic, fact.value, case.style, fact.topic == "age" and case.card.age)
    if key not in _SAYINGS or fact.topic == "duration":
        spec = grammar.tables.values[fact.topic][fact.value]
        if fact.topic == "age":
            texts = [
                t.replace("{age}", str(case.card.age)) for t in grammar.wordings(grammar.age_phrasings, case.style)
            ]
        elif fact.topic == "duration":
            spans = [f"{n} {spec.unit if n > 1 else spec.unit[:-1]}" for n in range(1, spec.high + 1)]
            usual = grammar.wordings(grammar.duration_phrasings, case.style)
            texts = [t.replace("{duration}", span) for t in usual for span in spans]
        else:
            usual, items = (grammar.wordings(texts, case.style) for texts in (spec.phrasings, spec.items))
            texts = [t.replace("{item}", item) for t in usual for item in items or [""]]
        _SAYINGS[key] = set(texts)
    return _SAYINGS[key]


def test_every_value_holds_phrasings_out(grammar):
    for topic, values in grammar.tables.values.items():
        for value in values.values():
            if topic not in ("morphology", "age", "duration"):
                usual, held_out = (grammar.wordings(value.phrasings, s) for s in ("in-style", "held-out"))
                assert usual and held_out and not set(usual) & set(held_out), (topic, value.key)


def test_the_ceilings(grammar):
    value = {ceiling.name: ceiling.value for ceiling in ceilings(grammar)}
    assert 0.55 <= value["photograph"] <= 0.65
    assert 0.75 <= value["card"] <= 0.85
    assert value["card and photograph"] >= 0.92
    assert value["triage from complaint and photograph"] >= 0.88


def test_red_flags_are_rare_and_raise_the_urgency(scenario, test_cases, train_cases):
    cases = [*test_cases, *train_cases]
    flagged = [case for case in cases if case.truth.red_flag]
    assert 0.05 <= len(flagged) / len(cases) <= 0.10
    mean = sum(sum(label.red_flags.values()) for label in scenario.labels.values()) / 34
    assert 0.05 <= mean <= 0.10
    assert {case.truth.urgency for case in flagged} <= {"urgent", "emergency"}
    assert all(case.truth.red_flag in scenario.labels[case.truth.diagnosis].red_flags for case in flagged)
    for case in cases:
        alarm = case.card.about("alarm")[0]
        assert alarm.none == (case.truth.red_flag is None)
        assert case.card.opening in ((), ("alarm",))
        assert not case.card.opening or case.truth.red_flag


def test_what_threatens_the_eye_is_near_it(grammar, test_cases, train_cases):
    flagged = [case for case in (*test_cases, *train_cases) if case.truth.red_flag == "near_eye"]
    assert len(flagged) > 5
    for case in flagged:
        (site,) = case.card.about("site")
        assert grammar.tables.view_of(site.value) in ("face", "scalp", "lip", "mucosa"), (case.id, site.text)


def test_nobody_is_ill_for_longer_than_they_have_lived(test_cases, train_cases):
    for case in (*test_cases, *train_cases):
        (duration,) = case.card.about("duration")
        words = duration.text.split()
        number = next(int(word) for word in words if word.isdigit())
        assert number >= 1
        assert duration.value != "years" or number <= case.card.age
        assert any(word.strip(".").rstrip("s") + "s" == duration.value for word in words)


def test_the_photograph_shows_the_site(grammar, test_cases, train_cases):
    for case in (*test_cases, *train_cases):
        morphology, view, skin_type = case.photograph.load.args[:3]
        (site,) = case.card.about("site")
        assert view == grammar.tables.view_of(site.value)
        assert (morphology, skin_type) == (case.truth.morphology, case.card.skin_type)


def test_a_photograph_is_drawn(test_cases):
    assert test_cases[0].photograph.load().size == (192, 192)


def test_no_fact_names_a_diagnosis(scenario, test_cases):
    for case in test_cases:
        assert not [f.text for f in all_facts(case) if scenario.diagnoses(f.text)]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("herpes zoster", "shingles"),
        ("Herpes Zoster, most likely", "shingles"),
        ("herpes", "herpes"),
        ("atopic dermatitis", "eczema"),
        ("allergic contact dermatitis", "allergic contact dermatitis"),
        ("contact dermatitis", "contact dermatitis"),
        ("It is psoriasis. I am sure: psoriasis.", "psoriasis"),
        ("seborrhoeic or contact dermatitis", "contact dermatitis"),
        ("acnes", None),
        ("psoriasis or eczema", None),
        ("nothing I know", None),
        ("", None),
    ],
)
def test_a_text_names_a_label_by_whole_words_the_longest_first(scenario, text, label):
    assert scenario.diagnosis(text) == label


def test_every_alias_names_its_label(scenario):
    for label in scenario.labels.values():
        for name in (label.name, *label.aliases):
            assert scenario.diagnosis(f"I think it is {name.upper()}.") == label.name


def test_labels_say_what_a_patient_asks_back(scenario):
    for label in scenario.labels.values():
        assert set(label.answers) == {"contagious", "outlook", "serious", "cause"}
        assert label.explanation and label.plan and label.safety_net
