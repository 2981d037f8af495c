"""The experiments with trainings: what is run, the other hospital, and the tables over the results."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from improvising import PANEL
from typer.testing import CliRunner

from consult.cli.main import app
from consult.rl.config import TrainConfig
from consult.scenarios import load_scenario

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def _load(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


tables = _load("training_tables")
experiments = _load("training")


# -- what is run -------------------------------------------------------------------------------------------------------


def test_each_group_has_trainings_that_the_command_line_takes(tmp_path, monkeypatch):
    asked = []

    def take(config, out, say, *, placement, resume):
        asked.append(config)
        return {}

    monkeypatch.setattr("consult.rl.practitioner.train_practitioner", take)
    experiments.write_elsewhere(tmp_path / "elsewhere")
    runs = experiments.trainings(5, 1.0, tmp_path)
    assert len({run.name for run in runs}) == len(runs)
    kinds = {run.group: run for run in runs}
    for run in kinds.values():
        result = CliRunner().invoke(app, [*run.words, "--out", str(tmp_path / run.name)])
        assert result.exit_code == 0, result.output
    assert [config.role for config in asked] == [run.words[1] for run in kinds.values()]
    assert all(isinstance(config, TrainConfig) and config.test is None for config in asked)


def test_a_tenth_takes_a_tenth_of_the_cases_and_of_the_steps(tmp_path):
    (run,) = [r for r in experiments.trainings(1, 0.1, tmp_path) if r.group == "attending" and r.arm == "full"]
    told = dict(zip(run.words[2::2], run.words[3::2], strict=True))
    assert (told["--steps"], told["--cases"], told["--validation"], told["--test"]) == ("12", "100", "17", "68")


@pytest.mark.slow
def test_the_other_hospital_is_a_scenario_with_the_same_cases_and_other_ways(tmp_path):
    experiments.write_elsewhere(tmp_path / "elsewhere")
    here, there = load_scenario("derm34"), load_scenario(str(tmp_path / "elsewhere"))
    assert CliRunner().invoke(app, ["scenarios", "check", str(tmp_path / "elsewhere")]).exit_code == 0
    changed = {name for name in here.labels if here.labels[name].specialty != there.labels[name].specialty}
    assert changed == set(experiments.ELSEWHERE) and set(here.specialties) - set(there.specialties) == {"nail clinic"}
    for name in changed:
        assert there.labels[name].specialty == here.labels[name].second_specialty
    for case in here.case_ids("test")[:40]:
        one, other = here.case(case), there.case(case)
        assert one.card == other.card and one.truth.diagnosis == other.truth.diagnosis
        assert (one.truth.specialty != other.truth.specialty) == (one.truth.diagnosis in changed)


# -- tables ------------------------------------------------------------------------------------------------------------


def kept(folder, before, after, *, s="", vote="", specialty="dermatology"):
    """Write what a training would have kept of decisions, each of ten cases; `a` is right."""
    before, after = 10 * before, 10 * after
    folder.mkdir(parents=True)
    rows = [
        {"split": "test", "case": f"test-{i}", "specialty": specialty, "wanted": "a", "before": b, "after": e}
        | {"s": s, "vote": vote}
        for i, (b, e) in enumerate(zip(before, after, strict=True))
    ]
    rows.append({**rows[0], "split": "validation", "case": "validation-0", "after": "b"})
    with (folder / "decisions.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    shares = {name: said.count("a") / len(said) for name, said in (("before", before), ("after", after))}
    (folder / "metrics.json").write_text(json.dumps({**shares, "seconds": 60.0}), encoding="utf-8")
    return folder


def test_arms_are_compared_on_test_cases_over_all_seeds(tmp_path):
    groups = {
        "triage": {
            "sft": [kept(tmp_path / "sft/1", "bbbb", "aabb"), kept(tmp_path / "sft/2", "bbbb", "aaab")],
            "grpo": [kept(tmp_path / "grpo/1", "bbbb", "aaaa")],
        }
    }
    text = tables.tables(groups)
    assert (
        "| sft | 2 | 50.0 %, 75.0 % | 0.0 % | 62.5 % |" in text and "| grpo | 1 | 100.0 % | 0.0 % | 100.0 % |" in text
    )
    assert "| grpo - start | +100.0 |" in text and "| grpo - sft | +37.5 |" in text
    assert "vote" not in text and "3 trainings, 1.0 to 1.0 minutes each." in text


@pytest.mark.parametrize(("s", "name"), [("1.0", "all right"), ("0.5", "some right"), ("0.0", "none right")])
def test_decisions_are_told_by_how_many_opinions_are_right(tmp_path, s, name):
    more = {"s": s, "vote": "a" if s == "1.0" else "b"}
    groups = {"attending": {arm: [kept(tmp_path / arm / "1", "ab", "aa", **more)] for arm in ("none", "full")}}
    text = tables.tables(groups)
    vote = "100.0 %" if s == "1.0" else "0.0 %"
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {name}") and "| 20 |" in line]
    assert row.endswith(f"| 20 | {vote} | 50.0 % | 100.0 % | 100.0 % |")
    assert "| full - none | +0.0 |" in text and "| start - panel's vote |" in text


def test_what_lacks_stages_is_compared_with_all_three_of_the_same_seeds(tmp_path):
    more = {"s": "1.0", "vote": "a"}
    full = [kept(tmp_path / "full" / seed, "bb", after, **more) for seed, after in (("1", "ab"), ("2", "bb"))]
    groups = {"attending": {"full": full}, "stages": {"easy": [kept(tmp_path / "easy" / "1", "bb", "aa", **more)]}}
    text = tables.tables(groups).partition("## stages")[2]
    assert "| all three | 1 | 50.0 % |" in text and "| easy - all three | +50.0 |" in text


def test_what_was_left_out_is_told_apart_from_the_others(tmp_path):
    arms = {}
    for method, after in (("sft", "ab"), ("grpo", "aa")):
        folder = kept(tmp_path / method / "1", "bb", after, specialty="dentistry")
        arms[f"{method} without dentistry"] = [folder]
        arms[f"{method} without dermatology"] = [kept(tmp_path / f"{method}2" / "1", "bb", "bb", specialty="dentistry")]
    text = tables.tables({"left-out": arms})
    assert "| dentistry | grpo | 0.0 % | 100.0 % | - | - |" in text
    assert "| dermatology | grpo | - | - | 0.0 % | 0.0 % |" in text
    assert "| grpo - sft on dentistry | +50.0 |" in text and "| grpo - sft on all that were left out | +50.0 |" in text


@pytest.mark.slow
def test_teams_are_told_from_their_stores(tmp_path):
    for arm, seed in (("starter", "1"), ("trained", "2")):
        (tmp_path / arm).mkdir()
        words = ["simulate", "--cases", "12", "--model", f"scripted:{PANEL}", "--json"]
        result = CliRunner().invoke(app, [*words, "--seed", seed, "--db", str(tmp_path / arm / "consult.db")])
        assert result.exit_code == 0, result.output
    text = tables.tables({"team": {arm: [tmp_path / arm] for arm in ("starter", "trained")}})
    assert "| trained - starter | +0.0 |" in text
    (told,) = [line for line in text.splitlines() if line.startswith("| attending: diagnosis right |")]
    assert told.split(" | ")[1] == told.split(" | ")[2]


class Process:
    """Plays a run: takes a few looks to end."""

    def __init__(self, run, out, live, code=0):
        self.run, self.out, self.live, self.returncode = run, out, live, code
        self.vision_cache = 1 + len(run.name) % 7

    def poll(self):
        self.vision_cache -= 1
        if self.vision_cache:
            return None
        self.live.remove(self.run)
        if self.returncode == 0:
            folder = self.out / self.run.name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ("metrics.json" if self.run.words[0] == "train" else "finished")).touch()
        return self.returncode


@pytest.mark.parametrize("at_once", [1, 2, 3, 8, 16])
def test_what_a_run_takes_is_finished_before_it_begins(tmp_path, monkeypatch, at_once):
    begun: list[Any] = []
    live: list[Any] = []

    def begin(run, out):
        assert all((out / name / "metrics.json").is_file() for name in run.needs)
        collecting = run.interviews is not None and not (out / f"{run.interviews}.kept").is_file()
        assert not collecting or run.interviews not in [one.interviews for one in live]
        begun.append(run)
        live.append(run)
        assert len(live) <= at_once
        return Process(run, out, live)

    monkeypatch.setattr(experiments, "begin", begin)
    monkeypatch.setattr(experiments.time, "sleep", lambda seconds: None)
    every = [*experiments.trainings(2, 1.0, tmp_path), *experiments.consultations(2, 1.0, tmp_path)]
    assert experiments.run_all(every, tmp_path, at_once) == 0
    assert sorted(run.name for run in begun) == sorted(run.name for run in every)
    begun.clear()
    assert experiments.run_all(every, tmp_path, at_once) == 0 and not begun


def test_what_takes_something_that_failed_is_left_out(tmp_path, monkeypatch, capsys):
    live = []

    def begin(run, out):
        live.append(run)
        return Process(run, out, live, code=int(run.name == "interview/grpo/1"))

    monkeypatch.setattr(experiments, "begin", begin)
    monkeypatch.setattr(experiments.time, "sleep", lambda seconds: None)
    every = [*experiments.trainings(1, 1.0, tmp_path), *experiments.consultations(1, 1.0, tmp_path)]
    taking = {run.name for run in every if "interview/grpo/1" in run.needs}
    taking |= {run.name for run in every if taking & set(run.needs)}
    assert len(taking) == 5 and experiments.run_all(every, tmp_path, 2) == 1 + len(taking)
    assert capsys.readouterr().out.count("left out, since what it takes is not there") == len(taking)


def test_teams_are_compared_on_the_seeds_that_both_have():
    ours = {"1": {"a": [True]}, "2": {"a": [False]}, "3": {"a": [False]}}
    assert tables.pooled(ours, {"1": {"a": [True]}}) == {"a": [True]}
    assert tables.pooled(ours, {"0": {"a": [True]}}) == {"a": [True, False, False]}
