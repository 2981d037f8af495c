"""The benchmarks of speed: each part runs, and its table and its JSON say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_servers_are_asked_for_the_same_by_both_sides(tmp_path: Path) -> None:
    where = tmp_path / "servers.json"
    options = ["--mean", "0.01", "--consultations", "2", "--addresses", "2", "--json", str(where)]
    command = [sys.executable, "-m", "benchmarks.speed", "servers", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    immediate, waves = json.loads(where.read_text())["runs"]
    assert (immediate["side"], waves["side"]) == ("immediate", "waves")
    assert immediate["requests"] == waves["requests"] > 20
    for one in (immediate, waves):
        assert 0 < one["busy"] <= 1 <= one["wall"] and one["busy"] * one["wall"] == pytest.approx(1)
    table = done.stdout.splitlines()
    assert [line.count("|") for line in table] == [7] * 4 and f"| {immediate['requests']} |" in table[2]


@pytest.fixture
def measure(tmp_path, monkeypatch, capsys):
    """Run a part in this process; return its figures and the lines of its tables."""

    def run(part: str, *options: str) -> tuple[dict[str, Any], list[str]]:
        from benchmarks.speed.__main__ import main

        where = tmp_path / f"{part}.json"
        monkeypatch.setattr(sys, "argv", ["speed", part, "--rounds", "1", "--json", str(where), *options])
        main()
        return json.loads(where.read_text(encoding="utf-8")), capsys.readouterr().out.splitlines()

    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT)
    threads = torch.get_num_threads()
    yield run
    torch.set_num_threads(threads)


@pytest.mark.slow
def test_a_step_of_sampling(measure) -> None:
    found, table = measure("sampling", "--rows", "3", "--vocabularies", "40")
    asked = [(step["logits"], step["temperature"], step["top_p"]) for step in found["steps"]]
    assert asked == [(kind, *setting) for kind in ("peaked", "flat") for setting in ((0.6, 0.9), (1.0, 1.0))]
    assert all(f"{one['ratio']:.2f}" in line for one, line in zip(found["steps"], table[2:6], strict=True))
    assert "3 rows" in table[-1] and "1 rounds" in table[-1] and "seed" in table[-1]


@pytest.mark.slow
def test_all_sides_play_the_same_cases(measure) -> None:
    found, table = measure("replicas", "--cases", "2", "--replicas", "1", "--threads", "1")
    assert found["times as fast"][found["fastest of one process"]] == 1
    assert len(table) == 2 + len(found["seconds"]) + 2


@pytest.mark.slow
def test_what_is_no_model_is_timed_with_replies_from_memory(measure) -> None:
    found, table = measure("outside", "--consultations", "2")
    assert set(found["median"]) == {"starter, replayed", "plain prompts"}
    for name, one in found["median"].items():
        assert one["wall"] > 0 and one["processor"] > 0
        for shares in found["biggest"][name].values():
            assert len(shares) == 5 and 0.05 < sum(shares.values()) < 1
        assert "langgraph" in found["biggest"][name]["parts"]
    assert [line.count("|") for line in table[:4]] == [6] * 4


@pytest.mark.slow
def test_memory_is_noted_during_a_run(measure) -> None:
    found, table = measure("memory", "--consultations", "12", "--from", "6")
    (marks,) = found["marks"]
    assert [ended for ended, _ in marks] == list(range(1, 13))
    growth = 1000 * (marks[-1][1] - marks[5][1]) / 6
    assert found["growth"] == [growth] and f"| {growth:.1f} |" in table[2]


@pytest.mark.slow
def test_the_first_line_comes_before_the_end(measure) -> None:
    found, table = measure("first", "--model", "scripted:tests/data/panel.yaml")
    assert 0 < found["median"]["first line"] < found["median"]["end"]
    assert {"all packages", "consult"} <= set(found["imports"]) and "| until the first line |" in table[2]


@pytest.mark.slow
def test_made_up_runs_are_reported(measure) -> None:
    found, table = measure("report", "--sizes", "30", "60")
    assert set(found["reports"]) == {"30", "60"} and found["files"]
    assert all(one["seconds"][0] > 0 and one["megabytes"][0] > 50 for one in found["reports"].values())
    assert table[2].startswith("| 30 |")


@pytest.mark.slow
def test_a_step_of_each_training(measure) -> None:
    found, table = measure("training", "--prompts", "1", "--group", "2", "--steps", "1", "--cases", "2")
    assert {name: len(one) for name, (one,) in found["seconds"].items()} == {"bare": 1, "free": 1, "shared": 1}
    assert found["ratio to bare"]["bare"] == 1 and "| bare TRL |" in table[2]


@pytest.mark.slow
def test_growth_is_drawn(measure, tmp_path) -> None:
    picture = tmp_path / "growth.png"
    axes = ("--numbers-of-cases", "1", "2", "--max-turns", "2", "--panel-sizes", "1", "--vocabularies", "40")
    found, table = measure("growth", "--cases", "1", *axes, "--png", str(picture))
    assert {axis: list(by) for axis, by in found["milliseconds"].items()} == {
        "cases": ["1", "2"],
        "max_turns": ["2"],
        "panel_size": ["1"],
    }
    assert picture.read_bytes().startswith(b"\x89PNG") and "| cases at once | 1 |" in table[2]


@pytest.mark.slow
def test_loop_batches_and_runs_do_the_same_work(measure) -> None:
    found, table = measure("decoding", "--cases", "1", "--processes", "1")
    assert set(found["seconds"]) == {"loop", "stock batches", "one process"} and found["requests"] > 5
    assert found["times as fast as the loop"]["loop"] == 1 and table[2].startswith("| loop |")
