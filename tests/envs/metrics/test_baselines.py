"""What is to be beaten: each baseline on made outcomes, against figures counted by hand."""

from __future__ import annotations

import pytest
from making import outcome
from narrowing import present, within

from consult.envs.metrics.baselines import SOLO, against_solo, baselines, corrected, first_predictions
from consult.envs.metrics.paired import results
from consult.envs.store.write import Store

PLAYED = [
    outcome(0, "acne", "acne", opinions=("acne", "acne", "hives"), vote="acne"),
    outcome(1, "acne", "hives", opinions=("acne", "acne", "acne"), vote="acne"),
    outcome(2, "acne", None, status="failed"),
    outcome(3, "hives", "hives", opinions=("acne", "acne", "hives"), vote="acne"),
    outcome(4, None, "hives"),
]


def test_each_way_is_judged_on_the_runs_cases() -> None:
    found = {one.name: one for one in baselines(PLAYED, {"eye@1": {"c0": "acne", "c1": "acne", "c3": "acne"}})}
    assert list(found) == ["majority label", "panel's plurality vote", "classifier"]
    majority, vote, eye = found.values()
    assert (majority.what, majority.figure.value, majority.figure.n) == ("acne", 0.75, 4)
    # The failed consultation has no vote, which is wrong, and it is told.
    assert (vote.figure.value, vote.figure.n, vote.figure.failed) == (0.5, 4, 1)
    assert (eye.what, eye.figure.n) == ("eye@1", 3) and eye.figure.value == pytest.approx(2 / 3)
    low, _, high = within(majority.figure)
    assert low < 0.75 < high


def test_the_gain_is_paired_on_the_same_cases() -> None:
    found = baselines(PLAYED, {"eye@1": {"c0": "hives", "c3": "acne", "elsewhere": "acne"}})
    majority, vote, eye = (present(one.gain) for one in found)
    assert majority.figure.value == pytest.approx(-0.25) and (majority.won, majority.lost) == (1, 2)
    assert vote.figure.value == 0 and (vote.won, vote.lost) == (1, 1)
    assert eye.figure.value == 1 and eye.figure.n == 2


def test_the_solo_doctor_is_judged_on_the_cases_of_both() -> None:
    solo = results([outcome(0, "acne", "hives"), outcome(3, "hives", "hives"), outcome(9, "acne", "acne")])
    found = present(against_solo("r2", results(PLAYED), solo))
    assert (found.name, found.what, found.figure.value, found.figure.n) == (SOLO, "r2", 0.5, 2)
    assert present(found.gain).figure.value == 0.5
    assert against_solo("r2", results(PLAYED), results([outcome(8, "acne", "acne")])) is None


def test_without_a_truth_there_is_nothing_to_beat_and_p_is_corrected_together() -> None:
    assert baselines([outcome(4, None, "hives")], {}) == []
    found = baselines(PLAYED, {"eye@1": {"c0": "hives", "c3": "acne"}})
    for before, after in zip(found, corrected(found), strict=True):
        first, then = present(before.gain), present(after.gain)
        assert first.p_holm is None and present(then.p_holm) >= present(first.p)


def test_predictions_are_read_by_classifier_and_case(tmp_path) -> None:
    rows = [("eye@1", "rev", "c0", '["acne", "hives"]', "[0.6, 0.2]"), ("eye@1", "rev", "c1", "[]", "[]")]
    with Store(tmp_path / "a.db") as store:
        store.write(
            "INSERT INTO classifier_predictions VALUES (?, ?, ?, ?, ?)",
            [*rows, ("eye@1", "other", "c2", '["acne"]', "[1]")],
        )
        assert first_predictions(store, "rev") == {"eye@1": {"c0": "acne"}}
        assert first_predictions(store, "none") == {}
