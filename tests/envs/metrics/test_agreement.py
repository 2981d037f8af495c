"""Agreement of assessors: published figures, and what is not defined."""

import pytest
from improvising import Improviser, played

from consult.agents.assessors.rubric import BY_KEY, Verdict
from consult.envs.metrics.agreement import agreement, agreements, cohens_kappa, gwets_ac1, krippendorffs_alpha
from consult.envs.store.write import Store

YES_NO = (0, 1)


def pairs(both, only_first, only_second, neither):
    x = [1] * (both + only_first) + [0] * (only_second + neither)
    y = [1] * both + [0] * only_first + [1] * only_second + [0] * neither
    return x, y


def test_gwets_own_example_of_high_agreement_and_low_kappa():
    # Gwet 2002, "Kappa statistic is not satisfactory": 118 both, 5 and 2 apart, 0 neither of 125.
    x, y = pairs(118, 5, 2, 0)
    assert gwets_ac1(x, y, YES_NO) == pytest.approx(0.9408, abs=5e-5)
    assert cohens_kappa(x, y, YES_NO) == pytest.approx(-0.0234, abs=5e-5)


def test_kappa_of_the_textbook_example():
    # 20 both, 5 and 10 apart, 15 neither: 0.7 observed, 0.5 by chance.
    x, y = pairs(20, 5, 10, 15)
    assert cohens_kappa(x, y, YES_NO) == pytest.approx(0.4)


def test_alpha_of_krippendorffs_own_example():
    # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", A: two observers, ten units.
    x = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    y = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorffs_alpha(x, y, YES_NO) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_three_levels_is_ordinal():
    # The value is that of the package krippendorff 0.9.0, level of measurement "ordinal".
    x, y = [2, 1, 2, 1, 2, 2, 2, 2, 0, 1, 0, 2], [2, 1, 2, 1, 2, 2, 2, 2, 0, 1, 0, 0]
    assert krippendorffs_alpha(x, y, (0, 1, 2)) == pytest.approx(0.7707336523125997)
    # A disagreement of two levels weighs more than one of one level.
    nearer = krippendorffs_alpha(x, [*y[:-1], 1], (0, 1, 2))
    assert nearer is not None and nearer > 0.8


def test_ac1_of_three_levels():
    # All apart by hand: raw 2/4; shares 3/8, 2/8, 3/8; chance (15 + 12 + 15) / 64 / 2.
    x, y = [0, 1, 2, 0], [0, 2, 2, 1]
    chance = (15 + 12 + 15) / 64 / 2
    assert gwets_ac1(x, y, (0, 1, 2)) == pytest.approx((0.5 - chance) / (1 - chance))


def test_what_is_not_defined_is_none():
    assert cohens_kappa([1, 1], [1, 1], YES_NO) is None and krippendorffs_alpha([1, 1], [1, 1], YES_NO) is None
    assert gwets_ac1([1, 1], [1, 1], YES_NO) == 1.0
    assert (cohens_kappa([], [], YES_NO), gwets_ac1([], [], YES_NO), krippendorffs_alpha([], [], YES_NO)) == (None,) * 3


def test_only_what_both_scored_is_compared(tmp_path):
    played(tmp_path / "a.db", Improviser("plain"), 3)
    said: dict[str, dict[str, int | None]] = {
        "a": {"r1.1": 2, "r1.2": 0, "r1.3": 1},
        "b": {"r1.1": 2, "r1.2": None, "r1.3": 0},
    }
    with Store(tmp_path / "a.db") as store:
        for name, values in said.items():
            judged = [(consultation, {"4.1": Verdict(value, "so")}) for consultation, value in values.items()]
            store.keep_assessments(name, judged)
        (found,) = agreements(store, "r1")
    assert (found.item, found.first, found.second) == ("4.1", "a", "b")
    assert (found.n, found.raw, found.prevalence) == (2, 0.5, (0.75, 0.5))


def test_nothing_in_common_is_not_defined():
    none = agreement(BY_KEY["1.1"], ("a", "b"), [])
    assert (none.n, none.raw, none.prevalence, none.ac1) == (0, None, (None, None), None)
