"""The table `classifier_predictions`: one row per classifier, version of a scenario, and case."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from consult.envs.store.write import Store


class Prediction(NamedTuple):
    """One row: the prediction of a classifier for the photograph of a case."""

    classifier: str
    """Reference and revision."""
    scenario_revision: str
    case_id: str
    labels: str
    """Labels, most likely first, as JSON."""
    probabilities: str
    """Probabilities of the labels, as JSON."""


def keep_predictions(store: Store, predictions: Sequence[Prediction]) -> None:
    """Write predictions in one transaction; predictions that are already stored are not changed."""
    store.write(
        "INSERT OR IGNORE INTO classifier_predictions "
        "(classifier, scenario_revision, case_id, labels, probabilities) VALUES (?, ?, ?, ?, ?)",
        predictions,
    )


def predictions_of(store: Store, classifier: str, scenario_revision: str) -> dict[str, list[str]]:
    """Map each case of a scenario to the labels that a classifier predicts, most likely first."""
    rows = store.query(
        "SELECT case_id, labels FROM classifier_predictions WHERE scenario_revision = ? AND classifier = ?",
        scenario_revision,
        classifier,
    )
    return {row["case_id"]: json.loads(row["labels"]) for row in rows}


def predictions_by_classifier(store: Store, scenario_revision: str) -> dict[str, dict[str, list[str]]]:
    """Map each classifier to its predictions on a scenario: case → labels, most likely first."""
    rows = store.query(
        "SELECT classifier, case_id, labels FROM classifier_predictions WHERE scenario_revision = ?", scenario_revision
    )
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for row in rows:
        found[row["classifier"]][row["case_id"]] = json.loads(row["labels"])
    return dict(found)
