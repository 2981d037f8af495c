"""Calibration: whether an attending that states 80 % confidence is right in 80 % of its consultations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from consult.envs.metrics.estimate import NOTHING, Estimate
from consult.envs.metrics.intervals import mean
from consult.envs.metrics.outcomes import Outcome

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Consultations of similar confidence."""

    low: float
    high: float
    n: int
    confidence: float
    """Mean confidence."""
    right: float
    """Share of right diagnoses."""


@dataclass(frozen=True)
class Calibration:
    """Confidence against truth."""

    brier: Estimate
    """Mean squared difference between confidence and truth; 0 is best."""
    ece: float | None
    """Expected calibration error: mean difference between confidence and share of right ones over 10 equal bins."""
    confidence: Estimate
    """Mean confidence."""
    curve: tuple[Bin, ...]


def calibration(played: Sequence[Outcome]) -> Calibration:
    """Measure calibration over the finished consultations that have a truth, a diagnosis and a confidence."""
    known = [(one, one.confidence) for one in played if _known(one) and one.confidence is not None]
    if not known:
        return Calibration(NOTHING, None, NOTHING, ())
    sure, right = [confidence for _, confidence in known], [bool(one.correct) for one, _ in known]
    cases = [one.case for one, _ in known]
    squares = mean([(c - r) ** 2 for c, r in zip(sure, right, strict=True)], cases)
    curve = _curve(sure, right)
    ece = sum(one.n * abs(one.confidence - one.right) for one in curve) / len(known)
    return Calibration(squares, ece, mean(sure, cases), curve)


def _known(one: Outcome) -> bool:
    return one.correct is not None and one.diagnosis is not None


def bin_of(confidence: float) -> int:
    """Return the number of the bin for a confidence of 0 to 1; a bin includes its upper edge."""
    import numpy as np

    return int(np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence))


def _curve(sure: Sequence[float], right: Sequence[bool]) -> tuple[Bin, ...]:
    """Bin as scikit-learn's `calibration_curve` does, and also return the number in each bin, which it does not."""
    import numpy as np

    edges = np.linspace(0, 1, BINS + 1)
    bins = np.searchsorted(edges[1:-1], sure)
    counts = np.bincount(bins, minlength=BINS)
    sums, hits = (np.bincount(bins, values, minlength=BINS) for values in (sure, right))
    return tuple(
        Bin(float(edges[i]), float(edges[i + 1]), int(n), float(sums[i] / n), float(hits[i] / n))
        for i, n in enumerate(counts)
        if n
    )
