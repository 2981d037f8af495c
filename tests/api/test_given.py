"""What a call is given: two objects are two models, numbers have one range, and a mistake is one sentence."""

from __future__ import annotations

import gc
import json
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import type_in

import consult
from consult.api.checks import in_arguments
from consult.envs.config import RunConfig

from .conftest import PANEL, Messages, attending


class Doctor:
    """Decides on one diagnosis."""

    def __init__(self, diagnosis: str) -> None:
        self.diagnosis = diagnosis

    def generate(self, requests: Any) -> list[str]:
        return [self.answer([{"content": one.prompt.messages[-1].text}], []) for one in requests]

    def answer(self, messages: Messages, images: list[Any]) -> str:
        return attending(messages, images).replace("eczema", self.diagnosis)


def played(run: consult.Run) -> set[str]:
    return set(run.consultations["diagnosis"])


# -- who plays ---------------------------------------------------------------------------------------------------------


def test_two_objects_play_two_roles(tmp_path: Path) -> None:
    for give in (lambda one: one, lambda one: one.answer):
        run = consult.simulate(
            cases=1,
            team="solo",
            strategy="no-dialogue",
            patient=give(Doctor("hives")),
            attending=give(Doctor("acne")),
            db=tmp_path / "a.db",
        )
        assert played(run) == {"acne"} and run.models["patient"] != run.models["attending"]


@pytest.mark.slow
def test_a_benchmark_is_never_answered_with_the_runs_of_another_object(tmp_path: Path) -> None:
    grid: dict[str, Any] = dict(strategies="no-dialogue", teams="solo", cases=1, assessors="none", patient=PANEL)
    found = []
    for name in ("hives", "acne", "hives"):
        where: dict[str, Any] = dict(out=tmp_path / "out", db=tmp_path / "a.db")
        (run,) = consult.benchmark(models=Doctor(name), **grid, **where).runs
        found.append((run.id, *played(run)))
    assert found == [("r1", "hives"), ("r2", "acne"), ("r1", "hives")]


def test_a_run_is_not_continued_by_another_object(tmp_path: Path) -> None:
    def stop(event: Any) -> None:
        if event["event"] == "turn":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consult.simulate(cases=1, model=PANEL, attending=Doctor("hives"), db=tmp_path / "a.db", listen=stop)
    other = consult.simulate(cases=1, model=PANEL, attending=Doctor("acne"), db=tmp_path / "a.db")
    assert other.id == "r2" and played(other) == {"acne"}


def test_an_interrupt_says_whether_the_same_call_continues(tmp_path: Path) -> None:
    class Counting(Doctor):
        calls = 0

        def answer(self, messages: Messages, images: list[Any]) -> str:
            self.calls += 1
            if self.calls == 2:
                raise KeyboardInterrupt
            return super().answer(messages, images)

    with pytest.raises(KeyboardInterrupt) as stopped:
        consult.simulate(cases=1, model=PANEL, attending=Counting("hives"), db=tmp_path / "a.db")
    assert "the state of 'Counting' has changed" in stopped.value.__notes__[0]


@pytest.mark.slow
def test_an_interrupt_inside_a_model_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def stopping(messages: Messages, images: list[Any]) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consult.simulate(cases=2, model=PANEL, attending=stopping, db=tmp_path / "a.db")
    gc.collect()
    assert not caplog.records


def test_a_judge_is_never_answered_with_the_verdicts_of_another(tmp_path: Path) -> None:
    class Judge:
        def __init__(self, verdict: str) -> None:
            self.verdict = verdict

        def generate(self, requests: Any) -> list[str]:
            return [json.dumps({"why": "So it is.", "verdict": self.verdict}) for _ in requests]

    (tmp_path / "ward").mkdir()
    (tmp_path / "ward" / "scenario.yaml").write_text(
        "name: ward\ntitle: A ward.\nspecialties: [dermatology]\ntopics:\n  onset: when it began\n"
    )
    case = {"id": "w-1", "complaint": "I itch.", "diagnosis": "urticaria", "age": 40, "sex": "female"}
    (tmp_path / "ward" / "cases.jsonl").write_text(json.dumps(case) + "\n")
    run = consult.simulate(
        tmp_path / "ward", team="solo", strategy="no-dialogue", model=Doctor("hives"), db=tmp_path / "a.db"
    )
    verdicts = [consult.assess(run, judge=Judge(one))["verdicts"] for one in ("same", "different")]
    assert [one["same"] for one in verdicts] == [1, 0] and verdicts[1]["different"] == 1


@pytest.mark.slow
def test_a_role_that_does_not_play_needs_no_model(tmp_path: Path) -> None:
    where = ("--cases", "1", "--db", str(tmp_path / "a.db"))
    assert type_in("simulate", "--team", "solo", "--patient", PANEL, "--attending", PANEL, *where)[0] == 0
    roles = [word for role in ("patient", "specialist", "attending") for word in (f"--{role}", PANEL)]
    assert type_in("simulate", "--team", "no-triage", *roles, *where)[0] == 0
    own = {
        name: PANEL for name in ("dermatology", "minor surgery", "skin-tumour clinic", "allergy clinic", "dentistry")
    }
    own |= {name: PANEL for name in ("ophthalmology", "skin-infection clinic", "nail clinic", "otorhinolaryngology")}
    run = consult.simulate(cases=1, patient=PANEL, triage=PANEL, attending=PANEL, specialist=own, db=tmp_path / "a.db")
    assert run.status == "finished"


def test_threads_play_runs_of_their_own(tmp_path: Path) -> None:
    gate, said = threading.Barrier(2, timeout=30), []

    def waiting(event: Any) -> None:
        if event["event"] == "run":
            gate.wait()

    def play() -> None:
        said.append(consult.simulate(cases=2, model=PANEL, db=tmp_path / "a.db", listen=waiting))

    threads = [threading.Thread(target=play) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(one.id, one.status) for one in said} == {("r1", "finished"), ("r2", "finished")}


def test_a_run_that_another_thread_plays_is_not_resumed(tmp_path: Path) -> None:
    told: list[str] = []

    def resuming(event: Any) -> None:
        if event["event"] == "turn" and not told:
            with pytest.raises(consult.UserError) as mistake:
                consult.resume("r1", db=tmp_path / "a.db")
            told.append(str(mistake.value))
            told.append(repr(consult.load(tmp_path / "a.db")["r1"]))

    consult.simulate(cases=1, model=PANEL, db=tmp_path / "a.db", listen=resuming)
    assert "is being played by another thread of this process" in told[0]
    assert told[1].endswith("running, 0 of 1 consultation played>")


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("batch", one) for one in (0, -3, 1025, "8", 2.0, True)),
        *(("cases", one) for one in (True, 4.0, -1, [], [1, 2], "4")),
        *(("seed", one) for one in (2**70, -(2**70), 1.5, "x", None)),
        *(("panel_size", one) for one in (0, 16, "3", None)),
        *(("max_turns", one) for one in (1, 101, None)),
        *(("votes", one) for one in (0, 65)),
        *(("panel_skill", one) for one in (2, float("nan"), "x")),
        *(("db", one) for one in (None, "", ":memory:", ".", 5)),
        *(("strategy", one) for one in (None, ["dialogue"])),
        *(("prompts", one) for one in ("no", 1, None)),
        *(("patient_grounding", one) for one in ("no", 0, None)),
        ("split", 5), ("temperament", ["choleric"]), ("complaint", 5), ("image", 5), ("listen", 5),
        ("specialist", {1: PANEL}),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_one_sentence(tmp_path: Path, name: str, value: Any) -> None:
    given: dict[str, Any] = {"model": PANEL, "db": tmp_path / "a.db", "cases": 1, name: value}
    if name == "complaint":
        del given["cases"]
    with pytest.raises(consult.UserError) as mistake:
        consult.simulate(**given)
    assert "\n" not in str(mistake.value) and "--" not in str(mistake.value)
    assert not (tmp_path / "a.db").exists()


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    run = consult.simulate(
        cases=np.int64(2),  # type: ignore[arg-type]
        seed=np.int32(3),  # type: ignore[arg-type]
        model=PANEL,
        prompts=np.bool_(False),  # type: ignore[arg-type]
        batch=np.int8(1),  # type: ignore[arg-type]
        db=tmp_path / "a.db",
    )
    assert len(run) == 2 and run.config["seed"] == 3
    assert consult.load(run.db).table.prompts.tolist() == [False]


@pytest.mark.slow
def test_calls_on_a_run_say_what_they_take(run: consult.Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    flags: list[dict[str, Any]] = [{name: "no"} for name in ("prompts", "again", "solo_baseline", "patient_grounding")]
    wrong: list[Any] = [
        lambda: consult.load(None),  # type: ignore[arg-type]
        lambda: consult.load(run.db)[1],  # type: ignore[index]
        lambda: run[0],  # type: ignore[index]
        lambda: consult.resume(1, db=run.db),  # type: ignore[arg-type]
        lambda: consult.resume(run),
        lambda: consult.resume(run, batch=0),
        lambda: consult.assess(run, "rules", batch=0),
        lambda: consult.assess(5, "rules"),  # type: ignore[arg-type]
        lambda: consult.report(run, out=tmp_path / "file"),
        lambda: consult.report(run, out=None),  # type: ignore[arg-type]
        lambda: consult.report(5),  # type: ignore[arg-type]
        lambda: consult.benchmark(models=PANEL, out=tmp_path / "file", db=tmp_path / "b.db"),
        lambda: consult.benchmark(models=PANEL, batch=0, out=tmp_path / "out", db=tmp_path / "b.db"),
        lambda: consult.benchmark(models=PANEL, cases=True, out=tmp_path / "out", db=tmp_path / "b.db"),
        lambda: consult.benchmark(models=PANEL, seed=2**70, out=tmp_path / "out", db=tmp_path / "b.db"),
        *(
            partial(consult.benchmark, models=PANEL, out=tmp_path / "out", db=tmp_path / "b.db", **flag)
            for flag in flags
        ),
        lambda: consult.train("triage", out=tmp_path / "file"),
        lambda: consult.train("triage", out=tmp_path / "out", resume="no"),  # type: ignore[arg-type]
        lambda: consult.train("triage", out=tmp_path / "out", full="no", steps=1),  # type: ignore[arg-type]
        lambda: consult.train("triage", out=tmp_path / "out", rewards=5),  # type: ignore[arg-type]
        lambda: consult.train("triage", out=tmp_path / "out", steps=True),
        lambda: consult.train("triage", out=tmp_path / "out", model="mine.py:m", steps=1),
        lambda: consult.reward(5),  # type: ignore[call-overload]
        lambda: consult.reward(weight="x"),  # type: ignore[call-overload]
        lambda: run.scores(5),  # type: ignore[arg-type]
        lambda: run.scores("nosuch"),
    ]
    for call_ in wrong:
        with pytest.raises(consult.UserError) as mistake:
            call_()
        assert "\n" not in str(mistake.value) and "--db b" not in str(mistake.value)
    assert not (tmp_path / "b.db").exists()


def test_a_seed_that_the_store_cannot_hold_is_refused_by_the_command(tmp_path: Path) -> None:
    code, _, err = type_in("simulate", "--model", PANEL, "--seed", str(2**70), "--db", str(tmp_path / "a.db"))
    assert code == 2 and "--seed" in err
    code, _, err = type_in("simulate", "--model", PANEL, "--db", ":memory:")
    assert code == 2 and "runs are kept in a file" in err
    with pytest.raises(ValueError, match="seed"):
        RunConfig(scenario="derm34", cases=(), temperaments=(), seed=2**70)


def test_a_run_can_be_resumed_as_an_object(tmp_path: Path) -> None:
    def stop(event: Any) -> None:
        if event["event"] == "turn":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consult.simulate(cases=1, model=PANEL, db=tmp_path / "a.db", listen=stop)
    (left,) = consult.load(tmp_path / "a.db")
    assert consult.resume(left).status == "finished"


def test_mistakes_name_arguments_and_commands_keep_their_flags() -> None:
    assert in_arguments("give --panel-size; see: consult show r1 --db a.db") == (
        "give panel_size; see: consult show r1 --db a.db"
    )


# -- scores ------------------------------------------------------------------------------------------------------------


def test_scores_of_rewards_of_one_name_are_two_columns(run: consult.Run) -> None:
    def made(paid: float) -> Any:
        def score(consultation: Any) -> float:
            return paid

        return score

    table = run.scores(made(1), made(2), partial(lambda paid, consultation: paid, 3), "diagnosis")
    assert list(table.columns) == ["score", "score-2", "<lambda>", "diagnosis"]
    assert list(table.iloc[0])[:3] == [1, 2, 3]
