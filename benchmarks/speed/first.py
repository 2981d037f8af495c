"""Time from the command to the first line on the screen, and to the end of the first transcript.

`consult simulate --cases 1` runs in new processes, one after the other, with a new store each. The first line is the
first one of the consultation that it prints. The longest imports are from one more run under `-X importtime`, which
counts a module's own time without what it imports, summed up by package.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.speed.playing import add_common_options, markdown, median, tell

BIGGEST = 8
LINE = re.compile(r"^(?:patient|triage|attending)\b", re.IGNORECASE)
IMPORT = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)", re.MULTILINE)


def command(db: Path, model: str, *options: str) -> list[str]:
    """Return the command that plays one consultation."""
    asked = ["simulate", "--cases", "1", "--model", model, "--db", str(db)]
    return [sys.executable, *options, "-m", "consult", *asked]


def environment() -> dict[str, str]:
    """Return the environment: Python writes lines as they come."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}


def timed(model: str) -> dict[str, float]:
    """Play once; return the seconds until the first line and until the end."""
    with tempfile.TemporaryDirectory() as folder:
        started, first = time.perf_counter(), None
        process = subprocess.Popen(
            command(Path(folder) / "a.db", model),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if first is None and LINE.match(line.strip()):
                first = time.perf_counter() - started
        code, ended = process.wait(), time.perf_counter() - started
    if code or first is None:
        raise SystemExit(f"no consultation was printed: {''.join(lines)}")
    return {"first line": first, "end": ended}


def imports(model: str) -> dict[str, float]:
    """Return package → seconds of its imports, the longest first."""
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            command(Path(folder) / "a.db", model, "-X", "importtime"),
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
            cwd=Path(__file__).parents[2],
        ).stderr
    spent: Counter[str] = Counter()
    for microseconds, module in IMPORT.findall(told):
        spent[module.partition(".")[0]] += int(microseconds)
    return {package: microseconds / 1e6 for package, microseconds in spent.most_common()}


def measured(model: str, rounds: int) -> dict[str, Any]:
    """Play as often as there are rounds, after the run that lists imports, which fills the disk's cache."""
    longest = imports(model)
    found = [timed(model) for _ in range(rounds)]
    return {
        "sample": f"one derm34 case with {model}, seed 0, a process each",
        "seconds": found,
        "median": {name: median([one[name] for one in found]) for name in ("first line", "end")},
        "imports": {"all packages": sum(longest.values()), **dict(list(longest.items())[:BIGGEST])},
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown."""
    rows = [(f"until the {name}", f"{seconds:.1f}") for name, seconds in found["median"].items()]
    rows += [(f"imports of {package}", f"{seconds:.2f}") for package, seconds in found["imports"].items()]
    return markdown(("", "seconds"), rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--model", default="starter")
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    found = measured(asked.model, asked.rounds)
    tell(asked, found, table(found))
