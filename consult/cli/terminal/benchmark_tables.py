"""The tables of a benchmark in the terminal: its plan, and one table per subject at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consult.agents.assessors.rubric import BY_KEY
from consult.counts import count_of, duration
from consult.envs.metrics.diagnosis import FALSE_REFERRALS, RIGHT_REFERRALS
from consult.envs.settings import CASES, MODEL, STRATEGY, TEAM
from consult.foreign_text import shown
from consult.render.report.compared import final_urgency, short_names, told_together
from consult.render.terminal import Event, styled

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

MOST_FAILURES = 10
SURE = ", 95 %"
"""Suffix of the heading of a figure with its interval."""


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=styled(title, "bold"), title_justify="left", pad_edge=False, show_edge=False)
    # Names are wrapped if there is no room, never cut: two of them would look the same.
    for name in left:
        table.add_column(name, overflow="fold", no_wrap=name in (STRATEGY, TEAM))
    for name in right:
        table.add_column(name, justify="right", no_wrap=name.endswith(SURE))
    return table


def plan_table(event: Event) -> Table:
    """Return the cells of a benchmark, with what is left to play."""
    names = list(event["cells"][0]["condition"])
    columns = ("consultations", "played", "left takes", "tokens", "estimated from")
    table = _table("plan", ("", *names), columns)
    for one in event["cells"]:
        left = one["consultations"] - one["played"]
        run = f" ({one['run']})" if one["run"] else ""
        told = [shown(text) for text in one["condition"].values()]
        told[-1] += ", added" if one["added"] else ""
        costs = (duration(one["seconds"]), f"{one['tokens']:,}", one["estimated_from"]) if left else ("—",) * 3
        numbers = (f"{one['consultations']:,}", f"{one['played']:,}{run}", *costs)
        table.add_row(str(one["cell"]), *(styled(text, "") for text in told), *numbers)
    return table


def price(event: Event) -> list[str]:
    """Return what is left to play, and how long that will take."""
    left = event["consultations"] - event["played"]
    if not left:
        played = count_of(event["consultations"], "consultation")
        return [f"nothing left to play: {played} in the database"]
    sources = {one["estimated_from"] for one in event["cells"] if one["estimated_from"]}
    measured = {name for name in sources if name in ("warm-up", "the slowest cell")}
    how = "from earlier runs of this database" if not measured else "from a short warm-up on this machine"
    if measured and sources - measured:
        how += " and earlier runs"
    note = "; larger batches are faster" if measured else ""
    price = f"{left:,} of {count_of(event['consultations'], 'consultation')} to play"
    return [f"{price}: about {duration(event['seconds'])}, {count_of(event['tokens'], 'token')} ({how}{note})"]


def tables(found: Mapping[str, Any]) -> Iterator[Table]:
    """Yield one table per subject, with a row per condition: diagnosis, triage and urgency, rubric.

    Args:
        found: What report.json says.
    """
    columns = found["conditions"]["differing"] or [MODEL, STRATEGY, TEAM]
    for build in (_diagnosis, _referrals, _answers, _triage, _rubric):
        table = build(found, columns)
        if table.row_count:
            yield table


def _condition(run: Mapping[str, Any], columns: Sequence[str]) -> list[Text]:
    """Return the cells that say which condition a row is of."""
    return [styled(run["run"], ""), *(styled(shown(run["condition"].get(name, "")), "") for name in columns)]


def _diagnosis(found: Mapping[str, Any], columns: Sequence[str]) -> Table:
    figures = ("n", f"right{SURE}", f"minus solo{SURE}")
    table = _table("diagnosis", ("run", *columns), (*figures, "vote", "F1", "3MDBench's F1"))
    for run in found["runs"]:
        accuracy, f1 = run["headlines"]["accuracy"], run["headlines"].get("weighted F1", {}).get("value")
        others = (_value(run, "panel's plurality vote"), f1, run["legacy"]["f1"])
        right = _share(accuracy).append(_unjudged(run))
        table.add_row(
            *_condition(run, columns), f"{accuracy['n']:,}", right, _over(run, "solo doctor"), *map(_percent, others)
        )
    return table


def _referrals(found: Mapping[str, Any], columns: Sequence[str]) -> Table:
    """Return the shares of patients who were referred; without a row if no case is off the list."""
    names = (RIGHT_REFERRALS, FALSE_REFERRALS)
    table = _table("referrals", ("run", *columns), tuple(f"{name}{SURE}" for name in names))
    for run in found["runs"]:
        figures = [run["headlines"].get(name) for name in names]
        if figures[0] is not None:
            table.add_row(*_condition(run, columns), *(_share(one) if one else Text("—") for one in figures))
    return table


_ANSWERS = {
    "closed": ("form of answer", "closed"),
    "open": ("form of answer", "open"),
    "in-domain": ("domain", "in-domain"),
    "out of domain": ("domain", "out of domain"),
}
"""Figure of answers to questions about pictures → the grouping that has it, and the group."""


def _answers(found: Mapping[str, Any], columns: Sequence[str]) -> Table:
    """Return the accuracy of answers to questions by form and domain; without a row for patients."""
    table = _table("answers", ("run", *columns), [f"{name}{SURE}" for name in _ANSWERS])
    for run in found["runs"]:
        figures = [run["groups"].get(grouping, {}).get(group) for grouping, group in _ANSWERS.values()]
        if any(figures):
            table.add_row(*_condition(run, columns), *(_share(figure) for figure in figures))
    return table


def _unjudged(run: Mapping[str, Any]) -> str:
    """Return how many diagnoses are unjudged and the accuracy they allow; empty if all are judged."""
    judging = run["judging"]
    if not judging["unjudged"]:
        return ""
    return f", {judging['unjudged']:,} unjudged (up to {judging['accuracy_range'][1]:.1%})"


def _triage(found: Mapping[str, Any], columns: Sequence[str]) -> Table:
    """Return triage and final urgency side by side; below them the baselines of the run with the most cases."""
    runs = found["runs"]
    figures = ("n", f"specialty right{SURE}", f"urgency right{SURE}", *_URGENCY.values())
    table = _table("triage and urgency", ("run", *columns), figures)
    measured = [run for run in runs if run["triage"] or run["urgency"]]
    for run in measured:
        final = final_urgency(run) or {}
        specialty = _share(run["triage"]["strict"] if run["triage"] else None)
        rates = (_percent((final.get(key) or {}).get("value")) for key in _URGENCY)
        ended = f"{run['consultations']['ended']:,}"
        table.add_row(*_condition(run, columns), ended, specialty, _share(final.get("right")), *rates)
    widest = max(measured, key=lambda run: run["consultations"]["cases"], default=None)
    for name, *rest in _of_baselines(widest) if widest is not None else ():
        table.add_row("", name, *[""] * (len(columns) - 1), *rest)
    return table


def _of_baselines(run: Mapping[str, Any]) -> Iterator[list[str | Text]]:
    """Yield what always naming one specialty and one urgency would give, as the columns of the table."""
    triage, nothing = run["triage"], "—"
    rates = [nothing] * len(_URGENCY)
    if triage:
        n = f"{triage['majority']['n']:,}"
        yield [f"always {triage['majority_specialty']}", n, _share(triage["majority"]), nothing, *rates]
    for one in run["urgency"]["sources"] if run["urgency"] else ():
        if one["name"] in ("majority", "always emergency"):
            name = f"always {one['what']}" if one["what"] else one["name"]
            rates = [_percent(one[key]["value"]) for key in _URGENCY]
            yield [name, f"{one['right']['n']:,}", nothing, _share(one["right"]), *rates]


def _rubric(found: Mapping[str, Any], columns: Sequence[str]) -> Table:
    """Return the rubric's items side by side, with a row for each condition and assessor."""
    runs, short = found["runs"], short_names(found)
    scored = {key for run in runs for items in run["rubric"].values() for key in items}
    keys = [key for key in BY_KEY if key in scored]
    assessors = list(dict.fromkeys(name for run in runs for name in run["rubric"]))
    several = len(assessors) > 1
    title = "rubric" if several else f"rubric, by {shown(''.join(assessors))}"
    named = (*columns, *(["assessor"] if several else ()))
    table = _table(title, ("run", *named), ("n", f"mean{SURE}", *keys))
    for run in runs:
        for assessor, items in run["rubric"].items():
            mean = _share(run["rubric_mean"].get(assessor))
            if assessor not in run["rubric_mean"] and any(one["judge_failed"] for one in items.values()):
                mean = styled("assessor failed", "red")
            figures = (_level(items.get(key), BY_KEY[key].levels[-1]) for key in keys)
            n, name = f"{run['consultations']['ended']:,}", styled(shown(short.get(assessor, assessor)), "")
            table.add_row(*_condition(run, columns), *([name] if several else ()), n, mean, *figures)
    return table


def _level(data: Mapping[str, Any] | None, highest: int) -> str:
    if data is None or data["value"] is None:
        return "—"
    return f"{data['value']:.2f}" if highest > 1 else _percent(data["value"])


def _share(data: Mapping[str, Any] | None) -> Text:
    """Write a share, with its interval if there is one."""
    if data is None or data["value"] is None:
        return styled("—", "")
    share = styled(_percent(data["value"]), "bold")
    return share.append(f"  {_interval(data)}", "default") if data["low"] is not None else share


_URGENCY = {
    "under": "under",
    "over": "over",
    "acted": "alarms acted on",
    "emergency_without_alarm": "emergency, no alarm",
}


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"


def _interval(figure: Mapping[str, Any]) -> str:
    return "—" if figure["low"] is None else f"{100 * figure['low']:.1f} to {100 * figure['high']:.1f}"


def _baseline(run: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    return next((one for one in run["baselines"] if one["name"] == name), None)


def _value(run: Mapping[str, Any], name: str) -> float | None:
    found = _baseline(run, name)
    return None if found is None else found["figure"]["value"]


def _over(run: Mapping[str, Any], name: str) -> str:
    found = _baseline(run, name)
    if found is None or found["gain"] is None:
        return "—"
    figure = found["gain"]["figure"]
    value = f"{100 * figure['value']:+.1f}"
    return value if figure["low"] is None else f"{value}  {100 * figure['low']:+.1f} to {100 * figure['high']:+.1f}"


def common_lines(found: Mapping[str, Any]) -> list[str]:
    """Return what all rows have in common: the settings that show what was played, and by which models."""
    told = "; ".join(text if names == CASES else f"{names} {text}" for names, text in told_together(found))
    shortened = {short: model for short, model in found["conditions"]["models"].items() if short not in model}
    lines = [f"all rows: {told}", *(f"{short} is {model}" for short, model in shortened.items())]
    return ["", *map(shown, lines)]


def without_consultation(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the majority-label and classifier baselines of the run with the most cases."""
    widest = max(runs, key=lambda run: run["consultations"]["cases"])
    lines = []
    for one in widest["baselines"]:
        if one["name"] in ("majority label", "classifier"):
            figure = one["figure"]
            told = f"{_percent(figure['value'])} ({_interval(figure)}, n {figure['n']:,})"
            lines.append(f"{one['name']} ({shown(one['what'])}): {told}")
    return ["", "without any consultation:", *(f"  {line}" for line in lines)] if lines else []


def failure_lines(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """List failed consultations, and how to try them again."""
    lost = [one for run in runs for one in run["consultations"]["failures"]]
    if not lost:
        return []
    lines = [f"  {one['id']}  {shown(one['case'])}  {shown(one['error'] or '')}" for one in lost[:MOST_FAILURES]]
    count = sum(run["consultations"]["failed"] for run in runs)
    more = [f"  … and {count - MOST_FAILURES} more"] if count > MOST_FAILURES else []
    runs_ = " ".join(dict.fromkeys(one["id"].partition(".")[0] for one in lost))
    return ["", f"failed (try again with consult resume, run by run: {runs_}):", *lines, *more]
