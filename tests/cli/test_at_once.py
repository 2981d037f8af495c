"""Several processes at once: one plays a run, the others say so, and a store that all share stays whole."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from amounts import exhaustive
from command_line import consult

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
MODEL = ("--model", f"scripted:{PANEL}")
SLOW = """
import time
import consult
from consult.agents.assessors.rubric import ITEMS
def slow(consultation):
    time.sleep(600)
"""


def begin(folder: Path, *words: str) -> subprocess.Popen[str]:
    call = [sys.executable, "-m", "consult", *words]
    return subprocess.Popen(call, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Kill a process at the end, also if the test fails: it would otherwise be waited for."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def ends(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Wait for processes; return their exit codes and errors."""
    said = [process.communicate()[1] for process in processes]
    return [(process.returncode, told) for process, told in zip(processes, said, strict=True)]


def rows(db: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute(sql).fetchall()


def first_event(process: subprocess.Popen[str], kind: str) -> Any:
    assert process.stdout is not None
    return next(event for event in map(json.loads, process.stdout) if event["event"] == kind)


TURNS = "SELECT consultation_id, idx, text, seed FROM turns ORDER BY 1, 2"


@pytest.mark.slow
def test_of_three_resumes_after_a_kill_one_plays(tmp_path: Path) -> None:
    with begin(tmp_path, "simulate", "--cases", "60", *MODEL, "--batch", "4", "--json") as process:
        first_event(process, "consultation")
        process.send_signal(signal.SIGKILL)
    found = ends([begin(tmp_path, "resume", "r1", "--json") for _ in range(3)])
    assert sorted(code for code, _ in found) == [0, 2, 2], found
    for code, said in found:
        # The last one may come when everything is over.
        assert code == 0 or "is being played by process" in said or "is already finished" in said, said
        assert code == 0 or said.count("\n") == 1
    consult("simulate", "--cases", "60", *MODEL, "--db", "whole.db", folder=tmp_path, check=True)
    assert rows(tmp_path / "consult.db", TURNS) == rows(tmp_path / "whole.db", TURNS)
    assert rows(tmp_path / "consult.db", "SELECT id, status FROM runs") == [("r1", "finished")]
    assert not list(tmp_path.glob("*.lock"))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [[0, 0, 1, 1], *map(exhaustive, (range(8), [0] * 8))])
def test_several_processes_play_into_one_new_store(tmp_path: Path, seeds: Any) -> None:
    words = ("simulate", "--cases", "4", *MODEL, "--json")
    found = ends([begin(tmp_path, *words, "--seed", str(seed)) for seed in seeds])
    assert [code for code, _ in found] == [0] * len(seeds), found
    runs = rows(tmp_path / "consult.db", "SELECT seed, status FROM runs")
    assert Counter(runs) == Counter((seed, "finished") for seed in seeds)
    assert not list(tmp_path.glob("*.lock"))


@pytest.mark.slow
def test_the_same_command_tells_that_its_run_is_being_played(tmp_path: Path) -> None:
    words = ("simulate", "--cases", "400", *MODEL, "--batch", "4", "--json")
    with killed_at_the_end(begin(tmp_path, *words)) as process:
        first_event(process, "consultation")
        process.send_signal(signal.SIGSTOP)
        with begin(tmp_path, *words) as second:
            assert first_event(second, "run")["run"] == "r2"
            second.kill()
            assert second.stderr is not None
            told = f"run r1 of the same configuration is being played by process {process.pid} (since"
            assert told in second.stderr.read()
        listed = consult("runs", "--json", folder=tmp_path).stdout.splitlines()
        assert {row["run"]: row["status"] for row in map(json.loads, listed)} == {"r1": "running", "r2": "interrupted"}
        process.kill()
    assert '"interrupted"' in consult("runs", "--json", folder=tmp_path).stdout.splitlines()[1]


@pytest.mark.slow
def test_one_process_scores_a_run_and_one_plays_a_benchmark(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    grid = ("benchmark", *MODEL, "--cases", "2", "--strategies", "dialogue", "--classifier", "none", "--yes", "--json")
    words = (*grid, "--assessor", "slow.py:slow")
    with killed_at_the_end(begin(tmp_path, *words)) as process:
        first_event(process, "assess")
        done = consult(*words, folder=tmp_path)
        assert done.returncode == 2 and f"is being written by process {process.pid} (since" in done.stderr, done.stderr
        done = consult(*words, "--out", "elsewhere", folder=tmp_path)
        assert done.returncode == 2 and f"benchmark b1 is being played by process {process.pid} (since" in done.stderr
        done = consult("assess", "r1", "--assessor", "slow.py:slow", folder=tmp_path)
        assert done.returncode == 2 and "run r1 is being scored with" in done.stderr, done.stderr
        assert f"by process {process.pid} (since" in done.stderr
        assert consult("assess", "r1", "--assessor", "rules", folder=tmp_path).returncode == 0
        process.kill()
