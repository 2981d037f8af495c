"""`consult.simulate`: what it plays, in a loop and after an interrupt, and what a mistake is told."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import consult
from consult.envs.store.write import Store

from .conftest import PANEL, Messages, attending


class Counting:
    """The attending, who is interrupted at one of its calls."""

    revision = "1"

    def __init__(self, at: int | None = None) -> None:
        self.calls, self.at = 0, at

    def generate(self, requests: Any) -> list[str]:
        self.calls += 1
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        return [attending([{"content": one.prompt.messages[-1].text}], []) for one in requests]


def texts(run: consult.Run) -> list[tuple[str, str]]:
    turns = run.turns
    return list(zip(turns["action"], turns["text"], strict=True))


def test_a_function_plays_a_role(run: consult.Run) -> None:
    assert run.status == "finished" and len(run) == 3
    assert set(run.consultations["diagnosis"]) == {"eczema"}
    assert run.models["attending"].startswith("python:attending@") and run.models["patient"].startswith("scripted:")


def test_it_sees_the_messages_and_the_photograph(tmp_path: Path) -> None:
    seen: list[tuple[Messages, list[Any]]] = []

    def looking(messages: Messages, images: list[Any]) -> str:
        seen.append((messages, images))
        return attending(messages, images)

    consult.simulate(cases="test-0001", model=PANEL, attending=looking, db=tmp_path / "a.db")
    assert {message["role"] for messages, _ in seen for message in messages} == {"system", "user"}
    assert all(len(images) == 1 and images[0].mode == "RGB" for _, images in seen)


def test_it_can_be_called_where_a_loop_runs(tmp_path: Path, run: consult.Run) -> None:
    async def cell() -> consult.Run:
        return consult.simulate(cases=3, model=PANEL, attending=attending, db=tmp_path / "a.db")

    assert texts(asyncio.run(cell())) == texts(run)


def test_all_that_plays_or_judges_can_be_called_where_a_loop_runs(tmp_path: Path) -> None:
    async def cell() -> Any:
        run = consult.simulate(cases=1, model=PANEL, attending=attending, db=tmp_path / "a.db")
        return consult.assess(run, lambda messages, images: "no JSON")

    assert len(asyncio.run(cell())["failures"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("in_loop", [False, True])
def test_after_an_interrupt_the_same_call_continues(tmp_path: Path, run: consult.Run, in_loop: bool) -> None:
    def play(model: Counting) -> consult.Run:
        return consult.simulate(cases=3, model=PANEL, attending=model, db=tmp_path / "a.db", batch=1)

    async def cell() -> consult.Run:
        return play(Counting(at=4))

    with pytest.raises(KeyboardInterrupt) as stopped:
        asyncio.run(cell()) if in_loop else play(Counting(at=4))
    assert in_loop or "the same call continues" in stopped.value.__notes__[0]
    (left,) = consult.load(tmp_path / "a.db")
    assert left.status == "interrupted" and 0 < len(left.turns) < len(run.turns)
    again = play(Counting())
    assert (again.id, again.status, len(consult.load(tmp_path / "a.db"))) == (left.id, "finished", 1)
    assert texts(again) == texts(run)


@pytest.mark.slow
def test_an_edited_function_begins_a_run_of_its_own(tmp_path: Path) -> None:
    references = set()
    for word in ("One", "Two"):

        def worded(messages: Messages, images: list[Any], word: str = word) -> str:
            return attending(messages, images).replace("One", word)

        played = consult.simulate(cases=1, model=PANEL, attending=worded, db=tmp_path / "a.db")
        references.add(played.models["attending"])
    assert len(references) == 2


def test_what_a_function_raises_fails_its_own_consultation(tmp_path: Path) -> None:
    def broken(messages: Messages, images: list[Any]) -> str:
        raise ValueError("no such weight")

    played = consult.simulate(cases=2, model=PANEL, attending=broken, db=tmp_path / "a.db")
    assert set(played.consultations["status"]) == {"failed"}
    (said,) = set(played.consultations["error"])
    assert (
        said.startswith("PluginError: the model 'python:broken@")
        and "(ValueError: no such weight; test_simulate.py, line " in said
    )


@pytest.mark.slow
@pytest.mark.parametrize("answer", [None, 3, b"bytes"])
def test_what_is_not_a_text_is_told(tmp_path: Path, answer: Any) -> None:
    played = consult.simulate(cases=1, model=PANEL, attending=lambda messages, images: answer, db=tmp_path / "a.db")
    (said,) = played.consultations["error"]
    assert "it returned" in said and "not str" in said


@pytest.mark.slow
def test_resume_continues_what_was_interrupted(tmp_path: Path, run: consult.Run) -> None:
    db = tmp_path / "a.db"

    def stop(event: Any) -> None:
        if event["event"] == "turn" and event["idx"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consult.simulate(cases=2, model=PANEL, db=db, listen=stop)
    again = consult.resume("r1", db=db)
    assert again.status == "finished"
    assert texts(again) == texts(consult.simulate(cases=2, model=PANEL, db=tmp_path / "b.db"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"strategy": "dialog"}, "dialogue"),
        ({"temperament": "colerick"}, "choleric"),
        ({"cases": 0}, "give a whole number from 1 to 10,000,000"),
        ({"cases": "test-9999"}, "the split 'test' of 'derm34' has 680 cases, test-0000 to test-0679"),
        ({"cases": "foo", "split": "validation"}, "has 680 cases, validation-0000 to validation-0679"),
        ({"cases": "tset-0004"}, "; the nearest: test-0004, "),
        ({"case": "test-0001"}, "simulate() has no argument 'case'; did you mean 'cases'?"),
        ({"votes": 0}, "'votes' cannot be 0"),
        ({"specialist": {"cardiology": PANEL}}, "cardiology"),
        ({"classifier": "starter"}, "expert"),
        ({"attending": 3}, "is not a model; a model is a function"),
        ({"attending": lambda prompt: ""}, "a function of (messages, images)"),
        ({"attending": "human"}, "can only play the patient"),
        ({"judge": PANEL}, "nothing is left to judge"),
        ({"complaint": "I itch", "cases": 2}, "give one of the two"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(consult.UserError) as mistake:
        consult.simulate(**{"model": PANEL, "db": tmp_path / "a.db", **options})
    assert told in str(mistake.value) and "\n" not in str(mistake.value)
    assert not (tmp_path / "a.db").exists()


def test_a_complaint_of_your_own_has_no_truth(tmp_path: Path) -> None:
    played = consult.simulate(complaint="My elbow itches.", model=PANEL, db=tmp_path / "a.db")
    assert played.accuracy is None and played.consultations["correct"].isna().all()
    assert played.config["patient"]["model"] == "nobody"


def test_specialties_can_have_their_own_model(tmp_path: Path) -> None:
    own = {"dermatology": lambda messages, images: '{"diagnosis": "hives", "confidence": 0.9, "reason": "It rose."}'}
    played = consult.simulate(cases=1, model=PANEL, specialist=own, db=tmp_path / "a.db")
    assert set(played.opinions["diagnosis"]) == {"hives"}


def test_an_expert_can_be_a_function(tmp_path: Path) -> None:
    def looks(image: Any) -> dict[str, float]:
        return {"eczema": 0.7, "hives": 0.2, "acne": image.width / 10_000}

    played = consult.simulate(cases=1, model=PANEL, strategy="expert", classifier=looks, db=tmp_path / "a.db")
    assert played.consultations["expert"][0] == '["eczema", "hives", "acne"]'
    with Store(tmp_path / "a.db") as store:
        assert store.query("SELECT classifier FROM classifier_predictions")[0]["classifier"].startswith("python:looks@")


def test_the_store_is_closed_after_a_call(tmp_path: Path) -> None:
    consult.simulate(cases=1, model=PANEL, db=tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "a.db", timeout=0) as db:
        db.execute("BEGIN EXCLUSIVE")


def test_an_unknown_argument_is_a_type_error_too_and_the_signature_stays() -> None:
    with pytest.raises(TypeError, match=r"resume\(\) has no argument 'attending'; there are: run, code, batch"):
        consult.resume("r1", attending=print)  # type: ignore[call-arg]
    assert "cases" in inspect.signature(consult.simulate).parameters
