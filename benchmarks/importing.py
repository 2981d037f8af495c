"""What an import takes: seconds and peak memory at several numbers of rows, one row in a hundred broken.

Run: python benchmarks/importing.py [--kinds csv scin …] [--rows 10000 50000 100000]

Each import, and each check of the folder that it made, is a process of its own, so that its peak is its own. The line
of every broken row is compared with the report.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from import_sources import KINDS, make

IMPORT = """
import resource, sys, time
from pathlib import Path
from consult.scenarios.importing import import_cases
began = time.monotonic()
import_cases(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
CHECK = """
import resource, sys, time
from pathlib import Path
from consult.scenarios.checks.folder import check_folder
began = time.monotonic()
problems = check_folder(Path(sys.argv[1]))
print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
assert not problems, problems[:5]
"""


def measured(code: str, *arguments: str | Path) -> tuple[float, float]:
    """Run code in a process of its own; give its seconds and its peak in MB."""
    call = [sys.executable, "-c", code, *map(str, arguments)]
    seconds, peak = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(seconds), float(peak)


def measure(kind: str, rows: int, check: bool) -> None:
    """Make a source, import it, and print what that took."""
    with tempfile.TemporaryDirectory() as folder:
        at, out = Path(folder) / "source", Path(folder) / "out"
        at.mkdir()
        source, broken = make(kind, at, rows)
        seconds, peak = measured(IMPORT, kind, source, out)
        with (out / "import" / "dropped.jsonl").open() as report:
            named = [json.loads(line)["line"] for line in report]
        summary = json.loads((out / "import" / "summary.json").read_text())
        right = "each named" if named == broken else f"{len(set(broken) ^ set(named))} named wrongly"
        print(f"{kind}, {rows:,} rows: import {seconds:.1f} s, {peak:.0f} MB; {summary['kept']:,} kept; "
              f"{len(broken):,} broken, {right}", flush=True)  # fmt: skip
        if check:
            seconds, peak = measured(CHECK, out)
            print(f"{kind}, {rows:,} rows: check {seconds:.1f} s, {peak:.0f} MB, clean", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["csv"])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--check", action="store_true", help="check the imported folders as well")
    asked = parser.parse_args()
    for kind in asked.kinds:
        for rows in asked.rows:
            measure(kind, rows, asked.check)


if __name__ == "__main__":
    main()
