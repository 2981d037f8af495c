"""Growth of memory: megabytes of resident memory per 1,000 consultations, in a process of its own.

The process plays one run with a model that answers at once, and notes its resident memory twelve times. Growth is taken
from the first mark after `--from` consultations, when caches are filled, to the end of the run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.speed.playing import add_common_options, markdown, median, tell

CHILD = "from benchmarks.speed.memory import play_and_note; play_and_note({consultations}, {every})"


def play_and_note(consultations: int, every: int) -> None:
    """Play, and print consultations and megabytes at each mark as JSON."""
    import psutil

    from benchmarks.speed.playing import INSTANT, Instant, config_of, play

    process, ended, marks = psutil.Process(), 0, list[tuple[int, float]]()

    def listen(event: dict[str, Any]) -> None:
        nonlocal ended
        if event["event"] == "consultation":
            ended += 1
            if ended % every == 0:
                marks.append((ended, process.memory_info().rss / 1e6))

    play(config_of(INSTANT, consultations, split="train"), Instant(), listen=listen)
    print(json.dumps(marks))


def marks_of(consultations: int, every: int) -> list[list[float]]:
    """Play in a new process; return its marks."""
    code = CHILD.format(consultations=consultations, every=every)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    marks: list[list[float]] = json.loads(done.stdout.splitlines()[-1])
    return marks


def growth(marks: list[list[float]], since: int) -> float:
    """Return the megabytes per 1,000 consultations."""
    (first, before), (last, after) = next(mark for mark in marks if mark[0] >= since), marks[-1]
    return 1000 * (after - before) / (last - first)


def measured(consultations: int, since: int, rounds: int) -> dict[str, Any]:
    """Play in as many processes as rounds."""
    every = max(1, consultations // 12)
    found = [marks_of(consultations, every) for _ in range(rounds)]
    return {
        "sample": f"{consultations:,} consultations a process, marks from {since} on, derm34's train cases, seed 0",
        "marks": found,
        "growth": [growth(marks, since) for marks in found],
        "end": [marks[-1][1] for marks in found],
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown."""
    row = ("instant model", f"{median(found['growth']):.1f}", f"{median(found['end']):.0f}")
    return markdown(("", "MB per 1,000 consultations", "MB at the end"), [row])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--consultations", type=int, default=2_400)
    parser.add_argument("--from", type=int, default=1_200, dest="since", help="consultations before the first mark")
    add_common_options(parser, rounds=3)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    if asked.since >= asked.consultations:
        raise SystemExit("--from is below --consultations")
    found = measured(asked.consultations, asked.since, asked.rounds)
    tell(asked, found, table(found))
