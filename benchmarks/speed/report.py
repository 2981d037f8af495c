"""A report of very many consultations: seconds and peak memory of `consult report`, in a process of its own.

The consultations are made up (15 turns, three opinions, eight verdicts each), as the store would hold them; the report
is the command's own, with its imports. Stores are made once for all rounds, and kept in `--folder` if one is named.
Memory is the largest resident memory of the process.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.speed.playing import add_common_options, markdown, median, tell
from consult.agents.assessors.rubric import ITEMS
from consult.agents.temperament import temperaments
from consult.envs.config import RunConfig
from consult.envs.store.write import Store
from consult.scenarios import URGENCIES, Scenario, load_scenario

SIZES = (1_000, 10_000, 100_000)
TURNS = ("open", "triage", *("ask", "answer") * 4, "consult", "conclude", "ask", "conclude", "satisfied")
MEASURE = (
    "import sys, time; begun = time.monotonic(); sys.argv = sys.argv[1:]\n"
    "from consult.cli.main import run\n"
    "try: run()\nexcept SystemExit as end: assert not end.code\n"
    "status = open('/proc/self/status').read()\n"
    "print(time.monotonic() - begun, time.process_time(), int(status.split('VmHWM:')[1].split()[0]) / 1024)"
)
"""Linux's own count of the largest resident memory: `ru_maxrss` of a new program begins at that of its parent."""


class Reported(NamedTuple):
    """What a report took."""

    seconds: float
    processor: float
    """Processor time in seconds, with the start of Python."""
    megabytes: float


def reported(db: Path, out: Path) -> Reported:
    """Report in a process of its own."""
    call = [sys.executable, "-c", MEASURE, "consult", "report", "r1", "--db", str(db), "--out", str(out)]
    done = subprocess.run(call, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    return Reported(*map(float, done.stdout.split()[-3:]))


def measured(sizes: list[int], folder: Path, rounds: int) -> dict[str, Any]:
    """Make the stores, and report each in turns."""
    stores = {size: folder / f"made-up-{size}.db" for size in sizes}
    for size, db in stores.items():
        if not db.exists():
            fill(db, size)
    spent: dict[int, list[Reported]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size, db in stores.items():
            spent[size].append(reported(db, folder / "report"))
    return {
        "sample": "made-up consultations of derm34, 15 turns each, seed 0, one process a report",
        "files": {file.name: file.stat().st_size for file in sorted((folder / "report").iterdir()) if file.is_file()},
        "reports": {
            str(size): {kind: [getattr(one, kind) for one in found] for kind in Reported._fields}
            for size, found in spent.items()
        },
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown."""
    rows = [
        (
            f"{int(size):,}",
            *(f"{median(one[kind]):.1f}" for kind in ("seconds", "processor")),
            f"{median(one['megabytes']):.0f}",
        )
        for size, one in found["reports"].items()
    ]
    return markdown(("consultations", "seconds", "processor, seconds", "MB at most"), rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--folder", type=Path, help="keep the stores here")
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = measured(asked.sizes, folder, asked.rounds)
    tell(asked, found, table(found))


# -- made-up consultations -----------------------------------------------------------------------------------------


def fill(path: Path, count: int) -> None:
    """Write a run of made-up consultations."""
    scenario = load_scenario("derm34")
    cases = scenario.case_ids("train")
    config = RunConfig(scenario="derm34", split="train", cases=(cases[0],), temperaments=("sanguine",))
    nothing = dict.fromkeys(("truth", "true_specialty", "true_urgency", "style", "skin_type", "demo"))
    with Store(path) as store:
        run = store.begin(config, {"patient": "made-up"}, {}, scenario.revision, {cases[0]: nothing})
        store.end(run, "finished", 1.0)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("DELETE FROM consultations")
        rng = random.Random(0)
        for start in range(0, count, 5_000):
            _insert(db, run, scenario, rng, range(start, min(count, start + 5_000)), cases)


def _insert(
    db: sqlite3.Connection, run: str, scenario: Scenario, rng: random.Random, numbers: range, cases: Any
) -> None:
    labels = list(scenario.labels.values())
    told = [(number, rng.choice(labels)) for number in numbers]
    table = (
        "consultations (id, run_id, ordinal, case_id, temperament, strategy, team, seed, status, specialty, urgency, "
    )
    table += "diagnosis, truth, true_specialty, true_urgency, style, skin_type, facts_disclosed, facts)"
    rows = []
    for number, label in told:
        said = label if rng.random() < 0.68 else rng.choice(labels)
        moods, urgency = list(temperaments()), str(rng.choice(URGENCIES))
        rows.append(
            (f"{run}.{number + 1}", run, number + 1, cases[number % len(cases)], moods[number // 3 % 4], "dialogue",
             "panel", 0, "finished", rng.choice(scenario.specialties), urgency, said.name, label.name, label.specialty,
             urgency, "in-style", rng.randint(1, 6), rng.randint(2, 9), 11)
        )  # fmt: skip
    _many(db, f"INSERT INTO {table}", rows)
    _many(db, f"INSERT INTO turns ({_TURN})", list(_turns(run, told, rng)))
    opinions = [
        (
            f"{run}.{number + 1}",
            i,
            label.specialty,
            rng.choice((label.name, rng.choice(labels).name)),
            0.5,
            "So.",
            "model",
        )
        for number, label in told
        for i in range(3)
    ]
    columns = "consultation_id, idx, specialty, diagnosis, confidence, reason, source"
    _many(db, f"INSERT INTO opinions ({columns})", opinions)
    verdicts = [
        (f"{run}.{number + 1}", "rules@3", item.key, None if rng.random() < 0.01 else rng.choice(item.levels), "So.")
        for number, _ in told
        for item in ITEMS
    ]
    _many(db, "INSERT INTO assessments (consultation_id, assessor, item, value, why)", verdicts)
    db.commit()


_TURN = (
    "consultation_id, idx, speaker, action, text, facts, confidence, differential, accepts, source, draft_backed, "
    "draft_leaked, draft_attempts, draft_fallback, said_backed, said_leaked, tokens_in, tokens_out, seconds, seed"
)


def _turns(run: str, told: Any, rng: random.Random) -> Iterator[tuple[Any, ...]]:
    for number, label in told:
        for idx, action in enumerate(TURNS):
            patient = action in ("open", "answer", "satisfied") or (action == "ask" and idx > 10)
            sure = round(rng.random(), 3) if action == "conclude" else None
            yield (
                f"{run}.{number + 1}", idx, "patient" if patient else "attending", action,
                "It has been there for about three weeks now, and it itches at night more than by day.",
                '["f1", "f2"]' if action == "answer" else "[]", sure, f'["{label.name}"]' if sure else "[]",
                1 if action == "satisfied" else None, "model", *((1, 0, 1, 0, 1, 0) if patient else (None,) * 6),
                90, 30, 0.1 + rng.random(), 0,
            )  # fmt: skip


def _many(db: sqlite3.Connection, insert: str, rows: list[Any]) -> None:
    db.executemany(f"{insert} VALUES ({', '.join('?' * len(rows[0]))})", rows)
