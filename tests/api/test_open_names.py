"""Open diagnoses with several names: one reading of them for events, reports, rewards and rules."""

from __future__ import annotations

import csv
import itertools
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import consult
from consult.agents.prompt_formats import DIALECTS
from consult.cli.terminal.assess_view import print_judging
from consult.envs.config import Plan
from consult.envs.consultation import Consultation
from consult.rl.data.dataset import attending_row
from consult.rl.rewards.decisions import right_diagnosis, sound_advice

Messages = list[dict[str, str]]
Model = Callable[[Messages, list[Any]], str]
TRUTHS = ("Myocardial infarction", "Crohn's disease", "Gout", "Influenza")
ALIASES = {"myocardial infarction": ["heart attack", "MI"], "influenza": ["flu"]}


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    folder = tmp_path / "ward"
    folder.mkdir()
    settings = {"name": "ward", "title": "A ward", "topics": {"site": "where it is"}, "aliases": ALIASES}
    (folder / "scenario.yaml").write_text(json.dumps(settings))
    cases = [
        {"id": f"a{i}", "complaint": "It hurts", "diagnosis": truth, "facts": [{"topic": "site", "text": "on my leg"}]}
        for i, truth in enumerate(TRUTHS, 1)
    ]
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases))
    return folder


def playing(*answers: str, opinions: tuple[str, ...] = ("so",), asks: bool = False) -> Model:
    """Make a doctor who decides on one answer after another, and a panel that says one opinion after another."""
    answered, said = itertools.cycle(answers), itertools.cycle(opinions)

    def doctor(messages: Messages, images: list[Any]) -> str:
        task = messages[-1]["content"]
        if '{"action": "conclude"}' in task:
            return json.dumps({"action": "consult" if '"consult"' in task else "conclude", "text": "One moment."})
        if "<differential>" in task:
            return f"<think>x</think><answer>{next(answered)}</answer><urgency>soon</urgency>"
        if '"confidence"' in task:
            return json.dumps({"diagnosis": next(said), "confidence": 0.5, "reason": "r"})
        return "Come back."

    return doctor


def judging(name: str, verdict: str, **others: str) -> Model:
    """Make a judge with one verdict, and another one where a word stands in what it is asked."""

    def judge(messages: Messages, images: list[Any]) -> str:
        asked = messages[-1]["content"]
        return json.dumps({"why": "w", "verdict": next((v for word, v in others.items() if word in asked), verdict)})

    judge.__name__ = judge.__qualname__ = name
    return judge


def test_a_panels_vote_is_the_same_in_event_summary_report_and_table(ward: Path, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    doctor = playing("MI", opinions=("stroke", "heart attack", "MI"))
    run = consult.simulate(
        str(ward), cases="a1", model=doctor, team="no-triage", db=tmp_path / "a.db", listen=events.append
    )
    (ended,) = [one for one in events if one["event"] == "consultation"]
    assert (ended["plurality"], ended["plurality_right"], ended["opinions_right"]) == ("myocardial infarction", True, 2)
    assert (events[-1]["plurality_correct"], events[-1]["voted"]) == (1, 1)
    data = consult.report(run, out=tmp_path / "out").data["runs"][0]
    (vote,) = [one for one in data["baselines"] if one["name"] == "panel's plurality vote"]
    assert vote["figure"]["value"] == data["panel"]["vote"]["value"] == 1
    with (tmp_path / "out" / "consultations.csv").open(newline="") as file:
        assert [row["vote"] for row in csv.DictReader(file)] == [ended["plurality"]]


def test_several_decisions_are_counted_by_what_they_name(ward: Path, tmp_path: Path) -> None:
    doctor = playing("stroke", "heart attack", "MI")
    run = consult.simulate(str(ward), cases="a1", model=doctor, team="solo", votes=3, db=tmp_path / "a.db")
    assert run.consultations[["diagnosis", "correct", "correct_by"]].values.tolist() == [
        ["heart attack", True, "alias"]
    ]


def test_rewards_and_rules_take_the_verdict_of_the_judge_whose_verdict_counts(ward: Path, tmp_path: Path) -> None:
    doctor = playing("regional enteritis", "podagra", "a cold", "n/a", "n/a")
    run = consult.simulate(str(ward), cases=4, model=doctor, team="no-triage", db=tmp_path / "a.db", batch=1)

    def item(key: str) -> list[Any]:
        table = consult.load(tmp_path / "a.db")["r1"].assessments
        return [None if value != value else value for value in table[table["item"] == key]["value"].astype(float)]

    def paid() -> list[float]:
        return [float(score) for score in run.scores(right_diagnosis)["right_diagnosis"]]

    consult.assess(run, "rules")
    assert paid() == [0, 0, 0, 0] and item("3.1") == [None, None, None, 0]
    consult.assess(run, judge=judging("kind", "same"))
    again = consult.assess(run, "rules")
    assert consult.load(tmp_path / "a.db")["r1"].accuracy == 0.75
    assert paid() == [1, 1, 1, 0] and item("3.1") == [1, 1, 1, 0]
    assert [one["n"] for one in again["items"] if one["item"] == "3.1"] == [4]
    consult.assess(run, judge=judging("strict", "different", podagra="same"))
    consult.assess(run, "rules")
    assert paid() == [0, 1, 0, 0] and item("3.1") == [0, 1, 0, 0]
    assert [float(score) for score in run.scores(sound_advice)["sound_advice"]] == [0, 0, 0, 0]


def test_a_report_names_the_judges_that_decided_with_their_counts(ward: Path, tmp_path: Path) -> None:
    run = consult.simulate(
        str(ward), cases=4, model=playing("regional enteritis", "podagra", "a cold"), team="solo", db=tmp_path / "a.db"
    )
    consult.assess(run, judge=judging("broken", "no verdict"))
    data = consult.report(run, out=tmp_path / "out")
    assert (
        data.data["runs"][0]["judging"]["judges"] == {}
        and "No judge gave a verdict." in (tmp_path / "out" / "report.md").read_text()
    )
    consult.assess(run, judge=judging("first", "same"))
    consult.assess(run, judge=judging("last", "different", podagra="oh"))
    data = consult.report(run, out=tmp_path / "out")
    judges = data.data["runs"][0]["judging"]["judges"]
    assert sum(judges.values()) == data.data["runs"][0]["judging"]["correct_by"]["judge"] == 4
    assert [name.partition("@")[0].rpartition(":")[2] for name in judges] == ["first", "last"]
    told = " ".join((tmp_path / "out" / "report.md").read_text().split())
    assert f"Judged by {', '.join(f'{name} ({n})' for name, n in judges.items())}." in told and "broken" not in told


def test_what_names_no_diagnosis_is_never_sent_to_a_judge(ward: Path, tmp_path: Path) -> None:
    asked = list[str]()

    def judge(messages: Messages, images: list[Any]) -> str:
        asked.append(messages[-1]["content"])
        return '{"why": "w", "verdict": "same"}'

    doctor = playing("I don't know", "unknown", "n/a", "unclear", "cannot be determined", "-", "no diagnosis")
    run = consult.simulate(str(ward), cases=4, model=doctor, team="solo", db=tmp_path / "a.db", judge=judge)
    assert asked == [] and set(run.consultations["correct_by"]) == {"match"}
    assert run.consultations["diagnosis"].isna().all() and run.consultations["diagnosis_words"].notna().all()
    data = consult.report(run, out=tmp_path / "out").data["runs"][0]
    assert data["judging"]["accuracy_range"] == [0, 0] and data["consultations"]["no_diagnosis"] == len(TRUTHS)


def test_a_closed_list_is_as_lenient_as_open_diagnoses(ward: Path, tmp_path: Path) -> None:
    settings = json.loads((ward / "scenario.yaml").read_text())
    del settings["aliases"]
    (ward / "scenario.yaml").write_text(json.dumps(settings))
    labels = {truth: {"specialty": None, "aliases": ALIASES.get(truth.lower(), [])} for truth in TRUTHS}
    (ward / "labels.yaml").write_text(json.dumps({"labels": labels}))
    doctor = playing("Heart-attack", "Crohn\u2019s disease", "GOUT", "the Flu!")
    run = consult.simulate(str(ward), cases=4, model=doctor, team="solo", db=tmp_path / "a.db", batch=1)
    found = run.consultations.sort_values("case_id")[["diagnosis", "correct_by"]].values.tolist()
    assert found == [[truth, by] for truth, by in zip(TRUTHS, ("alias", "match", "match", "alias"), strict=True)]


def test_a_run_reads_the_store_anew_after_it_was_judged(ward: Path, tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    run = consult.simulate(str(ward), cases=4, model=playing("the sickness"), db=db)
    loaded = consult.load(db)["r1"]
    assert run.accuracy == loaded.accuracy == 0 and "unjudged" in repr(run)
    summary = consult.assess(run, judge=judging("yes", "same"))
    assert run.accuracy == loaded.accuracy == run.consultations.correct.mean() == summary["accuracy"] == 1
    assert repr(run) == repr(loaded) and "4 of 4 right" in repr(run) and "unjudged" not in repr(run)


def test_a_run_whose_store_is_gone_can_still_be_shown(ward: Path, tmp_path: Path) -> None:
    run = consult.simulate(str(ward), cases=1, model=playing("gout"), db=tmp_path / "a.db")
    (tmp_path / "a.db").rename(tmp_path / "b.db")
    assert "cannot be read" in repr(run)
    with pytest.raises(consult.UserError, match="no database"):
        _ = run.accuracy


def test_events_and_tables_call_the_consultations_with_a_truth_the_same(ward: Path, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    run = consult.simulate(str(ward), cases=4, model=playing("x"), db=tmp_path / "a.db", listen=events.append)
    summary = consult.assess(run, judge=judging("yes", "same"))
    assert events[-1]["with_truth"] == summary["with_truth"] == consult.load(run.db).table.with_truth[0] == 4
    assert "judged" not in events[-1] and "judged" not in summary


@pytest.fixture
def untold(ward: Path, tmp_path: Path) -> consult.Run:
    """Two cases whose truth is told to be unknown, played with a panel and assessed by the rules, and a known one."""
    lines = [json.loads(line) for line in (ward / "cases.jsonl").read_text().splitlines()[:3]]
    for line, truth in zip(lines, ("unknown", "?", "gout"), strict=True):
        line["diagnosis"] = truth
    (ward / "cases.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return consult.simulate(
        str(ward), cases=["a1", "a2", "a3"], model=playing("gout", opinions=("gout", "flu")), team="no-triage",
        db=tmp_path / "untold.db",
    )  # fmt: skip


def test_where_no_truth_is_known_nothing_is_wrong(untold: consult.Run) -> None:
    assert untold.consultations.correct.isna().tolist() == [True, True, False]
    consult.assess(untold, "rules")
    table = untold.assessments
    diagnoses = table[table["item"] == "3.1"].set_index("consultation_id")
    assert diagnoses.value.isna().tolist() == [True, True, False]
    assert diagnoses.why["r1.1"] == "not decided: no truth is known"
    for transcript, known in zip(untold, (False, False, True), strict=True):
        event = transcript.events[-1]
        assert (event["opinions_right"] is None, event["plurality_right"] is None) == (not known, not known)


def test_a_score_is_missing_where_it_cannot_be_told(untold: consult.Run) -> None:
    scores = untold.scores("diagnosis", "advice", "out_of_turns", lambda consultation: None)
    assert scores.diagnosis.isna().tolist() == scores.advice.isna().tolist() == [True, True, False]
    assert scores.diagnosis["r1.3"] == 1 and scores.out_of_turns.tolist() == [0, 0, 0]
    assert scores.iloc[:, 3].isna().all() and set(map(str, scores.dtypes)) == {"float64"}
    with closing(sqlite3.connect(untold.db)) as store, store:
        store.execute(
            "UPDATE consultations SET status = 'running', correct = NULL, correct_by = NULL WHERE id = 'r1.3'"
        )
    scores = untold.scores("diagnosis", "out_of_turns", lambda consultation: 1 / (consultation.case.id != "a3"))
    assert scores.loc["r1.3"].isna().all() and untold["r1.3"].consultation.correct is None


def test_a_score_that_is_no_finite_number_is_refused(untold: consult.Run) -> None:
    def odd(consultation: Any) -> Any:
        return "0.5"

    with pytest.raises(consult.UserError, match=r"^the reward 'odd' returned '0.5' on r1.1; a reward returns a finite"):
        untold.scores(odd)


def test_training_leaves_out_cases_whose_truth_is_unknown(untold: consult.Run) -> None:
    made = []
    for one in untold:
        found = one.consultation
        plan = Plan(
            ordinal=1, case=found.case.id, temperament="choleric", strategy="dialogue", team="no-triage", seed=0
        )
        played = Consultation(found.scenario, found.case, plan)
        played.restore(found.acts)
        made.append(attending_row(one.id, played, DIALECTS["plain"], sees=False, rationale="before"))
    assert [row is not None for row in made] == [False, False, True]


def unanswering(messages: Messages, images: list[Any]) -> str:
    """Give no verdict that can be read."""
    return "hm"


def test_the_verdict_of_an_earlier_judge_stands_where_a_later_one_fails(
    ward: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = consult.simulate(str(ward), cases=2, model=playing("the sickness"), db=tmp_path / "a.db")
    first = consult.assess(run, judge=judging("yes", "same"))
    assert (first["failures"], first["failed_unjudged"]) == ([], 0)
    second = consult.assess(run, judge=unanswering)
    assert (len(second["failures"]), second["failed_unjudged"], run.accuracy) == (2, 0, 1)
    print_judging(second)
    told = " ".join(capsys.readouterr().out.split())
    assert "judge failed on 2 (the verdict of an earlier judge counts)" in told and "counted as wrong" not in told
    fresh = consult.simulate(str(ward), cases=2, model=playing("the sickness"), db=tmp_path / "b.db")
    print_judging(consult.assess(fresh, judge=unanswering))
    assert "judge failed on 2 (unjudged and counted as wrong)" in " ".join(capsys.readouterr().out.split())
    print_judging({**second, "failed_unjudged": 1})
    told = " ".join(capsys.readouterr().out.split())
    assert "on 1 of them the verdict of an earlier judge counts; the others are unjudged" in told


def test_every_figure_that_judging_changes_tells_how_much_is_unjudged(
    ward: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[dict[str, Any]] = []
    doctor = playing("the sickness", opinions=("the sickness", "the sickness", "flu"))
    run = consult.simulate(
        str(ward), cases=["a3"], model=doctor, team="no-triage", db=tmp_path / "a.db", listen=told.append
    )
    (summary, ended) = told[-1], told[-2]
    assert (ended["plurality_right"], ended["plurality_unjudged"], summary["plurality_unjudged"]) == (False, True, 1)
    data = consult.report(run, out=tmp_path / "out").data["runs"][0]
    (vote,) = [one["figure"] for one in data["baselines"] if one["name"] == "panel's plurality vote"]
    figures = (vote, data["panel"]["vote"], data["panel"]["s"], data["headlines"]["top 3"])
    assert [one["unjudged"] for one in figures] == [1, 1, 2, 1]
    consult.assess(run, judge=judging("yes", "same"))
    data = consult.report(run, out=tmp_path / "out").data["runs"][0]
    judged = (data["panel"]["vote"], data["panel"]["s"], data["headlines"]["top 3"])
    assert [(one["unjudged"], one["value"]) for one in judged] == [(0, 1), (0, pytest.approx(2 / 3)), (0, 1)]


def test_one_unjudged_diagnosis_is_told_in_the_singular(ward: Path, tmp_path: Path) -> None:
    run = consult.simulate(str(ward), cases=1, model=playing("the sickness"), db=tmp_path / "a.db")
    consult.report(run, out=tmp_path / "out")
    assert "1 unjudged diagnosis counts as wrong" in (tmp_path / "out" / "report.md").read_text()
    latex = (tmp_path / "out" / "summary.tex").read_text()
    assert "1 open diagnosis that nobody judged counts as wrong" in latex


def test_an_abstention_is_decided_by_the_names_alone(ward: Path, tmp_path: Path) -> None:
    run = consult.simulate(str(ward), cases=1, model=playing("I don't know"), db=tmp_path / "a.db")
    row = run.consultations.iloc[0]
    assert (bool(row.correct), row.correct_by) == (False, "match")
    judging_ = consult.report(run, out=tmp_path / "out").data["runs"][0]["judging"]
    assert (judging_["correct_by"]["match"], judging_["unjudged"]) == (1, 0)


def test_the_nearest_names_stand_in_the_order_of_the_run(ward: Path, tmp_path: Path) -> None:
    run = consult.simulate(str(ward), cases=4, model=playing("gout"), db=tmp_path / "a.db")
    with pytest.raises(consult.UserError, match=r"^no consultation 'a9'; there are: a1, a2, a3, r1.1, "):
        run["a9"]
