"""Made-up panels: who believes what, what is drawn, and what an opinion adds to what a generalist believes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from consult.agents.acts import Opinion
from consult.rl.starter.evidence import Evidence, Knowledge
from consult.rl.starter.panel import (
    PASSES,
    RIGHT_BY_SIGHT,
    WORTH,
    drawn_field,
    panel,
    sharpened,
    specialist,
    weigh,
    with_expert,
)
from consult.scenarios import load_scenario
from consult.scenarios.bayes import normal
from consult.scenarios.case_generator import Grammar

SCENARIO = load_scenario("derm34")
assert isinstance(SCENARIO.source, Grammar)
GRAMMAR = SCENARIO.source
KNOWLEDGE = Knowledge(GRAMMAR)
LABELS = tuple(SCENARIO.labels)
BELIEF = {"acne": 0.5, "hives": 0.3, "eczema": 0.2}
SURE, PROBABLE, UNSURE = 0.9, 0.6, 0.2


def evidence(number: int, asked: int = 6) -> Evidence:
    made = Evidence(KNOWLEDGE, number, random.Random(number))
    made.opening()
    made.interview(asked)
    return made


def opinions(*named: str | None, confidence: float = PROBABLE) -> tuple[Opinion, ...]:
    return tuple(Opinion("dermatology", name, confidence, "") for name in named)


# -- weighing ----------------------------------------------------------------------------------------------------------


def test_who_asked_nobody_believes_as_before() -> None:
    assert weigh(BELIEF, ()) == BELIEF


@pytest.mark.parametrize("confidence", [UNSURE, PROBABLE, SURE])
def test_the_more_agree_the_more_they_weigh(confidence: float) -> None:
    weights = [weigh(BELIEF, opinions(*["hives"] * n, confidence=confidence))["hives"] for n in range(1, 4)]
    assert weights == sorted(weights) and len(set(weights)) == 3
    assert weights[0] > weigh(BELIEF, opinions(None))["hives"]
    # Members have much in common: the second says less than the first, unless both are sure.
    assert (WORTH.more["perhaps"] < WORTH.first["perhaps"]) and (WORTH.more["probably"] < WORTH.first["probably"])


def test_the_surer_the_more_they_weigh() -> None:
    for count in (1, 2, 3):
        weights = [weigh(BELIEF, opinions(*["hives"] * count, confidence=c))["hives"] for c in (UNSURE, PROBABLE, SURE)]
        assert weights == sorted(weights) and len(set(weights)) == 3


def test_who_passes_says_nothing() -> None:
    heard = weigh(BELIEF, opinions("hives", "acne"))
    assert weigh(BELIEF, opinions(None, "hives", None, "acne", None)) == heard
    # Nor does it matter who speaks first.
    assert weigh(BELIEF, opinions("acne", "hives")) == pytest.approx(heard)
    assert weigh(BELIEF, opinions(None, None, None)) == BELIEF == weigh(BELIEF, ())


def test_what_is_weighed_adds_up_and_leaves_the_odds_of_the_others() -> None:
    for named in (("hives",), ("hives", "hives", "eczema"), (None, None, "acne")):
        assert sum(weigh(BELIEF, opinions(*named)).values()) == pytest.approx(1)
    after = weigh(BELIEF, opinions("hives"))
    # What the generalist believes itself counts for less, once others were heard.
    assert after["acne"] / after["eczema"] == pytest.approx((BELIEF["acne"] / BELIEF["eczema"]) ** WORTH.belief)


def test_a_panel_that_agrees_outweighs_a_generalists_belief_and_one_doubter_does_not() -> None:
    agreeing, doubting = opinions(*["eczema"] * 3, confidence=SURE), opinions("eczema", confidence=UNSURE)
    assert best(weigh(BELIEF, agreeing)) == "eczema" and best(weigh(BELIEF, doubting)) == "acne"


def best(belief: object) -> str:
    assert isinstance(belief, dict)
    return str(max(belief, key=lambda label: belief[label]))


def test_an_impossible_diagnosis_can_be_named_all_the_same() -> None:
    weighed = weigh({"acne": 1.0, "hives": 0.0}, opinions("hives"))
    assert 0 < weighed["hives"] < 0.1


# -- the predictions of a classifier ----------------------------------------------------------------------------------


def test_a_classifiers_predictions_weigh_by_their_rank() -> None:
    even = dict.fromkeys(LABELS, 1 / len(LABELS))
    told = with_expert(even, ("hives", "acne", "eczema"))
    assert [told[label] for label in ("hives", "acne", "eczema")] == pytest.approx(RIGHT_BY_SIGHT)
    assert sum(told.values()) == pytest.approx(1) and told["abscess"] == pytest.approx(told["shingles"])
    assert told["abscess"] < RIGHT_BY_SIGHT[-1]
    assert with_expert(BELIEF, ()) == BELIEF


# -- members -----------------------------------------------------------------------------------------------------------


def test_a_specialist_leans_to_its_own_field_and_passes_on_patients_of_others() -> None:
    own_passes: list[float] = []
    other_passes: list[float] = []
    for number in range(40):
        made = evidence(number)
        truth = GRAMMAR.labels[made.case.truth.diagnosis or ""].specialty
        for specialty, own in KNOWLEDGE.fields.items():
            for member in range(3):
                belief, passes = specialist(made, True, specialty, member)
                assert float(belief.sum()) == pytest.approx(1) and 0 <= passes <= PASSES + 1e-9
                unbiased = normal(made.of_field(True, specialty, member))
                assert belief[own].sum() >= unbiased[own].sum() - 1e-9
                (own_passes if specialty == truth else other_passes).append(passes)
    assert np.mean(own_passes) < 0.5 * np.mean(other_passes)


def test_a_panel_is_drawn_from_what_its_members_believe() -> None:
    named = Counter[bool]()
    for number in range(60):
        made = evidence(number)
        members = panel(made, True, "dermatology", 3)
        assert len(members) == 3
        for member, opinion in enumerate(members):
            belief, passes = specialist(made, True, "dermatology", member)
            chance = passes if opinion.diagnosis is None else belief[LABELS.index(opinion.diagnosis)] * (1 - passes)
            assert opinion.specialty == "dermatology" and opinion.confidence == pytest.approx(float(chance))
            named[opinion.diagnosis is None] += 1
    assert min(named.values()) > 5


def test_the_same_draw_gives_the_same_panel() -> None:
    def drawn(seed: int) -> Sequence[Opinion]:
        made = evidence(7)
        made.rng = random.Random(seed)
        return panel(made, True, "dermatology", 5)

    assert drawn(1) == drawn(1) and len({drawn(seed) for seed in range(12)}) > 1


def test_a_panel_of_the_right_field_is_right_more_often_than_a_generalist() -> None:
    panels = generalists = 0
    for number in range(120):
        made = evidence(number)
        truth = made.case.truth.diagnosis or ""
        heard = panel(made, True, GRAMMAR.labels[truth].specialty, 3)
        panels += best(weigh(made.general(True), heard)) == truth
        generalists += best(made.general(True)) == truth
    assert panels > generalists + 10


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_what_is_drawn_is_sharper_and_has_no_tail() -> None:
    chances = np.array([0.6, 0.3, 0.08, 0.02])
    drawn = sharpened(chances)
    assert drawn.sum() == pytest.approx(1) and drawn[0] > chances[0]
    assert drawn[0] / drawn[1] == pytest.approx((0.6 / 0.3) ** (1 / 0.7))
    assert drawn.tolist()[-1] == 0 and drawn[1] > 0
    assert sharpened(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]
    assert sharpened(np.array([0.5, 0.5])) == pytest.approx(np.array([0.5, 0.5]))


def test_a_patient_is_sent_where_the_belief_is() -> None:
    made, rng = evidence(0), random.Random(0)
    certain = {label: float(label == "caries") for label in LABELS}
    assert {drawn_field(made, certain, rng) for _ in range(20)} == {GRAMMAR.labels["caries"].specialty}
    split = {label: {"caries": 0.7, "acne": 0.3}.get(label, 0.0) for label in LABELS}
    sent = Counter(drawn_field(made, split, rng) for _ in range(400))
    assert set(sent) == {GRAMMAR.labels[label].specialty for label in ("caries", "acne")}
    assert sent[GRAMMAR.labels["caries"].specialty] / 400 == pytest.approx(
        0.7 ** (1 / 0.7) / (0.7 ** (1 / 0.7) + 0.3 ** (1 / 0.7)), abs=0.07
    )
