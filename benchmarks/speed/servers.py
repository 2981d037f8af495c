"""Requests to servers: how busy a run keeps them, with immediate dispatch and, for comparison, in waves.

Fake servers of processes of their own answer with log-normal latencies that follow from the request, so that both sides
wait for the same times. `busy` is the sum of all latencies over what the allowed concurrency could have done between
the first request and the last reply, with the end of the run, when consultations run out, included; `wall` is the wall
time over that sum divided by the concurrency, 1 at best. Both sides play the same consultations, by turns.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.playing import config_of
from consult.agents.models import Model, Reply, Request
from consult.agents.models.server.model import ServerModel
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import load_scenario

SERVER = Path(__file__).with_name("fake_server.py")
SIDES = ("immediate", "waves")


@dataclass(frozen=True)
class Measured:
    """One run."""

    side: str
    requests: int
    wall_seconds: float
    work_seconds: float
    """Sum of all latencies."""
    busy: float
    """Share of the allowed concurrency, 0 to 1."""
    wall: float
    """Wall time over work divided by concurrency, from 1."""
    processor_ms: float
    """Processor time of the run's process, milliseconds per request."""


class InWaves:
    """A server as models in this process are asked: in waves."""

    def __init__(self, model: Model) -> None:
        self._model, self.info = model, model.info

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch."""
        return self._model.generate(requests)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--concurrency", type=int, default=8, help="requests in flight at each address")
    parser.add_argument("--addresses", type=int, default=1)
    parser.add_argument("--mean", type=float, default=0.5, help="mean latency in seconds")
    parser.add_argument("--sigma", type=float, default=0.5, help="standard deviation of its logarithm")
    parser.add_argument("--consultations", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--json", type=Path, help="write the figures to this file")


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    found = [measured(side, asked) for _ in range(asked.rounds) for side in asked.sides]
    if asked.json is not None:
        options = {name: value for name, value in vars(asked).items() if name not in ("json", "part")}
        asked.json.write_text(json.dumps({"options": options, "runs": [asdict(one) for one in found]}, indent=1))
    print("| requests leave | busy | wall ÷ (work ÷ concurrency) | requests | wall, s | processor, ms a request |")
    print("|---|---|---|---|---|---|")
    for side in asked.sides:
        print(_row(side, [one for one in found if one.side == side]))


def _row(side: str, found: Sequence[Measured]) -> str:
    def median(name: str) -> float:
        return statistics.median(getattr(one, name) for one in found)

    cells = (
        f"{100 * median('busy'):.0f} %",
        f"{median('wall'):.2f}",
        f"{median('requests'):.0f}",
        f"{median('wall_seconds'):.0f}",
        f"{median('processor_ms'):.1f}",
    )
    return f"| {'at once' if side == 'immediate' else 'in waves'} | {' | '.join(cells)} |"


def measured(side: str, asked: argparse.Namespace) -> Measured:
    """Play once at new servers."""
    with _servers(asked) as bases, tempfile.TemporaryDirectory() as folder:
        reference = f"{','.join(bases)}?concurrency={asked.concurrency}#fake"
        model = ServerModel(reference)
        try:
            before = time.process_time()
            _play(InWaves(model) if side == "waves" else model, asked, Path(folder) / "a.db")
            spent = time.process_time() - before
        finally:
            model.close()
        told = [_busy(base) for base in bases]
    requests, work = sum(one["requests"] for one in told), sum(one["work"] for one in told)
    # All processes of a machine share the monotonic clock.
    wall = max(one["last"] for one in told) - min(one["first"] for one in told if one["first"])
    ideal = work / (asked.concurrency * asked.addresses)
    return Measured(side, requests, wall, work, ideal / wall, wall / ideal, 1000 * spent / requests)


def _play(model: Model, asked: argparse.Namespace, store: Path) -> None:
    scenario, config = load_scenario("derm34"), config_of("server", asked.consultations)
    # In waves, as many are live as the server is asked for at once: more would only make larger waves.
    batch = None if isinstance(model, ServerModel) else asked.concurrency * asked.addresses
    with Store(store) as opened:
        summary = Runner(scenario, config, Models({"server": model}), opened, batch=batch).run()
    if summary["failed"]:
        raise RuntimeError(f"{summary['failed']} consultations failed")


def _busy(base: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base}/busy", timeout=10) as reply:
        told: dict[str, Any] = json.load(reply)
    return told


@contextmanager
def _servers(asked: argparse.Namespace) -> Iterator[list[str]]:
    ports = [_free_port() for _ in range(asked.addresses)]
    options = ["--mean", str(asked.mean), "--sigma", str(asked.sigma)]
    started = [subprocess.Popen([sys.executable, str(SERVER), str(port), *options]) for port in ports]
    try:
        bases = [f"http://127.0.0.1:{port}/v1" for port in ports]
        for base in bases:
            _wait_for(base)
        yield bases
    finally:
        for process in started:
            process.kill()
            process.wait()


def _wait_for(base: str) -> None:
    for _ in range(200):
        try:
            _busy(base)
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"no server answers at {base}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
