"""Rates about the lines of a run: what is counted, over what, and how sure it is."""

import json
from typing import Any

import pytest
from improvising import Improviser, configured, played
from narrowing import present
from scipy.stats import binomtest

from consult.agents.acts import Act, Draft
from consult.envs.metrics.fidelity import Rate, check_note, fidelity, is_corrected
from consult.envs.store.write import Pending, Store

CONFIG = configured("m", ["test-0000", "test-0001"])
TRUTH = dict.fromkeys(("truth", "true_specialty", "true_urgency", "style", "skin_type"))


def line(*draft, speaker="patient", **more):
    return Act(speaker, "answer", "x", draft=Draft(*draft, **more) if draft else None)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "a.db") as store:
        yield store


def begun(store, turns, ended=()):
    run = store.begin(CONFIG, {}, {}, "x", {case: TRUTH for case in CONFIG.cases})
    pending = Pending(turns=[(f"{run}.{1 + i % 2}", i, act) for i, act in enumerate(turns)])
    for ordinal, (disclosed, facts, status) in enumerate(ended, 1):
        said = ("diagnosis", "diagnosis_words", "correct", "correct_by")
        unknown = ("specialty", "urgency", "final_urgency", "alarm_told", *said, "error")
        keys: dict[str, Any] = {**dict.fromkeys(unknown), "expert": []}
        counted = {"facts_disclosed": disclosed, "facts": facts, "status": status}
        pending.ended.append({**keys, **counted, "consultation": f"{run}.{ordinal}"})
    store.commit(pending)
    return run


def counted(store, run):
    return {rate.name: (rate.hits, rate.n) for rate in fidelity(store, run)}


def test_each_rate_counts_its_own_column_over_the_lines_that_have_it(store):
    turns = [
        line(True, False, 1, False),
        line(False, False, 2, False),
        line(False, True, 2, True),
        line(True, False, 1, False, said_backed=False),
        line(True, True, 1, False, said_backed=False, said_leaked=True),
        line(False, False, 2, False),
        line(),  # a line that nobody checked, e.g. a person's
        line(True, False, 1, False, speaker="attending"),
        line(False, False, 2, True, speaker="attending"),
        line(False, False, 2, False, speaker="attending"),
        line(True, False, 1, False, speaker="attending"),
        line(speaker="attending"),
    ]
    other = begun(store, [line(False, True, 2, True, said_backed=False, said_leaked=True)] * 3, [(0, 7, "finished")])
    run = begun(store, turns, [(3, 11, "finished"), (2, 10, "failed")])
    assert counted(store, run) == {
        "patient's first drafts backed by the card": (3, 6),
        "patient's first drafts that name a diagnosis": (2, 6),
        "patient's final lines backed by the card": (4, 6),
        "patient's final lines that name a diagnosis": (1, 6),
        "patient's lines said by the program": (1, 6),
        "facts of the card disclosed": (5, 21),
        "attending's first drafts that fit": (2, 4),
        "attending's lines said by the program": (1, 4),
    }
    assert counted(store, other)["patient's first drafts that name a diagnosis"] == (3, 3)


def test_what_has_not_ended_has_disclosed_nothing_yet(store):
    run = begun(store, [line(True, False, 1, False)])
    assert counted(store, run)["facts of the card disclosed"] == (0, 0)
    assert counted(store, run)["patient's first drafts backed by the card"] == (1, 1)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 680), (680, 680), (3, 7), (1046, 1052)])
def test_the_interval_is_wilsons(hits, n):
    low, high = present(Rate("x", hits, n).interval)
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= hits / n <= high <= 1


def test_nothing_counted_is_not_nought():
    assert (Rate("x", 0, 0).share, Rate("x", 0, 0).interval) == (None, None)
    assert Rate("x", 0, 4).share == 0


@pytest.mark.parametrize("grounded", [True, False])
def test_a_run_as_it_is_played(tmp_path, grounded):
    _, turns = played(tmp_path / "a.db", Improviser("starter"), 12, patient_grounding=grounded)
    patient = [turn for turn in turns if turn["speaker"] == "patient"]
    with Store(tmp_path / "a.db") as store:
        found = counted(store, "r1")
        assert is_corrected(present(store.run("r1"))) == grounded
        disclosed = [row["facts_disclosed"] for row in store.consultations("r1")]
        facts = [row["facts"] for row in store.consultations("r1")]
    final = found["patient's final lines backed by the card"]
    assert final == (sum(turn["said_backed"] for turn in patient), len(patient))
    assert (final[0] == final[1]) == grounded
    assert found["facts of the card disclosed"] == (sum(disclosed), sum(facts))
    drafted = [turn for turn in turns if turn["speaker"] == "attending" and turn["draft_attempts"]]
    assert found["attending's first drafts that fit"] == (sum(t["draft_backed"] for t in drafted), len(drafted))


def test_a_run_of_before_there_was_a_free_patient_was_mended():
    assert is_corrected({"config": '{"seed": 0}'}) and not is_corrected({"config": '{"patient_grounding": false}'})


@pytest.mark.parametrize(
    ("patient", "checker", "said"),
    [
        ("starter", None, ""),
        ("human", None, ""),
        ("bayes:derm34", None, ""),
        ("scripted:a.yaml", None, "is checked by rules. The rules alone: on lines"),
        ("http://host/v1#m", "http://host/v1#m", "is checked by rules, then http://host/v1#m@7, whose own mistakes"),
    ],
)
def test_the_check_is_named_with_its_mistakes_where_a_model_words_the_lines(
    patient: str, checker: str | None, said: str
) -> None:
    config = {"patient": {"model": patient}, "checker": checker and {"model": checker}}
    note = check_note({"config": json.dumps(config), "models": json.dumps({"checker": f"{checker}@7"})})
    assert said in note and bool(note) == bool(said)
    assert not note or "of 71 faithful ones" in note
