"""What stands above the runs of a report: their common settings, and one table a subject with a row a condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consult.agents.assessors.rubric import BY_KEY
from consult.envs.metrics.diagnosis import FALSE_REFERRALS, RIGHT_REFERRALS
from consult.envs.settings import is_model
from consult.render.report.table import DIFFERENCE, PAIRED, Cell, Table, difference, legacy, place, small

Data = Mapping[str, Any]

RUNS = "Diagnosis by condition"
HEAD = (
    "model", "strategy", "team", "split", "judge", "scenario", "scenario revision", "temperament", "triage",
    "specialists", "patient", "seed", "cases",
)  # fmt: skip
"""Settings in common that have a line of their own."""


def head(found: Data) -> list[tuple[str, str]]:
    """Say what all rows have in common, in which settings they differ, and who assessed them."""
    conditions = found["conditions"]
    rows = told_together(found)
    others = (f"{name} {text}" for name, text in conditions["common"].items() if name not in HEAD)
    rows.append(("other settings", "; ".join(others)))
    if conditions["differing"]:
        rows.insert(0, ("rows differ in", ", ".join(conditions["differing"])))
    rows.append(("assessors", _assessors(found)))
    shown = set(conditions["differing"])
    shortened = {short: model for short, model in conditions["models"].items() if short != model}
    if shown and shortened:
        rows.append(("names in full", "; ".join(f"{short} is {model}" for short, model in shortened.items())))
    return rows


def told_together(found: Data) -> list[tuple[str, str]]:
    """Return the most telling settings in common; roles of one model are told together."""
    common = found["conditions"]["common"]
    rows: dict[str, list[str]] = {}
    for name in HEAD:
        if name in common:
            rows.setdefault(common[name] if is_model(name) else name, []).append(name)
    return [(", ".join(names), common[names[0]]) for names in rows.values()]


def _assessors(found: Data) -> str:
    """Name who assessed, and which runs where it was not all of them."""
    by: dict[str, list[str]] = {}
    for run in found["runs"]:
        for assessor in run["rubric"]:
            by.setdefault(assessor, []).append(run["run"])
    told = (name if len(runs) == len(found["runs"]) else f"{name} (of {', '.join(runs)})" for name, runs in by.items())
    return "; ".join(told) or "none"


def across(found: Data) -> Iterator[Table]:
    """Yield one table a subject, with a row a condition; of one run the first alone, since its own tables follow."""
    yield summary(found)
    if len(found["runs"]) > 1:
        built = (_referrals(found), _triage(found), _rubric(found), _dialogue(found), comparisons(found))
        yield from (table for table in built if table)


def summary(found: Data) -> Table:
    """Return the main table: the diagnosis."""
    rows = [
        (
            *_row(run),
            *(
                small(run["headlines"].get(name), place(run["run"], "all"), n=_n(run))
                for name in ("accuracy", "weighted F1", "top 3")
            ),
            small(run["panel"]["vote"], place(run["run"], "panel vote"), n=_n(run))
            if run["panel"]
            else Cell("no panel"),
            Cell(legacy(run["legacy"])),
        )
        for run in found["runs"]
    ]
    headings = (*_ROW, "accuracy", "weighted F1", "top 3", "panel's plurality vote", "3MDBench's scorer")
    note = (
        "95 % intervals. Abstentions, unfinished and failed consultations count as wrong. The last column is the "
        "weighted F1 that 3MDBench's own scorer would give, its defects included."
    )
    return Table(RUNS, headings, rows, note)


_ROW = ("condition", "run", "n")


def _row(run: Data) -> tuple[Cell, Cell, Cell]:
    return Cell(run["label"], run["run"]), Cell(run["run"]), Cell(f"{_n(run):,}")


def _n(run: Data) -> int:
    return int(run["consultations"]["ended"])


def _referrals(found: Data) -> Table | None:
    """Return the shares of patients who were referred; None if no case is off the list."""
    measured = [run for run in found["runs"] if RIGHT_REFERRALS in run["headlines"]]
    if not measured:
        return None
    names = (RIGHT_REFERRALS, FALSE_REFERRALS)
    rows = [(*_row(run), *(small(run["headlines"].get(name), n=_n(run)) for name in names)) for run in measured]
    note = "To refer is right where the diagnosis is none of the labels, and false where it is one of them."
    return Table("Referrals by condition", (*_ROW, *names), rows, note)


_URGENCY = {
    "right": "urgency right",
    "under": "under-triage",
    "over": "over-triage",
    "missed": "alarms missed",
    "emergency_without_alarm": "emergency without an alarm",
}


def _triage(found: Data) -> Table | None:
    """Return triage and urgency side by side; None if no run has either."""
    measured = [run for run in found["runs"] if run["triage"] or run["urgency"]]
    if not measured:
        return None
    rows = []
    for run in measured:
        triage = run["triage"] or {}
        final = final_urgency(run) or {}
        specialty = place(run["run"], "triage specialty")
        said = place(run["run"], "urgency final")
        rows.append((
            *_row(run),
            small(triage.get("strict"), specialty, n=_n(run)),
            small(triage.get("lenient"), specialty, n=_n(run)),
            *(small(final.get(key), said, n=_n(run)) for key in _URGENCY),
        ))  # fmt: skip
    note = (
        "Specialty is the triage doctor's. Urgency is the final one, the attending's; under-triage is less urgent "
        "than the truth. Each run's own table has triage's urgency and the baselines."
    )
    headings = (*_ROW, "specialty right", "right, or the accepted second", *_URGENCY.values())
    return Table("Triage and urgency by condition", headings, rows, note)


def final_urgency(run: Data) -> Data | None:
    """Return the figures of a run's final urgency; None if it has none."""
    sources = run["urgency"]["sources"] if run["urgency"] else ()
    return next((one for one in sources if one["name"] == "final"), None)


def _rubric(found: Data) -> Table | None:
    """Return the items side by side, with a row for each condition and assessor; None if nothing was assessed."""
    items = [key for key in BY_KEY if any(key in by for run in found["runs"] for by in run["rubric"].values())]
    if not items:
        return None
    short = short_names(found)
    rows = [
        (
            *_row(run),
            Cell(short.get(name, name)),
            small(run["rubric_mean"].get(name), n=_n(run)),
            *(_item(run, name, key, by.get(key)) for key in items),
        )
        for run in found["runs"]
        for name, by in run["rubric"].items()
    ]
    note = (
        "The mean is over the items that an assessor scored; an item of three levels counts there as half of its "
        "value. What an assessor does not decide by design is a dash, and no failure."
    )
    headings = (*_ROW, "assessor", "mean", *(f"{key} {BY_KEY[key].name}" for key in items))
    return Table("Rubric by condition", headings, rows, note)


def short_names(found: Data) -> dict[str, str]:
    """Return model or assessor, with its revision → its name in labels."""
    return {model: short for short, model in found["conditions"]["models"].items()}


def _item(run: Data, assessor: str, key: str, data: Data | None) -> Cell:
    return small(data, place(run["run"], f"{key} by {assessor}"), n=_n(run), plain=BY_KEY[key].levels[-1] > 1)


_COST = ("questions", "turns", "tokens in", "tokens out", "seconds of model time")


def _dialogue(found: Data) -> Table:
    """Return length and cost of a consultation."""
    rows = [
        (*_row(run), *(small(run["cost"].get(name), n=_n(run), plain=True) for name in _COST)) for run in found["runs"]
    ]
    return Table("Length and cost of a consultation by condition", (*_ROW, *_COST), rows)


def comparisons(found: Data) -> Table | None:
    """Return the differences between runs on the same cases; None if none are paired."""
    rows = [
        (
            Cell(f"{one['sides']['a']} minus {one['sides']['b']}{', gain over solo' if one['over_solo'] else ''}"),
            Cell(one["sides"]["both"]),
            Cell(f"{one['a']} - {one['b']}"),
            *difference(one),
        )
        for one in found["comparisons"]
    ]
    refused = " ".join(
        f"{one['a']['run']} and {one['b']['run']} are not compared: they played revisions "
        f"{one['a']['scenario_revision']} and {one['b']['scenario_revision']} of the scenario, whose cases differ."
        for one in found["not_compared"]
    )
    note = f"{PAIRED} {refused}".strip()
    headings = ("difference", "the same in both", "runs", *DIFFERENCE)
    return Table("Differences on the same cases", headings, rows, note) if rows or refused else None
