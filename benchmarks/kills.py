"""Kill commands at random moments and resume them: what is lost, what is doubled, and whether the result is the same.

Run: python benchmarks/kills.py [--kills 500] [--heavy 0] [--servers 0] [--replicas 0] [--rounds 20] [--seed 0]

`simulate`, `assess` and `benchmark` with a scripted model are each killed (`SIGKILL`) about a third of --kills times,
at moments that are uniform over the time since the last kill, up to a third of an undisturbed command's time; a command
that has been killed eight times is left to finish. --heavy kills `simulate` with the starter, and a training, this
often each. After each kill the store must pass `PRAGMA integrity_check` and hold everything that was shown; no event
may be shown twice; at the end, texts, prompts, verdicts and weights must equal those of an undisturbed command.

--servers kills `simulate` at two fake servers (processes of their own) this often, and as often one of the servers; a
killed one is started again once the command has ended. --replicas kills `simulate` with the starter in two processes
this often, and as often one of these processes. A command that lost a server or a replica must finish; no replica may
outlive it.

Then, --rounds times each: three processes resume one killed run at once, and eight processes play into one new store.

What it simplifies: a command runs in a child that is forked once everything is imported, which saves the two to four
seconds of start-up; so kills during imports are not tried, where nothing is written. It needs a system with `fork`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, chdir, closing, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from consult.agents.assessors.rubric import ITEMS

PANEL = Path(__file__).parents[1] / "tests" / "data" / "panel.yaml"
SERVER = Path(__file__).parent / "speed" / "fake_server.py"
SCRIPTED = ("--model", f"scripted:{PANEL}")
CASES = 16
MOST = 8
"""Kills of one command, before it is left to finish."""
RESUMING = 3
PLAYING = 8


@dataclass
class Work:
    """A command that is killed.

    Args:
        name: Its name in the table.
        words: The command, run in a folder of its own.
        result: What must be the same in the end, from the folder.
        made: Prepares the folder.
        shown: Whether its output is JSON lines.
    """

    name: str
    words: Sequence[str]
    result: Callable[[Path], Any]
    made: Callable[[Path], None] = lambda folder: None
    shown: bool = True
    victim: Callable[[int], int | None] = lambda child: child
    """Which process is killed, from the command's; None if there is none yet."""
    after: Callable[[], None] = lambda: None
    """Called when a command has ended."""


@dataclass
class Counts:
    """What was found."""

    commands: int = 0
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    broken: int = 0
    failed: int = 0
    different: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Return how often something was not as it must be."""
        return self.lost + self.doubled + self.broken + self.failed + self.different

    def row(self, name: str) -> str:
        """Return a line of the table."""
        cells = (self.kills, self.commands, self.lost, self.doubled, self.broken, self.failed, self.different)
        return f"| {name} | {' | '.join(map(str, cells))} |"


HEADINGS = (
    "| command | kills | commands finished | events lost | events doubled | stores broken | exit code not 0 | results "
    "that differ |\n|---|---|---|---|---|---|---|---|"
)


# -- processes ---------------------------------------------------------------------------------------------------------


def start(words: Sequence[str], folder: Path, name: str) -> int:
    """Start a command in a forked child whose output goes to files; return its process id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    os.chdir(folder)
    for number, kind in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{name}.{kind}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), number)
    sys.argv = ["consult", *words]
    from consult.__main__ import main

    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def finish(
    child: int, seconds: float | None = None, victim: Callable[[int], int | None] = lambda child: child
) -> tuple[bool, int]:
    """Wait for a child; return whether something was killed, and the child's exit code.

    Args:
        child: Its process id.
        seconds: When to kill; None for never.
        victim: Which process is killed.
    """
    end, killed = None if seconds is None else time.monotonic() + seconds, False
    while True:
        pid, status = os.waitpid(child, 0 if end is None else os.WNOHANG)
        if pid:
            return killed, os.waitstatus_to_exitcode(status)
        if end is not None and time.monotonic() >= end and (found := victim(child)) is not None:
            os.kill(found, signal.SIGKILL)
            end, killed = None, True
        time.sleep(0.001)


def replicas_of(child: int) -> list[int]:
    """Return the processes in which a command has loaded its model."""
    import psutil

    try:
        below = psutil.Process(child).children(recursive=True)
        return [one.pid for one in below if "loky" in (words := " ".join(one.cmdline())) and "tracker" not in words]
    except psutil.Error:
        return []  # one that has just ended


@dataclass
class Server:
    """A fake server in a process of its own, started again at the same port after it was killed."""

    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}/v1"

    def run(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self.process is not None and self.process.poll() is None:
            return
        if not self.port:
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                self.port = taken.getsockname()[1]
        self.process = subprocess.Popen([sys.executable, str(SERVER), str(self.port), "--mean", "0.01"])
        for _ in range(300):
            with suppress(OSError), urllib.request.urlopen(f"{self.base}/models", timeout=5):
                return
            time.sleep(0.05)
        raise SystemExit(f"no server starts at {self.base}")

    def end(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


# -- what is compared --------------------------------------------------------------------------------------------------


def rows(db: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(sql).fetchall()


def played(folder: Path, db: str = "consult.db") -> Any:
    """Return everything about the runs of a store that does not depend on the clock.

    A probability is rounded: its last digits depend on which requests share a batch, and texts do not.
    """
    path = folder / db
    prompts = "SELECT consultation_id, turn, idx, role, task, member, attempt, model, seed, reply, outcome FROM prompts"
    return [
        rows(path, "SELECT id, status, config, models FROM runs ORDER BY id"),
        rows(path, "SELECT id, status, diagnosis, correct, urgency, final_urgency FROM consultations ORDER BY id"),
        rows(path, "SELECT consultation_id, idx, speaker, action, text, seed FROM turns ORDER BY 1, 2"),
        rows(
            path, "SELECT consultation_id, idx, specialty, diagnosis, round(confidence, 4) FROM opinions ORDER BY 1, 2"
        ),
        rows(path, f"{prompts} ORDER BY 1, 2, 3, 4, 5, 6, 7"),
        rows(path, "SELECT consultation_id, assessor, item, value, why FROM assessments ORDER BY 1, 2, 3"),
        rows(path, "SELECT id, toml, status FROM benchmarks ORDER BY 1"),
        rows(path, "SELECT * FROM benchmark_runs ORDER BY 1, 2"),
    ]


def reported(folder: Path) -> Any:
    """Return a benchmark's rows, and the consultations of its report."""
    files = sorted(one.name for one in (folder / "report").iterdir())
    return [played(folder), files, (folder / "report" / "consultations.csv").read_text().count("\n")]


def trained(folder: Path) -> Any:
    """Return the figures, the decisions and the weights of a training."""
    out = folder / "out"
    metrics = json.loads((out / "metrics.json").read_text())
    timed = ("seconds", "wall_seconds")
    weights = sorted((one.name, one.read_bytes()) for one in out.glob("*.safetensors"))
    files = sorted(one.name for one in out.iterdir())
    kept = {name: value for name, value in metrics.items() if name not in timed}
    return [kept, (out / "decisions.csv").read_text(), weights, files]


def whole(folder: Path) -> bool:
    """Return whether every store of a folder is intact."""
    return all(rows(path, "PRAGMA integrity_check") == [("ok",)] for path in folder.glob("*.db"))


def events(folder: Path, name: str) -> list[tuple[Any, ...]]:
    """Return the turns, verdicts and ends that one process has shown; a last line may be cut off."""
    found: list[tuple[Any, ...]] = []
    printed = folder / f"{name}.out"
    # Killed before it could open the file, it has shown nothing.
    for line in printed.read_text().splitlines() if printed.exists() else ():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if event.get("earlier") is True:
            continue  # told again on purpose
        if event["event"] == "turn":
            found.append(("turn", event["consultation"], event["idx"], event["text"]))
        elif event["event"] == "consultation":
            found.append(("consultation", event["consultation"], event["status"]))
        elif event["event"] == "assessment":
            items = event["items"].items()
            found += [("verdict", event["consultation"], event["assessor"], item, one["value"]) for item, one in items]
    return found


def is_begun(db: Path) -> bool:
    """Return whether a store has its tables."""
    return db.exists() and bool(rows(db, "SELECT 1 FROM sqlite_master WHERE name = 'judgements'"))


def stored(folder: Path) -> set[tuple[Any, ...]]:
    """Return the same from the store."""
    path = folder / "consult.db"
    if not is_begun(path):
        return set()
    return {
        *(("turn", *row) for row in rows(path, "SELECT consultation_id, idx, text FROM turns")),
        *(("consultation", *row) for row in rows(path, "SELECT id, status FROM consultations")),
        *(("verdict", *row) for row in rows(path, "SELECT consultation_id, assessor, item, value FROM assessments")),
    }


# -- kills -------------------------------------------------------------------------------------------------------------


def killed(work: Work, kills: int, rng: random.Random, root: Path) -> Counts:
    """Kill a command again and again; compare the result each time it was left to finish."""
    counts, clean = Counts(), root / f"{work.name}-undisturbed".replace(" ", "-")
    clean.mkdir()
    work.made(clean)
    begun = time.monotonic()
    _, code = finish(start(work.words, clean, "0"))
    took = time.monotonic() - begun
    if code != 0:
        raise SystemExit(f"{work.name} fails undisturbed: {(clean / '0.err').read_text()}")
    expected = work.result(clean)
    say(f"{work.name}: {took:.2f} s undisturbed")
    while counts.kills < kills:
        folder = root / f"{work.name}-{counts.commands}".replace(" ", "-")
        folder.mkdir()
        work.made(folder)
        finished = one_command(work, folder, took, kills, rng, counts)
        counts.commands += 1
        if finished and work.result(folder) != expected:
            counts.different += 1
            counts.notes.append(f"{folder} differs")
        if counts.commands % 5 == 0:
            say(f"so far {counts.row(work.name)}")
    return counts


def one_command(work: Work, folder: Path, took: float, kills: int, rng: random.Random, counts: Counts) -> bool:
    """Kill one command up to `MOST` times, and let it finish; return whether it did."""
    seen: list[tuple[Any, ...]] = []
    for attempt in range(1000):
        last = attempt >= MOST or counts.kills >= kills
        seconds = None if last else rng.uniform(0, took / 3)
        killed, code = finish(start(work.words, folder, str(attempt)), seconds, work.victim)
        counts.kills += killed
        work.after()
        if not whole(folder):
            counts.broken += 1
        if work.shown:
            told = events(folder, str(attempt))
            seen += told
            counts.lost += len(set(told) - stored(folder))
        if code != -signal.SIGKILL:
            if code != 0:
                counts.failed += 1
                counts.notes.append(f"{folder}: exit code {code}: {(folder / f'{attempt}.err').read_text()[-300:]}")
            break
    counts.doubled += len(seen) - len(set(seen))
    return code == 0


# -- several processes at once -----------------------------------------------------------------------------------------


def resumed_at_once(rounds: int, rng: random.Random, root: Path) -> list[str]:
    """Let three processes resume a killed run at once: one plays, the others say so in one sentence."""
    words = simulate(CASES)
    clean = root / "resumed-undisturbed"
    clean.mkdir()
    begun = time.monotonic()
    finish(start(words, clean, "0"))
    took, expected = time.monotonic() - begun, played(clean)
    codes: dict[str, int] = {}
    different = said = broken = 0
    for number in range(rounds):
        folder = root / f"resumed-{number}"
        folder.mkdir()
        while not is_begun(folder / "consult.db") or not rows(folder / "consult.db", "SELECT 1 FROM turns LIMIT 1"):
            finish(start(words, folder, "0"), rng.uniform(took / 10, took / 3))
        resume = ("resume", "r1", "--batch", "8", "--json")
        children = [start(resume, folder, f"resume-{i}") for i in range(RESUMING)]
        ends = sorted(finish(child)[1] for child in children)
        codes[str(ends)] = codes.get(str(ends), 0) + 1
        errors = [(folder / f"resume-{i}.err").read_text() for i in range(RESUMING)]
        told = [one for one in errors if "run r1 is being played by process" in one and one.count("\n") == 1]
        said += len(told)
        different += played(folder) != expected
        broken += not whole(folder)
    return [
        f"three resumes at once, {rounds} rounds: exit codes {codes}; {said} of {2 * rounds} others named the process "
        f"that plays; {different} results differ; {broken} stores broken"
    ]


def texts_by_seed(db: Path) -> dict[int, set[str]]:
    """Return seed → the different texts of its runs."""
    said: dict[str, list[Any]] = {}
    turns = "SELECT run_id, ordinal, idx, text FROM turns JOIN consultations c ON c.id = consultation_id"
    for run, *turn in rows(db, f"{turns} ORDER BY 1, 2, 3"):
        said.setdefault(run, []).append(turn)
    found: dict[int, set[str]] = {}
    for run, seed in rows(db, "SELECT id, seed FROM runs"):
        found.setdefault(seed, set()).add(json.dumps(said.get(run)))
    return found


def played_at_once(rounds: int, root: Path) -> list[str]:
    """Let eight processes play into one new store at once, once with seeds of their own and once with one command."""
    lines = []
    for name, seeds in (("eight seeds", range(PLAYING)), ("the same command", [0] * PLAYING)):
        codes: dict[str, int] = {}
        broken = unfinished = different = 0
        for number in range(rounds):
            folder = root / f"{name}-{number}".replace(" ", "-")
            folder.mkdir()
            children = [start((*simulate(6), "--seed", str(s)), folder, str(i)) for i, s in enumerate(seeds)]
            ends = sorted(finish(child)[1] for child in children)
            codes[str(ends)] = codes.get(str(ends), 0) + 1
            path = folder / "consult.db"
            broken += not whole(folder)
            unfinished += rows(path, "SELECT count(*) FROM runs WHERE status = 'finished'") != [(PLAYING,)]
            different += any(len(texts) > 1 for texts in texts_by_seed(path).values())
        lines.append(
            f"eight processes on one store, {name}, {rounds} rounds: exit codes {codes}; {unfinished} stores without "
            f"eight finished runs; {different} with different texts of one seed; {broken} stores broken"
        )
    return lines


# -- what is run -------------------------------------------------------------------------------------------------------


def simulate(cases: int, *model: str) -> tuple[str, ...]:
    """Return the words of a command that plays cases."""
    return ("simulate", "--cases", str(cases), *(model or SCRIPTED), "--batch", "4", "--json")


def scripted_works(root: Path) -> list[Work]:
    """Return the commands with a scripted model."""
    script = root / "assessor.yaml"
    script.write_text(yaml.safe_dump({"replies": {"assessor": [verdicts(number) for number in range(CASES)]}}))
    base = root / "base"
    base.mkdir()
    finish(start(simulate(CASES), base, "0"))
    words = ("assess", "r1", "--assessor", f"scripted:{script}", "--batch", "2", "--json")

    def with_run(folder: Path) -> None:
        old, new = sqlite3.connect(base / "consult.db"), sqlite3.connect(folder / "consult.db")
        with closing(old), closing(new):
            old.backup(new)

    grid = (
        "--cases",
        "4",
        "--strategies",
        "dialogue,no-dialogue",
        "--assessor",
        "rules",
        "--classifier",
        "none",
        "--yes",
    )
    return [
        Work("simulate", simulate(CASES), played),
        Work("assess", words, played, with_run),
        Work("benchmark", ("benchmark", *SCRIPTED, *grid, "--batch", "8", "--out", "report", "--json"), reported),
    ]


def verdicts(number: int) -> str:
    """Return an assessor's answer about one consultation, which differs from those about others."""
    # In words of its own for each item: a judge's blanks and copies are no verdicts.
    return json.dumps({item.key: {"why": f"Turn {number} shows: {item.name}.", "value": number % 2} for item in ITEMS})


def heavy_works() -> list[Work]:
    """Return the commands whose model is a network."""
    small = ("--cases", "24", "--validation", "12", "--test", "0", "--steps", "6", "--check-every", "2")
    train = ("train", "triage", *small, "--out", "out", "--resume")
    return [
        Work("simulate with the starter", simulate(6, "--model", "starter"), played),
        Work("train triage", train, trained, shown=False),
    ]


def server_works(servers: Sequence[Server], rng: random.Random) -> list[Work]:
    """Return a run at two servers, of which the driver is killed, or one of the servers."""
    address = ",".join(server.base for server in servers) + "?concurrency=8#fake"
    words = ("simulate", "--cases", "6", "--model", address, "--json")

    def one_server(child: int) -> int | None:
        process = rng.choice(servers).process
        return None if process is None or process.poll() is not None else process.pid

    def all_run() -> None:
        for server in servers:
            server.run()

    return [
        Work("simulate at two servers, the driver", words, played),
        Work("simulate at two servers, a server", words, played, victim=one_server, after=all_run),
    ]


def replica_works(rng: random.Random) -> list[Work]:
    """Return a run in two processes, of which the driver is killed, or one of the two."""
    words = ("simulate", "--cases", "6", "--model", "starter", "--json")
    before: set[int] = set()

    def driver(child: int) -> int | None:
        before.update(replicas_of(child))
        return child

    def one_replica(child: int) -> int | None:
        found = replicas_of(child)
        return rng.choice(found) if found else None

    def none_left() -> None:
        import psutil

        for _ in range(100):
            if not any(psutil.pid_exists(one) for one in before):
                return before.clear()
            time.sleep(0.1)
        raise SystemExit(f"a replica outlived its driver: {before}")

    return [
        Work("simulate in two processes, the driver", words, played, victim=driver, after=none_left),
        Work("simulate in two processes, a process", words, played, victim=one_replica),
    ]


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def main() -> None:
    """Kill, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500, help="of simulate, assess and benchmark together")
    parser.add_argument("--heavy", type=int, default=0, help="kills of the starter, and as many of a training")
    parser.add_argument("--servers", type=int, default=0, help="kills of a run at two servers, and of a server")
    parser.add_argument("--replicas", type=int, default=0, help="kills of a run in two processes, and of a process")
    parser.add_argument("--rounds", type=int, default=20, help="of several processes at once")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, table, faults = random.Random(asked.seed), [], 0
    with tempfile.TemporaryDirectory() as place, ExitStack() as ended:
        root = Path(place)
        os.environ["CONSULT_CACHE"] = str(root / "cache")
        for work, kills in chosen(asked, rng, root, ended):
            counts = killed(work, kills, rng, root)
            faults += counts.faults
            table.append(counts.row(work.name))
            say(table[-1])
            for note in counts.notes:
                say(f"  {note}")
        say("\n".join([f"seed {asked.seed}", HEADINGS, *table]))
        if asked.rounds:
            say("\n".join([*resumed_at_once(asked.rounds, rng, root), *played_at_once(asked.rounds, root)]))
    sys.exit(1 if faults else 0)


def chosen(asked: Any, rng: random.Random, root: Path, ended: ExitStack) -> Iterator[tuple[Work, int]]:
    """Yield the works that were asked for, each with its number of kills, once everything is ready for it.

    Args:
        asked: The arguments of the command line.
        rng: Chooses among several processes.
        root: A folder.
        ended: Ends what was started for a work.
    """
    if asked.kills:
        scripted = scripted_works(root)
        preload(scripted, root)
        yield from ((one, asked.kills // 3 + (i < asked.kills % 3)) for i, one in enumerate(scripted))
    if asked.servers:
        servers = [Server(), Server()]
        for server in servers:
            server.run()
            ended.callback(server.end)
        works = server_works(servers, rng)
        preload(works[:1], root)
        yield from ((one, asked.servers) for one in works)
    if asked.heavy or asked.replicas:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads do not survive a fork
        preload(heavy_works()[: 2 if asked.heavy else 1], root)
    if asked.heavy:
        yield from ((one, asked.heavy) for one in heavy_works())
    if asked.replicas:
        allow_few()
        yield from ((one, asked.replicas) for one in replica_works(rng))


def allow_few() -> None:
    """Let the program choose two processes also for a short run, and on one core."""
    from consult.agents.models.replicas import pinned
    from consult.envs import placement

    # Torch, which is imported, keeps to one thread; the program chooses processes where nothing limits the threads.
    del os.environ["OMP_NUM_THREADS"]
    placement.ENOUGH = 2
    two = (pinned.cores() * 2)[:2]
    pinned.cores = lambda: two


def preload(works: Sequence[Work], root: Path) -> None:
    """Run each command once in this process, so that a forked child has everything imported and starts at once."""
    from consult.__main__ import main as command

    for work in works:
        folder = root / f"imported-{work.name}".replace(" ", "-")
        folder.mkdir()
        work.made(folder)
        given, sys.argv = sys.argv, ["consult", *work.words]
        with chdir(folder), (folder / "printed").open("w") as out, redirect_stdout(out), suppress(SystemExit):
            command()
        sys.argv = given


if __name__ == "__main__":
    main()
