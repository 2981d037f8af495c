"""The tables of a report, once for Markdown and page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consult.agents.rubric import BY_KEY

Data = Mapping[str, Any]

MOST_MISTAKES = 20
MISTAKES = "Commonest mistakes"


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
        return "—"
    number = _points if points else _plain if plain else _share
    sure = f" ({number(data['low'])} to {number(data['high'])})" if data["low"] is not None else " (no interval)"
    missing = f", {data['unjudged']:,} unjudged" if data.get("unjudged") else ""
    missing += f", {data['judge_failed']:,} judge failed" if data.get("judge_failed") else ""
    lost = f", {data['failed']:,} failed" if data.get("failed") else ""
    return f"{number(data['value'])}{sure}, n {data['n']:,}{lost}{missing}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"


def summary(found: Data) -> Table:
    """Return the main table: one row per run."""
    rows = [
        (
            Cell(f"{run['run']} · {run['strategy']} · {run['team']}", run["run"]),
            *(Cell(figure(run["headlines"][name]), place(run["run"], "all")) for name in ("accuracy", "weighted F1")),
            Cell(figure(run["panel"]["vote"]), place(run["run"], "panel vote")) if run["panel"] else Cell("no panel"),
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
    answers = "answer" if data["predictions"] == 1 else "answers"
    return f"{_share(data['f1'])}, {data['predictions']:,} {answers}, {_share(data['dropped'])} dropped"


def comparisons(found: Data) -> Table | None:
    """Return the differences between runs on the same cases."""
    names = {run["run"]: f"{run['run']} ({run['strategy']} · {run['team']})" for run in found["runs"]}
    rows = [
        (Cell(f"{names[d['a']]} - {names[d['b']]}{', gain over solo' if d['over_solo'] else ''}"), *_difference(d))
        for d in found["comparisons"]
    ]
    refused = " ".join(
        f"{one['a']['run']} and {one['b']['run']} are not compared: they played revisions "
        f"{one['a']['scenario_revision']} and {one['b']['scenario_revision']} of the scenario, whose cases differ."
        for one in found["not_compared"]
    )
    note = f"{_PAIRED} {refused}".strip()
    return Table("Differences on the same cases", _DIFFERENCE, rows, note) if rows or refused else None


_DIFFERENCE = ("", "points", "better : worse", "p", "p, Holm", "test")
_PAIRED = "Accuracy in percentage points, paired by case; n are cases. Holm corrects for all rows of this table."


def _difference(data: Data) -> tuple[Cell, ...]:
    corrected = "—" if data["p_holm"] is None else f"{data['p_holm']:.2g}"
    texts = (f"{data['won']} : {data['lost']}", f"{data['p']:.2g}", corrected, data["test"])
    return (Cell(figure(data["figure"], points=True)), *map(Cell, texts))


def of_run(run: Data) -> Iterator[Table]:
    """Yield the tables of one run."""
    yield _headlines(run)
    yield from (table for table in (_baselines(run), _triage(run)) if table)
    yield from _urgency(run)
    yield from (table for table in (_panel(run), _by_s(run)) if table)
    yield from _groups(run)
    if run["temperaments"]:
        rows = [(Cell(f"{d['a']} - {d['b']}"), *_difference(d)) for d in run["temperaments"]]
        yield Table("Temperaments on the same cases", _DIFFERENCE, rows, _PAIRED)
    mistakes = [c for c in run["confusion"] if c["truth"] != c["said"]][:MOST_MISTAKES]
    if mistakes:
        rows = [
            (Cell(c["truth"]), Cell(c["said"]), Cell(f"{c['n']:,}", place(run["run"], f"diagnosis {c['truth']}")))
            for c in mistakes
        ]
        yield Table(MISTAKES, ("truth", "said", "times"), rows)
    yield from _calibration(run)
    yield from (_assessor(run, name, items) for name, items in run["rubric"].items())
    yield from _agreement(run)
    yield from _temperament_lines(run)
    yield from _lines(run)
    if run["consultations"]["failures"]:
        rows = [(Cell(f["id"]), Cell(f["case"]), Cell(f["error"] or "")) for f in run["consultations"]["failures"]]
        yield Table("Failed consultations", ("consultation", "case", "error"), rows)


def _figures(
    title: str,
    data: Mapping[str, Data],
    note: str = "",
    *,
    plain: bool = False,
    places: Mapping[str, str] | None = None,
) -> Table:
    links = places or {}
    rows = [(Cell(name), Cell(figure(one, plain=plain), links.get(name, ""))) for name, one in data.items()]
    return Table(title, ("", "value (95 %), n"), rows, note)


def _headlines(run: Data) -> Table:
    everything = place(run["run"], "all")
    rows = [(Cell(name), Cell(figure(one), everything)) for name, one in run["headlines"].items()]
    judging = run["judging"]
    if judging["unjudged"]:
        low, high = (_share(end) for end in judging["accuracy_range"])
        rows.insert(1, (Cell("accuracy, if all were judged"), Cell(f"{low} to {high}", everything)))
    rows.append((Cell("3MDBench's scorer, weighted F1"), Cell(_legacy(run["legacy"]))))
    return Table("Diagnosis", ("", "value (95 %), n"), rows, _judged_by(judging))


def _judged_by(judging: Data) -> str:
    """Say who has decided on open diagnoses; empty where a list of labels does."""
    names = ", ".join(f"{judge} ({n:,})" for judge, n in judging["judges"].items())
    counts = judging["correct_by"]
    if not (names or counts["unjudged"]):
        return ""
    by = f"Judged by {names}." if names else _no_judge(judging)
    left = f" {counts['unjudged']:,} unjudged count as wrong." if counts["unjudged"] else ""
    return f"{by} Decided by name or alias: {counts['match'] + counts['alias']:,}.{left}"


def _no_judge(judging: Data) -> str:
    return "No judge gave a verdict." if judging["judge_failed"] else "No judge was asked."


def _baselines(run: Data) -> Table | None:
    rows = [
        (
            Cell(f"{one['name']} ({one['what']})" if one["what"] else one["name"]),
            Cell(figure(one["figure"])),
            *(_difference(one["gain"]) if one["gain"] else ()),
        )
        for one in run["baselines"]
    ]
    headings = ("baseline", "accuracy (95 %), n", f"{run['run']} minus it, points", *_DIFFERENCE[2:])
    return Table("Baselines", headings, rows, _PAIRED) if rows else None


def _triage(run: Data) -> Table | None:
    data = run["triage"]
    if data is None:
        return None
    found = {
        "specialty right": data["strict"],
        "right, or the accepted second": data["lenient"],
        f"majority baseline ({data['majority_specialty']})": data["majority"],
    }
    places = dict.fromkeys(found, place(run["run"], "triage specialty"))
    return _figures("Triage", found, f"Mean over the specialties: {_share(data['macro'])}.", places=places)


_RATES = {"right": "right", "under": "under-triage", "over": "over-triage", "none": "none stated"}
_OF_ALARMS = {
    "acted": "alarms told and acted on",
    "missed": "alarms missed",
    "over_without_alarm": "over-triage without an alarm",
    "emergency_without_alarm": "emergency without an alarm",
}
_TOLD = {
    "present": "the case has an alarm",
    "opening": "told with the complaint",
    "asked": "told when asked about it",
    "volunteered": "told unasked, in another answer",
    "untold": "not told",
}


def _urgency(run: Data) -> Iterator[Table]:
    data = run["urgency"]
    if data is None:
        return
    note = (
        "Final is the attending's urgency at the end. Under-triage is less urgent than the truth, over-triage more. "
        "Majority always states the most common true urgency."
    )
    yield _by_source(run, "Urgency", _RATES, note)
    alarms = data["alarms"]
    if alarms is None:
        return
    note = (
        "Acted on: at least as urgent as the truth, where the patient told the alarm. Missed: less urgent, told or "
        "not. The last two columns count cases without an alarm; there, always stating emergency is always too much."
    )
    yield _by_source(run, "Urgency and alarms", _OF_ALARMS, note)
    found = {name: alarms[key] for key, name in _TOLD.items()}
    places = dict.fromkeys(found, place(run["run"], "alarms told"))
    yield _figures("Alarms told", found, "Shares of the consultations with an alarm; the first, of all.", places=places)


def _by_source(run: Data, title: str, rates: Mapping[str, str], note: str) -> Table:
    rows = [
        (
            Cell(f"{source['name']} ({source['what']})" if source["what"] else source["name"]),
            *(Cell(figure(source[key]), place(run["run"], f"urgency {source['name']}")) for key in rates),
        )
        for source in run["urgency"]["sources"]
    ]
    return Table(title, ("urgency", *rates.values()), rows, note)


def _panel(run: Data) -> Table | None:
    data = run["panel"]
    if data is None:
        return None
    found = {
        "opinions right (s)": data["s"],
        "plurality vote": data["vote"],
        "two members say the same": data["agreement"],
    }
    table = _figures("Panel", found, places=dict.fromkeys(found, place(run["run"], "panel vote")))
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
            *(
                Cell(figure(one[key]), place(run["run"], f"opinions right {one['right']} of {one['members']}"))
                for key in ("accuracy", "follows", "corrects")
            ),
        )
        for one in run["panel"]["by_s"]
    ]
    headings = ("opinions right", "final diagnosis right", "follows a right vote", "corrects a wrong vote")
    return Table("Attending by s", headings, rows)


def _groups(run: Data) -> Iterator[Table]:
    for grouping, groups in run["groups"].items():
        rows = [
            (Cell(name), Cell(figure(one), place(run["run"], f"{grouping} {name}"))) for name, one in groups.items()
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
        (
            Cell(f"{b['low']:.1f} to {b['high']:.1f}"),
            Cell(f"{b['n']:,}", place(run["run"], f"confidence {b['low']:.1f} to {b['high']:.1f}")),
            Cell(_share(b["confidence"])),
            Cell(_share(b["right"])),
        )
        for b in data["curve"]
    ]
    yield Table("Reliability", ("confidence", "n", "mean confidence", "right"), rows)


def _assessor(run: Data, name: str, items: Mapping[str, Data]) -> Table:
    note = (
        "Means of the verdicts. What the judge failed to give is counted apart and is not 0; what an assessor does not "
        "decide by design is no failure."
    )
    rows = [
        (Cell(f"{key} {BY_KEY[key].name}"), Cell(_item(one, key), place(run["run"], f"{key} by {name}")))
        for key, one in items.items()
    ]
    return Table(f"Assessment by {name}", ("item", "value (95 %), n"), rows, note)


def _item(data: Data, key: str) -> str:
    open_ = f", {data['not_decided']:,} not decided" if data["not_decided"] else ""
    if data["value"] is None:
        return (f"{data['judge_failed']:,} judge failed" if data["judge_failed"] else "—") + open_
    return figure(data, plain=BY_KEY[key].levels[-1] > 1) + open_


def _agreement(run: Data) -> Iterator[Table]:
    pairs = dict.fromkeys((one["first"], one["second"]) for one in run["agreement"])
    headings = ("item", "n", "same", "share by A", "share by B", "kappa", "AC1", "alpha")
    for first, second in pairs:
        rows = [
            (
                Cell(f"{one['item']} {BY_KEY[one['item']].name}"),
                Cell(f"{one['n']:,}"),
                *(Cell("—" if v is None else _share(v)) for v in (one["raw"], *one["prevalence"])),
                *(Cell("—" if one[key] is None else f"{one[key]:.2f}") for key in ("kappa", "ac1", "alpha")),
            )
            for one in run["agreement"]
            if (one["first"], one["second"]) == (first, second)
        ]
        note = "Cohen's kappa, Gwet's AC1, Krippendorff's alpha; 4.1 weighted. A dash where one is not defined."
        yield Table(f"Agreement of {first} (A) and {second} (B)", headings, rows, note)


def _temperament_lines(run: Data) -> Iterator[Table]:
    data = run["temperament_lines"]
    moods = list(dict.fromkeys(mood for by in data.values() for mood in by))
    if not moods:
        return
    rows = [
        (Cell(name), *(Cell(figure(by[mood], plain=True) if mood in by else "—") for mood in moods))
        for name, by in data.items()
    ]
    yield Table("What temperaments do", ("", *moods), rows, "Means over the patient's lines; asking back: shares.")


def _lines(run: Data) -> Iterator[Table]:
    if run["fidelity"]:
        note = "" if run["grounded"] else "The patient is free: its lines are checked and not mended."
        yield _figures("Fidelity of the lines", run["fidelity"], note)
    if run["unusable"]:
        found = {f"{one['role']} ({one['model']})": one for one in run["unusable"]}
        yield _figures("Unusable answers", found, "First replies that could not be read as asked.")
    ended = run["consultations"]["ended"]
    wall = f"Wall time: {run['wall_seconds']:,.0f} s, {run['wall_seconds'] / ended:.2f} s a consultation."
    yield _figures("Cost a consultation", run["cost"], wall, plain=True)


def place(run: str, title: str) -> str:
    """Return the fragment of an address where the consultations behind a figure are listed.

    Args:
        run: Its id.
        title: What the figure is about, e.g. `diagnosis acne`.
    """
    return f"{run}-{''.join(c if c.isalnum() else '-' for c in title.lower())}"
