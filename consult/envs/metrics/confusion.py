"""Counts of a classification by label, and the F1 and recall of each label, as scikit-learn computes them.

Importing scikit-learn takes memory and seconds that a report does not need otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]


class ByLabel(NamedTuple):
    """Counts by label, in the order of the labels; each array may have a first dimension of bootstrap draws."""

    hits: Numbers
    true: Numbers
    """How often a label is the truth."""
    said: Numbers
    """How often a label was named."""

    @property
    def f1(self) -> Numbers:
        """Return the F1 of each label; 0 for one that is neither the truth nor named."""
        import numpy as np

        return np.asarray(2 * self.hits / np.maximum(self.true + self.said, 1))

    @property
    def recall(self) -> Numbers:
        """Return the share of each label's cases that was named; 0 for one that is no truth."""
        import numpy as np

        return np.asarray(self.hits / np.maximum(self.true, 1))


def numbered(names: Iterable[str | None], known: Sequence[str]) -> Numbers:
    """Return the index of each name in a list; for other names, the length of the list."""
    import numpy as np

    place = {name: i for i, name in enumerate(known)}
    return np.fromiter((place.get(name or "", len(place)) for name in names), int)


def by_label(true: Numbers, said: Numbers, labels: int) -> ByLabel:
    """Count a classification.

    Args:
        true: The number of each truth; one that is not below `labels` is of no label.
        said: The numbers of the answers.
        labels: How many labels there are.
    """
    import numpy as np

    def count(numbers: Numbers) -> Numbers:
        return np.bincount(numbers, minlength=labels)[:labels]

    return ByLabel(count(true[true == said]), count(true), count(said))
