"""An image classifier's predictions for the photographs of a run: one per case, in batches, stored.

A prediction depends only on the photograph. It is stored before a doctor sees it, so that a resumed run shows the same
prediction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from consult.agents.experts.classifier import TOP, Classifier, Ranked, Reading
from consult.agents.models.model import ModelError
from consult.envs.config import RunConfig
from consult.envs.store.predictions import Prediction, keep_predictions, predictions_of
from consult.envs.store.write import Store
from consult.scenarios import Scenario

AT_ONCE = 16


def classifier_name(classifier: Classifier) -> str:
    """Name a classifier as the store does: reference and revision."""
    info = classifier.info
    return f"{info.reference}@{info.revision}" if info.revision else info.reference


def check_photographs(classifier: Classifier, scenario: Scenario, config: RunConfig) -> None:
    """Refuse a run if the classifier cannot classify its cases; only the first case with a photograph is checked.

    Raises:
        ModelError: No case has a photograph, the classifier knows only drawings and these are photographs, or it knows
            none of the scenario's labels.
    """
    Reading(classifier, scenario)
    check_shown(scenario, config)
    shown, drawn = _first_photograph(scenario, config)
    if classifier.drawn_only and not drawn:
        raise ModelError(
            f"the classifier '{classifier.info.reference}' knows only drawn photographs, and {shown} is not one; give "
            "a classifier of such photographs as --classifier"
        )


def check_shown(scenario: Scenario, config: RunConfig) -> None:
    """Refuse a run without a photograph; the classifier is not asked.

    Raises:
        ModelError: The run has no photograph.
    """
    if _first_photograph(scenario, config)[0] is None:
        raise ModelError("there is no photograph to classify; choose another strategy than expert")


def _first_photograph(scenario: Scenario, config: RunConfig) -> tuple[str | None, bool]:
    """Return a name for the first photograph, None if there is none, and whether it was drawn."""
    if config.own is not None:
        return (None if config.own.photograph is None else "yours"), False
    case = next((case for case in map(scenario.case, config.cases) if case.photograph is not None), None)
    return (None, False) if case is None else (f"that of {case.id}", case.origin == "tables")


@dataclass
class ClassifierPredictions:
    """One classifier's predictions for the cases of one scenario.

    Args:
        classifier: The classifier.
        scenario: The scenario with the cases.
        store: The store of the predictions.
        cases: Ids, in the order in which they will be requested; neighbours share a batch.
    """

    classifier: Classifier
    scenario: Scenario
    store: Store
    cases: Sequence[str]
    _kept: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self._reading = Reading(self.classifier, self.scenario)
        self._name = classifier_name(self.classifier)
        self._kept = {
            case: tuple(labels)
            for case, labels in predictions_of(self.store, self._name, self.scenario.revision).items()
        }
        self._place = {case: i for i, case in enumerate(self.cases)}

    def of(self, case_id: str) -> tuple[str, ...]:
        """Return the three most likely labels for a case's photograph; empty if the case has none.

        Raises:
            PhotographError: The photograph cannot be opened.
        """
        if case_id not in self._kept:
            self._predict(self._neighbours(case_id))
        if case_id not in self._kept:
            # Its batch failed, perhaps because of another photograph.
            self._predict([case_id])
        return self._kept[case_id]

    def _neighbours(self, case_id: str) -> list[str]:
        start = self._place[case_id] // AT_ONCE * AT_ONCE
        return [case for case in self.cases[start : start + AT_ONCE] if case not in self._kept]

    def _predict(self, ids: Sequence[str]) -> None:
        shown = {case: photograph for case in ids if (photograph := self.scenario.case(case).photograph)}
        try:
            ranked = dict(zip(shown, self._reading.ranked(list(shown.values())), strict=True)) if shown else {}
        except Exception:
            if len(ids) == 1:
                raise
            return
        keep_predictions(self.store, [self._row(case, ranked.get(case, ())) for case in ids])
        self._kept.update({case: tuple(label for label, _ in ranked.get(case, ())[:TOP]) for case in ids})

    def _row(self, case: str, ranked: Ranked) -> Prediction:
        labels, shares = [label for label, _ in ranked[:TOP]], [round(p, 4) for _, p in ranked[:TOP]]
        return Prediction(self._name, self.scenario.revision, case, json.dumps(labels), json.dumps(shares))
