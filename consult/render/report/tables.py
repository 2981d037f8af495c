"""The tables of one run, once for Markdown and page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consult.agents.assessors.rubric import BY_KEY
from consult.counts import count_of
from consult.render.report.table import (
    DIFFERENCE,
    PAIRED,
    UNKNOWN,
    Cell,
    Table,
    difference,
    figure,
    legacy,
    place,
    share,
    small,
)
from consult.render.verdict import reasonless_in_words

Data = Mapping[str, Any]

MOST_MISTAKES = 20
MISTAKES = "Commonest mistakes"


def of_run(run: Data) -> Iterator[Table]:
    """Yield the tables of one run."""
    yield _headlines(run)
    yield from (table for table in (_baselines(run), _triage(run)) if table)
    yield from _urgency(run)
    yield from (table for table in (_panel(run), _by_s(run)) if table)
    yield from _groups(run)
    if run["temperaments"]:
        rows = [(Cell(f"{d['a']} - {d['b']}"), *difference(d)) for d in run["temperaments"]]
        yield Table("Temperaments on the same cases", ("", *DIFFERENCE), rows, PAIRED)
    mistakes = [c for c in run["confusion"] if c["truth"] != c["said"]][:MOST_MISTAKES]
    if mistakes:
        rows = [
            (Cell(c["truth"]), Cell(c["said"]), Cell(f"{c['n']:,}", place(run["run"], f"diagnosis {c['truth']}")))
            for c in mistakes
        ]
        yield Table(MISTAKES, ("truth", "said", "times"), rows)
    yield from _calibration(run)
    yield from (table for table in (_assessment(run),) if table)
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
        low, high = (share(end) for end in judging["accuracy_range"])
        rows.insert(1, (Cell("accuracy, if all were judged"), Cell(f"{low} to {high}", everything)))
    if "weighted F1" in run["headlines"]:
        rows.append((Cell("3MDBench's scorer, weighted F1"), Cell(legacy(run["legacy"]))))
    return Table(
        "Diagnosis" if "weighted F1" in run["headlines"] else "Answers",
        ("", "value (95 %), n"),
        rows,
        _judged_by(judging),
    )


def _judged_by(judging: Data) -> str:
    """Say who has decided on open diagnoses; empty if a list of labels does."""
    names = ", ".join(f"{judge} ({n:,})" for judge, n in judging["judges"].items())
    counts = judging["correct_by"]
    if not (names or counts["unjudged"]):
        return ""
    by = f"Judged by {names}." if names else _no_judge(judging)
    unjudged, verb = counts["unjudged"], "counts" if counts["unjudged"] == 1 else "count"
    left = f" {count_of(unjudged, 'unjudged diagnosis', 'unjudged diagnoses')} {verb} as wrong." if unjudged else ""
    return f"{by} Decided by name or alias: {counts['match'] + counts['alias']:,}.{left}"


def _no_judge(judging: Data) -> str:
    return "No judge gave a verdict." if judging["judge_failed"] else "No judge was asked."


def _baselines(run: Data) -> Table | None:
    rows = [
        (
            Cell(f"{one['name']} ({one['what']})" if one["what"] else one["name"]),
            Cell(figure(one["figure"])),
            *(difference(one["gain"]) if one["gain"] else ()),
        )
        for one in run["baselines"]
    ]
    headings = ("baseline", "accuracy (95 %), n", "this run minus it, points", *DIFFERENCE[1:])
    return Table("Baselines", headings, rows, PAIRED) if rows else None


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
    return _figures("Triage", found, f"Mean over the specialties: {share(data['macro'])}.", places=places)


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
    alarms = data["alarms"]
    note = (
        "Final is the attending's urgency at the end. Under-triage is less urgent than the truth, over-triage more. "
        "Majority always states the most common true urgency."
    )
    if alarms is not None:
        note += (
            " Acted on: at least as urgent as the truth, where the patient told the alarm. Missed: less urgent, told "
            "or not. The last two columns count cases without an alarm; there, always stating emergency is always "
            "too much."
        )
    yield _by_source(run, _RATES if alarms is None else _RATES | _OF_ALARMS, note)
    if alarms is None:
        return
    found = {name: alarms[key] for key, name in _TOLD.items()}
    places = dict.fromkeys(found, place(run["run"], "alarms told"))
    yield _figures("Alarms told", found, "Shares of the consultations with an alarm; the first, of all.", places=places)


def _by_source(run: Data, rates: Mapping[str, str], note: str) -> Table:
    rows = [
        (
            Cell(f"{source['name']} ({source['what']})" if source["what"] else source["name"]),
            *(small(source[key], place(run["run"], f"urgency {source['name']}")) for key in rates),
        )
        for source in run["urgency"]["sources"]
    ]
    return Table("Urgency", ("urgency", *rates.values()), rows, note)


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
    rows.append((Cell("correlation of two members' mistakes"), Cell(UNKNOWN if same is None else f"{same:.2f}")))
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
            Cell(share(b["confidence"])),
            Cell(share(b["right"])),
        )
        for b in data["curve"]
    ]
    yield Table("Reliability", ("confidence", "n", "mean confidence", "right"), rows)


def _assessment(run: Data) -> Table | None:
    """Return the items with a column for each assessor; None if nobody assessed the run."""
    found = run["rubric"]
    keys = [key for key in BY_KEY if any(key in items for items in found.values())]
    if not keys:
        return None
    rows = [
        (
            Cell(f"{key} {BY_KEY[key].name}"),
            *(
                Cell(_item(items[key], key), place(run["run"], f"{key} by {name}")) if key in items else Cell(UNKNOWN)
                for name, items in found.items()
            ),
        )
        for key in keys
    ]
    means = [run["rubric_mean"].get(name) for name in found]
    rows.append((Cell("mean over the items"), *(Cell(figure(one) if one else UNKNOWN) for one in means)))
    note = (
        "Means of the verdicts. A verdict that an assessor failed to give is counted apart and is not 0; what it does "
        "not decide by design is no failure. In the mean, an item of three levels counts as half of its value."
    )
    note += "".join(f" {name}: {reasonless_in_words(**one)}." for name, one in run["no_reason"].items())
    title = f"Assessment by {next(iter(found))}" if len(found) == 1 else "Assessments"
    return Table(title, ("item", *(f"{name} (95 %), n" for name in found)), rows, note)


def _item(data: Data, key: str) -> str:
    open_ = f", {data['not_decided']:,} not decided" if data["not_decided"] else ""
    if data["value"] is None:
        return (f"assessor failed on {data['judge_failed']:,}" if data["judge_failed"] else UNKNOWN) + open_
    return figure(data, plain=BY_KEY[key].levels[-1] > 1) + open_


def _agreement(run: Data) -> Iterator[Table]:
    pairs = dict.fromkeys((one["first"], one["second"]) for one in run["agreement"])
    headings = ("item", "n", "same", "share by A", "share by B", "kappa", "AC1", "alpha")
    for first, second in pairs:
        rows = [
            (
                Cell(f"{one['item']} {BY_KEY[one['item']].name}"),
                Cell(f"{one['n']:,}"),
                *(Cell(UNKNOWN if v is None else share(v)) for v in (one["raw"], *one["prevalence"])),
                *(Cell(UNKNOWN if one[key] is None else f"{one[key]:.2f}") for key in ("kappa", "ac1", "alpha")),
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
        (Cell(name), *(Cell(figure(by[mood], plain=True) if mood in by else UNKNOWN) for mood in moods))
        for name, by in data.items()
    ]
    yield Table("What temperaments do", ("", *moods), rows, "Means over the patient's lines; asking back: shares.")


_COUNTS = {"tries": "tries", "unusable": "unreadable", "cut": "cut", "widened": "asked again", "repeated": "repeated"}


def _replies(run: Data) -> Table:
    """Return the counts of replies by role, with what makes a role's figures meaningless."""
    rows = [
        (Cell(f"{one['role']} ({one['model']})"), *(Cell(f"{one[name]:,}") for name in _COUNTS), Cell(one["why"]))
        for one in run["replies"]
    ]
    note = (
        "Unreadable: no answer could be read. Cut: ended at its token limit, with no more room. Asked again: cut, and "
        "requested with twice the room. Repeated: a second reply that equals the refused first one."
    )
    said = "".join(f" {sentence[:1].upper()}{sentence[1:]}." for sentence in run["unusable_roles"])
    return Table("Replies", ("", *_COUNTS.values(), "most frequent reason"), rows, note + said)


def _capabilities(run: Data) -> Table:
    """Return what the run's models support, and what that means for its figures."""
    found = run["capabilities"]
    names = list(dict.fromkeys(name for one in found.values() for name in one))
    rows = [(Cell(model), *(Cell(one.get(name, UNKNOWN)) for name in names)) for model, one in found.items()]
    note = "Found out when the models were opened." + "".join(f" {said}." for said in run["notes"])
    return Table("What the models support", ("model", *names), rows, note)


def _lines(run: Data) -> Iterator[Table]:
    if run["fidelity"]:
        note = "" if run["grounded"] else "The patient is free: its lines are checked and not corrected."
        yield _figures("Fidelity of the lines", run["fidelity"], " ".join(one for one in (note, run["check"]) if one))
    if run["unusable"]:
        found = {f"{one['role']} ({one['model']})": one for one in run["unusable"]}
        yield _figures("Unusable answers", found, "First replies that could not be read as asked.")
    if run["replies"]:
        yield _replies(run)
    if run["capabilities"]:
        yield _capabilities(run)
    ended = run["consultations"]["ended"]
    seconds = run["wall_seconds"]
    wall = f"Wall time: {seconds:,.{0 if seconds >= 10 else 1}f} s, {seconds / ended:.2f} s a consultation."
    yield _figures("Cost a consultation", run["cost"], wall, plain=True)
