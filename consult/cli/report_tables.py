"""The tables of a report, once for Markdown and page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """Text, and where in the page the consultations behind it are listed."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A titled table; the first column names, the others hold figures."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""


def figure(data: Data, *, points: bool = False, plain: bool = False) -> str:
    """Write a figure with its interval, n and what is missing.

    Args:
        data: As it stands in report.json.
        points: As a difference in percentage points.
        plain: As a number rather than a share.
    """
    if data["value"] is None:
        owed = data.get("judge_failed")
        return f"not judged ({owed:,} verdicts missing)" if owed else "—"
    number = _points if points else _plain if plain else _share
    sure = f" ({number(data['low'])} to {number(data['high'])})" if data["low"] is not None else " (no interval)"
    missing = f", {data['judge_failed']:,} judge failed" if data.get("judge_failed") else ""
    lost = f", {data['failed']:,} failed" if data.get("failed") else ""
    return f"{number(data['value'])}{sure}, n {data['n']:,}{lost}{missing}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"


def summary(found: Data) -> Table:
    """Give the main table: one row a run."""
    rows = [
        (
            Cell(f"{run['run']} · {run['strategy']} · {run['team']}", run["run"]),
            *(Cell(figure(run["headlines"][name]), f"{run['run']}-all") for name in ("accuracy", "weighted F1")),
            Cell(figure(run["panel"]["vote"]) if run["panel"] else "no panel"),
            Cell(_legacy(run["legacy"])),
        )
        for run in found["runs"]
    ]
    headings = ("run", "accuracy", "weighted F1", "panel's plurality vote", "3MDBench's scorer")
    note = (
        "95 % intervals. Abstentions, unfinished and failed consultations count as wrong. The last column is the "
        "weighted F1 that 3MDBench's own scorer would give, its defects included."
    )
    return Table("Runs", headings, rows, note)


def _legacy(data: Data) -> str:
    if data["f1"] is None:
        return f"none: {data['why']}"
    return f"{_share(data['f1'])}, {data['predictions']:,} answers, {_share(data['dropped'])} dropped"


def comparisons(found: Data) -> Table | None:
    """Give the differences between runs on the same cases."""
    names = {run["run"]: f"{run['run']} ({run['strategy']} · {run['team']})" for run in found["runs"]}
    rows = [
        (Cell(f"{names[d['a']]} - {names[d['b']]}{', gain over solo' if d['over_solo'] else ''}"), *_difference(d))
        for d in found["comparisons"]
    ]
    return Table("Differences on the same cases", _DIFFERENCE, rows, _PAIRED) if rows else None


_DIFFERENCE = ("", "points", "better : worse", "p", "p, Holm", "test")
_PAIRED = "Accuracy in percentage points, paired by case; n are cases. Holm corrects for all rows of this table."


def _difference(data: Data) -> tuple[Cell, ...]:
    corrected = "—" if data["p_holm"] is None else f"{data['p_holm']:.2g}"
    texts = (f"{data['won']} : {data['lost']}", f"{data['p']:.2g}", corrected, data["test"])
    return (Cell(figure(data["figure"], points=True)), *map(Cell, texts))


def of_run(run: Data) -> Iterator[Table]:
    """Give the tables of one run."""
    yield _headlines(run)
    yield from (table for table in (_triage(run), _panel(run), _by_s(run)) if table)
    yield from _groups(run)
    if run["temperaments"]:
        rows = [(Cell(f"{d['a']} - {d['b']}"), *_difference(d)) for d in run["temperaments"]]
        yield Table("Temperaments on the same cases", _DIFFERENCE, rows, _PAIRED)
    if run["confusions"]:
        rows = [
            (Cell(c["truth"], f"{run['run']}-{anchor(c['truth'])}"), Cell(c["said"]), Cell(f"{c['n']:,}"))
            for c in run["confusions"]
        ]
        yield Table("Commonest mistakes", ("truth", "said", "times"), rows)
    yield from _calibration(run)
    yield from (_assessor(name, items) for name, items in run["rubric"].items())
    yield from _lines(run)
    if run["consultations"]["failures"]:
        rows = [(Cell(f["id"]), Cell(f["case"]), Cell(f["error"] or "")) for f in run["consultations"]["failures"]]
        yield Table("Failed consultations", ("consultation", "case", "error"), rows)


def _figures(title: str, data: Mapping[str, Data], note: str = "", *, plain: bool = False) -> Table:
    rows = [(Cell(name), Cell(figure(one, plain=plain))) for name, one in data.items()]
    return Table(title, ("", "value (95 %), n"), rows, note)


def _headlines(run: Data) -> Table:
    everything = f"{run['run']}-all"
    rows = [(Cell(name), Cell(figure(one), everything)) for name, one in run["headlines"].items()]
    rows.append((Cell("3MDBench's scorer, weighted F1"), Cell(_legacy(run["legacy"]))))
    return Table("Diagnosis", ("", "value (95 %), n"), rows)


def _triage(run: Data) -> Table | None:
    data = run["triage"]
    if data is None:
        return None
    found = {
        "specialty right": data["strict"],
        "right, or the accepted second": data["lenient"],
        f"majority baseline ({data['majority_specialty']})": data["majority"],
        "urgency right": data["urgency"],
        "under-triage": data["under"],
        "over-triage": data["over"],
    }
    return _figures("Triage", found, f"Mean over the specialties: {_share(data['macro'])}.")


def _panel(run: Data) -> Table | None:
    data = run["panel"]
    if data is None:
        return None
    found = {
        "opinions right (s)": data["s"],
        "plurality vote": data["vote"],
        "two members say the same": data["agreement"],
    }
    table = _figures("Panel", found)
    gain, same = data["gain"], data["error_correlation"]
    text = f"{figure(gain['figure'], points=True)} points; {gain['won']} : {gain['lost']}, p {gain['p']:.2g}"
    rows = [*table.rows, (Cell("attending - plurality vote"), Cell(text))]
    rows.append((Cell("correlation of two members' mistakes"), Cell("—" if same is None else f"{same:.2f}")))
    return Table(table.title, table.headings, rows)


def _by_s(run: Data) -> Table | None:
    if run["panel"] is None:
        return None
    rows = [
        (
            Cell(f"{one['right']} of {one['members']}"),
            *(Cell(figure(one[key])) for key in ("accuracy", "follows", "corrects")),
        )
        for one in run["panel"]["by_s"]
    ]
    headings = ("opinions right", "final diagnosis right", "follows a right vote", "corrects a wrong vote")
    return Table("Attending by s", headings, rows)


def _groups(run: Data) -> Iterator[Table]:
    for grouping, groups in run["groups"].items():
        rows = [
            (Cell(name, f"{run['run']}-{anchor(name)}" if grouping == "diagnosis" else ""), Cell(figure(one)))
            for name, one in groups.items()
        ]
        if rows:
            yield Table(f"Accuracy by {grouping}", (grouping, "accuracy (95 %), n"), rows)


def _calibration(run: Data) -> Iterator[Table]:
    data = run["calibration"]
    if data is None:
        return
    found = {"Brier score": data["brier"], "mean confidence": data["confidence"]}
    note = f"Expected calibration error over ten bins: {data['ece']:.3f}. 0 is best for it and for the Brier score."
    yield _figures("Confidence of the attending", found, note, plain=True)
    rows = [
        tuple(
            map(
                Cell, (f"{b['low']:.1f} to {b['high']:.1f}", f"{b['n']:,}", _share(b["confidence"]), _share(b["right"]))
            )
        )
        for b in data["curve"]
    ]
    yield Table("Reliability", ("confidence", "n", "mean confidence", "right"), rows)


def _assessor(name: str, items: Mapping[str, Data]) -> Table:
    note = "Means of the verdicts; a verdict that the judge failed to give is counted apart and is not 0."
    return _figures(f"Assessment by {name}", items, note, plain=True)


def _lines(run: Data) -> Iterator[Table]:
    if run["fidelity"]:
        note = "" if run["grounded"] else "The patient is free: its lines are checked and not mended."
        yield _figures("Fidelity of the lines", run["fidelity"], note)
    if run["unusable"]:
        found = {f"{one['role']} ({one['model']})": one for one in run["unusable"]}
        yield _figures("Unusable answers", found, "First replies that could not be read as asked.")
    yield _figures("Cost a consultation", run["cost"], plain=True)


def anchor(name: str) -> str:
    """Make a name fit for a fragment of an address."""
    return "".join(c if c.isalnum() else "-" for c in name.lower())
