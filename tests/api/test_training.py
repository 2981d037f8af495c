"""`consult.train`: a whole training of seconds with rewards of the user's, on a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_models

import consult

SMALL: dict[str, Any] = dict(steps=1, cases=4, validation=2, test=0, prompts=1, group=2, max_tokens=4, check_every=9)


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONSULT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("consult.rl.runtime.results.draw_curves", lambda rows, path: path.touch())


@pytest.mark.slow
def test_a_training_pays_rewards_of_yours(tmp_path: Path) -> None:
    paid: list[tuple[str, str]] = []

    @consult.reward(weight=0.5)
    def brief(decision: Any, wanted: Any) -> float:
        paid.append(("brief", wanted.answer))
        return float(len(decision.text) < 20)

    def in_trls_form(completions: Any, answer: list[str], case: list[str], **kwargs: Any) -> list[float]:
        assert all(one.startswith("train-") for one in case) and "prompts" in kwargs
        paid.extend(("trl", one) for one in answer)
        return [0.0 for _ in completions]

    folder, said = tiny_models.llava(tmp_path / "llava"), []  # type: ignore[var-annotated]
    figures = consult.train(
        "triage", out=tmp_path / "out", model=str(folder), rewards=[brief, in_trls_form], say=said.append, **SMALL
    )
    assert figures["steps"] == 1 and (tmp_path / "out" / "metrics.json").is_file() and said
    assert {kind for kind, _ in paid} == {"brief", "trl"} and len(paid) == 4

    def broken(decision: Any, wanted: Any) -> float:
        raise ValueError("out of range")

    with pytest.raises(consult.UserError, match=r"the reward 'python:broken@\w+' failed on 'train-.*out of range"):
        consult.train("triage", out=tmp_path / "other", model=str(folder), rewards=[broken], **SMALL)
