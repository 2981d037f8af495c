"""How often the report's 95 % intervals hold the truth, at 680 cases: accuracy, paired difference, weighted F1.

Run: python benchmarks/coverage.py [--draws 1000]

Each draw makes 680 cases whose true figure is known (34 labels, 20 cases each), and measures them as the report does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from consult.envs.metrics.diagnosis import _f1
from consult.envs.metrics.fidelity import Rate
from consult.envs.metrics.intervals import drawn, mean, quantiles, share
from consult.envs.metrics.paired import difference

CASES, LABELS = 680, 34
Interval = tuple[float, float]
Draw = Callable[[np.random.Generator], Interval]


def accuracy(right: float) -> Draw:
    """Wilson's interval of a share of `right`."""

    def draw(rng: np.random.Generator) -> Interval:
        figure = share(list(rng.random(CASES) < right), range(CASES))
        return _ends(figure.low, figure.high)

    return draw


def four_times(rng: np.random.Generator) -> Interval:
    """The bootstrap's of 170 cases under four temperaments each, which agree more than chance; the truth is 0.68."""
    hard = rng.beta(0.68, 0.32, CASES // 4)
    hits = rng.random((CASES // 4, 4)) < hard[:, None]
    figure = mean(hits.ravel().astype(float).tolist(), np.repeat(np.arange(CASES // 4), 4).tolist())
    return _ends(figure.low, figure.high)


def paired(rng: np.random.Generator) -> Interval:
    """The bootstrap's of a difference on the same cases: 75 % right against 65 %, correlated; the truth is 0.1."""
    u = rng.random(CASES)
    a, b = u < 0.75, (u + 0.3 * rng.random(CASES)) % 1.0 < 0.65
    found = difference({str(i): [bool(v)] for i, v in enumerate(a)}, {str(i): [bool(v)] for i, v in enumerate(b)})
    assert found is not None
    return _ends(found.figure.low, found.figure.high)


def weighted_f1(rng: np.random.Generator) -> Interval:
    """The bootstrap's of a weighted F1: 70 % right, mistakes go anywhere else alike; the truth is 0.7."""
    true = np.arange(CASES) % LABELS
    said = np.where(rng.random(CASES) < 0.7, true, (true + rng.integers(1, LABELS, CASES)) % LABELS)
    rows: Any = np.zeros((CASES, 3 * LABELS))
    at = np.arange(CASES)
    rows[at, true], rows[at, LABELS + true], rows[at, 2 * LABELS + said] = true == said, 1, 1
    return quantiles(_f1(drawn(rows), "weighted"))


def _ends(low: float | None, high: float | None) -> Interval:
    assert low is not None and high is not None
    return low, high


FIGURES: dict[str, tuple[Draw, float]] = {
    "accuracy of 0.68": (accuracy(0.68), 0.68),
    "accuracy of 0.95": (accuracy(0.95), 0.95),
    "accuracy, each case four times": (four_times, 0.68),
    "paired difference of 0.10": (paired, 0.10),
    "weighted F1 of 0.70": (weighted_f1, 0.70),
}


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    print(f"| interval | holds the truth ({draws:,} draws) |\n|---|---|")
    for name, (draw, truth) in FIGURES.items():
        held = sum(low <= truth <= high for low, high in (draw(np.random.default_rng(seed)) for seed in range(draws)))
        rate = Rate(name, held, draws)
        assert rate.interval is not None
        low, high = rate.interval
        print(f"| {name} | {held / draws:.1%} ({low:.1%} to {high:.1%}) |", flush=True)


if __name__ == "__main__":
    main()
