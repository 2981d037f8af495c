"""3MDBench's scorer, defects included, and why our own accuracy differs from it."""

import csv
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from making import outcome
from sklearn.metrics import precision_recall_fscore_support

from consult.envs.metrics.diagnosis import accuracy, f1
from consult.envs.metrics.mdbench_scorer import extracted, legacy, predictions, renamed, score, synonyms, whole_names
from consult.scenarios import load_scenario
from consult.scenarios.correct import naming

LABELS = sorted(load_scenario("derm34").labels)
SHARED = Path(__file__).parents[4] / "shared" / "data" / "3mdbench" / "aliases.csv"
NAME = naming(load_scenario("derm34"))
PHRASES = [" ".join(part) for line in synonyms() for part in ([[p] for p in line.get("any", ())] or [line["all"]])]


def made(seed, n=1000):
    """Make texts of extracted diagnoses, with whatever the scorer treats in a way of its own."""
    rng, found = random.Random(seed), []
    for i in range(n):
        truth = rng.choice(LABELS)
        answers: list[Callable[..., str]] = [
            lambda truth=truth: truth,
            lambda: rng.choice(LABELS),
            lambda: "none",
            lambda i=i: f"a {PHRASES[i % len(PHRASES)].upper()} of the skin",
            lambda: rng.choice(PHRASES),
            lambda truth=truth: f"`{truth}`, {rng.choice(LABELS)}",
            lambda: f"none, {rng.choice(LABELS)}\n",
            lambda: "something else",
            lambda: "",
        ]
        found.append((rng.choice(answers)(), truth.capitalize() if rng.random() < 0.1 else truth))
    return found


def conditions(text):
    """Read a condition of the peer's list: quoted parts, joined by `or`, or by `and`."""
    return re.findall(r'"([^"]+)"', text), any if " or " in text or " and " not in text else all


def independent(texts, rename):
    """Follow the six steps of the description once more, by other means."""
    true, said, dropped = [], [], 0
    for text, truth in texts:
        items = [item.strip() for item in re.sub(r"[\n`]", "", text).split(",")]
        if len(items) == 1 and items[0] == "none":
            dropped += 1
            continue
        said += [rename(item) for item in items]
        true += [truth.lower()] * len(items)
    scores = precision_recall_fscore_support(true, said, labels=LABELS, zero_division=0.0)
    return sum(f * n for f, n in zip(scores[2], scores[3], strict=True)) / sum(scores[3]), dropped / len(texts)


@pytest.mark.parametrize("seed", range(3))
def test_it_equals_an_independent_computation_on_a_thousand_outputs(seed):
    texts = made(seed)
    assert all(any(phrase in text.lower() for text, _ in texts) for phrase in PHRASES)
    found = score(texts, LABELS)
    value, dropped = independent(texts, renamed)
    assert found.f1 == pytest.approx(value, abs=1e-9)
    assert found.dropped == pytest.approx(dropped, abs=1e-9) and dropped > 0
    assert found.predictions > sum(text != "none" for text, _ in texts)


@pytest.mark.skipif(not SHARED.exists(), reason="the peer's own synonym list is not beside the repository")
def test_the_shipped_list_says_what_the_peers_says():
    with SHARED.open() as file:
        lines = [(*conditions(row[1]), row[2]) for row in list(csv.reader(file))[1:]]

    def rename(item):
        return next((name for parts, how, name in lines if how(p in item.lower() for p in parts)), item)

    texts = [item for seed in range(3) for text, _ in made(seed) for item in text.split(",")]
    assert [renamed(item) for item in texts] == [rename(item) for item in texts]
    made_up = made(4)
    assert score(made_up, LABELS).f1 == pytest.approx(independent(made_up, rename)[0], abs=1e-9)


def test_an_unfinished_dialogue_is_scored_as_if_it_had_finished_and_ours_is_wrong():
    played = [outcome(0, "acne", "acne"), outcome(1, "hives", None, words="hives", status="unfinished")]
    assert legacy(played, LABELS).f1 == 1
    assert accuracy(played).value == 0.5


def test_zoster_becomes_herpes_and_ours_is_shingles():
    assert renamed("Herpes zoster") == "herpes"
    assert NAME("Herpes zoster") == "shingles"
    played = [outcome(0, "shingles", NAME("herpes zoster"), words="herpes zoster")]
    assert legacy(played, LABELS).f1 == 0 and accuracy(played).value == 1


def test_an_abstention_raises_its_figure_and_lowers_ours():
    played = [outcome(0, "acne", "acne"), outcome(1, "hives", None)]
    assert legacy(played, LABELS).f1 == 1 and legacy(played, LABELS).dropped == 0.5
    assert accuracy(played).value == 0.5 and accuracy(played).n == 2
    assert f1(played, LABELS)["weighted"].value == 0.5


CAPITALS = ["Myasthenia gravis", "Impetigo"]


@pytest.mark.parametrize(
    ("words", "text", "said"),
    [
        ("melanoma", "melanoma", ("melanoma",)),
        ("eczema or psoriasis", "eczema, psoriasis", ("eczema", "psoriasis")),
        ("Either eczema, or psoriasis.", "eczema, psoriasis", ("eczema", "psoriasis")),
        ("Atopic dermatitis and/or Tinea versicolor", "atopic dermatitis, tinea versicolor", ("eczema", "mycosis")),
        ("herpes zoster", "herpes zoster", ("herpes",)),
        ("Herpes Zoster", "herpes zoster", ("herpes",)),
        ("Myasthenia gravis", "myasthenia gravis", ("myasthenia gravis",)),
        ("`Eczema`\n", "`eczema`", ("eczema",)),
        ("corns", "corns", ("corns",)),
        ("**Acne**", "acne", ("acne",)),
        ("None.", "none", None),
        (None, "none", None),
        ("", "none", None),
    ],
)
def test_a_doctors_words_are_extracted_and_renamed_as_its_notebook_does(words, text, said):
    assert extracted(words) == text
    assert predictions(text) == said


@pytest.mark.parametrize(
    ("words", "truth", "f1", "predicted"),
    [
        # Outside the list: a miss, which is no abstention.
        ("melanoma", "eczema", 0.0, 1),
        # Two predictions, of which one is a hit: precision 1, recall 1/2.
        ("eczema or psoriasis", "eczema", 2 / 3, 2),
        ("herpes zoster", "shingles", 0.0, 1),
        ("Herpes Zoster", "herpes", 1.0, 1),
        ("ECZEMA", "eczema", 1.0, 1),
    ],
)
def test_probes_have_the_values_of_its_notebook(words, truth, f1, predicted):
    label = NAME(words)
    found = legacy([outcome(0, truth, label, words=words)], LABELS)
    assert found.f1 == pytest.approx(f1) and (found.predictions, found.dropped) == (predicted, 0.0)
    assert score([(extracted(words), truth)], LABELS).f1 == pytest.approx(f1)


def test_labels_with_capitals_are_scored():
    played = [
        outcome(0, "Myasthenia gravis", "Myasthenia gravis", words="Myasthenia gravis"),
        outcome(1, "Impetigo", "Myasthenia gravis", words="myasthenia gravis"),
    ]
    assert legacy(played[:1], CAPITALS).f1 == 1.0
    assert legacy(played, CAPITALS).f1 == pytest.approx(1 / 3)


def test_an_answer_outside_the_list_is_a_miss_although_no_label_was_read():
    played = [outcome(0, "acne", "acne"), outcome(1, "hives", None, words="melanoma")]
    found = legacy(played, LABELS)
    assert (found.predictions, found.dropped, found.f1) == (2, 0.0, 0.5)


def test_several_answers_count_several_times_and_ours_as_none():
    several = "acne, hives"
    assert NAME(several) is None
    played = [outcome(0, "acne", NAME(several), words=several), outcome(1, "hives", "hives")]
    assert legacy(played, LABELS).predictions == 3 and accuracy(played).n == 2
    assert legacy(played, LABELS).f1 == pytest.approx(2 / 3)
    assert accuracy(played).value == 0.5


def test_a_failed_consultation_stops_it_and_ours_counts_it_as_wrong():
    played = [outcome(0, "acne", "acne"), outcome(1, "hives", None, status="failed")]
    assert legacy(played, LABELS).f1 is None and "failed" in legacy(played, LABELS).why
    assert (accuracy(played).value, accuracy(played).n, accuracy(played).failed) == (0.5, 2, 1)


def test_nothing_left_is_no_figure_and_not_0():
    assert score([("none", "acne")], LABELS).f1 is None
    assert score([], LABELS).f1 is None


def test_a_name_that_holds_an_and_or_a_comma_is_one_answer():
    labels = ["Head and neck cancer", "Edema, lower leg", "Acne"]
    names = ("head and neck cancer", "Edema, lower leg, or acne", "ACNE and head and neck cancer", "head and neck")
    answers = [
        ("head and neck cancer",),
        ("edema, lower leg", "acne"),
        ("acne", "head and neck cancer"),
        ("head", "neck"),
    ]
    whole = whole_names(labels)
    assert [predictions(extracted(words, whole), whole) for words in names] == answers
    played = [outcome(i, label, label, words=label) for i, label in enumerate(labels)]
    assert (legacy(played, labels).f1, legacy(played, labels).predictions) == (1.0, 3)
    played = [outcome(0, "Acne", "Acne", words="spots and pimples")]
    assert legacy(played, labels, ["Spots and pimples"]).predictions == 1


def test_the_names_of_derm34_are_split_as_by_its_notebook():
    labels = load_scenario("derm34").labels.values()
    assert whole_names([name for label in labels for name in (label.name, *label.aliases)]) == ()


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("Eczema (or acne)", "eczema, acne"),
        ("(eczema, acne)", "eczema, acne"),
        ("- eczema\n- acne", "eczema, acne"),
        ("1. eczema\n2) acne", "eczema, acne"),
        ("\u2022 eczema", "eczema"),
        ("acne (mild)", "acne (mild)"),
        ("beta-thalassemia", "beta-thalassemia"),
    ],
)
def test_an_answer_keeps_no_mark_of_a_list_and_no_half_of_a_bracket(words: str, answers: str) -> None:
    assert extracted(words) == answers
