"""What is found out about a model, whatever stands behind the protocol."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from improvising import Improviser

from consult.agents.models import ModelInfo, Reply, Request, open_model
from consult.envs import model_probe as capability
from consult.envs.model_probe import examine_model

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"


@pytest.mark.slow
def test_the_starter_tells_all_there_is() -> None:
    found = examine_model("starter")
    assert found.problems == []
    assert found.parameters == 5_589_280 and found.context == 1024 and found.system_role is True
    assert (found.dtype, found.device) == ("float32", "cpu")
    assert found.load_seconds > 0 and found.resident_bytes
    one, sixteen = found.speed[1], found.speed[16]
    assert one is not None and sixteen is not None and one > 0 and sixteen > 0
    assert [(act.speaker, act.action) for act in found.acts] == [("patient", "open"), ("triage", "triage")]
    assert found.acts[1].specialty is not None


def test_of_a_script_what_cannot_be_known_is_none() -> None:
    found = examine_model(f"scripted:{PANEL}")
    assert found.problems == []
    for unknown in ("parameters", "dtype", "device", "context", "system_role", "resident_bytes"):
        assert getattr(found, unknown) is None, unknown
    assert found.speed == {1: None, 16: None}
    assert found.acts[1].specialty == "dermatology"


class Slow(Improviser):
    """Takes its time."""

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        time.sleep(0.01)
        return super().generate(requests)  # type: ignore[no-any-return]


def test_what_a_backend_tells_of_itself_is_believed() -> None:
    model = Slow()
    details = {"parameters": "7000000000", "dtype": "bfloat16", "device": "cuda:0", "context": "4096"}
    model.info = ModelInfo("far/away", "server", details={**details, "system role": "folded"})
    found = examine_model("far/away", lambda _: model)
    assert (found.parameters, found.dtype, found.device, found.context) == (7 * 10**9, "bfloat16", "cuda:0", 4096)
    assert found.system_role is False and found.speed[16] is not None


def test_a_large_batch_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capability, "PATIENCE", 0.001)
    model = Slow()
    speed = examine_model("x", lambda _: model).speed
    assert speed[1] is not None and speed[16] is None
    # The opening, up to three times, the triage, and the one request that was timed.
    assert len(model.prompts) <= 5


def test_tokens_that_a_server_does_not_count_give_no_speed() -> None:
    class Uncounted(Slow):
        def generate(self, requests: Sequence[Request]) -> list[Reply]:
            return [Reply(reply.text) for reply in super().generate(requests)]

    assert examine_model("x", lambda _: Uncounted()).speed == {1: None, 16: None}


def test_a_model_that_breaks_is_a_problem_in_a_sentence() -> None:
    model = Improviser(fails=lambda request: request.task == "triage")
    found = examine_model("x", lambda _: model)
    assert [str(problem) for problem in found.problems] == [
        "it cannot play (the model broke); check that it is tuned for conversation, and try another --model"
    ]
    assert [act.action for act in found.acts] == ["open"] and found.speed == {}


def test_a_model_that_names_no_specialty_is_a_problem(tmp_path: Path) -> None:
    script = tmp_path / "mumbles.yaml"
    script.write_text("replies: {patient: [Hm.], triage: [Hm.]}")
    (problem,) = examine_model(f"scripted:{script}", open_model).problems
    assert "named no specialty" in problem.what


class FourAtOnce(Improviser):
    """A server that works on four requests at once, whatever it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.concurrency = 64
        self.limits: list[int] = []

    def limit(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.limits.append(concurrency)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        time.sleep(0.05 * -(-len(requests) // min(4, self.concurrency)))
        return super().generate(requests)  # type: ignore[no-any-return]

    async def answer(self, request: Request) -> Reply:
        return super().generate([request])[0]  # type: ignore[no-any-return]


def test_a_server_is_tried_with_more_and_more_requests_at_once_until_it_is_no_faster() -> None:
    model = FourAtOnce()
    found = examine_model("far/away", lambda _: model)
    assert found.problems == [] and found.concurrency in (4, 8)
    assert model.limits == [1, 2, 4, 8, 16, 64] and list(found.speed) == [1, 2, 4, 8, 16]
