"""The progress of a run of many consultations on stderr, and its figures on stdout at the end."""

from __future__ import annotations

import atexit
import shlex
import time
from typing import TYPE_CHECKING

from consult.counts import count_of
from consult.foreign_text import shown
from consult.render.narrow import fitted
from consult.render.replies import reply_figures
from consult.render.terminal import DISCLAIMER, Event, styled
from consult.render.verdict import judging_command

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.table import Table

EVERY = 10.0
"""Seconds between two lines if there is no terminal."""
MOST_FAILURES = 10
BESIDE_BAR = 72
"""Columns of the counts and times."""


class Progress:
    """Shows the events of a run that plays many consultations.

    Args:
        console: Where the bar goes: stderr.
        total: Consultations of the run.
        out: Where the figures go; stdout where not given.
        database: The store's file, for hints.
    """

    def __init__(
        self, console: Console, total: int, *, out: Console | None = None, database: str = "consult.db"
    ) -> None:
        self.console, self.total, self.out, self.database = console, total, out, database
        self.ended: list[Event] = []
        self._judged = self._right = self._failed = self._turns = 0
        self._told = self._started = time.monotonic()
        self._bar: Bar | None = None

    def __call__(self, event: Event) -> None:
        """Handle one event."""
        if event["event"] == "run":
            self._begin(event)
        elif event["event"] == "turn":
            self._turns += 1
            self._show(advance=0)
        elif event["event"] == "consultation":
            self._count(event)
        elif event["event"] == "summary":
            self.close()
            self._report(event)

    def close(self) -> None:
        """Remove the bar and restore the terminal's cursor."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
            atexit.unregister(self.close)

    # -- while it runs ---------------------------------------------------------------------------------------------

    def _begin(self, event: Event) -> None:
        self._started = self._told = time.monotonic()
        self.console.print(styled(self._opening(event), ""), highlight=False)
        if self.console.is_terminal:
            self._bar = _bar(self.console)
            self._task = self._bar.add_task("", total=self.total, counts=self._counts())
            # Whatever interrupts the run, the terminal gets its cursor back.
            atexit.register(self.close)
            self._bar.start()

    def _opening(self, event: Event) -> str:
        verb = "continuing" if event.get("resumed") else "playing"
        return f"{verb} run {event['run']}: {count_of(self.total, 'consultation')}"

    def _count(self, event: Event) -> None:
        self.ended.append(event)
        self._judged += event["correct"] is not None
        self._right += bool(event["correct"])
        self._failed += event["status"] == "failed"
        self._show(advance=1)

    def _show(self, advance: int) -> None:
        """Show how far the run is: consultations of one batch end together, and turns show that it continues."""
        if self._bar is not None:
            self._bar.update(self._task, advance=advance, counts=self._counts())
        elif time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            seconds = f"{self._told - self._started:.0f} s"
            line = f"{len(self.ended)}/{self.total} done, {self._counts()}, {seconds}"
            self.console.print(styled(line, ""), highlight=False)

    def _counts(self) -> str:
        right = f"{self._right}/{self._judged} right"
        if self._judged:
            right += f" ({self._right / self._judged:.0%})"
        failed = [f"{self._failed} failed"] if self._failed else []
        turns = [count_of(self._turns, "turn")] if self._turns else []
        return ", ".join([*([right] if self._judged or not turns else []), *failed, *turns])

    # -- at the end ------------------------------------------------------------------------------------------------

    def _report(self, summary: Event) -> None:
        from consult.render.console import PlainConsole

        out = self.out or PlainConsole()
        out.print(fitted(_figures(summary, self.ended), out.width))
        for line in self._failures():
            out.print(styled(line, "red"), highlight=False, soft_wrap=True)
        db = "" if self.database == "consult.db" else f" --db {shlex.quote(self.database)}"
        out.print()
        judge = [judging_command(summary["run"], db)] if summary["unjudged"] else []
        for command in (f"consult show {summary['run']}.1{db}", f"consult runs{db}", *judge):
            out.print(styled(f"  {command}", "cyan"), highlight=False, soft_wrap=True)
        for said in sorted({event["disclaimer"] for event in self.ended if event.get("disclaimer")}):
            out.print(styled(f"Conclusions: {said}.", "bold yellow"), highlight=False, soft_wrap=True)
        out.print(styled(DISCLAIMER, "dim"), highlight=False)

    def _failures(self) -> list[str]:
        failed = [event for event in self.ended if event["status"] == "failed"]
        if not failed:
            return []
        lines = [f"  {e['consultation']}  {shown(e['case'])}  {shown(e['error'] or '')}" for e in failed]
        more = [f"  … and {len(lines) - MOST_FAILURES} more"] if len(lines) > MOST_FAILURES else []
        return ["", "failed:", *lines[:MOST_FAILURES], *more]


def _bar(console: Console) -> Bar:
    from rich import progress

    times = [
        progress.TimeElapsedColumn(),
        progress.TextColumn("left", style="dim"),
        progress.TimeRemainingColumn(),
    ]
    # Not as wide as the terminal: there has to be room for `^C`, which would else break the line and leave it twice.
    return progress.Progress(
        progress.BarColumn(bar_width=max(4, min(40, console.width - BESIDE_BAR))),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[counts]}", markup=False),
        *(times if console.width >= BESIDE_BAR else []),
        console=console,
        refresh_per_second=4,
    )


def _figures(summary: Event, ended: list[Event]) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE, show_header=False, title=f"run {summary['run']}", title_justify="left")
    table.add_column(style="dim")
    table.add_column()
    kinds = [f"{summary[status]} {status}" for status in ("finished", "unfinished", "failed") if summary[status]]
    table.add_row("consultations", f"{summary['consultations']} ({', '.join(kinds) or 'none'})")
    if summary["with_truth"]:
        unjudged = f", {summary['unjudged']} unjudged" if summary["unjudged"] else ""
        table.add_row("diagnosis right", _share(summary["correct"], summary["with_truth"]) + unjudged)
    for style, judged in _by_style(ended).items():
        table.add_row(f"  {style}", _share(sum(bool(event["correct"]) for event in judged), len(judged)))
    if summary["voted"]:
        unjudged = f", {summary['plurality_unjudged']} unjudged" if summary["plurality_unjudged"] else ""
        vote = _share(summary["plurality_correct"], summary["voted"]) + unjudged
        table.add_row("by the panel's plurality vote", vote)
    if summary["triaged"]:
        table.add_row("specialty right", _share(summary["triage_correct"], summary["triaged"]))
    if ended:
        table.add_row("turns, mean", f"{sum(event['turns'] for event in ended) / len(ended):.1f}")
    table.add_row("tokens", f"{summary['tokens_in']:,} in, {summary['tokens_out']:,} out")
    for name, said in reply_figures(summary["replies"]):
        table.add_row(name, said)
    table.add_row("wall time", f"{summary['wall_seconds']:,.1f} s")
    return table


def _by_style(ended: list[Event]) -> dict[str, list[Event]]:
    """Group judged consultations by the style of their cases; empty if all have the same style."""
    judged = [event for event in ended if event["correct"] is not None]
    styles = sorted({event["style"] for event in judged})
    return {style: [e for e in judged if e["style"] == style] for style in styles} if len(styles) > 1 else {}


def _share(right: int, n: int) -> str:
    from consult.envs.metrics.fidelity import Rate

    low, high = Rate("", right, n).interval or (0.0, 1.0)
    return f"{right / n:.1%}  ({right}/{n}; 95 % interval {low:.1%} to {high:.1%})"
