"""Questions about pictures, played whole: triage, panel and attending without a patient, stored, shown and reported."""

from __future__ import annotations

import json
from typing import Any

import asked
import pytest
import tiny_models
from command_line import consult as typed

import consult
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.scenarios import load_scenario


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    return asked.folder(tmp_path_factory.mktemp("asked") / "q")


@pytest.fixture(scope="module")
def played(at):
    """Play twelve questions, and report them."""
    run = consult.simulate(scenario=at, cases=12, model=asked.script(at / "s.json"), db=at / "c.db")
    return run, consult.report(run, out=at / "report")


def acts(run, ordinal):
    turns = run.turns
    mine = turns[turns["consultation_id"] == f"{run.id}.{ordinal}"]
    return list(zip(mine["speaker"], mine["action"], strict=True))


PANEL = [("question", "open"), ("triage", "triage"), ("attending", "consult"), ("attending", "conclude")]


def test_a_question_is_triaged_asked_and_answered(played):
    run, _ = played
    assert len(run) == 12 and set(run.consultations["status"]) == {"finished"}
    assert acts(run, 1) == PANEL
    first = run.consultations.iloc[0]
    told = [first[name] for name in ("diagnosis", "truth", "correct", "specialty")]
    assert told == ["lung", "lung", 1, "radiology"]
    assert set(run.opinions["diagnosis"].dropna()) == {"lung"}
    assert list(run.consultations["question_form"][:3]) == ["closed", "closed", "open"]
    assert list(run.consultations["domain"][:3]) == ["in", "in", "out"]


def test_letters_are_read_by_each_question_and_open_answers_stay_unjudged(played):
    run, _ = played
    said = run.consultations
    # B is lung, no, and an open answer in turn.
    assert list(said["diagnosis"][:3]) == ["lung", "no", "B"]
    assert list(said["correct_by"][:3]) == ["match", "match", "unjudged"]


@pytest.mark.parametrize(
    ("team", "speakers"),
    [("no-triage", ["open", "consult", "conclude"]), ("solo", ["open", "conclude"])],
)
def test_other_teams(at, team, speakers):
    run = consult.simulate(scenario=at, cases=2, team=team, model=asked.script(at / "s.json"), db=at / f"{team}.db")
    assert [action for _, action in acts(run, 1)] == speakers and run.status == "finished"
    assert run.models["patient"] == "nobody"


def test_text_only_shows_no_picture(at):
    shown = []

    def looking(messages, images):
        shown.append((len(images), messages[-1]["content"]))
        return '{"answer": "B", "specialty": "radiology"}'

    for strategy in ("text-only", "no-dialogue"):
        consult.simulate(scenario=at, cases=1, strategy=strategy, team="solo", model=looking, db=at / "text.db")
    assert [count for count, _ in shown] == [0, 1]
    assert "There is no picture." in shown[0][1] and "Attached pictures: 1." in shown[1][1]


class Stopping:
    """A model that is interrupted at its fourth call, and always answers the same."""

    revision = "1"

    def __init__(self) -> None:
        self.calls = 0

    def generate(self, requests: Any) -> list[str]:
        self.calls += 1
        if self.calls == 4:
            raise KeyboardInterrupt
        return ['{"answer": "B", "specialty": "radiology"}' for _ in requests]


def test_an_interrupted_run_goes_on_with_the_act_that_is_due(at, tmp_path):
    model, db = Stopping(), tmp_path / "k.db"
    with pytest.raises(KeyboardInterrupt):
        consult.simulate(scenario=at, cases=2, model=model, db=db, batch=1)
    run = consult.simulate(scenario=at, cases=2, model=model, db=db, batch=1)
    assert run.id == "r1" and run.status == "finished" and acts(run, 1) == acts(run, 2) == PANEL


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "dialogue"}, "the strategy dialogue does not apply; choose one of: no-dialogue, text"),
        ({"strategy": "expert"}, "the strategy expert does not apply"),
        ({"temperament": "choleric"}, "temperament has no effect; leave it out"),
        ({"patient": "nobody"}, "patient has no effect"),
        ({"max_turns": 4}, "max_turns has no effect"),
        ({"complaint": "it hurts"}, "complaint has no effect"),
        ({"model": "starter"}, "'starter' knows consultations alone"),
    ],
)  # fmt: skip
def test_what_is_about_patients_is_refused(at, options, message):
    given = {"model": asked.script(at / "s.json"), **options}
    if "complaint" not in options:
        given["cases"] = 2
    with pytest.raises(UserError, match=message):
        consult.simulate(scenario=at, db=at / "refused.db", **given)


def test_the_rubric_is_refused_and_a_judge_decides_open_answers(at, played):
    run, _ = played
    with pytest.raises(UserError, match="the rubric does not apply"):
        consult.assess(run, "rules")


def test_the_report_counts_by_form_domain_set_modality_and_type(played):
    found = played[1].data["runs"][0]
    assert found["headlines"]["accuracy"]["n"] == 12 and found["headlines"]["closed answers"]["value"] == 1.0
    assert found["headlines"]["open answers"]["unjudged"] == 4
    assert {name: figure["n"] for name, figure in found["groups"]["domain"].items()} == {
        "in-domain": 8,
        "out of domain": 4,
    }
    assert list(found["groups"]["data set"]) == ["omnimedvqa", "slake", "vqa-rad"]
    assert found["groups"]["modality"]["CT"]["n"] == 6 and found["groups"]["question type"]["organ"]["n"] == 12
    assert found["groups"]["temperament"] == {} and found["groups"]["diagnosis"] == {}
    assert {one["name"] for one in found["baselines"]} == {"majority label", "panel's plurality vote"}
    assert found["triage"]["strict"]["value"] == 0.5


def test_it_is_shown_with_its_question(at, played, tmp_path):
    run, _ = played
    shown = ("show", f"{run.id}.1", "--db", at / "c.db")
    told = typed(*shown, check=True).stdout
    typed(*shown, "--html", tmp_path / "p.html", check=True)
    assert "Which organ is shown? (A) liver (B) lung (C) heart" in told and "→ radiology" in told
    assert "no urgency" not in told and "temperament" not in told
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<h1>A question</h1>" in page and "no urgency" not in page


def test_several_pictures_make_a_gallery(tmp_path):
    line = {**asked.questions(1)[0], "images": ["p0.png", "p1.png", "p2.png"]}
    del line["image"]
    at = asked.folder(tmp_path / "q", [line])
    run = consult.simulate(scenario=at, cases=1, model=asked.script(at / "s.json"), db=tmp_path / "c.db")
    shown = ("show", f"{run.id}.1", "--db", tmp_path / "c.db")
    told = typed(*shown, check=True).stdout
    typed(*shown, "--html", tmp_path / "p.html", check=True)
    assert "3 photographs: shown" in told
    assert (tmp_path / "p.html").read_text(encoding="utf-8").count("<img ") == 3


@pytest.mark.slow
def test_a_tiny_vision_model_answers_about_several_pictures(tmp_path):
    lines = asked.questions(3)
    lines[0]["images"] = [lines[0].pop("image"), "p3.png"]
    at, model = asked.folder(tmp_path / "q", lines), tiny_models.llava(tmp_path / "llava")
    run = consult.simulate(scenario=at, cases=3, model=str(model), db=tmp_path / "c.db", max_tokens=64)
    assert run.status == "finished" and set(run.consultations["status"]) == {"finished"}
    assert acts(run, 1) == PANEL and all(run.turns["tokens_in"][1:2] > 0)


def test_a_benchmark_compares_with_the_solo_doctor(at, tmp_path):
    model = asked.script(at / "s.json")
    done = consult.benchmark(scenario=at, models=model, cases=6, db=tmp_path / "b.db", out=tmp_path / "r")
    assert {run.config["team"] for run in done.runs} == {"panel", "solo"}
    strategies = {run["strategy"] for run in done.report.data["runs"]}
    assert strategies == {"no-dialogue"}


@pytest.mark.parametrize(
    ("more", "message"), [({"strategies": ["dialogue"]}, "does not apply"), ({"assessors": ["rules"]}, "rubric")]
)
def test_a_benchmark_refuses_what_is_about_patients(at, tmp_path, more, message):
    model = asked.script(at / "s.json")
    with pytest.raises(UserError, match=message):
        consult.benchmark(scenario=at, models=model, cases=2, db=tmp_path / "b.db", out=tmp_path / "r", **more)


def test_the_prompts_are_rendered_without_a_model(at):
    rendered = consult.prompts(scenario=at)
    assert [one.task for one in rendered.prompts] == ["triage", "opinion", "opinion", "opinion", "decision"]


def test_the_stored_row_tells_the_question_apart(at, played):
    with Store(at / "c.db") as store:
        row = store.query("SELECT dataset, modality, question_type, temperament FROM consultations LIMIT 1")[0]
    assert dict(row) == {"dataset": "vqa-rad", "modality": "fundus", "question_type": "organ", "temperament": "none"}
    assert json.loads(json.dumps(dict(row))) and load_scenario(str(at)).kind == "vqa"
