"""Judging a run that was played: it goes on where it stopped, and a failed request costs one verdict alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from improvising import SCENARIO, Improviser, played

from consult.agents.assessors.judge import NO_REPLY
from consult.agents.models import ModelGoneError
from consult.agents.models.model import ModelInfo, Reply, Request
from consult.envs.judging import Judging, JudgingError
from consult.envs.store.write import Store

OPEN = replace(SCENARIO, labels={})
COUNT = 12


class Referee:
    """Calls every diagnosis the same; `fails` raises before some requests."""

    def __init__(self, fails: Callable[[int], Exception | None] = lambda nth: None) -> None:
        self.info, self.asked, self.fails = ModelInfo("referee", "test", revision="1"), 0, fails

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        for request in requests:
            error = self.fails(request.nth)
            if error is not None:
                raise error
        self.asked += len(requests)
        return [Reply(json.dumps({"why": "so", "verdict": "same"})) for _ in requests]


@pytest.fixture
def store(tmp_path: Path) -> Any:
    played(tmp_path / "a.db", Improviser("plain"), COUNT, scenario=OPEN)
    with Store(tmp_path / "a.db") as opened:
        yield opened


def decided(store: Store) -> list[tuple[int, str]]:
    return [(row["correct"], row["correct_by"]) for row in store.consultations("r1")]


@pytest.mark.slow
def test_a_judge_that_stops_responding_goes_on_where_it_stopped(store: Store) -> None:
    left = [i for i, (_, by) in enumerate(decided(store)) if by == "unjudged"]
    assert len(left) > 6
    gone = Referee(lambda nth: ModelGoneError("it is gone") if nth >= left[4] else None)
    with pytest.raises(ModelGoneError):
        Judging(OPEN, store, "r1", gone, batch=2).judge()
    assert gone.asked == 4 and [by for _, by in decided(store)].count("judge") == 4
    told: list[dict[str, Any]] = []
    again = Referee()
    summary = Judging(OPEN, store, "r1", again, batch=2, listen=told.append).judge()
    assert again.asked == len(left) - 4 and told[0]["earlier"] == 4
    assert (summary["correct"], summary["unjudged"], summary["verdicts"]["same"]) == (COUNT, 0, len(left))
    assert summary["judge"] == "referee@1" and not summary["failures"]


@pytest.mark.slow
def test_a_request_that_fails_leaves_one_unjudged_and_is_asked_again(store: Store) -> None:
    left = [i for i, (_, by) in enumerate(decided(store)) if by == "unjudged"]
    summary = Judging(OPEN, store, "r1", Referee(lambda nth: OSError("lost") if nth == left[1] else None)).judge()
    (failure,) = summary["failures"]
    assert failure["why"].startswith(NO_REPLY) and summary["unjudged"] == 1
    again = Referee()
    assert Judging(OPEN, store, "r1", again).judge()["unjudged"] == 0 and again.asked == 1


def test_listed_diagnoses_are_not_judged(store: Store) -> None:
    with pytest.raises(JudgingError, match="lists its diagnoses"):
        Judging(SCENARIO, store, "r1", Referee())
