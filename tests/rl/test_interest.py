"""What is worth asking: the expected information, held against a computation by hand."""

import math
import random

import pytest

from consult.agents.dialects.starter import TOPIC_TAGS
from consult.rl.starter.interest import HABIT, READINESS, Interest
from consult.scenarios import load_scenario
from consult.scenarios.tables import FindingTables, Value

SCENARIO = load_scenario("derm34")
FULL = Interest(SCENARIO.source.tables)
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
SMALL = Interest(FindingTables(TABLES, VALUES))


def entropy(table):
    return -sum(p * math.log(p) for p in table.values() if p)


def expected_drop(prior, topic):
    """Ask, hear each value as often as it is heard, and update."""
    left = 0.0
    for value in {value for table in TABLES.values() for value in table[topic]}:
        joint = {label: p * TABLES[label][topic].get(value, 0.0) for label, p in prior.items()}
        heard = sum(joint.values())
        left += heard * entropy({label: p / heard for label, p in joint.items()}) if heard else 0.0
    return entropy(prior) - left


def some_posterior(rng, labels):
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
def test_information_is_the_expected_drop_of_the_entropy(prior, topic):
    assert SMALL.information(prior, topic) == pytest.approx(expected_drop(prior, topic), abs=1e-12)


def test_what_tells_nobody_apart_is_worth_nothing():
    even = {"flu": 0.5, "cold": 0.5, "cough": 0.0}
    assert SMALL.information(even, "site") == pytest.approx(0, abs=1e-12)
    assert SMALL.information(even, "duration") > 0.05


def test_rounding_takes_nothing_below_zero():
    alike = {"site": {"nose": 0.3, "chest": 0.7}}
    same = Interest(FindingTables({"flu": alike, "cold": alike}, VALUES))
    gains = [same.information({"flu": n / 100, "cold": 1 - n / 100}, "site") for n in range(101)]
    assert min(gains) == 0 and max(gains) < 1e-12


def test_a_topic_without_a_table_or_a_difference_is_worth_nothing():
    even = dict.fromkeys(TABLES, 1 / 3)
    assert SMALL.information(even, "age") == pytest.approx(0, abs=1e-12)
    assert SMALL.information(even, "weather") == 0


def test_it_is_never_below_zero_nor_above_what_is_not_known():
    rng = random.Random(0)
    for _ in range(50):
        posterior = some_posterior(rng, LABELS)
        for topic in READINESS:
            assert 0 <= FULL.information(posterior, topic) <= entropy(posterior) + 1e-9


@pytest.mark.parametrize("label", LABELS[::5])
def test_a_certain_diagnosis_leaves_nothing_to_learn(label):
    certain = {name: float(name == label) for name in LABELS}
    assert [FULL.information(certain, topic) for topic in READINESS] == pytest.approx([0.0] * len(READINESS), abs=1e-9)


def test_every_topic_and_examination_of_derm34_can_be_weighed():
    # The starter's format has no tag for the others.
    asked = {topic for topic in SCENARIO.topics if topic in TOPIC_TAGS}
    assert set(READINESS) == {*asked, *SCENARIO.examinations}
    even = dict.fromkeys(LABELS, 1 / len(LABELS))
    told = {topic: FULL.information(even, topic) for topic in READINESS}
    assert all(gain > 0 for gain in told.values())


def test_what_is_known_is_not_weighed_and_what_tells_most_weighs_as_much_as_doctors_are_ready_to_ask():
    even = dict.fromkeys(LABELS, 1 / len(LABELS))
    known = ("site", "duration")
    weights = FULL.weights(even, known)
    assert set(weights) == set(READINESS) - set(known)
    best = max(weights, key=lambda topic: FULL.information(even, topic))
    assert weights[best] == pytest.approx(READINESS[best])
    for topic, weight in weights.items():
        assert HABIT * READINESS[topic] - 1e-12 <= weight <= READINESS[topic] + 1e-12
    assert FULL.weights(even, tuple(READINESS)) == {}


def test_a_certain_diagnosis_leaves_habit():
    certain = {name: float(name == "acne") for name in LABELS}
    expected = {topic: HABIT * readiness for topic, readiness in READINESS.items()}
    # Rounding may leave the tiniest of gains, and the largest of them would count in full.
    assert FULL.weights(certain, ()) == pytest.approx(expected)


def test_what_is_suspected_decides_what_is_asked():
    """Two diagnoses that one topic alone tells apart: that topic comes first."""
    prior = {"flu": 0.5, "cold": 0.5, "cough": 0.0}
    weights = SMALL.weights(prior, ())
    share = {topic: weight / READINESS[topic] for topic, weight in weights.items()}
    assert share["duration"] == pytest.approx(1) and share["site"] == pytest.approx(HABIT)
