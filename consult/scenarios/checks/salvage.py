"""Read the valid parts of `scenario.yaml` and `labels.yaml` despite mistakes, so that one check finds the others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from pydantic import ValidationError

from consult.scenarios.files import LabelsFile, ScenarioFile
from consult.scenarios.folder import Rest, without_entries
from consult.scenarios.located_yaml import Place
from consult.scenarios.shape import KEY, closest

_STANDS_FOR = "x"
"""Replaces a name, title or description that is missing or broken; nothing is compared with it."""


class Settings(NamedTuple):
    """The parts of `scenario.yaml` that cases and labels are compared with."""

    spec: ScenarioFile
    whole: bool = True
    """Whether its topics and examinations are complete."""


class Labels(NamedTuple):
    """The labels of `labels.yaml`, without the entries that cannot be read."""

    file: LabelsFile
    doubtful: frozenset[str] = frozenset()
    """Labels whose specialty or urgency cannot be read."""
    cut: frozenset[str] = frozenset()
    """Labels whose plan or safety net cannot be read completely."""


def salvaged_settings(rest: Rest[ScenarioFile]) -> Settings | None:
    """Read the valid part of the settings; None if there is none.

    A topic with a broken text still counts as a topic.
    """
    if rest.parsed is not None:
        return Settings(rest.parsed)
    given = rest.located.data
    if not isinstance(given, dict):
        return None
    kept = {name: _named(given.get(name)) for name in ("topics", "examinations")}
    fields = list(ScenarioFile.model_fields)
    unknown = [str(key) for key in given if key not in fields]
    misspelt = {closest(key, fields) for key in unknown} & {"topics", "examinations"}
    whole = "topics" in given and None not in kept.values() and not misspelt
    data = {key: value for key, value in _without(given, rest.left_out).items() if key in fields}
    data |= {"name": _STANDS_FOR, "title": _STANDS_FOR, **{name: names or {} for name, names in kept.items()}}
    try:
        return Settings(ScenarioFile.model_validate(data), whole)
    except ValidationError:
        return None


def _without(data: dict[Any, Any], places: Sequence[Place]) -> dict[Any, Any]:
    """Leave out broken entries; if an entry is left out, so are the entries inside it."""
    for place in places:
        with suppress(LookupError, TypeError):
            data = without_entries(data, [place])
    return data


def _named(given: Any) -> dict[str, str] | None:
    """Return the topics of a mapping; None if some cannot be read."""
    if given is None:
        return {}
    readable = isinstance(given, dict) and all(isinstance(name, str) for name in given)
    return dict.fromkeys(given, _STANDS_FOR) if readable else None


def salvaged_labels(rest: Rest[LabelsFile]) -> Labels | None:
    """Read the valid part of the labels; None if their names are unknown."""
    broken = [place for place in rest.left_out if len(place) == 2 or place[2:3] in (("specialty",), ("urgency",))]
    doubtful = frozenset(str(place[1]) for place in broken if place[0] == "labels")
    cut = frozenset(str(place[1]) for place in rest.left_out if place[2:3] in (("plan",), ("safety_net",)))
    if rest.parsed is not None:
        return Labels(rest.parsed, doubtful, cut)
    given = rest.located.data
    labels = given.get("labels") if isinstance(given, dict) else None
    if not isinstance(labels, dict) or any(KEY in place for place in rest.left_out):
        return None
    whole = {name: spec if isinstance(spec, dict) else {} for name, spec in labels.items()}
    kept = _without({"labels": whole}, [place for place in rest.left_out if len(place) > 2])
    specs = {name: {"specialty": None, **spec} for name, spec in kept["labels"].items()}
    try:
        return Labels(LabelsFile.model_validate({"labels": specs}), doubtful, cut)
    except ValidationError:
        return None
