"""`kill -9` at random moments, then the same command again: the same texts, nothing lost or doubled."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from amounts import handful
from command_line import consult
from narrowing import present

from consult.envs.prompts import prompts_of_run
from consult.envs.store.write import Store

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"


def typed(db):
    return ["simulate", "--cases", "200", "--model", f"scripted:{PANEL}", "--db", str(db), "--batch", "16", "--json"]


def begin(db, **streams):
    call = [sys.executable, "-m", "consult", *typed(db)]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True, **streams)


def turns(db):
    with sqlite3.connect(db) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute(
            "SELECT consultation_id, idx, speaker, action, text, seed FROM turns ORDER BY 1, 2"
        ).fetchall()


def prompts(db):
    with Store(db) as store:
        return [replace(one, seconds=0.0) for one in prompts_of_run(store, "r1")]


@pytest.mark.slow
def test_killed_runs_end_as_if_they_had_not_been_killed(tmp_path):
    consult(*typed(tmp_path / "whole.db"), check=True)
    whole = turns(tmp_path / "whole.db")
    rng, db, shown = random.Random(7), tmp_path / "cut.db", []
    kills = 0
    for _ in range(3):
        process = begin(db)
        first = process.stdout.readline()
        time.sleep(rng.random() * 0.8)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.read().splitlines()]
        kills += process.wait() == -signal.SIGKILL
        for line in lines:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue  # cut off by the kill
            if event["event"] == "turn":
                shown.append((event["consultation"], event["idx"], event["text"]))
        kept = {(cid, idx, text) for cid, idx, _, _, text, _ in turns(db)}
        assert set(shown) <= kept
    assert kills >= 2
    last = consult(*typed(db), check=True)
    assert json.loads(last.stdout.splitlines()[0])["resumed"]
    assert turns(db) == whole
    assert prompts(db) == prompts(tmp_path / "whole.db")
    assert len({(c, i) for c, i, _ in shown}) == len(shown)
    with sqlite3.connect(db) as connection:
        assert connection.execute("SELECT count(*), min(status), max(status) FROM runs").fetchone() == (
            1,
            "finished",
            "finished",
        )


@pytest.mark.slow
def test_interrupting_says_how_to_go_on(tmp_path):
    db = tmp_path / "a.db"
    process = begin(db, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"continue with: consult resume r1 --db {db}" in complaint and "Traceback" not in complaint
    done = consult("resume", "r1", "--db", db, "--json", check=True)
    assert json.loads(done.stdout.splitlines()[-1])["finished"] == 200


DELAYS = [0, 0.05, 0.2, 0.6, 1.2, 2.0, 3.0]
"""Seconds; one model is interrupted after the one half of them and one after the other, and each after all if asked."""
STARTED = "from consult.__main__ import main; print('started', flush=True); main()"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "delay"),
    handful(
        [(model, delay) for model in (f"scripted:{PANEL}", "starter") for delay in DELAYS],
        lambda case: (DELAYS.index(case[1]) % 2 == 0) == (case[0] != "starter"),
    ),
)
def test_an_interrupt_at_any_moment_is_one_sentence(tmp_path, delay, model):
    """From the first of our own lines on: before it, the interpreter answers for itself."""
    db = tmp_path / "a.db"
    call = ["simulate", "--cases", "400", "--model", model, "--db", str(db), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, *call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    present(process.stdout).readline()
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    shown, complaint = process.communicate(timeout=60)
    if process.returncode == 0:
        assert len(shown.splitlines()) > 400
        return
    assert process.returncode == 130, complaint
    assert complaint.startswith("consult: interrupted") and len(complaint.strip().splitlines()) == 1, complaint
    told = [json.loads(line) for line in shown.splitlines()]
    if told:
        kept = {(cid, idx, text) for cid, idx, _, _, text, _ in turns(db)}
        assert {(e["consultation"], e["idx"], e["text"]) for e in told if e["event"] == "turn"} <= kept
        assert "continue with: consult resume r1" in complaint
