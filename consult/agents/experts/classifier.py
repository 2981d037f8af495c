"""The interface of an image classifier: photographs in, probabilities of labels out; `open_classifier` makes one.

It is not a chat model and plays no role. It sees only a photograph. Its predictions are put into the doctors' prompts
(strategy `expert`) and are a baseline in reports.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from consult.agents.models.model import ModelError, ModelInfo
from consult.agents.models.model_resolver import Located, locate
from consult.counts import count_of
from consult.plugins import PluginError, Registry, blame, revision, takes
from consult.scenarios import Photograph, PhotographError, Scenario

if TYPE_CHECKING:
    from PIL.Image import Image

TOP = 3
"""Number of predictions that the doctors see."""
Ranked = tuple[tuple[str, float], ...]
"""Labels with their probabilities, most likely first."""


class Classifier(Protocol):
    """Classifies photographs."""

    @property
    def info(self) -> ModelInfo:
        """Describe the classifier."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return its names of classes, in its own words and order."""

    @property
    def drawn_only(self) -> bool:
        """Return whether it knows only drawings, so that its predictions for real photographs are meaningless."""

    def probabilities(self, photographs: Sequence[Photograph]) -> list[list[float]]:
        """Return for each photograph the probability of each name; they add up to 1.

        Raises:
            PhotographError: A photograph cannot be opened.
        """


@dataclass(frozen=True)
class FunctionClassifier:
    """A function from a photograph (an RGB picture of Pillow) to the probabilities of labels."""

    info: ModelInfo
    classify: Callable[[Image], Mapping[str, float]] = field(repr=False)
    names: tuple[str, ...] = ()
    """The scenario's labels; a label that the function leaves out has the probability 0."""
    drawn_only: bool = False
    read: Callable[[str], str | None] = field(default=lambda name: name, repr=False)
    """Converts a name that the function returns to a label."""

    def among(self, scenario: Scenario) -> FunctionClassifier:
        """Return the function as a classifier of a scenario's labels."""
        return replace(self, names=tuple(scenario.labels), read=partial(_label, scenario))

    def probabilities(self, photographs: Sequence[Photograph]) -> list[list[float]]:
        """Return for each photograph the probability of each name.

        Raises:
            PhotographError: A photograph cannot be opened.
            PluginError: The function raised, or returned a label that the scenario does not have.
        """
        return [self._row(photograph) for photograph in photographs]

    def _row(self, photograph: Photograph) -> list[float]:
        image = photograph.load()
        with blame("expert", self.info.reference):
            found = dict[str, float]()
            for name, p in self.classify(image).items():
                label = self.read(name)
                if label not in self.names:
                    raise ValueError(f"it returned '{name}', which is not a label of the scenario")
                found[label] = found.get(label, 0.0) + float(p)
        return [found.get(name, 0.0) for name in self.names]


def _label(scenario: Scenario, name: str) -> str | None:
    """Convert a classifier's name to a label; return None if it is not a label's name."""
    return scenario.diagnosis(name.replace("_", " "))


@dataclass(frozen=True)
class ObjectClassifier:
    """A user's object with the protocol of a classifier, under its reference in this call."""

    info: ModelInfo
    classifier: Classifier = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Return its names of classes."""
        return tuple(self.classifier.names)

    @property
    def drawn_only(self) -> bool:
        """Return whether it knows only drawings."""
        return bool(getattr(self.classifier, "drawn_only", False))

    def probabilities(self, photographs: Sequence[Photograph]) -> list[list[float]]:
        """Return for each photograph the probability of each name.

        Raises:
            PhotographError: A photograph cannot be opened.
            PluginError: The object raised, or did not return probabilities.
        """
        with blame("expert", self.info.reference, PhotographError):
            rows = [[float(p) for p in row] for row in self.classifier.probabilities(photographs)]
            if len(rows) != len(photographs) or any(len(row) != len(self.names) for row in rows):
                wanted = count_of(len(self.names), "probability", "probabilities")
                raise ValueError(f"it did not return {wanted} for each photograph")
        return rows


def as_classifier(value: Any, reference: str) -> Classifier:
    """Make a classifier from a function or from an object with the protocol of a classifier.

    Raises:
        PluginError: The object is neither.
    """
    if hasattr(value, "probabilities") and not isinstance(value, type):
        info = getattr(value, "info", None)
        own = (
            info if isinstance(info, ModelInfo) else ModelInfo(reference, "python", revision=revision(reference, value))
        )
        return ObjectClassifier(replace(own, reference=reference), value)
    if callable(value) and takes(value, "image"):
        return FunctionClassifier(ModelInfo(reference, "python", revision=revision(reference, value)), value)
    raise PluginError(
        f"'{reference}' is not an expert; an expert is a function of (image) that returns label → probability"
    )


BUILT_IN = ("starter", "scripted:", "http:", "https:")
EXPERTS: Registry[Classifier] = Registry("expert", "consult.experts", as_classifier, BUILT_IN)


def open_classifier(reference: str) -> Classifier:
    """Open a classifier; the weights are loaded here.

    Args:
        reference: `starter` or the folder of a model trained like it, for the head on its vision tower; or the folder
            or the hub id of a transformers model for image classification; or a plugin's name (see `consult.plugins`).

    Raises:
        ModelError: There is no such classifier, or it cannot be loaded safely.
        PluginError: The reference names code that cannot be loaded, or that was not named in this call.
    """
    own = EXPERTS.find(reference)
    if own is not None:
        return own
    if reference.startswith(("http://", "https://", "scripted:")):
        raise ModelError(
            f"'{reference}' cannot classify photographs; give starter, or a folder or hub id of a transformers model "
            "for image classification"
        )
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    located = locate(reference)
    if has_head(located):
        from consult.agents.experts.tower_classifier import TowerClassifier

        return TowerClassifier(located, reference)
    from consult.agents.experts.image_classifier import ImageClassifier

    return ImageClassifier(located, reference)


def has_head(located: Located) -> bool:
    """Return whether a model includes a classifier on its own vision tower."""
    from consult.agents.experts.tower_classifier import HEAD

    return located.adapter is None and (located.folder / HEAD).is_file()


class Reading:
    """A classifier whose names are converted to a scenario's labels with its aliases.

    Args:
        classifier: The classifier with the names.
        scenario: The scenario with the labels.

    Raises:
        ModelError: None of its names is a label of the scenario.
    """

    def __init__(self, classifier: Classifier, scenario: Scenario) -> None:
        self.labels = tuple(scenario.labels)
        self.classifier = classifier.among(scenario) if isinstance(classifier, FunctionClassifier) else classifier
        classifier = self.classifier
        self._read = [_label(scenario, name) for name in classifier.names]
        if not any(self._read):
            some = ", ".join(classifier.names[:TOP])
            raise ModelError(
                f"the classifier '{classifier.info.reference}' knows none of the labels of '{scenario.name}' (its own: "
                f"{some}, …); give another --classifier, or name them as aliases in the scenario"
            )

    def ranked(self, photographs: Sequence[Photograph]) -> list[Ranked]:
        """Return for each photograph the labels by probability; names that are not a label are left out."""
        return [self._ranked(row) for row in self.classifier.probabilities(photographs)]

    def _ranked(self, row: Sequence[float]) -> Ranked:
        total = dict.fromkeys((label for label in self.labels if label in self._read), 0.0)
        for label, p in zip(self._read, row, strict=True):
            if label is not None:
                total[label] += p
        # Sorting is stable: equally likely labels stay in the scenario's order.
        return tuple(sorted(total.items(), key=lambda item: -item[1]))
