"""Open diagnoses from the command line: one number in every place, with and without a judge."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import PLAIN, type_in
from narrowing import present
from starlette.testclient import TestClient

from consult.cli.web.server import application
from consult.envs.store.write import Store
from consult.rl.rewards.decisions import INTERVIEW_REWARDS, Interview
from consult.scenarios import load_scenario
from consult.scenarios.importing import import_cases

PUBLIC = Path(__file__).parents[3] / "shared" / "data" / "agentclinic" / "agentclinic_medqa.jsonl"
CASES = 30
JUDGED = ["same", "broader", "narrower", "different", "not JSON"]
"""What the judge says of one consultation after another, over and over."""
SCRIPT = """replies:
  patient: ["I cannot say more."]
  triage: ['{{"specialty": "medicine", "urgency": "soon", "why": "so"}}']
  attending.action: ['{{"action": "conclude"}}']
  specialist: ['{{"diagnosis": "{said}", "confidence": 0.8, "reason": "so"}}']
  attending.decision: ["<think>So.</think><answer>{said}</answer>"]
  attending: ["That is what I think."]
  assessor.judge: {verdicts}
"""
Call = Callable[..., tuple[int, str, str]]
Event = dict[str, Any]


def script(path: Path, said: str) -> str:
    verdicts = [json.dumps({"why": "so", "verdict": JUDGED[i % len(JUDGED)]}) for i in range(CASES)]
    path.write_text(SCRIPT.format(said=said, verdicts=json.dumps(verdicts)), encoding="utf-8")
    return f"scripted:{path}"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    monkeypatch.chdir(tmp_path)
    return partial(type_in, env={**PLAIN, "COLUMNS": "200"})


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    """Make the public cases a scenario without a list of labels."""
    if not PUBLIC.exists():
        pytest.skip("needs the real data, which are no part of the project")
    folder = tmp_path / "clinic"
    import_cases("agentclinic", PUBLIC, folder)
    (folder / "labels.yaml").unlink()
    with (folder / "scenario.yaml").open("a", encoding="utf-8") as file:
        file.write('\naliases: {"Hirschsprung disease": ["congenital megacolon"]}\n')
    return folder


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """Make a small scenario without a list of labels."""
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / "scenario.yaml").write_text('name: ward\ntitle: A ward\ntopics: {duration: "since when"}\n')
    # They are played going round the diagnoses.
    diagnoses = ("Impetigo", "Gout", "Heart attack", "Impetigo")
    cases = [
        {"id": f"a{i}", "split": "test", "complaint": "It hurts.", "diagnosis": name}
        for i, name in enumerate(diagnoses)
    ]
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases))
    return folder


def events(out: str) -> list[Event]:
    return [json.loads(line) for line in out.splitlines()]


def everywhere(call: Call, tmp_path: Path, scenario: Path, run: str = "r1") -> dict[str, tuple[int, int, int]]:
    """Read right, counted and unjudged consultations of a run wherever they are told."""
    db = tmp_path / "consult.db"
    found: dict[str, tuple[int, int, int]] = {}
    listed = next(one for one in events(call("runs", "--json")[1]) if one["run"] == run)
    found["runs"] = (listed["correct"], listed["with_truth"], listed["unjudged"])
    ended = [one for one in events(call("show", run, "--json")[1]) if one["event"] == "consultation"]
    found["show --json"] = _counted([(one["correct"], one["correct_by"]) for one in ended])
    told = re.search(r"([\d,]+) of ([\d,]+) right \([\d.]+%\)(?:.*?([\d,]+) of them unjudged)?", call("show", run)[1])
    assert told is not None
    found["show"] = (int(told[1]), int(told[2]), int(told[3] or 0))
    client = TestClient(application(db), base_url="http://127.0.0.1:8765")
    right, wrong, open_ = (_listed(client, run, result) for result in ("right", "wrong", "unjudged"))
    found["view's filters"] = (right, right + wrong, open_)
    page = re.search(r"([\d,]+) of ([\d,]+)(?:, ([\d,]+) unjudged)?</span>", client.get(f"/runs/{run}").text)
    assert page is not None
    found["view"] = (int(page[1]), int(page[2]), int(page[3] or 0))
    assert call("report", run)[0] == 0
    report = json.loads(Path("runs/report/report.json").read_text())["runs"][0]
    accuracy = report["headlines"]["accuracy"]
    found["report.json"] = (round(accuracy["value"] * accuracy["n"]), accuracy["n"], accuracy["unjudged"])
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    with Path("runs/report/consultations.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found["consultations.csv"] = _counted([(int(row["correct"]), row["correct_by"]) for row in rows])
    low, high = report["judging"]["accuracy_range"]
    n = accuracy["n"]
    assert (low, high) == (accuracy["value"], pytest.approx((round(low * n) + accuracy["unjudged"]) / n))
    loaded = load_scenario(str(scenario))
    with Store(db) as store:
        played = [
            (Interview(loaded, loaded.case(row["case_id"]), tuple(store.acts(row["id"])), row["status"]), row)
            for row in store.consultations(run)
        ]
    paid = sum(present(INTERVIEW_REWARDS["diagnosis"](interview)) for interview, _ in played)
    judged = sum(row["correct_by"] == "judge" and row["correct"] for _, row in played)
    found["reward, and what a judge adds"] = (int(paid) + judged, len(played), accuracy["unjudged"])
    return found


def _ended(told: list[Event]) -> dict[str, Event]:
    return {one["consultation"]: one for one in told if one["event"] == "consultation"}


def _counted(decided: list[tuple[Any, str]]) -> tuple[int, int, int]:
    return sum(bool(right) for right, _ in decided), len(decided), sum(by == "unjudged" for _, by in decided)


def _listed(client: TestClient, run: str, result: str) -> int:
    return len(re.findall(r'<th scope="row"><a href="/consultations/', client.get(f"/runs/{run}?result={result}").text))


def simulated(call: Call, scenario: Path, model: str, *more: object, cases: int = CASES) -> Event:
    words = ("simulate", "--scenario", scenario, "--cases", cases, "--model", model, *more)
    code, out, err = call(*words, "--json")
    assert code == 0, err
    return events(out)[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "right", "by"),
    [("MYASTHENIA\u00a0GRAVIS.", 1, "match"), ("Congenital megacolon", 1, "alias"), ("tired", 0, "match")],
)
def test_the_public_cases_have_one_number_everywhere(
    call: Call, clinic: Path, tmp_path: Path, said: str, right: int, by: str
) -> None:
    summary = simulated(call, clinic, script(tmp_path / "s.yaml", said))
    assert (summary["correct"], summary["with_truth"], summary["unjudged"]) == (right, CASES, CASES - right)
    found = everywhere(call, tmp_path, clinic)
    assert set(found.values()) == {(right, CASES, CASES - right)}, found
    with sqlite3.connect(tmp_path / "consult.db") as db:
        kinds = dict(db.execute("SELECT correct_by, count(*) FROM consultations WHERE correct GROUP BY correct_by"))
    assert kinds == ({by: right} if right else {})
    markdown = Path("runs/report/report.md").read_text()
    assert "judge failed" not in markdown and "No judge was asked." in markdown
    assert f"{CASES - right} unjudged" in markdown and "if all were judged" in markdown


@pytest.mark.slow
def test_a_judge_decides_with_the_run_or_later_and_gives_the_same(call: Call, clinic: Path, tmp_path: Path) -> None:
    model = script(tmp_path / "s.yaml", "MYASTHENIA GRAVIS")
    code, out, _ = call(
        "simulate", "--scenario", clinic, "--cases", CASES, "--model", model, "--judge", model, "--json"
    )
    *live, with_the_run = events(out)
    shown = events(call("show", "r1", "--json")[1])
    # Those that a judge was asked about end a wave later.
    assert _ended(live) == _ended(shown) and len(_ended(live)) == CASES
    simulated(call, clinic, model)
    # One by its name; of the other 29 the judge calls every fifth the same, and fails on every fifth.
    expected = (1 + 5, CASES, 6)
    assert (with_the_run["correct"], with_the_run["with_truth"], with_the_run["unjudged"]) == expected
    code, out, _ = call("assess", "r2", "--judge", model, "--json")
    *_, last = events(out)
    assert (
        code == 1 and len(last["failures"]) == 6 and (last["correct"], last["with_truth"], last["unjudged"]) == expected
    )
    for run in ("r1", "r2"):
        found = everywhere(call, tmp_path, clinic, run)
        assert set(found.values()) == {expected}, found
        assert "6 unjudged, judge failed on 6" in Path("runs/report/report.md").read_text()
    with sqlite3.connect(tmp_path / "consult.db") as db:
        rows = "SELECT ordinal, correct, correct_by FROM consultations WHERE run_id = ? ORDER BY ordinal"
        assert db.execute(rows, ["r1"]).fetchall() == db.execute(rows, ["r2"]).fetchall()
        verdicts = "SELECT verdict, count(*) FROM judgements GROUP BY verdict"
        assert dict(db.execute(verdicts)) == {"same": 10, "broader": 12, "narrower": 12, "different": 12, None: 12}


def test_impetigo_is_impetigo_everywhere(call: Call, ward: Path, tmp_path: Path) -> None:
    summary = simulated(call, ward, script(tmp_path / "s.yaml", "impetigo"), cases=4)
    assert (summary["correct"], summary["with_truth"], summary["plurality_correct"], summary["voted"]) == (2, 4, 2, 4)
    found = everywhere(call, tmp_path, ward)
    assert set(found.values()) == {(2, 4, 2)}, found
    report = json.loads(Path("runs/report/report.json").read_text())["runs"][0]
    assert {one["truth"] for one in report["confusion"]} == {"Impetigo", "Gout", "Heart attack"}
    assert report["panel"]["s"]["value"] == 0.5 and {one["said"] for one in report["confusion"]} == {"Impetigo"}
    _, out, _ = call("show", "r1.1")
    assert "✔ right" in out
    _, out, _ = call("show", "r1.2")
    assert "unjudged, which counts as wrong: it was Gout" in out


def test_the_judge_that_is_named_last_decides(call: Call, ward: Path, tmp_path: Path) -> None:
    def judge(name: str, *verdicts: str) -> str:
        replies = [json.dumps({"why": f"{name} says so", "verdict": one}) for one in verdicts]
        (tmp_path / f"{name}.yaml").write_text(f"replies: {{assessor: {json.dumps(replies)}}}")
        return f"scripted:{tmp_path / name}.yaml"

    kind, strict = judge("kind", "same"), judge("strict", "x", "different", "broken", "x")
    simulated(call, ward, script(tmp_path / "s.yaml", "impetigo"), cases=4)

    def right() -> list[tuple[int, str]]:
        with sqlite3.connect(tmp_path / "consult.db") as db:
            return db.execute("SELECT correct, correct_by FROM consultations ORDER BY ordinal").fetchall()

    assert right() == [(1, "match"), (0, "unjudged"), (0, "unjudged"), (1, "match")]
    code, out, _ = call("assess", "r1", "--judge", kind)
    assert code == 0 and "4 of 4 right (100.0%)" in out and "2 same" in out
    assert right() == [(1, "match"), (1, "judge"), (1, "judge"), (1, "match")]
    # What the second judge owes leaves the first one's verdict.
    assert call("assess", "r1", "--judge", strict)[0] == 1
    assert right() == [(1, "match"), (0, "judge"), (1, "judge"), (1, "match")]
    _, out, err = call("assess", "r1", "--judge", kind)
    assert "2 judged before" in err
    assert right() == [(1, "match"), (1, "judge"), (1, "judge"), (1, "match")]
    _, out, _ = call("show", "r1.2")
    assert "✔ right, as the judge says" in out and f"same: kind says so ({kind}@" in " ".join(out.split())
    page = TestClient(application(tmp_path / "consult.db"), base_url="http://127.0.0.1:8765").get("/consultations/r1.2")
    # What was asked of all judges stands apart, before the verdict.
    decided = page.text[page.text.index('<section class="verdict') :]
    assert "same: kind says so" in decided and "strict says so" not in decided
    (told,) = [one for one in events(call("show", "r1.2", "--json")[1]) if one["event"] == "consultation"]
    assert told["judgement"]["verdict"] == "same" and told["correct_by"] == "judge"


def test_a_benchmark_is_judged_after_it_was_played(call: Call, ward: Path, tmp_path: Path) -> None:
    model = script(tmp_path / "s.yaml", "impetigo")
    words: list[object] = ["benchmark", "--scenario", ward, "--model", model, "--strategies", "no-dialogue"]
    words += ["--teams", "solo", "--assessor", "none", "--yes", "--classifier", "none", "--json"]
    code, out, err = call(*words)
    assert code == 0, err
    assert events(out)[-1]["cells"][0]["value"] == 0.5 and events(out)[-1]["cells"][0]["unjudged"] == 2
    # Played once; the judge comes to the same runs, and says broader and different of the two.
    code, out, _ = call(*words, "--judge", model)
    cell = events(out)[-1]["cells"][0]
    assert (cell["run"], cell["value"], cell["unjudged"]) == ("r1", 0.5, 0)
    report = json.loads(Path("runs/report/report.json").read_text())
    assert report["runs"][0]["judging"]["judges"] and f'judge = "{model}"' in report["benchmark"]["toml"]


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--cases", "2", "--model", "bayes:derm34", "--judge", "bayes:derm34"),
        ("benchmark", "--model", "bayes:derm34", "--cases", "2", "--judge", "bayes:derm34", "--yes"),
    ],
)
def test_where_labels_decide_a_judge_is_refused(call: Call, words: tuple[str, ...]) -> None:
    code, _, err = call(*words)
    assert code == 2 and "'derm34' lists its diagnoses" in err and "leave --judge out" in err


def test_a_run_that_was_cut_short_goes_on_with_its_judge(call: Call, ward: Path, tmp_path: Path) -> None:
    model = script(tmp_path / "s.yaml", "impetigo")
    simulated(call, ward, model, "--judge", model, cases=4)
    with sqlite3.connect(tmp_path / "consult.db") as db:
        before = db.execute("SELECT * FROM consultations").fetchall()
        db.execute("DELETE FROM judgements WHERE consultation_id = 'r1.3'")
        db.execute("DELETE FROM turns WHERE consultation_id = 'r1.3'")
        db.execute("DELETE FROM opinions WHERE consultation_id = 'r1.3'")
        db.execute("UPDATE consultations SET status = 'failed', correct = 0, correct_by = 'match' WHERE id = 'r1.3'")
    assert call("resume", "r1")[0] == 0
    with sqlite3.connect(tmp_path / "consult.db") as db:
        assert db.execute("SELECT * FROM consultations").fetchall() == before
        assert db.execute("SELECT count(*) FROM judgements").fetchone() == (2,)


def test_the_command_that_judges_is_told_where_something_is_unjudged(call: Call, ward: Path, tmp_path: Path) -> None:
    model = script(tmp_path / "s.yaml", "Frostbite")
    words = ("simulate", "--scenario", ward, "--model", model)
    judge = "consult assess {} --judge REF"
    for run, cases in (("r1", ("--cases", 2)), ("r2", ("--case", "a0"))):
        code, out, err = call(*words, *cases)
        assert code == 0 and judge.format(run) in " ".join((out + err).split())
        for shown in (run, f"{run}.1"):
            assert judge.format(run) in " ".join(call("show", shown)[1].split())
    code, out, err = call(
        "simulate", "--scenario", ward, "--model", script(tmp_path / "t.yaml", "Gout"), "--case", "a1"
    )
    assert code == 0 and "--judge" not in out + err and "--judge" not in call("show", "r3")[1]


def test_several_cases_can_be_named(call: Call, ward: Path, tmp_path: Path) -> None:
    words = ("simulate", "--scenario", ward, "--model", script(tmp_path / "s.yaml", "Gout"))
    code, out, err = call(*words, "--case", "a2", "--case", "a0", "--json")
    assert code == 0, err
    assert sorted(one["case"] for one in events(out) if one["event"] == "consultation") == ["a0", "a2"]
    code, _, err = call(*words, "--case", "a2", "--case", "a9", "--json")
    assert code == 2 and "no case 'a9'" in err
