"""Show an assessment in the terminal: progress on stderr, tables on stdout."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consult.counts import count_of
from consult.foreign_text import shown
from consult.render.narrow import fitted
from consult.render.terminal import DISCLAIMER, Event, say, say_wrapped, styled
from consult.render.verdict import reasonless_in_words, right_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from consult.envs.metrics.agreement import Agreement
    from consult.envs.store.ratings import Imported

EVERY = 10.0
"""Seconds between two lines of progress."""
MOST_LISTED = 10


class _Progress:
    """Shows how far the verdicts on a run are, and its figures at the end."""

    begins: str
    """Kind of the event at the beginning."""
    goes_on: str
    """Kind of the event of a verdict."""

    def __init__(self) -> None:
        self._told, self._done, self._total = time.monotonic(), 0, 0

    def __call__(self, event: Event) -> None:
        """Handle one event."""
        if event["event"] == self.begins:
            self._done, self._total = event["earlier"], event["consultations"]
            earlier = f", {self._done} judged before" if self._done else ""
            self._tell(f"{self._opening(event)}{earlier}")
        elif event["event"] == self.goes_on:
            self._done += 1
            if time.monotonic() - self._told >= EVERY:
                self._tell(f"{self._done}/{self._total} judged")
        else:
            self._end(event)

    def _opening(self, event: Event) -> str:
        raise NotImplementedError

    def _end(self, summary: Event) -> None:
        raise NotImplementedError

    def _tell(self, line: str) -> None:
        from consult.render.console import PlainConsole

        self._told = time.monotonic()
        say_wrapped(PlainConsole(stderr=True), shown(line))


class AssessProgress(_Progress):
    """Shows the progress of an assessment, and its figures at the end."""

    begins, goes_on = "assess", "assessment"

    def _opening(self, event: Event) -> str:
        return f"assessing run {event['run']} by {event['assessor']}: {count_of(self._total, 'consultation')}"

    def _end(self, summary: Event) -> None:
        print_summary(summary)


class JudgeProgress(_Progress):
    """Shows the progress of judging, and its figures at the end."""

    begins, goes_on = "judge", "judgement"

    def _opening(self, event: Event) -> str:
        counted = count_of(self._total, "open diagnosis", "open diagnoses")
        return f"judging run {event['run']} by {event['judge']}: {counted}"

    def _end(self, summary: Event) -> None:
        print_judging(summary)


def print_judging(summary: Event) -> None:
    """Print a judge's verdicts, the run's result with them, and the consultations that it failed on."""
    from consult.render.console import PlainConsole

    console = PlainConsole()
    verdicts = ", ".join(f"{count} {relation}" for relation, count in summary["verdicts"].items())
    say(console, styled(f"run {summary['run']} judged by {shown(summary['judge'])}: {verdicts}", ""))
    say(console, styled(right_of(summary), "bold"))
    _print_failures(console, "judge", summary["failures"], _what_counts(summary))
    say(console, styled(DISCLAIMER, "dim"))


def _what_counts(summary: Event) -> str:
    """Return what counts for the diagnoses that a judge failed on: an earlier judge's verdict, if there is one."""
    failed = len(summary["failures"])
    kept = failed - summary["failed_unjudged"]
    if not kept:
        return "unjudged and counted as wrong"
    stands = "the verdict of an earlier judge counts"
    return stands if kept == failed else f"on {kept} of them {stands}; the others are unjudged and counted as wrong"


def print_summary(summary: Event) -> None:
    """Print an assessor's figures, and the consultations that it failed on."""
    from consult.render.console import PlainConsole

    console = PlainConsole()
    console.print(fitted(_figures(summary), console.width))
    if summary["left_out"]:
        say(console, styled(f"{summary['left_out']} failed or unplayed consultations were not assessed", "yellow"))
    if summary["no_reason"]["verdicts"]:
        say(console, styled(reasonless_in_words(**summary["no_reason"]), "yellow"))
    _print_failures(console, "assessor", summary["failures"], "not scored and not counted in any share")
    say(console, styled(DISCLAIMER, "dim"))


def print_judge_check(event: Event) -> None:
    """Print how a judge did on the transcripts with known faults; the single verdicts are left out."""
    if event["event"] != "summary":
        return
    from consult.render.console import PlainConsole

    console = PlainConsole()
    title = f"{shown(event['judge'])} on {event['transcripts']} transcripts with known faults, {event['twins']} without"
    table = _table(title, ("item", ""), ("faults found", "false alarms", "not scored", "trusted"))
    for item in event["items"]:
        found, alarms = f"{item['hits']} of {item['faults']}", f"{item['false_alarms']} of {item['met']}"
        lost, trusted = str(item["not_scored"] or "—"), "yes" if item["trusted"] else "no"
        table.add_row(item["item"], item["name"], found, alarms, lost, trusted)
    console.print(fitted(table, console.width))
    if event["no_reason"]["verdicts"]:
        count, of = event["no_reason"]["verdicts"], count_of(event["no_reason"]["of"], "verdict")
        say(console, styled(f"{count:,} of {of} had a placeholder or a copy instead of a reason: not scored", "yellow"))
    say(console, styled(event["meaning"], "bold"))


def _print_failures(console: Console, who: str, failures: Sequence[Event], counted: str) -> None:
    if failures:
        say(console, styled(f"{who} failed on {len(failures)} ({counted}):", "red"))
    for failure in failures[:MOST_LISTED]:
        console.print(styled(f"  {failure['consultation']}  {shown(failure['why'])}", "red"), highlight=False)
    if len(failures) > MOST_LISTED:
        say(console, styled(f"  … and {len(failures) - MOST_LISTED} more", "red"))


def _figures(summary: Event) -> Table:
    title = f"run {summary['run']} by {shown(summary['assessor'])}"
    table = _table(title, ("item", ""), ("n", "mean", "assessor failed", "not decided"))
    for figure in summary["items"]:
        mean = "—" if figure["mean"] is None else _mean(figure["mean"], figure["highest"])
        counts = (str(figure[key] or "—") for key in ("judge_failed", "not_decided"))
        table.add_row(figure["item"], figure["name"], str(figure["n"]), mean, *counts)
    return table


def _mean(mean: float, highest: int) -> str:
    """Return a yes-or-no item as a share, and any other item as the mean of its levels."""
    return f"{mean:.1%}" if highest == 1 else f"{mean:.2f} of {highest}"


def print_import(imported: Imported) -> None:
    """Print how many rows of a ratings file were kept, and name each row that was not."""
    from consult.render.console import PlainConsole

    console = PlainConsole()
    say(
        console,
        styled(f"{count_of(imported.kept, 'rating')} kept, {count_of(len(imported.broken), 'row')} left out", ""),
    )
    for sentence in imported.broken:
        console.print(styled(f"  {sentence}", "red"), highlight=False, soft_wrap=True)


def print_agreements(pairs: Sequence[Agreement]) -> None:
    """Print one table for each pair of assessors."""
    from consult.render.console import PlainConsole

    console = PlainConsole()
    for first, second in dict.fromkeys((pair.first, pair.second) for pair in pairs):
        table = _table(
            f"{shown(first)} (A) and {shown(second)} (B)",
            ("item",),
            ("n", "same", "share by A", "share by B", "kappa", "AC1", "alpha"),
        )
        for pair in pairs:
            if (pair.first, pair.second) == (first, second):
                shares = [_number(share, "{:.1%}") for share in (pair.raw, *pair.prevalence)]
                chance = [_number(value, "{:.2f}") for value in (pair.kappa, pair.ac1, pair.alpha)]
                table.add_row(pair.item, str(pair.n), *shares, *chance)
        console.print(fitted(table, console.width))
    if not pairs:
        say(console, styled("no two assessors have scored the same item of the same consultation", "yellow"))


def _number(value: float | None, pattern: str) -> str:
    return "—" if value is None else pattern.format(value)


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=styled(title, ""), title_justify="left", pad_edge=False, show_edge=False)
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table
