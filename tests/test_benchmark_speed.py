"""The benchmarks of speed: each part runs, and its table and its JSON say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_servers_are_asked_for_the_same_by_both_sides(tmp_path: Path) -> None:
    where = tmp_path / "servers.json"
    options = ["--mean", "0.01", "--consultations", "2", "--addresses", "2", "--json", str(where)]
    command = [sys.executable, "-m", "benchmarks.speed", "servers", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    immediate, waves = json.loads(where.read_text())["runs"]
    assert (immediate["side"], waves["side"]) == ("immediate", "waves")
    assert immediate["requests"] == waves["requests"] > 20
    for one in (immediate, waves):
        assert 0 < one["busy"] <= 1 <= one["wall"] and one["busy"] * one["wall"] == pytest.approx(1)
    table = done.stdout.splitlines()
    assert [line.count("|") for line in table] == [7] * 4 and f"| {immediate['requests']} |" in table[2]
