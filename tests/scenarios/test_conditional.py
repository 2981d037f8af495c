"""Advice that depends on the patient: who is told what, and how it is read from a file."""

from __future__ import annotations

import pytest

from consult.scenarios import Label
from consult.scenarios.case import Card, Fact
from consult.scenarios.conditional import Advice, applying, known_facts, known_of
from consult.scenarios.files import LabelsFile
from consult.scenarios.folder import labels_of

DIABETES = {"conditions": ("diabetes",)}
PREGNANT = {"pregnancy": ("pregnant", "breastfeeding")}
GROWN = {"age": ("adult", "older")}


def known(**topics):
    return {topic: frozenset(values.split()) for topic, values in topics.items()}


@pytest.mark.parametrize(
    ("when", "facts", "applies"),
    [
        ((), {}, True),
        ((DIABETES,), {"conditions": "atopy diabetes"}, True),
        ((DIABETES,), {"conditions": "atopy"}, False),
        ((PREGNANT,), {"pregnancy": "breastfeeding"}, True),
        ((DIABETES | GROWN,), {"conditions": "diabetes", "age": "adult"}, True),
        ((DIABETES | GROWN,), {"conditions": "diabetes", "age": "child"}, False),
        ((DIABETES | GROWN,), {"conditions": "diabetes"}, False),
        ((DIABETES, GROWN), {"conditions": "diabetes"}, True),
        ((DIABETES, GROWN), {"age": "older"}, True),
        ((DIABETES, GROWN), {"age": "child", "conditions": "none"}, False),
    ],
)
def test_when(when, facts, applies):
    assert Advice("Rest.", when=when).applies(known(**facts)) is applies
    assert Advice("Rest.", unless=when).applies(known(**facts)) is not applies or not when


def test_both_when_and_unless():
    advice = Advice("Take the tablets.", when=(DIABETES,), unless=(PREGNANT, {"sex": ("male",)}))
    assert advice.applies(known(conditions="diabetes", sex="female"))
    assert not advice.applies(known(conditions="diabetes", sex="male"))
    assert not advice.applies(known(conditions="diabetes", sex="female", pregnancy="pregnant"))
    assert not advice.applies(known(sex="female"))
    assert advice.conditional and advice.topics == ("conditions", "pregnancy", "sex")


def test_what_is_not_known_fulfils_no_condition():
    assert not Advice("Rest.", when=(DIABETES,)).applies({})
    assert Advice("Rest.", unless=(DIABETES,)).applies({})
    # A fact without the name of a finding, as most of those written by hand, tells nothing.
    assert known_facts([Fact("conditions", "conditions", "I have diabetes")]) == {}


def test_the_sentences_keep_their_order():
    plan = (Advice("One."), Advice("Two.", when=(DIABETES,)), Advice("Three.", unless=(DIABETES,)))
    assert applying(plan, known(conditions="diabetes")) == ("One.", "Two.")
    assert applying(plan, {}) == ("One.", "Three.")


def test_a_card_tells_complaint_facts_examinations_and_sex():
    ills = [Fact(f"ills.{key}", "ills", f"I have {key}", key) for key in ("gout", "asthma")]
    warm = Fact("temperature", "temperature", "it is raised", "raised")
    card = Card(Fact("complaint", "complaint", "a rash", "rash"), tuple(ills), (warm,), sex="female")
    wanted = {"complaint": "rash", "ills": "gout asthma", "temperature": "raised", "sex": "female"}
    assert known_of(card) == known(**wanted)


def label(**spec):
    return labels_of(LabelsFile.model_validate({"labels": {"hives": {"specialty": "allergy", **spec}}}))["hives"]


def test_a_plan_is_read():
    steps = [
        "Keep cool.",
        {"say": "Leave fish out.", "when": {"food": ["fish"]}},
        {"say": "Take a tablet.", "unless": [{"pregnancy": ["pregnant"]}, {"age": ["child"], "sex": ["male"]}]},
    ]
    hives = label(plan=steps)
    assert hives.plan == (
        Advice("Keep cool."),
        Advice("Leave fish out.", when=({"food": ("fish",)},)),
        Advice("Take a tablet.", unless=({"pregnancy": ("pregnant",)}, {"age": ("child",), "sex": ("male",)})),
    )
    assert hives.conditional_topics == ("food", "pregnancy", "age", "sex")
    assert hives.plan_for(known(food="fish", age="child", sex="male")) == ("Keep cool.", "Leave fish out.")


@pytest.mark.parametrize(
    ("written", "facts", "told"),
    [
        ("Come back if it spreads.", {}, "Come back if it spreads."),
        (["Come back.", "Soon."], {}, "Come back. Soon."),
        (["Come back.", {"say": "Soon.", "when": {"age": ["child"]}}], {"age": "child"}, "Come back. Soon."),
        (["Come back.", {"say": "Soon.", "when": {"age": ["child"]}}], {"age": "adult"}, "Come back."),
        ({"say": "Soon.", "when": {"age": ["child"]}}, {"age": "child"}, "Soon."),
        ([], {}, ""),
    ],
)
def test_a_safety_net_is_text_or_a_list(written, facts, told):
    assert label(safety_net=written).safety_net_for(known(**facts)) == told


def test_a_step_for_some_patients_can_make_them_more_urgent():
    step = Advice("Have the eye looked at today.", ({"history": ("contact_lenses",)},), urgency="urgent")
    label = Label("red eye", "eyes", "soon", plan=(Advice("Wipe the lids."), step))
    assert label.urgency_for({}) == "soon"
    assert label.urgency_for({"history": frozenset({"contact_lenses"})}) == "urgent"
    assert Label("red eye", "eyes", None).urgency_for({}) is None
