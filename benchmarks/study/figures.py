"""Shares, means and differences with their intervals, as the study of consultations states them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

DRAWS = 5_000


def share(hits: int, n: int) -> str:
    """Give a share with Wilson's interval."""
    from scipy.stats import binomtest

    if not n:
        return "— (n 0)"
    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return f"{hits / n:.1%} ({interval.low:.1%} to {interval.high:.1%}; {hits} of {n})"


def of(values: Iterable[Any]) -> str:
    """Give the share of true values."""
    found = [bool(value) for value in values]
    return share(sum(found), len(found))


def mean(values: Sequence[float]) -> str:
    """Give a mean with its bootstrap interval."""
    import numpy as np

    data, rng = np.array(values, float), np.random.default_rng(0)
    if not len(data):
        return "— (n 0)"
    draws = data[rng.integers(0, len(data), (DRAWS, len(data)))].mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return f"{data.mean():.2f} ({low:.2f} to {high:.2f}; n {len(data)})"


def pooled(groups: Iterable[Iterable[Any]]) -> str:
    """Give the share of true items, of which each group's are drawn together: the items of one consultation."""
    import numpy as np

    found = [[bool(value) for value in group] for group in groups]
    hits, sizes = np.array([sum(g) for g in found]), np.array([len(g) for g in found])
    if not sizes.sum():
        return "— (n 0)"
    drawn = np.random.default_rng(0).integers(0, len(found), (DRAWS, len(found)))
    draws = hits[drawn].sum(1) / np.maximum(sizes[drawn].sum(1), 1)
    low, high = np.quantile(draws, (0.025, 0.975))
    whole = hits.sum() / sizes.sum()
    return f"{whole:.1%} ({low:.1%} to {high:.1%}; {hits.sum()} of {sizes.sum()} in {(sizes > 0).sum()})"


def calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Give the expected calibration error over ten bins of equal width, 0 to 1."""
    import numpy as np

    stated, true = np.array(confidence, float), np.array(right, float)
    bins = np.minimum((stated * 10).astype(int), 9)
    gaps = [abs(stated[bins == b].mean() - true[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())]
    return float(sum(gaps))


def difference(a: Sequence[bool], b: Sequence[bool]) -> str:
    """Give the difference of two shares on the same cases, in points, with interval and McNemar's test."""
    import numpy as np
    from scipy.stats import binomtest

    x, rng = np.array(a, float) - np.array(b, float), np.random.default_rng(0)
    n = len(x)
    draws = x[rng.integers(0, n, (DRAWS, n))].mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    won, lost = int((x > 0).sum()), int((x < 0).sum())
    p = binomtest(won, won + lost).pvalue if won + lost else 1.0
    return f"{100 * x.mean():+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}); {won} : {lost}; p {p:.2g}; n {n}"


def paired(a: Sequence[bool], b: Sequence[bool]) -> tuple[float, float, str]:
    """Return the mean difference of two shares on the same cases, its lower bound, and both in words."""
    import numpy as np

    x, rng = np.array(a, float) - np.array(b, float), np.random.default_rng(0)
    low = float(np.quantile(x[rng.integers(0, len(x), (DRAWS, len(x)))].mean(1), 0.025))
    return float(x.mean()), low, difference(a, b).partition(";")[0]
