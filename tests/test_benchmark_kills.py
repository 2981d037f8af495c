"""`kill -9` of a server and of the driver of a run at two servers: nothing is lost or doubled, and texts are equal."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "benchmarks" / "kills.py"


def killed(*options: str) -> list[str]:
    call = [sys.executable, str(PROGRAM), "--kills", "0", "--rounds", "0", *options]
    done = subprocess.run(call, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("| simulate")]


@pytest.mark.slow
def test_a_killed_server_or_driver_changes_nothing() -> None:
    rows = killed("--servers", "2")
    assert [row.split(" | ")[1] for row in rows[-2:]] == ["2", "2"]


@pytest.mark.exhaustive
def test_a_killed_process_of_the_model_or_driver_changes_nothing() -> None:
    rows = killed("--replicas", "2")
    assert [row.split(" | ")[1] for row in rows[-2:]] == ["2", "2"]
