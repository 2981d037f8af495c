"""`consult export --to inspect`: a log that Inspect itself reads, with the same figures as the store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import consult
from consult.errors import UserError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> consult.Run:
    place = tmp_path_factory.mktemp("inspect") / "a.db"
    return consult.simulate(cases=2, model="random:derm34", temperament="all", seed=4, db=place)


def test_another_ending_is_refused_before_anything_is_written(run, tmp_path: Path):
    with pytest.raises(UserError, match=r"does not end in \.eval"):
        consult.export(run, "inspect", tmp_path / "log.json")
    assert not list(tmp_path.iterdir())


def test_without_inspect_one_sentence_names_the_extra(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    with pytest.raises(UserError, match=r"pip install \"consult-sim\[inspect\]\""):
        consult.export(run, "inspect", tmp_path / "log.eval")
    assert not list(tmp_path.iterdir())


def test_inspect_reads_the_log(run, tmp_path: Path):
    inspect_log = pytest.importorskip("inspect_ai.log", reason="the extra `inspect` is not installed")
    place = tmp_path / "log.eval"
    told = consult.export(run, "inspect", place)
    log, rows = inspect_log.read_eval_log(place, resolve_attachments=True), run.consultations
    right = dict(zip(rows["id"], rows["correct"], strict=True))
    assert told["consultations"] == len(log.samples) == len(rows) == 8
    assert [one.name for one in inspect_log.list_eval_logs(str(tmp_path))] == [place.resolve().as_uri()]
    assert log.status == "success" and log.eval.task == "consult/derm34"
    accuracy = log.results.scores[0].metrics["accuracy"].value
    assert accuracy == sum(map(bool, right.values())) / len(rows)
    assert len({(sample.id, sample.epoch) for sample in log.samples}) == 8
    assert {sample.uuid: sample.scores["correct"].value for sample in log.samples} == {
        name: "C" if found else "I" for name, found in right.items()
    }
    assert log.stats.started_at and log.stats.completed_at >= log.stats.started_at
    assert all(sample.model_usage is not None for sample in log.samples)
    first = log.samples[0].messages
    assert {message.role for message in first} == {"user", "assistant"}
    opening = next(message for message in first if message.role == "user")
    assert [part.type for part in opening.content] == ["image", "text"]
    assert opening.content[0].image.startswith("data:image/")
