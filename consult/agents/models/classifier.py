"""The interface of an image classifier: photographs in, probabilities of labels out; `open_classifier` makes one.

It is no chat model: it plays no role, it is shown a photograph and nothing else, and what it takes the photograph for
is put into the doctors' prompts (strategy `expert`) and stands as a baseline in reports.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from consult.agents.models.model import ModelError, ModelInfo
from consult.agents.models.references import Located, locate
from consult.scenarios import Photograph, Scenario

TOP = 3
"""Guesses that the doctors are told."""
Ranked = tuple[tuple[str, float], ...]
"""Labels with their probabilities, the likeliest first."""


class Classifier(Protocol):
    """Tells what photographs show."""

    @property
    def info(self) -> ModelInfo:
        """What it is."""

    @property
    def names(self) -> tuple[str, ...]:
        """What it can say, in its own words and order."""

    @property
    def drawn_only(self) -> bool:
        """Whether it knows drawings alone, so that what it says of a real photograph means nothing."""

    def probabilities(self, photographs: Sequence[Photograph]) -> list[list[float]]:
        """Give for each photograph the probability of each name; they add up to 1.

        Raises:
            PhotographError: One cannot be opened.
        """


def open_classifier(reference: str) -> Classifier:
    """Open a classifier; the weights are loaded here.

    Args:
        reference: `starter` or the folder of a model trained like it, for the head on its vision tower; or the folder
            or the hub id of a transformers model for image classification.

    Raises:
        ModelError: There is no such classifier, or it cannot be loaded safely.
    """
    if reference.startswith(("http://", "https://", "scripted:")):
        raise ModelError(
            f"'{reference}' cannot classify photographs; give starter, or a folder or hub id of a transformers model "
            "for image classification"
        )
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    located = locate(reference)
    if has_head(located):
        from consult.agents.models.tower_classifier import TowerClassifier

        return TowerClassifier(located, reference)
    from consult.agents.models.image_classifier import ImageClassifier

    return ImageClassifier(located, reference)


def has_head(located: Located) -> bool:
    """Tell whether a model brings a classifier on its own vision tower."""
    from consult.agents.models.tower_classifier import HEAD

    return located.adapter is None and (located.folder / HEAD).is_file()


class Reading:
    """A classifier's names read as a scenario's labels, after its aliases.

    Args:
        classifier: Whose names.
        scenario: Whose labels.

    Raises:
        ModelError: None of its names is a label of the scenario.
    """

    def __init__(self, classifier: Classifier, scenario: Scenario) -> None:
        self.classifier, self.labels = classifier, tuple(scenario.labels)
        self._read = [scenario.diagnosis(name.replace("_", " ")) for name in classifier.names]
        if not any(self._read):
            some = ", ".join(classifier.names[:TOP])
            raise ModelError(
                f"the classifier '{classifier.info.reference}' knows none of the labels of '{scenario.name}' (its own: "
                f"{some}, …); give another --classifier, or name them as aliases in the scenario"
            )

    def ranked(self, photographs: Sequence[Photograph]) -> list[Ranked]:
        """Give for each photograph the labels by their probability; names that are no label are left out."""
        return [self._ranked(row) for row in self.classifier.probabilities(photographs)]

    def _ranked(self, row: Sequence[float]) -> Ranked:
        total = dict.fromkeys((label for label in self.labels if label in self._read), 0.0)
        for label, p in zip(self._read, row, strict=True):
            if label is not None:
                total[label] += p
        # Sorting is stable: equally likely ones stay in the scenario's order.
        return tuple(sorted(total.items(), key=lambda item: -item[1]))
