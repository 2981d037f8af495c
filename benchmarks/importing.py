"""What an import takes: seconds and peak memory at two numbers of rows, one row in a hundred broken.

Run: python benchmarks/importing.py [--rows 10000 100000] [--labels 34]

Each import, and each check of the folder that it made, is a process of its own, so that its peak is its own. The line
of every broken row is compared with the report.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

IMPORT = """
import resource, sys, time
from pathlib import Path
from consult.scenarios.importing import import_cases
began = time.monotonic()
import_cases("csv", Path(sys.argv[1]), Path(sys.argv[2]))
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
HEADER = "id,complaint,text,diagnosis,age,sex,urgency,image\n"
EVERY = 100
TEXT = (
    "He states that it began {n} weeks ago. It itches badly at night. It is on his left arm. He has a history "
    "of asthma. His mother had the same. He denies fever. On examination, scaly plaques are seen."
)


def row(n: int, labels: int) -> str:
    """Write a row that can be a case."""
    return f'case-{n},I have a rash,"{TEXT.format(n=n % 9 + 2)}",illness {n % labels}x,{20 + n % 60},male,soon,\n'


def broken(n: int, rng: random.Random) -> str:
    """Write a row that cannot be one."""
    good = row(n, 34)
    return rng.choice(
        [
            good.replace("I have a rash", " ").replace(TEXT[:20], "").split(',"')[0] + ",,x,20,male,soon,\n",
            good.replace(",soon,", ",whenever,"),
            good.rstrip("\n") + "../../etc/passwd\n",
            good.replace('seen."', "seen."),
            "too,few\n",
            good.replace("I have a rash", "x" * 30_000),
            good.replace("case-", '"case-'),
            good.replace(f"illness {n % 34}x", "=1+1"),
        ]
    )


def write(path: Path, rows: int, labels: int) -> list[int]:
    """Write a table; give the lines of its broken rows."""
    rng, lines = random.Random(0), []
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEADER)
        for n in range(rows):
            if n % EVERY == EVERY // 2:
                lines.append(n + 2)
            stream.write(broken(n, rng) if n % EVERY == EVERY // 2 else row(n, labels))
    return lines


def measured(code: str, *arguments: Path) -> tuple[float, float]:
    """Run code in a process of its own; give its seconds and its peak in MB."""
    call = [sys.executable, "-c", code, *map(str, arguments)]
    seconds, peak = subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(peak)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--labels", type=int, default=34)
    asked = parser.parse_args()
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder) / "source.csv", Path(folder) / "out"
            expected = write(source, rows, asked.labels)
            seconds, peak = measured(IMPORT, source, out)
            with (out / "import" / "dropped.jsonl").open() as report:
                named = [json.loads(line)["line"] for line in report]
            summary = json.loads((out / "import" / "summary.json").read_text())
            right = "each named" if named == expected else f"{len(set(expected) ^ set(named))} named wrongly"
            print(f"{rows:,} rows: import {seconds:.1f} s, {peak:.0f} MB; {summary['kept']:,} kept; "
                  f"{len(expected):,} broken, {right}")  # fmt: skip
            seconds, peak = measured(CHECK, out)
            print(f"{rows:,} rows: check {seconds:.1f} s, {peak:.0f} MB, clean")


if __name__ == "__main__":
    main()
