"""Where models are loaded: the same texts in one process, in several, and on Ray; nothing is lost with a process."""

from __future__ import annotations

import os
import signal
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import consult
from consult.agents.models import revision_at
from consult.agents.models.replicas import pinned
from consult.envs import placement
from consult.envs.placement import Placed, Placement
from consult.envs.store.write import Store
from consult.errors import ModelWarning, PluginWarning, UserError
from consult.rl.config import TrainConfig
from consult.rl.practitioner import training_of
from consult.rl.trainers.rollout_store import RolloutStore, team_of
from consult.rl.training import Training
from consult.scenarios import load_scenario

CASES = 4


def texts(db: Path) -> list[tuple[Any, ...]]:
    with Store(db) as store:
        rows = store.query("SELECT consultation_id, idx, speaker, text, tokens_in, tokens_out FROM turns ORDER BY 1, 2")
    return [tuple(row.values()) for row in rows]


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program choose two processes also for few consultations, as it does where nothing limits the threads."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(placement, "ENOUGH", 2)
    monkeypatch.setattr(pinned, "cores", lambda: sorted(os.sched_getaffinity(0))[:1] * 2)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    db = tmp_path_factory.mktemp("alone") / "a.db"
    consult.simulate(cases=CASES, replicas=1, db=db)
    return texts(db)


@pytest.mark.slow
def test_two_processes_play_the_same_texts(several: None, alone: list[tuple[Any, ...]], tmp_path: Path) -> None:
    chosen = []
    opened = placement.Placement.open

    def open_and_note(self: Placement, *configs: Any) -> Any:
        models = opened(self, *configs)
        chosen.append(models.replicas)
        return models

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement.Placement, "open", open_and_note)
        consult.simulate(cases=CASES, db=tmp_path / "a.db")
    assert chosen == [2]
    assert texts(tmp_path / "a.db") == alone


@pytest.mark.slow
def test_a_killed_process_loses_nothing(several: None, alone: list[tuple[Any, ...]], tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(event: dict[str, Any]) -> None:
        if event["event"] == "turn" and not killed:
            killed.append(children()[0])
            os.kill(killed[0], signal.SIGKILL)

    with pytest.warns(ModelWarning, match="process . of the model ended; the other one takes over its requests"):
        consult.simulate(cases=CASES, db=tmp_path / "a.db", listen=kill)
    assert killed
    assert texts(tmp_path / "a.db") == alone


def children() -> list[int]:
    import psutil

    ours = psutil.Process().children(recursive=True)
    return [one.pid for one in ours if "loky" in " ".join(one.cmdline()) and "tracker" not in " ".join(one.cmdline())]


@pytest.mark.slow
def test_the_opinions_of_a_training_do_not_depend_on_the_replicas(several: None, tmp_path: Path) -> None:
    said: list[str] = []
    found = []
    for name, where in (("one", Placement(replicas=1)), ("two", Placement())):
        team = team_of(TrainConfig(role="attending"), revision_at("starter"))
        scenario, db = load_scenario("derm34"), tmp_path / f"{name}.db"
        store = RolloutStore(scenario, "derm34", team, db, said.append, where)
        played = store.rollouts("train", scenario.case_ids("train")[:3])
        opinions = [opinion for _, one in played if one.consulted for opinion in one.consulted.opinions]
        # The last digits of a probability depend on which requests share a batch.
        found.append(([replace(one, confidence=round(one.confidence or 0, 4)) for one in opinions], texts(db)))
    assert found[0] == found[1] and found[0][0]
    assert said.count("2 copies of the model play") == 1


def training(role: str, where: Placement, tmp_path: Path, **more: Any) -> Training:
    config = TrainConfig.model_validate({"role": role, "steps": 1, "cases": 2, "validation": 1, "test": 1, **more})
    return training_of(config, tmp_path / "out", lambda line: None, where)


@pytest.mark.parametrize(
    ("role", "where", "more", "told"),
    [
        ("triage", Placement(replicas=2), {}, "--replicas would have no effect, since a triage decision"),
        ("triage", Placement(ray="auto"), {}, "--ray would have no effect, since a triage decision"),
        ("attending", Placement(ray="auto"), {}, "--ray names the cluster of the replicas"),
        (
            "interview",
            Placement(replicas=2),
            dict.fromkeys(("patient", "triage", "specialist"), "bayes:derm34"),
            "--replicas loads models with weights on this machine several times, and no model has any",
        ),
    ],
)
def test_a_training_refuses_replicas_of_nothing(
    role: str, where: Placement, more: dict[str, str], told: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=told):
        training(role, where, tmp_path, **more).check()
    assert not (tmp_path / "out").exists()


def test_one_process_plays_where_no_other_can_be_started(several: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(number: int) -> None:
        raise PermissionError("no shared memory")

    monkeypatch.setattr(pinned, "pinned", refuse)
    assert Placed(Placement(), ["starter"], 99).open("starter").info.revision


@pytest.mark.slow
def test_replicas_on_ray_play_the_same_texts(alone: list[tuple[Any, ...]], tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    try:
        consult.simulate(cases=CASES, replicas=2, db=tmp_path / "a.db")
    finally:
        ray.shutdown()
    assert texts(tmp_path / "a.db") == alone


@pytest.mark.parametrize(
    ("one", "names", "told"),
    [
        (Placement(ray="auto"), ["starter"], "--ray names the cluster of the replicas; give their number"),
        (Placement(replicas=2), ["bayes:derm34", "http://localhost:1/v1"], "--replicas loads models with weights"),
    ],
)
def test_what_cannot_be_replicated_is_told(one: Placement, names: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        one.check(names)


def test_one_model_with_weights_here_is_enough_and_the_others_are_opened_as_ever() -> None:
    where = Placement(replicas=2)
    where.check(["http://localhost:1/v1", "starter", "rules"], "bfloat16")
    for other in ("rules", "human"):
        assert where.opener([other], 99).names == []
    assert where.opener(["bayes:derm34"], 99).open("bayes:derm34").info.backend == "tables"
    with pytest.raises(UserError, match="--dtype sets the data type of weights on this machine"):
        Placement().check(["bayes:derm34", "human"], "float32")


def test_copies_that_need_more_memory_than_is_free_are_told() -> None:
    placed = Placed(Placement(replicas=2), ["starter", "http://localhost:1/v1"], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        placed._tell_of_memory(2)
    with pytest.warns(PluginWarning, match="the weight files of 900,000 copies take .* GB, and .* GB of memory"):
        placed._tell_of_memory(900_000)


@pytest.mark.slow
def test_a_run_keeps_its_data_type_when_it_is_resumed(tmp_path: Path) -> None:
    db = tmp_path / "a.db"

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "turn":
            raise KeyboardInterrupt

    told = "'starter' runs in bfloat16, so its texts may differ from those in float32"
    with pytest.warns(PluginWarning, match=told), pytest.raises(KeyboardInterrupt):
        consult.simulate(cases=1, dtype="bfloat16", db=db, listen=stop)
    with pytest.warns(PluginWarning, match=told):
        run = consult.resume("r1", db=db)
    assert run.status == "finished" and run.config["dtype"] == "bfloat16"
    with pytest.raises(UserError, match="no dtype 'bf16'; there are: bfloat16, float16"):
        consult.simulate(cases=1, dtype="bf16", db=db)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "consultations", "limits", "number"),
    [
        (["starter"], 16, {}, 2),
        (["starter", "bayes:derm34"], 99, {}, 2),
        (["starter"], 16, {"cores": 32}, 4),
        (["starter"], 15, {}, 1),
        (["bayes:derm34"], 1000, {}, 1),
        (["scripted:a.yaml", "rules.py:judge", "http://localhost:1/v1"], 1000, {}, 1),
        (["starter"], 16, {"cores": 1}, 1),
        (["starter"], 16, {"bytes": 1}, 1),
        (["starter"], 16, {"threads": "1"}, 1),
        (["starter"], 16, {"room": 2**60}, 1),
    ],
)
def test_the_program_uses_several_processes_only_where_it_pays(
    monkeypatch: pytest.MonkeyPatch, names: list[str], consultations: int, limits: dict[str, Any], number: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if "threads" in limits:
        monkeypatch.setenv("OMP_NUM_THREADS", limits["threads"])
    monkeypatch.setattr(placement, "TINY_BYTES", limits.get("bytes", placement.TINY_BYTES))
    monkeypatch.setattr(placement, "ROOM", limits.get("room", 0))
    monkeypatch.setattr(pinned, "cores", lambda: list(range(limits.get("cores", 2))))
    assert Placed(Placement(), names, consultations)._processes() == number
