"""The figures of a report as one tidy table, summary.csv: a row for each condition and measure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from consult.agents.assessors.rubric import BY_KEY
from consult.foreign_text import shown

Data = Mapping[str, Any]
Row = dict[str, Any]

SHARE, LEVEL, NUMBER = "share", "level", "number"
"""Units: 0 to 1, the levels of a rubric's item, a number a consultation."""
NOTICE = "simulation, not medical advice"


class Measure(NamedTuple):
    """One figure of a run."""

    subject: str
    """diagnosis, panel, triage, urgency, rubric, fidelity or cost"""
    name: str
    unit: str
    figure: Data
    assessor: str = ""
    """Who scored it; empty if that is no assessor."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from the other measures of a run."""
        return self.subject, self.name, self.unit, self.assessor


def rows(found: Data) -> list[Row]:
    """Return the table's rows; a measure that a run has not is a row without a value.

    Args:
        found: What report.json says.
    """
    measured = {run["run"]: {one.key: one.figure for one in measures(run)} for run in found["runs"]}
    keys = _in_order(measured.values())
    settings = list(dict.fromkeys(name for run in found["runs"] for name in run["settings"]))
    return [
        {
            "run": run["run"],
            "condition": run["label"],
            **{column(name): _text(run["settings"].get(name)) for name in settings},
            "subject": subject,
            "measure": name,
            "assessor": shown(assessor),
            "unit": unit,
            **_figure(measured[run["run"]].get((subject, name, unit, assessor))),
            "notice": NOTICE,
        }
        for run in found["runs"]
        for subject, name, unit, assessor in keys
    ]


def measures(run: Data) -> Iterator[Measure]:
    """Yield the figures of a run."""
    for name, figure in run["headlines"].items():
        yield Measure("diagnosis", column(name), SHARE, figure)
    if run["panel"]:
        yield Measure("panel", "opinions_right", SHARE, run["panel"]["s"])
        yield Measure("panel", "plurality_vote", SHARE, run["panel"]["vote"])
    if run["triage"]:
        names = {"strict": "specialty_right", "lenient": "specialty_right_or_second", "majority": "majority_specialty"}
        for key, name in names.items():
            yield Measure("triage", name, SHARE, run["triage"][key])
    for source in run["urgency"]["sources"] if run["urgency"] else ():
        for key, figure in source.items():
            if isinstance(figure, Mapping):
                yield Measure("urgency", f"{column(source['name'])}_{key}", SHARE, figure)
    for assessor, items in run["rubric"].items():
        for key, figure in items.items():
            unit = LEVEL if BY_KEY[key].levels[-1] > 1 else SHARE
            yield Measure("rubric", f"{key}_{column(BY_KEY[key].name)}", unit, figure, assessor)
    for assessor, figure in run["rubric_mean"].items():
        yield Measure("rubric", "mean", SHARE, figure, assessor)
    for name, figure in run["fidelity"].items():
        yield Measure("fidelity", column(name), SHARE, figure)
    for name, figure in run["cost"].items():
        yield Measure("cost", column(name), NUMBER, figure)


def column(name: str) -> str:
    """Return a name without spaces and signs, as a column or a measure has it."""
    return re.sub(r"[^0-9a-zA-Z.]+", "_", name).strip("_").lower()


def _in_order(runs: Any) -> list[tuple[str, str, str, str]]:
    """List all keys, subject by subject."""
    keys = list(dict.fromkeys(key for measured in runs for key in measured))
    subjects = list(dict.fromkeys(key[0] for key in keys))
    return sorted(keys, key=lambda key: subjects.index(key[0]))


def _figure(data: Data | None) -> Row:
    found = data or {"value": None}
    # A value that is not known has no count either: 0 would say that there were none.
    known = found["value"] is not None
    counts = {name: found[name] if known else None for name in ("n", "clusters", "failed", "unjudged")}
    lacking = {"not_scored": found.get("judge_failed"), "not_decided": found.get("not_decided")}
    numbers = {name: _number(found.get(name)) for name in ("value", "low", "high")}
    return {**numbers, **counts, **lacking, "method": found.get("method", "") or None}


def _number(value: float | None) -> float | None:
    """Round to seven digits, as report.json's are not: the order of low, value and high stays."""
    return None if value is None else float(f"{value:.7g}")


def _text(value: Any) -> Any:
    return shown(value) if isinstance(value, str) else value


def headings(table: Sequence[Row]) -> list[str]:
    """Return the columns' names."""
    return list(table[0])
