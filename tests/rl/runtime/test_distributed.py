"""Trainings as a user starts them: two processes of `accelerate launch`, and one that is killed on its way."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from command_line import consult
from safetensors.torch import load_file

WORDS = ("train", "triage", "--cases", "12", "--validation", "6", "--test", "4", "--prompts", "4", "--group", "8")
PATIENCE = 240
"""Seconds, on a busy machine."""


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, "CONSULT_CACHE": cache, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def train(env, out: Path, *more: str) -> subprocess.Popen[bytes]:
    words = [*WORDS, "--check-every", "2", "--out", str(out), *more]
    return subprocess.Popen([sys.executable, "-m", "consult", *words], env=env)


def steps(out: Path) -> list[str]:
    with (out / "curves.csv").open(newline="") as stream:
        return [row["step"] for row in csv.DictReader(stream)]


@pytest.mark.slow
def test_two_processes_train_together(env, tmp_path):
    launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    words = [*launch, "-m", "consult", *WORDS, "--steps", "3", "--check-every", "2", "--out", str(tmp_path / "out")]
    subprocess.run([sys.executable, *words], env=env, check=True, timeout=PATIENCE)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["steps"] == 3 and metrics["split"] == "test" and metrics["n"] == 4
    # One process wrote, and each step stands there once.
    assert steps(tmp_path / "out") == ["1", "2", "3"]
    assert not (tmp_path / "out" / "work").exists()


@pytest.mark.slow
def test_killed_it_goes_on_without_a_gap_or_a_doubled_step(env, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = [*WORDS, "--check-every", "2", "--steps", "6"]
    torch.set_num_threads(1)  # as in the process that is killed
    consult(*words, "--out", whole, env=env, check=True)
    process = train(env, killed, "--steps", "6")
    until = time.monotonic() + PATIENCE
    while not (killed / "work" / "1-grpo" / "checkpoint-4" / "consult.json").is_file():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "metrics.json").exists()
    consult(*words, "--out", killed, "--resume", env=env, check=True)
    assert steps(killed) == steps(whole) == [str(step) for step in range(1, 7)]
    theirs, ours = load_file(whole / "adapter_model.safetensors"), load_file(killed / "adapter_model.safetensors")
    assert theirs.keys() == ours.keys() and all((theirs[name] == ours[name]).all() for name in theirs)
