"""How long the pages of `consult view` take when many are asked for at once, over a store of very many consultations.

Run: python benchmarks/viewing.py [--consultations 50000] [--runs 10] [--requests 200] [--folder DIR]

A script plays a few consultations, and the store is filled with copies of them. The server is the command's own, in a
process of its own, and is asked over this machine's loopback alone: the list of runs, runs with and without filters,
consultations and pairs of them. Prints for each round median, p95 and maximum of the seconds, the server's seconds of
processor time, which other programs on the machine change little, and the machine's load before it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psutil

from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner, truths_of
from consult.envs.store.write import Store
from consult.scenarios import load_scenario

PLAYED = 40
"""Consultations that the others are copies of."""
MOODS = ("sanguine", "choleric", "melancholic", "phlegmatic")
SCRIPT = """replies:
  patient.open: ["Good morning, doctor."]
  patient: ["I cannot say more about it."]
  triage: ['{"specialty": "dermatology", "urgency": "routine", "why": "A rash."}']
  attending.action:
    - '{"action": "ask", "topic": "duration", "text": "How long have you had it?"}'
    - '{"action": "ask", "topic": "sensation", "text": "Does it itch?"}'
    - '{"action": "examine", "topic": "temperature", "text": "Let me take your temperature."}'
    - '{"action": "consult", "text": "I will ask my colleagues."}'
    - '{"action": "conclude"}'
  specialist: ['{"diagnosis": "eczema", "confidence": 0.8, "reason": "It looks like it."}']
  attending.decision: ["<think>They agree.</think><answer>eczema</answer><differential>psoriasis</differential>"]
  attending.explanation: ["I think that this is eczema. Keep the skin moist."]
  attending.reply: ["It will settle."]
"""
TABLES = ("turns", "opinions", "assessments")
WAIT = 120
"""Most seconds for the server to start, or for one answer."""


class Answer(NamedTuple):
    """One answer of the server."""

    address: str
    seconds: float
    status: int


# -- a store of copies -------------------------------------------------------------------------------------------------


def fill(path: Path, count: int, runs: int) -> None:
    """Play a few consultations, and fill a store with runs of copies of them.

    Args:
        path: The store to make.
        count: Consultations.
        runs: Runs that they are divided among.
    """
    scenario = load_scenario("derm34")
    cases = scenario.case_ids("train")
    each = -(-count // runs)
    with tempfile.TemporaryDirectory() as folder, Store(path) as store:
        script = Path(folder) / "script.yaml"
        script.write_text(SCRIPT, encoding="utf-8")
        role = RoleConfig(model=f"scripted:{script}")
        players = {"patient": role, "triage": role, "specialist": role, "attending": role}
        first = RunConfig(
            scenario="derm34", split="train", cases=tuple(cases[:PLAYED]), temperaments=(MOODS * PLAYED)[:PLAYED],
            **players,
        )  # fmt: skip
        Runner(scenario, first, Models.open(first), store).run()
        store.keep_assessments("rules@1", _verdicts(store, "r1"))
        truths = truths_of(scenario, cases[: min(len(cases), each + runs)])
        for number in range(runs):
            wanted = [cases[i % len(cases)] for i in range(number, number + each)]
            moods = [MOODS[i % len(MOODS)] for i in range(each)]
            config = first.model_copy(update={"cases": tuple(wanted), "temperaments": tuple(moods), "seed": number})
            run = store.begin(config, {"patient": "made-up"}, {}, scenario.revision, truths)
            store.end(run, "finished", 1.0)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        _copy(connection)


def _verdicts(store: Store, run: str) -> list[tuple[str, dict[str, object]]]:
    from consult.agents.assessors.rubric import ITEMS, Verdict

    chance = random.Random(0)
    return [
        (row["id"], {item.key: Verdict(chance.choice(item.levels), "So.", (3,)) for item in ITEMS})
        for row in store.consultations(run)
    ]


def _copy(connection: sqlite3.Connection) -> None:
    """Give each planned consultation the turns, opinions and verdicts of a played one."""
    connection.execute(
        f"CREATE TEMP TABLE pairs AS SELECT id, 'r1.' || ((ordinal - 1) % {PLAYED} + 1) AS model FROM consultations "
        "WHERE run_id != 'r1'"
    )
    connection.execute("CREATE INDEX temp.models ON pairs(model)")
    for table in TABLES:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        columns = [name for name in names if name not in ("id", "consultation_id")]
        listed = ", ".join(columns)
        connection.execute(
            f"INSERT INTO {table} (consultation_id, {listed}) SELECT p.id, {', '.join(f't.{c}' for c in columns)} "
            f"FROM {table} t JOIN pairs p ON p.model = t.consultation_id"
        )
    ended = ("status", "specialty", "urgency", "diagnosis", "facts_disclosed", "facts", "final_urgency")
    assigned = ", ".join(f"{name} = m.{name}" for name in ended)
    connection.execute(
        f"UPDATE consultations SET {assigned}, correct = (consultations.truth = m.diagnosis), correct_by = 'match' "
        "FROM pairs p JOIN consultations m ON m.id = p.model WHERE p.id = consultations.id"
    )
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# -- many requests at once ---------------------------------------------------------------------------------------------


def addresses(path: Path, count: int) -> list[str]:
    """Choose what is asked for: each kind of page about equally often."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT id FROM consultations")]
        runs = [row[0] for row in connection.execute("SELECT id FROM runs")]
    chance = random.Random(1)
    filters = ("result=wrong", "temperament=choleric", "diagnosis=eczema", "assessor=rules%401&item=1.1&value=1")
    kinds = (
        lambda: "/",
        lambda: f"/runs/{chance.choice(runs)}?page={chance.randint(1, 5)}",
        lambda: f"/runs/{chance.choice(runs)}?{chance.choice(filters)}",
        lambda: f"/consultations/{chance.choice(names)}",
        lambda: f"/compare?left={chance.choice(names)}&right={chance.choice(names)}",
    )
    return [kinds[i % len(kinds)]() for i in range(count)]


async def ask(port: int, asked: Sequence[str]) -> list[Answer]:
    """Send all requests at once, and wait for all answers."""
    begun = time.monotonic()
    return list(await asyncio.gather(*(_one(port, address, begun) for address in asked)))


async def _one(port: int, address: str, begun: float) -> Answer:
    async with asyncio.timeout(WAIT):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        while part := await reader.read():
            answer += part
        writer.close()
    return Answer(address, time.monotonic() - begun, int(answer.split(b" ", 2)[1]))


def summary(answers: Sequence[Answer]) -> str:
    """Return median, p95 and maximum, and how many answers were not a page."""
    seconds = sorted(answer.seconds for answer in answers)
    p95 = seconds[max(0, -(-len(seconds) * 95 // 100) - 1)]
    bad = sum(answer.status != 200 for answer in answers)
    figures = f"median {statistics.median(seconds):.2f} s, p95 {p95:.2f} s, maximum {seconds[-1]:.2f} s"
    return f"{len(answers)} requests at once: {figures}, {bad} not answered with a page"


def _processor(pid: int) -> float:
    """Return the seconds of processor time that a process has taken."""
    taken = psutil.Process(pid).cpu_times()
    return taken.user + taken.system


def main() -> None:
    """Read the command line, make the store, start the server, and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consultations", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        db = folder / f"copies-{chosen.consultations}-{chosen.runs}.db"
        if not db.exists():
            begun = time.monotonic()
            fill(db, chosen.consultations, chosen.runs)
            print(f"{chosen.consultations:,} consultations made in {time.monotonic() - begun:.0f} s", flush=True)
        call = [sys.executable, "-m", "consult", "view", "--db", str(db), "--port", "0"]
        with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                port = int(server.stdout.readline().split("/")[2].rpartition(":")[2])
                for _ in range(chosen.rounds):
                    before, load = _processor(server.pid), os.getloadavg()[0]
                    told = summary(asyncio.run(ask(port, addresses(db, chosen.requests))))
                    print(f"{told}; {_processor(server.pid) - before:.2f} s of processor, load {load:.1f}", flush=True)
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
