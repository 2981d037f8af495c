"""What is worth asking: the expected information, held against a computation by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import pytest

from consult.agents.prompt_formats.starter_tags import TOPIC_TAGS
from consult.rl.starter.information_gain import HABIT, PRESSING, READINESS, InformationGain
from consult.scenarios import load_scenario
from consult.scenarios.case import ALARM
from consult.scenarios.case_generator import Grammar
from consult.scenarios.tables import FindingTables, Value

SCENARIO = load_scenario("derm34")
assert isinstance(SCENARIO.source, Grammar)
FULL = InformationGain(SCENARIO.source.tables)
LABELS = list(SCENARIO.labels)
TABLES = {
    "flu": {"site": {"nose": 0.5, "chest": 0.5}, "duration": {"days": 0.9, "weeks": 0.1}, "age": {"old": 1.0}},
    "cold": {"site": {"nose": 0.5, "chest": 0.5}, "duration": {"days": 0.5, "weeks": 0.5}, "age": {"old": 1.0}},
    "cough": {"site": {"chest": 1.0}, "duration": {"weeks": 0.2, "months": 0.8}, "age": {"old": 1.0}},
}
MENUS = {"site": ("nose", "chest"), "duration": ("days", "weeks", "months"), "age": ("old",), "alarm": ("none",)}
VALUES = {
    topic: {key: Value(key, views=("face",) if topic == "site" else ()) for key in keys}
    for topic, keys in MENUS.items()
}
SMALL = InformationGain(FindingTables(TABLES, VALUES))


def entropy(table: Mapping[str, float]) -> float:
    return -sum(p * math.log(p) for p in table.values() if p)


def expected_drop(prior: Mapping[str, float], topic: str) -> float:
    """Ask, hear each value as often as it is heard, and update."""
    left = 0.0
    for value in {value for table in TABLES.values() for value in table[topic]}:
        joint = {label: p * TABLES[label][topic].get(value, 0.0) for label, p in prior.items()}
        heard = sum(joint.values())
        left += heard * entropy({label: p / heard for label, p in joint.items()}) if heard else 0.0
    return entropy(prior) - left


def some_posterior(rng: random.Random, labels: Sequence[str]) -> dict[str, float]:
    weights = {label: rng.random() ** 4 for label in labels}
    return {label: w / sum(weights.values()) for label, w in weights.items()}


@pytest.mark.parametrize(
    "prior",
    [
        {"flu": 1 / 3, "cold": 1 / 3, "cough": 1 / 3},
        {"flu": 0.5, "cold": 0.5, "cough": 0.0},
        {"flu": 0.2, "cold": 0.1, "cough": 0.7},
    ],
)
@pytest.mark.parametrize("topic", ["site", "duration"])
def test_information_is_the_expected_drop_of_the_entropy(prior: dict[str, float], topic: str) -> None:
    assert SMALL.information(prior, topic) == pytest.approx(expected_drop(prior, topic), abs=1e-12)


def test_what_tells_nobody_apart_is_worth_nothing() -> None:
    even = {"flu": 0.5, "cold": 0.5, "cough": 0.0}
    assert SMALL.information(even, "site") == pytest.approx(0, abs=1e-12)
    assert SMALL.information(even, "duration") > 0.05


def test_rounding_takes_nothing_below_zero() -> None:
    alike = {"site": {"nose": 0.3, "chest": 0.7}}
    same = InformationGain(FindingTables({"flu": alike, "cold": alike}, VALUES))
    gains = [same.information({"flu": n / 100, "cold": 1 - n / 100}, "site") for n in range(101)]
    assert min(gains) == 0 and max(gains) < 1e-12


def test_a_topic_without_a_table_or_a_difference_is_worth_nothing() -> None:
    even = dict.fromkeys(TABLES, 1 / 3)
    assert SMALL.information(even, "age") == pytest.approx(0, abs=1e-12)
    assert SMALL.information(even, "weather") == 0


def test_it_is_never_below_zero_nor_above_what_is_not_known() -> None:
    rng = random.Random(0)
    for _ in range(50):
        posterior = some_posterior(rng, LABELS)
        for topic in READINESS:
            assert 0 <= FULL.information(posterior, topic) <= entropy(posterior) + 1e-9


@pytest.mark.parametrize("label", LABELS[::5])
def test_a_certain_diagnosis_leaves_nothing_to_learn(label: str) -> None:
    certain = {name: float(name == label) for name in LABELS}
    assert [FULL.information(certain, topic) for topic in READINESS] == pytest.approx([0.0] * len(READINESS), abs=1e-9)


def test_every_topic_and_examination_of_derm34_can_be_weighed() -> None:
    # Nobody asks about the complaint, which is told at once, nor about the age, which stands on the file.
    assert set(READINESS) == set(TOPIC_TAGS) - {"complaint", "age"}
    assert set(READINESS) == {*SCENARIO.topics, *SCENARIO.examinations} - {"age"}
    even = dict.fromkeys(LABELS, 1 / len(LABELS))
    told = {topic: FULL.information(even, topic) for topic in READINESS}
    assert all(gain > 0 for gain in told.values())


def test_what_may_not_be_asked_is_not_weighed_and_what_tells_most_weighs_as_much_as_doctors_are_ready_to_ask() -> None:
    even = dict.fromkeys(LABELS, 1 / len(LABELS))
    left = [topic for topic in READINESS if topic not in ("site", "duration")]
    weights = FULL.weights(even, [*left, "age", "hobbies"], 2)
    assert list(weights) == left
    best = max(set(weights) - {ALARM}, key=lambda topic: FULL.information(even, topic))
    gains = {topic: FULL.information(even, topic) for topic in left}
    for topic, weight in weights.items():
        if topic != ALARM:
            share = HABIT + (1 - HABIT) * (gains[topic] / max(gains.values())) ** 2
            assert weight == pytest.approx(READINESS[topic] * share)
            assert HABIT * READINESS[topic] - 1e-12 <= weight <= READINESS[topic] + 1e-12
    assert all(weights[best] / READINESS[best] >= weights[t] / READINESS[t] for t in left if t != ALARM)
    assert FULL.weights(even, (), 2) == {}


def test_a_certain_diagnosis_leaves_habit() -> None:
    certain = {name: float(name == "acne") for name in LABELS}
    # Rounding may leave the tiniest of gains where a topic has several values, and the largest counts in full.
    exact = [topic for topic in READINESS if FULL.information(certain, topic) == 0]
    assert len(exact) > 10
    expected = {topic: HABIT * READINESS[topic] for topic in exact} | {ALARM: READINESS[ALARM]}
    assert FULL.weights(certain, [*exact, ALARM], 0) == pytest.approx(expected)


def test_alarms_press_the_more_the_more_is_known_whatever_they_tell() -> None:
    for posterior in (dict.fromkeys(LABELS, 1 / len(LABELS)), {name: float(name == "acne") for name in LABELS}):
        by_known = [FULL.weights(posterior, READINESS, known) for known in range(6)]
        assert [weights[ALARM] for weights in by_known] == pytest.approx(
            [READINESS[ALARM] * (1 + PRESSING * known) for known in range(6)]
        )
        assert by_known[5][ALARM] > 2 * by_known[0][ALARM]
        others = [{topic: w for topic, w in weights.items() if topic != ALARM} for weights in by_known]
        assert all(weights == others[0] for weights in others)
        # Who has asked about them does not ask again.
        assert ALARM not in FULL.weights(posterior, [topic for topic in READINESS if topic != ALARM], 5)


def test_what_is_suspected_decides_what_is_asked() -> None:
    """Two diagnoses that one topic alone tells apart: that topic comes first."""
    prior = {"flu": 0.5, "cold": 0.5, "cough": 0.0}
    weights = SMALL.weights(prior, READINESS, 0)
    share = {topic: weight / READINESS[topic] for topic, weight in weights.items()}
    assert share["duration"] == pytest.approx(1) and share["site"] == pytest.approx(HABIT)
