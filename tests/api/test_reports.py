"""`consult.report`, `consult.benchmark` and `consult.train`: what they return, and that the commands say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import consult
from consult.api.benchmark import grid_of
from consult.api.train import plan_training
from consult.envs.held import held_report
from consult.rl.config import TrainingError
from consult.rl.rewards.completion_parser import Decided
from consult.rl.rewards.decisions import Target
from consult.rl.trainers.grpo import consultation_reward, decision_reward
from consult.scenarios import load_scenario

from .conftest import PANEL, attending

# -- report ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_report_is_files_and_data(run: consult.Run, tmp_path: Path) -> None:
    report = consult.report(run, out=tmp_path)
    accuracy = report.data["runs"][0]["headlines"]["accuracy"]
    assert accuracy["value"] == run.accuracy and accuracy["n"] == 3
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["runs"][0]["headlines"]["accuracy"] == accuracy
    assert str(report) == (tmp_path / "report.md").read_text() and report.page == tmp_path / "report.html"
    assert report._repr_html_().startswith("<iframe sandbox")
    assert report.latex == (tmp_path / "summary.tex").read_text()
    table = report.table.set_index("measure")
    assert table.loc["accuracy", "value"] == run.accuracy and table.loc["accuracy", "clusters"] == 3
    assert list(report.table.columns) == (tmp_path / "summary.csv").read_text().splitlines()[0].split(",")


def test_runs_of_two_stores_are_not_compared(run: consult.Run, tmp_path: Path) -> None:
    other = consult.simulate(cases=1, model=PANEL, db=tmp_path / "b.db")
    with pytest.raises(consult.UserError, match="in 2 stores"):
        consult.report(run, other, out=tmp_path / "report")
    with pytest.raises(consult.UserError, match="name a run"):
        consult.report()


# -- benchmark ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_benchmark_compares_functions(tmp_path: Path) -> None:
    def hasty(messages: Any, images: Any) -> str:
        return attending(messages, images).replace("eczema", "hives")

    def play() -> consult.Benchmark:
        told: list[str] = []
        done = consult.benchmark(
            models=[PANEL],
            attending=hasty,
            strategies=["dialogue"],
            teams=["panel"],
            cases=2,
            assessors=["none"],
            solo_baseline=False,
            out=tmp_path / "report",
            db=tmp_path / "a.db",
            listen=lambda event: told.append(event["event"]),
        )
        assert told[0] == "plan"
        return done

    done = play()
    assert [run.id for run in done.runs] == ["r1"] and set(done.runs[0].consultations["diagnosis"]) == {"hives"}
    assert done.summary["cells"][0]["n"] == 2 and done.report.page.is_file()
    assert [run.id for run in play().runs] == ["r1"]


def test_a_grid_takes_functions_and_names_in_one_list() -> None:
    gridded = grid_of({"models": [PANEL, attending], "cases": 1, "strategies": ["dialogue"], "assessors": ["rules"]})
    assert gridded.grid.models[0] == PANEL and gridded.grid.models[1].startswith("python:attending@")


# -- train -------------------------------------------------------------------------------------------------------------

REWARDS = """
import consult

@consult.reward(weight=0.25)
def brief(decision, wanted):
    return float(len(decision.text) < 20)

def long(completions, answer, **kwargs):
    return [float(len(one)) if right == "dermatology" else -1.0 for one, right in zip(completions, answer)]

def short_list(completions, **kwargs):
    return [1.0]

def early_red_flag(consultation):
    return float("alarm" in [act.topic for act in consultation.acts[:4]])

def broken(decision, wanted):
    raise ValueError("out of range")
"""
Mine = Callable[[str], str]


def paid(role: str, rewards: Any, name: str) -> list[float]:
    """Let TRL's wrapper of a reward pay for two completions of the same case."""
    planned = plan_training(role, None, None, rewards, {"steps": 1})  # type: ignore[arg-type]
    row: Any = SimpleNamespace(
        id="train-0000",
        case=SimpleNamespace(id="train-0000"),
        target=Target("dermatology", "soon"),
        prompt=SimpleNamespace(begin=""),
        view=None,
    )
    with planned.named.known():
        (reference,) = [one for one in planned.config.weights if one.endswith(name)]
        policy: Any = SimpleNamespace(read=lambda text, row, scenario: Decided(text, None, False))
        pays = decision_reward(reference, [row], policy, load_scenario("derm34"))
        return pays(completions=["hives", "a very long completion"], row=[0, 0])


def test_a_reward_over_a_decision_is_paid(mine: Mine) -> None:
    assert paid("triage", [f"{mine(REWARDS)}:brief"], "brief") == [1.0, 0.0]


def test_a_reward_in_the_form_of_trl_is_paid(mine: Mine) -> None:
    path = mine(REWARDS)
    assert paid("triage", {f"{path}:long": 0.5}, "long") == [5.0, 22.0]
    with pytest.raises(TrainingError, match=r"short_list' failed \(ValueError: it returned 1 values for 2"):
        paid("triage", {f"{path}:short_list": 0.5}, "short_list")


def test_a_reward_that_raises_is_named_with_its_case(mine: Mine) -> None:
    with pytest.raises(TrainingError, match=r"the reward '.*mine.py:broken' failed on 'train-0000' \(ValueError"):
        paid("triage", {f"{mine(REWARDS)}:broken": 1.0}, "broken")


UNPAYABLE = """
import math

values = {"text": "0.5", "infinite": math.inf, "nothing": None, "listed": [1.0], "not_a_number": math.nan}

def over_decision(name):
    def reward(decision, wanted):
        return values[name]
    return reward

def over_consultation(name):
    def reward(consultation):
        return values[name]
    return reward

def over_completions(name):
    def reward(completions, **kwargs):
        return [values[name]] * len(completions)
    return reward

for name in values:
    globals()[name] = over_decision(name)
    globals()[f"whole_{name}"] = over_consultation(name)
    globals()[f"trl_{name}"] = over_completions(name)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text", "infinite", "nothing", "listed", "not_a_number"])
def test_a_reward_that_returns_no_finite_number_is_refused(mine: Mine, name: str) -> None:
    path = mine(UNPAYABLE)
    for reference in (f"{path}:{name}", f"{path}:trl_{name}"):
        with pytest.raises(TrainingError, match=rf"{name}' returned .*; a reward returns a finite number; fix it and"):
            paid("triage", {reference: 1.0}, reference)
    planned = plan_training("interview", None, None, [f"{path}:whole_{name}"], {})
    with (
        planned.named.known(),
        pytest.raises(TrainingError, match=rf"whole_{name}' returned .*; a reward returns a finite number"),
    ):
        consultation_reward(list(planned.config.weights)[-1])([SimpleNamespace(acts=[])])


def test_weights_are_the_decorators_unless_given(mine: Mine) -> None:
    path = mine(REWARDS)
    planned = plan_training("triage", None, None, {f"{path}:brief": None, "urgency": 0}, {"steps": 1})
    assert planned.config.weights == {"format": 1.0, "accuracy": 1.0, f"{path}:brief": 0.25}
    assert plan_training("triage", None, None, {f"{path}:brief": 2}, {"steps": 1}).config.weights[f"{path}:brief"] == 2


def test_a_consultations_reward_trains_interviews_alone(mine: Mine) -> None:
    reference = f"{mine(REWARDS)}:early_red_flag"
    planned = plan_training("interview", None, None, [reference], {})
    with planned.named.known():
        last = consultation_reward(list(planned.config.weights)[-1])
        asked = SimpleNamespace(acts=[SimpleNamespace(topic="alarm")])
        assert last([asked]) == [1.0]
    with pytest.raises(TrainingError, match="scores a whole consultation; use it with consult train interview"):
        plan_training("triage", None, None, [reference], {"steps": 1})
    with pytest.raises(TrainingError, match="scores one decision"):
        plan_training("interview", None, None, [f"{mine(REWARDS)}:brief"], {})


def test_a_reward_that_stands_in_a_file_of_a_training_does_not_run(mine: Mine, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    path = mine(f"open({str(ran)!r}, 'w').close()\n{REWARDS}")
    (tmp_path / "t.toml").write_text(f'steps = 1\n[rewards]\n"{path}:brief" = 1.0\n')
    with pytest.raises(consult.UserError, match="is code of a file"):
        consult.train("triage", out=tmp_path / "out", config=tmp_path / "t.toml")
    assert not ran.exists()


def test_a_field_that_there_is_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(consult.UserError, match="learning_rate"):
        consult.train("triage", out=tmp_path / "out", learning_rates=0.1)  # type: ignore[call-arg]
    with pytest.raises(consult.UserError, match="accuracy"):
        consult.train("triage", out=tmp_path / "out", rewards={"acuracy": 1.0}, steps=1)


# -- importing it ------------------------------------------------------------------------------------------------------


def test_the_package_offers_what_it_names() -> None:
    assert {"simulate", "load", "assess", "benchmark", "report", "train", "reward"} <= set(dir(consult))
    for name in consult.__all__:
        assert getattr(consult, name).__doc__
    with pytest.raises(AttributeError, match="simulat"):
        consult.simulat  # noqa: B018


def test_a_folder_takes_one_report_at_a_time(tmp_path: Path) -> None:
    """The second benchmark plays nothing, and makes no store; the lock goes with the first."""
    out, db = tmp_path / "reports" / "one", tmp_path / "a.db"
    grid: dict[str, Any] = {
        "cases": 1,
        "models": PANEL,
        "strategies": "no-dialogue",
        "classifier": "none",
    }
    grid |= {"solo_baseline": False, "out": out}
    said = "one' is being written by another thread of this process; wait for that report, or give another out"
    with held_report(out):
        with pytest.raises(consult.UserError, match=said):
            consult.benchmark(db=db, **grid)
        assert not db.exists()
    assert not (tmp_path / "reports").exists()
    played = consult.benchmark(db=db, **grid)
    assert not list(out.glob(".*"))
    with held_report(out), pytest.raises(consult.UserError, match=said):
        consult.report(played.runs, out=out)
