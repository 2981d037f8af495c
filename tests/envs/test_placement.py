"""Where models are loaded: the same texts in one process, in several, and on Ray; nothing is lost with a process."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import consult
from consult.agents.models.replicas import pinned
from consult.envs import placement
from consult.envs.placement import Placed, Placement
from consult.envs.store.write import Store
from consult.errors import ModelWarning, UserError

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
        (Placement(ray="auto"), ["starter"], "--ray says where replicas are; say how many with --replicas"),
        (Placement(replicas=2), ["bayes:derm34", "http://localhost:1/v1"], "--replicas loads models with weights"),
    ],
)
def test_what_cannot_be_replicated_is_told(one: Placement, names: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        Placed(one, names, 100)


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
