"""Differences on the same cases: between runs, temperaments, or an attending and its panel's vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.intervals import BOOTSTRAP, ratio_interval
from consult.envs.metrics.outcomes import Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

DRAWS = 10_000
"""Number of random sign patterns in the permutation test."""
MCNEMAR = "McNemar, exact"
SIGN_FLIP = "sign-flip permutation over cases"


@dataclass(frozen=True)
class Difference:
    """A minus B on the cases of both."""

    figure: Estimate
    """Mean over cases; n counts cases."""
    won: int
    """Cases in which A does better."""
    lost: int
    p: float
    test: str
    p_holm: float | None = None
    """p-value corrected for the number of differences that a report shows."""


def results(played: Sequence[Outcome]) -> Mapping[str, list[bool]]:
    """Return case → whether its consultations were right, as far as that is known."""
    found: dict[str, list[bool]] = defaultdict(list)
    for one in played:
        if one.correct is not None:
            found[one.case].append(one.correct)
    return found


def difference(a: Mapping[str, Sequence[bool]], b: Mapping[str, Sequence[bool]]) -> Difference | None:
    """Compare two on the same cases.

    Args:
        a: Case → whether its consultations were right.
        b: The same for the other.

    Returns:
        The difference, with McNemar's test if each case has one consultation on each side, else with the sign-flip
        permutation test. None if they share no case.
    """
    import numpy as np

    shared = [case for case in a if case in b]
    if not shared:
        return None
    steps = np.array([sum(a[c]) / len(a[c]) - sum(b[c]) / len(b[c]) for c in shared])
    single = all(len(a[case]) == 1 == len(b[case]) for case in shared)
    p = mcnemar_p(steps) if single else sign_flip_p(steps)
    low, high = ratio_interval(np.column_stack([steps, np.ones(len(steps))]))
    figure = Estimate(float(steps.mean()), low, high, len(shared), len(shared), method="" if low is None else BOOTSTRAP)
    return Difference(figure, int((steps > 0).sum()), int((steps < 0).sum()), p, MCNEMAR if single else SIGN_FLIP)


def mcnemar_p(steps: Numbers) -> float:
    """Return the exact p of McNemar's test; `steps` are -1, 0 and 1."""
    from scipy.stats import binomtest

    won, lost = int((steps > 0).sum()), int((steps < 0).sum())
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def sign_flip_p(steps: Numbers, *, seed: int = 0) -> float:
    """Return the two-sided p of the permutation test that flips the sign of each case's difference.

    Cases with equal distances are flipped together by one binomial draw: the same distribution as flipping each.
    """
    import numpy as np

    sizes, often = np.unique(np.abs(steps), return_counts=True)
    heads = np.random.default_rng(seed).binomial(often, 0.5, (DRAWS, len(often)))
    sums = np.abs((2 * heads - often) @ sizes)
    return float((1 + (sums >= abs(steps.sum()) - 1e-9).sum()) / (DRAWS + 1))


def holm(found: Sequence[Difference]) -> list[Difference]:
    """Correct the p-values of several differences together."""
    least = 0.0
    corrected = list(found)
    for left, place in zip(range(len(found), 0, -1), sorted(range(len(found)), key=lambda i: found[i].p), strict=True):
        # Never below that of a smaller p.
        least = max(least, min(1.0, left * found[place].p))
        corrected[place] = replace(found[place], p_holm=least)
    return corrected


def between_temperaments(played: Sequence[Outcome]) -> dict[tuple[str, str], Difference]:
    """Compare temperaments in pairs on the cases that were played under both, Holm-corrected."""
    from itertools import combinations

    by_mood: dict[str, list[Outcome]] = defaultdict(list)
    for one in played:
        by_mood[one.temperament].append(one)
    pairs = {(a, b): difference(results(by_mood[a]), results(by_mood[b])) for a, b in combinations(sorted(by_mood), 2)}
    found = {names: one for names, one in pairs.items() if one is not None}
    return dict(zip(found, holm(list(found.values())), strict=True))
