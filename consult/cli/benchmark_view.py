"""How a benchmark looks in the terminal: its plan, its progress on stderr, and its main table at the end."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consult.agents.dialects.clean import clean
from consult.cli.lines import DISCLAIMER, Event, styled
from consult.cli.progress import Progress

if TYPE_CHECKING:
    from rich.table import Table

EVERY = 10.0
"""Seconds between two lines of an assessment."""
MOST_FAILURES = 10


class BenchmarkView:
    """Shows the events of a benchmark.

    Args:
        database: The store's file, for hints.
    """

    def __init__(self, database: str) -> None:
        from rich.console import Console

        self.console, self.errors, self.database = Console(), Console(stderr=True), database
        self._cells: dict[int, Event] = {}
        self._bar: CellProgress | None = None
        self._begun = self._told = time.monotonic()
        self._judged = 0

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        kind = event["event"]
        if kind == "plan":
            self._plan(event)
        elif kind == "classifier":
            self._classifier(event)
        elif kind == "cell":
            self._cell(event)
        elif kind in ("assess", "assessment", "judge", "judgement") or "assessor" in event or "judge" in event:
            self._assess(event)
        elif self._bar is not None:
            self._bar(event)

    def close(self) -> None:
        """Take the bar down, so that the terminal has its cursor again."""
        if self._bar is not None:
            self._bar.close()

    def _tell(self, line: str) -> None:
        self._told = time.monotonic()
        self.errors.print(styled(clean(line), ""), highlight=False, soft_wrap=True)

    # -- as it goes ------------------------------------------------------------------------------------------------

    def _plan(self, event: Event) -> None:
        self._begun = time.monotonic()
        self._cells = {one["cell"]: one for one in event["cells"]}
        self.errors.print(_plan_table(event))
        for line in _price(event):
            self._tell(line)

    def _classifier(self, event: Event) -> None:
        if event["classifier"] is None:
            self._tell(f"no classifier among the baselines: {event['why']}")
        else:
            self._tell(f"the classifier {event['classifier']} looks at {event['cases']:,} photographs")

    def _cell(self, event: Event) -> None:
        cell = self._cells[event["cell"]]
        title = f"{event['cell']}/{len(self._cells)} {cell['strategy']} · {cell['team']}"
        if event["earlier"]:
            self._bar = None
            self._tell(f"{title}: played before as run {event['run']}")
        else:
            self._bar = CellProgress(self.errors, cell["consultations"], title)

    def _assess(self, event: Event) -> None:
        if event["event"] == "assess":
            self._judged = event["earlier"]
            self._tell(f"assessing run {event['run']} by {event['assessor']}: {event['consultations']} consultations")
        elif event["event"] == "judge":
            self._judged = event["earlier"]
            self._tell(f"judging run {event['run']} by {event['judge']}: {event['consultations']} open diagnoses")
        elif event["event"] in ("assessment", "judgement"):
            self._judged += 1
            if time.monotonic() - self._told >= EVERY:
                self._tell(f"{self._judged} judged")
        for failure in event.get("failures", ())[:MOST_FAILURES]:
            self._tell(f"judge failed: {failure['consultation']}  {failure['why']}")

    # -- when it is over -------------------------------------------------------------------------------------------

    def finish(self, found: Mapping[str, Any], summary: Event, out: Path) -> None:
        """Print the main table, what is to be beaten, failures, and where the report is."""
        self.console.print(_main_table(found["runs"], summary["cells"]))
        urgent = _urgency_table(found["runs"])
        if urgent.row_count:
            self.console.print(urgent)
        lines = _common(found["runs"])
        for line in lines:
            self.console.print(styled(line, ""), highlight=False, soft_wrap=True)
        for line in _failures(found["runs"]):
            self.console.print(styled(line, "red"), highlight=False, soft_wrap=True)
        seconds = time.monotonic() - self._begun
        self.console.print(styled(f"\nbenchmark {summary['benchmark']}, {_duration(seconds)} now", "dim"))
        for path in ("report.html", "report.md", "report.json", "consultations.csv"):
            self.console.print(styled(f"  {out / path}", "cyan"), highlight=False, soft_wrap=True)
        db = "" if self.database == "consult.db" else f" --db {shlex.quote(self.database)}"
        self.console.print(
            styled(f"  consult show {summary['runs'][0]}.1{db}", "cyan"), highlight=False, soft_wrap=True
        )
        self.console.print(styled(DISCLAIMER, "dim"), highlight=False)


class CellProgress(Progress):
    """The bar of one cell, with one line at its end."""

    def __init__(self, console: Any, total: int, title: str) -> None:
        super().__init__(console, total)
        self.title = title

    def _opening(self, event: Event) -> str:
        verb = "going on with" if event.get("resumed") else "playing"
        return f"{self.title}: {verb} run {event['run']}, {self.total} consultations"

    def _report(self, summary: Event) -> None:
        line = f"  {self._counts()}, {_duration(summary['wall_seconds'])}"
        self.console.print(styled(line, ""), highlight=False)


# -- tables ------------------------------------------------------------------------------------------------------------


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=styled(title, "bold"), title_justify="left", pad_edge=False, show_edge=False)
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")
    return table


def _plan_table(event: Event) -> Table:
    models = list(dict.fromkeys(one["model"] for one in event["cells"]))
    named = ("model",) if len(models) > 1 else ()
    columns = ("consultations", "played", "left takes", "tokens", "estimated from")
    table = _table("plan", ("", "strategy", "team", *named), columns)
    for one in event["cells"]:
        model = (styled(clean(one["model"]), ""),) if named else ()
        left = one["consultations"] - one["played"]
        run = f" ({one['run']})" if one["run"] else ""
        team = f"{one['team']}, added" if one["added"] else one["team"]
        price = (_duration(one["seconds"]), f"{one['tokens']:,}", one["estimated_from"]) if left else ("—",) * 3
        numbers = (f"{one['consultations']:,}", f"{one['played']:,}{run}", *price)
        table.add_row(str(one["cell"]), one["strategy"], team, *model, *numbers)
    return table


def _price(event: Event) -> list[str]:
    left = event["consultations"] - event["played"]
    if not left:
        return [f"all {event['consultations']:,} consultations were played before"]
    sources = {one["estimated_from"] for one in event["cells"] if one["estimated_from"]}
    measured = {name for name in sources if name in ("warm-up", "the slowest cell")}
    how = "from earlier runs of this database" if not measured else "from a short warm-up on this machine"
    if measured and sources - measured:
        how += " and earlier runs"
    note = "; larger batches go faster" if measured else ""
    price = f"{left:,} of {event['consultations']:,} consultations to play: about {_duration(event['seconds'])}"
    return [f"{price}, {event['tokens']:,} tokens ({how}{note})"]


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} h"


def _main_table(runs: Sequence[Mapping[str, Any]], cells: Sequence[Event]) -> Table:
    models = list(dict.fromkeys(one["model"] for one in cells))
    named = ("model",) if len(models) > 1 else ()
    columns = ("n", "right, 95 %", "minus solo, 95 %", "vote", "F1", "3MDBench's F1")
    table = _table("accuracy of the diagnosis", ("run", "strategy", "team", *named), columns)
    for run, cell in zip(runs, cells, strict=True):
        accuracy, f1 = run["headlines"]["accuracy"], run["headlines"]["weighted F1"]["value"]
        model = (styled(clean(cell["model"]), ""),) if named else ()
        table.add_row(
            run["run"],
            run["strategy"],
            run["team"],
            *model,
            f"{accuracy['n']:,}",
            styled(_percent(accuracy["value"]), "bold").append(f"  {_interval(accuracy)}{_unjudged(run)}", "default"),
            _over(run, "solo doctor"),
            _percent(_value(run, "panel's plurality vote")),
            _percent(f1),
            _percent(run["legacy"]["f1"]),
        )
    return table


def _unjudged(run: Mapping[str, Any]) -> str:
    """Return how many diagnoses nobody has judged, and what judging them could give; empty where all are."""
    judging = run["judging"]
    if not judging["unjudged"]:
        return ""
    return f", {judging['unjudged']:,} unjudged (up to {judging['accuracy_range'][1]:.1%})"


def _urgency_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of each run's triage and final urgency, with the baselines of the run with the most cases."""
    table = _table("urgency", ("run", "urgency"), ("n", "right, 95 %", *_URGENCY.values()))
    measured = [run for run in runs if run["urgency"]]
    widest = max(measured, key=lambda run: run["consultations"]["cases"], default=None)
    for run in measured:
        for one in run["urgency"]["sources"]:
            played = one["name"] in ("triage", "final")
            if played or run is widest:
                name = f"{one['name']} ({one['what']})" if one["what"] else one["name"]
                sure = _interval(one["right"])
                right = styled(_percent(one["right"]["value"]), "bold").append(f"  {sure}", "default")
                rates = (_percent(one[key]["value"]) for key in _URGENCY)
                table.add_row(run["run"], name, f"{one['right']['n']:,}", right, *rates)
    return table


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


def _common(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what asks no consultation: the majority label and the classifier, on the run with the most cases."""
    widest = max(runs, key=lambda run: run["consultations"]["cases"])
    lines = []
    for one in widest["baselines"]:
        if one["name"] in ("majority label", "classifier"):
            figure = one["figure"]
            told = f"{_percent(figure['value'])} ({_interval(figure)}, n {figure['n']:,})"
            lines.append(f"{one['name']} ({clean(one['what'])}): {told}")
    return ["", "without any consultation:", *(f"  {line}" for line in lines)] if lines else []


def _failures(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    lost = [one for run in runs for one in run["consultations"]["failures"]]
    if not lost:
        return []
    lines = [f"  {one['id']}  {clean(one['case'])}  {clean(one['error'] or '')}" for one in lost[:MOST_FAILURES]]
    count = sum(run["consultations"]["failed"] for run in runs)
    more = [f"  … and {count - MOST_FAILURES} more"] if count > MOST_FAILURES else []
    runs_ = " ".join(dict.fromkeys(one["id"].partition(".")[0] for one in lost))
    return ["", f"failed (try again with consult resume, run by run: {runs_}):", *lines, *more]
