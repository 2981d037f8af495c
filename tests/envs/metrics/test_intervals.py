"""Intervals: against scipy's, over cases rather than consultations, and by how often they hold the truth."""

from dataclasses import replace

import numpy as np
import pytest
from narrowing import present, within
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import permutation_test

from consult.envs.metrics import intervals, paired
from consult.envs.metrics.diagnosis import _f1
from consult.envs.metrics.intervals import drawn, mean, quantiles, ratio_interval, share


def test_a_mean_has_scipys_bootstrap_interval():
    values = np.random.default_rng(0).poisson(4, 300).astype(float)
    theirs = scipy_bootstrap((values,), np.mean, n_resamples=5000, method="percentile", rng=1).confidence_interval
    ours = mean(list(values), range(300))
    assert (ours.low, ours.high) == pytest.approx(theirs, abs=0.03)
    assert ours.value == values.mean() and ours.n == 300


def test_a_case_played_four_times_is_one_case():
    hits, cases = [i % 2 == 0 for i in range(100) for _ in range(4)], [i for i in range(100) for _ in range(4)]
    once, often = share(hits[::4], range(100)), share(hits, cases)
    assert once.method == "wilson" and often.method == "bootstrap over cases" and often.n == 400
    (low, _, high), (least, _, most) = within(often), within(once)
    assert high - low == pytest.approx(most - least, abs=0.03)


def test_the_same_figure_has_the_same_interval_again():
    values = list(np.random.default_rng(0).random(50))
    assert mean(values, range(50)) == mean(values, range(50))


def test_many_different_values_have_the_normal_interval_which_is_the_bootstraps(monkeypatch):
    parts = np.column_stack([np.random.default_rng(0).random(3000), np.ones(3000)])
    drawn = ratio_interval(parts)
    monkeypatch.setattr(intervals, "MOST_KINDS", 10)
    assert ratio_interval(parts) == pytest.approx(drawn, abs=0.001)


def test_few_cases_have_no_bootstrap_and_all_or_nothing_is_not_certain():
    few = mean([1.0, 2.0] * 4, range(8))
    assert (few.value, few.low, few.high, few.method) == (1.5, None, None, "")
    all_right = share([True] * 80, [i // 4 for i in range(80)])
    assert (all_right.value, all_right.high, all_right.n, all_right.method) == (1.0, 1.0, 80, "wilson over cases")
    assert all_right.low == share([True] * 20, range(20)).low


def test_nothing_has_no_interval():
    assert share([], []).value is None and mean([], []).low is None


def test_the_permutation_test_is_scipys():
    steps = np.random.default_rng(3).choice([-0.5, -0.25, 0, 0.25, 0.5, 0.75], 60)
    theirs = permutation_test(
        (steps,), lambda x, axis: x.mean(axis), permutation_type="samples", n_resamples=9999, vectorized=True, rng=0
    ).pvalue
    assert paired.sign_flip_p(steps) == pytest.approx(theirs, abs=0.02)


def test_one_consultation_a_case_has_mcnemar_and_several_the_sign_flip():
    a, b = {f"c{i}": [i % 3 > 0] for i in range(30)}, {f"c{i}": [i % 2 > 0] for i in range(30)}
    once = present(paired.difference(a, b))
    assert once.test == paired.MCNEMAR and (once.won, once.lost) == (10, 5)
    assert once.p == pytest.approx(0.30176, abs=1e-4)  # 2 * P(Binomial(15, 1/2) <= 5)
    twice = present(paired.difference({case: v * 2 for case, v in a.items()}, b))
    assert twice.test == paired.SIGN_FLIP and twice.figure.value == once.figure.value
    assert paired.difference(a, {"other": [True]}) is None


def test_holm_corrects_all_together():
    a, b = {f"c{i}": [True] for i in range(10)}, {f"c{i}": [i > 7] for i in range(10)}
    one = present(paired.difference(a, b))
    assert [d.p_holm for d in paired.holm([one, one, one])] == pytest.approx([3 * present(one.p)] * 3)
    assert paired.holm([]) == []
    # By Holm's definition: 4 x 0.01, 3 x 0.02, 2 x 0.03 → not below the one before, 1 x 0.5; each in its own place.
    unequal = [replace(one, p=p) for p in (0.5, 0.01, 0.03, 0.02)]
    assert [d.p_holm for d in paired.holm(unequal)] == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert paired.mcnemar_p(np.array([0, 0])) == 1.0
    assert paired.mcnemar_p(np.array([1, 1, 1, 1, -1, 0])) == pytest.approx(0.375)  # 2 x (1 + 5) / 32


def covers(draw, truth, times=150):
    return np.mean([low <= truth <= high for low, high in (draw(np.random.default_rng(i)) for i in range(times))])


def test_intervals_hold_the_truth_as_often_as_they_say():
    """A small check; `benchmarks/coverage.py` does 1,000 draws."""
    difference = covers(lambda rng: ratio_interval(np.column_stack([rng.choice([-1, 0, 1], 680), np.ones(680)])), 0)
    accuracy = covers(lambda rng: _interval(share(list(rng.random(680) < 0.68), range(680))), 0.68)
    weighted = covers(lambda rng: quantiles(_f1(drawn(answers(rng)), "weighted")), 0.7, 60)
    assert min(difference, accuracy, weighted) >= 0.89


def _interval(figure):
    return figure.low, figure.high


def answers(rng):
    """Draw 20 cases of each of 34 labels; 70 % are right, mistakes go anywhere else, so that the true F1 is 0.7."""
    true = np.arange(680) % 34
    said = np.where(rng.random(680) < 0.7, true, (true + rng.integers(1, 34, 680)) % 34)
    rows, eye = np.zeros((680, 102)), np.arange(680)
    rows[eye, true], rows[eye, 34 + true], rows[eye, 68 + said] = true == said, 1, 1
    return rows


def test_cases_drawn_one_by_one_come_out_as_kinds_do():
    often = np.array([30.0, 60.0, 10.0])
    for draw in (intervals._case_by_case, intervals._kind_by_kind):
        counts = draw(np.random.default_rng(0), often, 20_000)
        assert counts.shape == (20_000, 3) and (counts.sum(1) == 100).all()
        assert counts.mean(0) == pytest.approx(often, abs=0.15)
        assert counts.var(0) == pytest.approx(often * (1 - often / 100), rel=0.05)
