"""Agreement of two assessors on the same consultations, item by item.

Cohen's kappa corrects for chance by each assessor's own shares, and collapses if nearly all values are equal; Gwet's
AC1 does not (Gwet 2008, British Journal of Mathematical and Statistical Psychology 61, 29-48). Krippendorff's alpha
takes more than two. Kappa of the item with three levels is weighted by squared distance, its alpha is ordinal, AC1 is
nominal. Items that one of the two did not score are left out; `n` is the number that is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from consult.agents.assessors.rubric import ITEMS, Item
from consult.envs.store.assessments import assessors_of, value_pairs
from consult.envs.store.write import Store

Pair = tuple[int, int]
"""Two assessors' values of one item of one consultation that both scored."""


@dataclass(frozen=True)
class Agreement:
    """Two assessors on one item."""

    item: str
    first: str
    second: str
    n: int
    """Consultations that both scored."""
    raw: float | None
    """Share of equal values, 0 to 1; None if n is 0."""
    prevalence: tuple[float | None, float | None]
    """Mean value of each assessor, as a share of the highest value."""
    kappa: float | None
    """-1 to 1; None if it is undefined, for example if all values are equal."""
    ac1: float | None
    alpha: float | None


def agreements(store: Store, run: str) -> list[Agreement]:
    """Compare all assessors of a run in pairs, item by item; items that no consultation has from both are left out.

    The database counts how often each pair of values occurs, so that no assessment is held in memory.
    """
    found = []
    for first, second in combinations(assessors_of(store, run), 2):
        met: dict[str, list[Pair]] = {item.key: [] for item in ITEMS}
        for item, a, b, n in value_pairs(store, run, first, second):
            met[item] += [(int(a), int(b))] * n
        found += [agreement(item, (first, second), met[item.key]) for item in ITEMS if met[item.key]]
    return found


def agreement(item: Item, names: tuple[str, str], pairs: Sequence[Pair]) -> Agreement:
    """Compare two assessors on one item.

    Args:
        item: The item of the rubric.
        names: The names of the two assessors.
        pairs: Their values for the same consultation.
    """
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    return Agreement(
        item=item.key,
        first=names[0],
        second=names[1],
        n=len(pairs),
        raw=sum(i == j for i, j in pairs) / len(pairs) if pairs else None,
        prevalence=(_share(x, item), _share(y, item)),
        kappa=cohens_kappa(x, y, item.levels),
        ac1=gwets_ac1(x, y, item.levels),
        alpha=krippendorffs_alpha(x, y, item.levels),
    )


def cohens_kappa(x: Sequence[int], y: Sequence[int], levels: Sequence[int]) -> float | None:
    """Return Cohen's kappa, weighted by squared distance for more than two levels; None if it is not defined."""
    from sklearn.metrics import cohen_kappa_score

    if len({*x, *y}) < 2:
        return None
    weights = "quadratic" if len(levels) > 2 else None
    return float(cohen_kappa_score(x, y, labels=list(levels), weights=weights))


def gwets_ac1(x: Sequence[int], y: Sequence[int], levels: Sequence[int]) -> float | None:
    """Return Gwet's AC1; None without pairs. Implemented here because the packages with it require numpy below 2."""
    if not x:
        return None
    raw = sum(i == j for i, j in zip(x, y, strict=True)) / len(x)
    counts = Counter([*x, *y])
    shares = [counts[level] / (2 * len(x)) for level in levels]
    chance = sum(share * (1 - share) for share in shares) / (len(levels) - 1)
    return (raw - chance) / (1 - chance)


def krippendorffs_alpha(x: Sequence[int], y: Sequence[int], levels: Sequence[int]) -> float | None:
    """Return Krippendorff's alpha, ordinal for more than two levels; None if it is not defined."""
    from nltk.metrics.agreement import AnnotationTask

    if len({*x, *y}) < 2:
        return None
    counts = Counter([*x, *y])

    def squared_distance(a: int, b: int) -> float:
        """Return how much two values disagree: the squared number of values in between, half of both ends included."""
        if len(levels) == 2:
            return float(a != b)
        low, high = sorted((a, b))
        between = sum(counts[level] for level in levels if low <= level <= high)
        return (between - (counts[low] + counts[high]) / 2) ** 2 if low != high else 0.0

    ratings = [(rater, unit, value) for rater, values in (("x", x), ("y", y)) for unit, value in enumerate(values)]
    return float(AnnotationTask(ratings, squared_distance).alpha())


def _share(values: Sequence[int], item: Item) -> float | None:
    return sum(values) / (len(values) * item.levels[-1]) if values else None
