"""Show a benchmark in the terminal: its plan, its progress on stderr, and its tables at the end."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consult.cli.terminal.benchmark_tables import (
    MOST_FAILURES,
    common_lines,
    failure_lines,
    plan_table,
    price,
    tables,
    without_consultation,
)
from consult.cli.terminal.progress import Progress
from consult.counts import count_of, duration
from consult.foreign_text import shown
from consult.render.narrow import fitted
from consult.render.report.write import FILES
from consult.render.terminal import DISCLAIMER, Event, say_wrapped, styled

EVERY = 10.0
"""Seconds between two lines of an assessment."""


class BenchmarkView:
    """Shows the events of a benchmark.

    Args:
        database: The store's file, for hints.
    """

    def __init__(self, database: str) -> None:
        from consult.render.console import PlainConsole

        self.console, self.errors, self.database = PlainConsole(), PlainConsole(stderr=True), database
        self._cells: dict[int, Event] = {}
        self._bar: CellProgress | None = None
        self._begun = self._told = time.monotonic()
        self._judged = 0

    def __call__(self, event: Event) -> None:
        """Handle one event."""
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
        """Remove the bar and restore the terminal's cursor."""
        if self._bar is not None:
            self._bar.close()

    def _tell(self, line: str) -> None:
        self._told = time.monotonic()
        say_wrapped(self.errors, shown(line))

    # -- while it runs ---------------------------------------------------------------------------------------------

    def _plan(self, event: Event) -> None:
        self._begun = time.monotonic()
        self._cells = {one["cell"]: one for one in event["cells"]}
        self.errors.print(fitted(plan_table(event), self.errors.width))
        for line in price(event):
            self._tell(line)

    def _classifier(self, event: Event) -> None:
        if event["classifier"] is None:
            self._tell(f"no classifier among the baselines: {event['why']}")
        else:
            self._tell(f"the classifier {event['classifier']} classifies {count_of(event['cases'], 'photograph')}")

    def _cell(self, event: Event) -> None:
        cell = self._cells[event["cell"]]
        title = f"{event['cell']}/{len(self._cells)} {shown(cell['label'])}"
        if event["earlier"]:
            self._bar = None
            self._tell(f"{title}: played before as run {event['run']}")
        else:
            self._bar = CellProgress(self.errors, cell["consultations"], title)

    def _assess(self, event: Event) -> None:
        if event["event"] == "assess":
            self._judged = event["earlier"]
            counted = count_of(event["consultations"], "consultation")
            self._tell(f"assessing run {event['run']} by {event['assessor']}: {counted}")
        elif event["event"] == "judge":
            self._judged = event["earlier"]
            counted = count_of(event["consultations"], "open diagnosis", "open diagnoses")
            self._tell(f"judging run {event['run']} by {event['judge']}: {counted}")
        elif event["event"] in ("assessment", "judgement"):
            self._judged += 1
            if time.monotonic() - self._told >= EVERY:
                self._tell(f"{self._judged} judged")
        for failure in event.get("failures", ())[:MOST_FAILURES]:
            self._tell(
                f"{'judge' if 'judge' in event else 'assessor'} failed: {failure['consultation']}  {failure['why']}"
            )

    # -- at the end ------------------------------------------------------------------------------------------------

    def finish(self, found: Mapping[str, Any], summary: Event, out: Path) -> None:
        """Print the main table, baselines, failures, and where the report is."""
        for table in tables(found):
            self.console.print()
            self.console.print(fitted(table, self.console.width))
        for line in [*common_lines(found), *without_consultation(found["runs"])]:
            say_wrapped(self.console, line)
        for line in failure_lines(found["runs"]):
            say_wrapped(self.console, line, style="red")
        seconds = time.monotonic() - self._begun
        self.console.print(styled(f"\nbenchmark {summary['benchmark']}, {duration(seconds)} now", "dim"))
        for path in FILES:
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
        verb = "continuing" if event.get("resumed") else "playing"
        return f"{self.title}: {verb} run {event['run']}, {count_of(self.total, 'consultation')}"

    def _report(self, summary: Event) -> None:
        line = f"  {self._counts()}, {duration(summary['wall_seconds'])}"
        self.console.print(styled(line, ""), highlight=False)
