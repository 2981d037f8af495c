"""95 % intervals: Wilson's for shares of independent cases, else the bootstrap over cases.

The unit is the case: one that was played under several temperaments is one case. A bootstrap draw needs only the count
of each *kind* of case, where cases with equal contributions are of one kind. So draws are multinomial over the kinds,
which is the same distribution as drawing cases with replacement, at a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from consult.envs.metrics.estimate import NOTHING, Estimate
from consult.envs.metrics.fidelity import Rate
from consult.scenarios.case_generator import ALARMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

DRAWS = 2_000
NORMAL = 1.959963984540054
"""97.5 % of a normal distribution are below this many standard deviations above its mean."""
MOST_KINDS = 5_000
"""Above this many kinds of cases (e.g. for seconds), the normal interval of the same ratio is used."""
FEWEST_CASES = 10
"""Fewest cases for a useful bootstrap."""
WILSON = "wilson"
WILSON_OVER_CASES = "wilson over cases"
BOOTSTRAP = "bootstrap over cases"


def share(hits: Sequence[bool], cases: Sequence[Hashable]) -> Estimate:
    """Return a share with its interval.

    Args:
        hits: One per consultation.
        cases: The case of each consultation.

    Returns:
        With Wilson's interval if each case occurs once, else with the bootstrap's; without a value if `hits` is empty.
    """
    if not hits:
        return NOTHING
    cases = _patients_of(cases)
    if len(set(cases)) < len(cases):
        return ratio(_kinds_of(hits, cases), shares=True)
    n = len(hits)
    return Estimate(sum(hits) / n, *_wilson(sum(hits), n), n=n, clusters=n, method=WILSON)


def patient_of(case: Hashable) -> Hashable:
    """Return the unit of resampling: the case, or the first of two twins in the split `alarms`.

    Twins are one patient with and without an alarm, so they are not independent of each other.
    """
    if not str(case).startswith(ALARMS):
        return case
    split, _, number = str(case).rpartition("-")
    return f"{split}-{int(number) // 2 * 2:04d}" if split == ALARMS and number.isdigit() else case


def _patients_of(cases: Sequence[Hashable]) -> Sequence[Hashable]:
    """Return the unit of resampling of each case; most runs have no twins, and then these are the cases."""
    twins = {case: patient for case in set(cases) if (patient := patient_of(case)) != case}
    return [twins.get(case, case) for case in cases] if twins else cases


def mean(values: Sequence[float], cases: Sequence[Hashable], *, seed: int = 0) -> Estimate:
    """Return a mean over consultations with the bootstrap's interval over cases.

    Args:
        values: One per consultation.
        cases: The case of each consultation.
        seed: Seed of the draws.
    """
    return ratio(_kinds_of(values, cases), seed=seed)


def _kinds_of(values: Sequence[float], cases: Sequence[Hashable]) -> Numbers:
    """Add up the values of each case; shape (cases, 3), as for `ratio`."""
    import numpy as np

    place: dict[Hashable, int] = {}
    index = np.array([place.setdefault(case, len(place)) for case in _patients_of(cases)], int)
    sums = np.bincount(index, np.asarray(values, float))
    return np.column_stack([sums, np.bincount(index), np.ones(len(sums))])


def ratio(kinds: Sequence[tuple[float, float, int]] | Numbers, *, shares: bool = False, seed: int = 0) -> Estimate:
    """Return a sum over a sum, with the bootstrap's interval over cases.

    Args:
        kinds: For each kind of case: the terms of one case in numerator and denominator, and the number of cases.
        shares: Whether the numerator is a part of the denominator. If it is all or nothing in every case, a bootstrap
            interval would have width 0, and Wilson's interval over the cases is used instead.
        seed: Seed of the draws.

    Returns:
        An estimate whose n is the denominator; without an interval below 10 cases.
    """
    import numpy as np

    given = np.asarray(kinds, float).reshape(-1, 3)
    given = given[given[:, 1] != 0]
    if not len(given):
        return NOTHING
    parts, weights = given[:, :2], given[:, 2]
    top, n = weights @ parts
    value, cases = float(top / n), int(weights.sum())
    if shares and cases >= FEWEST_CASES and value in (0.0, 1.0):
        ends = _wilson(round(value * cases), cases)
        return Estimate(value, *ends, n=int(n), clusters=cases, method=WILSON_OVER_CASES)
    low, high = ratio_interval(parts, weights=weights, seed=seed)
    return Estimate(value, low, high, int(n), cases, method="" if low is None else BOOTSTRAP)


def _wilson(hits: int, n: int) -> tuple[float, float]:
    interval = Rate("", hits, n).interval
    assert interval is not None
    return interval


def ratio_interval(
    parts: Numbers, *, weights: Numbers | None = None, seed: int = 0
) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of the sum of the first column over the sum of the second; None below 10 cases.

    Args:
        parts: Shape (cases, 2).
        weights: Shape (cases,): how many cases a row stands for; 1 by default.
        seed: Seed of the draws.
    """
    kinds, often = _kinds(parts, weights)
    if often.sum() < FEWEST_CASES:
        return None, None
    if len(kinds) > MOST_KINDS:
        return _normal(kinds, often)
    sums = _drawn(kinds, often, seed)
    return quantiles(sums[:, 0] / sums[:, 1])


def drawn(parts: Numbers, *, seed: int = 0) -> Numbers:
    """Draw cases with replacement and add up their contributions, 2,000 times.

    Args:
        parts: Shape (cases, k): each case's contribution.
        seed: Seed of the draws.

    Returns:
        Shape (draws, k); the `quantiles` of a statistic over the draws are its interval.
    """
    return _drawn(*_kinds(parts, None), seed)


def quantiles(values: Numbers) -> tuple[float, float]:
    """Return the 95 % interval of a statistic from its values over the draws."""
    import numpy as np

    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _kinds(parts: Numbers, weights: Numbers | None) -> tuple[Numbers, Numbers]:
    import numpy as np

    kinds, inverse = np.unique(parts, axis=0, return_inverse=True)
    often = np.bincount(inverse.ravel(), weights, minlength=len(kinds))
    return kinds, often


def _drawn(kinds: Numbers, often: Numbers, seed: int) -> Numbers:
    """Draw as many cases as there are, with replacement, and add up their contributions; shape (draws, k)."""
    import numpy as np

    rng, n = np.random.default_rng(seed), int(often.sum())
    # A multinomial draw costs about ten times as much per kind as an index costs per case.
    count, wide = (_case_by_case, n) if 4 * len(kinds) > n else (_kind_by_kind, len(kinds))
    chunk = max(1, 1_000_000 // wide)
    sizes, added = [min(chunk, DRAWS - start) for start in range(0, DRAWS, chunk)], np.asarray(kinds, float)
    return np.concatenate([count(rng, often, size).astype(float) @ added for size in sizes])


def _kind_by_kind(rng: Any, often: Numbers, size: int) -> Numbers:
    return rng.multinomial(int(often.sum()), often / often.sum(), size)  # type: ignore[no-any-return]


def _case_by_case(rng: Any, often: Numbers, size: int) -> Numbers:
    import numpy as np

    kind = np.repeat(np.arange(len(often)), often.astype(int))
    picked = kind[rng.integers(len(kind), size=(size, len(kind)))] + len(often) * np.arange(size)[:, None]
    return np.bincount(picked.ravel(), minlength=size * len(often)).reshape(size, len(often))


def _normal(kinds: Numbers, often: Numbers) -> tuple[float, float]:
    """Return the interval of a ratio by its linearised standard error."""
    import numpy as np

    top, bottom = often @ kinds
    rest = kinds[:, 0] - top / bottom * kinds[:, 1]
    spread = NORMAL * np.sqrt(often @ rest**2) / bottom
    return float(top / bottom - spread), float(top / bottom + spread)
