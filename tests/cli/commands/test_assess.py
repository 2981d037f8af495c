"""`consult assess`: failures stay None, a killed assessment goes on, people's ratings, and mistakes."""

import csv
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import consult, type_in
from narrowing import present

from consult.agents.assessors.rubric import BY_KEY, ITEMS
from consult.agents.prompt_formats.starter_assessment import WHY, WHY_CONSTRUCTED

PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"
CASES = 40
GOOD = json.dumps({item.key: {"why": f"so it is with {item.name}", "value": 1} for item in ITEMS})


def script(path, replies):
    path.write_text("replies:\n  assessor:\n" + "".join(f"  - {json.dumps(reply)}\n" for reply in replies))
    return f"scripted:{path}"


def rows(db, assessor="%"):
    with sqlite3.connect(db) as connection:
        return connection.execute(
            "SELECT consultation_id, assessor, item, value, why FROM assessments WHERE assessor LIKE ? "
            "ORDER BY assessor, consultation_id, item",
            (assessor,),
        ).fetchall()


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    db = tmp_path_factory.mktemp("played") / "consult.db"
    words = ["simulate", "--cases", str(CASES), "--model", f"scripted:{PANEL}", "--db", str(db), "--json"]
    consult(*words, check=True)
    return db


@pytest.fixture
def db(played, tmp_path):
    return Path(shutil.copy(played, tmp_path / "consult.db"))


@pytest.mark.slow
def test_rules_score_all_but_feelings(db):
    code, out, _ = type_in("assess", "r1", "--assessor", "rules", "--db", db, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert events[0] == {
        "event": "assess", "run": "r1", "assessor": "rules@5", "consultations": CASES, "earlier": 0
    }  # fmt: skip
    assert [e["event"] for e in events[1:-1]] == ["assessment"] * CASES
    items = {item["item"]: item for item in events[-1]["items"]}
    assert list(items) == list(BY_KEY)
    assert items["2.1"]["not_decided"] == CASES and items["2.1"]["mean"] is None and not items["2.1"]["judge_failed"]
    # The script asks for duration and sensation, never for history.
    assert (items["1.1"]["mean"], items["1.1"]["n"]) == (0.0, CASES)
    assert len(rows(db)) == 8 * CASES


@pytest.mark.slow
def test_the_starter_scores_all_items_beside_the_rules(db):
    for assessor in ("rules", "starter"):
        words = ("assess", "r1", "--assessor", assessor, "--db", db, "--json", "--batch", "16")
        code, out, _ = type_in(*words)
        assert code == 0
    events = [json.loads(line) for line in out.splitlines()]
    assert events[0]["assessor"].startswith("starter@") and events[-1]["failures"] == []
    assert all((item["n"], item["judge_failed"], item["not_decided"]) == (CASES, 0, 0) for item in events[-1]["items"])
    assert {row[4] for row in rows(db, "starter%")} == {WHY, WHY_CONSTRUCTED}
    code, out, _ = type_in("assess", "r1", "--agreement", "--db", db, "--json")
    pairs = {pair["item"]: pair["n"] for pair in map(json.loads, out.splitlines())}
    assert code == 0 and pairs["1.1"] == CASES and "2.1" not in pairs


@pytest.mark.slow
def test_a_fifth_of_garbage_is_a_fifth_of_none_and_moves_no_score(db, tmp_path):
    replies = ["Well, it depends." if i % 5 == 0 else GOOD for i in range(CASES)]
    reference = script(tmp_path / "judge.yaml", replies)
    code, out, _ = type_in("assess", "r1", "--assessor", reference, "--db", db, "--json")
    assert code == 1
    summary = json.loads(out.splitlines()[-1])
    for item in summary["items"]:
        assert (item["n"], item["mean"], item["judge_failed"]) == (CASES * 4 // 5, 1.0, CASES // 5)
    assert [f["consultation"] for f in summary["failures"]] == [f"r1.{i}" for i in range(1, CASES + 1, 5)]
    assert all(f["why"] == "unusable answer: the answer contains no JSON object" for f in summary["failures"])
    failed = [row for row in rows(db) if row[3] is None]
    assert len(failed) == 8 * CASES // 5
    code, out, _ = type_in("assess", "r1", "--assessor", reference, "--db", db)
    assert code == 1 and "assessor failed on 8" in out and "r1.6 " in out and "100.0%" in out


def test_a_model_that_fails_is_asked_again_by_the_same_command(db, tmp_path):
    path = tmp_path / "judge.yaml"
    script(path, [GOOD, GOOD])
    path.write_text(path.read_text() + "  - {error: out of memory}\n  - " + json.dumps(GOOD) + "\n")
    code, out, _ = type_in("assess", "r1", "--assessor", f"scripted:{path}", "--db", db, "--json")
    failures = json.loads(out.splitlines()[-1])["failures"]
    assert code == 1
    assert failures == [{"consultation": "r1.3", "why": "no reply: ModelError: out of memory"}]
    code, out, _ = type_in("assess", "r1", "--assessor", f"scripted:{path}", "--db", db, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert events[0]["earlier"] == CASES - 1 and [e.get("consultation") for e in events[1:-1]] == ["r1.3"]
    assert len(rows(db)) == 8 * CASES


SLOW = """
import sys, time
from consult.envs.store.write import Store
kept = Store.keep_assessments
def slowly(self, *given, **more):
    time.sleep(0.3)
    return kept(self, *given, **more)
Store.keep_assessments = slowly
from consult.cli.main import run
run()
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rules", "model"])
def test_killed_and_taken_up_it_ends_the_same(played, tmp_path, kind):
    replies = [GOOD if i % 3 else "no" for i in range(CASES)]
    reference = "rules" if kind == "rules" else script(tmp_path / "judge.yaml", replies)
    results = []
    for name, kill in (("whole", False), ("cut", True)):
        db = Path(shutil.copy(played, tmp_path / f"{name}.db"))
        words = ["assess", "r1", "--assessor", reference, "--db", str(db), "--batch", "4", "--json"]
        if kill:
            process = subprocess.Popen([sys.executable, "-c", SLOW, *words], stdout=subprocess.PIPE, text=True)
            shown = [present(process.stdout).readline() for _ in range(10)]
            process.send_signal(signal.SIGKILL)
            process.wait()
            told = {json.loads(line)["consultation"] for line in shown[1:]}
            kept = {row[0] for row in rows(db)}
            assert told <= kept and len(kept) < CASES
            assert len(rows(db)) == 8 * len(kept)
        ended = consult(*words)
        assert ended.returncode == (0 if kind == "rules" else 1)
        results.append((rows(db), ended.stdout.splitlines()[-1]))
    assert results[0] == results[1]


@pytest.mark.slow
def test_assessors_stand_side_by_side_and_are_compared(db, tmp_path):
    reference = script(tmp_path / "judge.yaml", [GOOD])
    type_in("assess", "r1", "--assessor", "rules", "--db", db)
    before = rows(db)
    type_in("assess", "r1", "--assessor", reference, "--db", db)
    assert rows(db, "rules%") == before
    assert len({row[1] for row in rows(db)}) == 2
    code, out, _ = type_in("assess", "r1", "--agreement", "--db", db, "--json")
    pairs = {pair["item"]: pair for pair in map(json.loads, out.splitlines())}
    assert code == 0 and set(pairs) == set(BY_KEY) - {"2.1", "2.2", "3.2", "4.1"} | (set(pairs) & {"3.2", "4.1"})
    assert (pairs["1.1"]["raw"], pairs["1.1"]["n"], pairs["1.1"]["prevalence"]) == (0.0, CASES, [0.0, 1.0])
    code, out, _ = type_in("assess", "r1", "--agreement", "--db", db)
    assert "AC1" in out and "kappa" in out


CSV = "\ufeffConsultation,item,value,rater,why,mood\n"


def test_ratings_come_in_and_broken_rows_are_named(db, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(
        CSV
        + "r1.1,1.1,1,anna,asked twice,good\n"
        + "r1.1,4.1,2,anna,,\n"
        + "r1.2,1.1,,anna,could not tell,\n"
        + "r1.2,1.1,0,ben,,\n"
        + "r9.1,1.1,1,anna,,\n"
        + "r1.3,7.7,1,anna,,\n"
        + "r1.3,1.1,2,anna,,\n"
        + "r1.3,1.1,yes,anna,,\n"
        + "r1.1,1.1,0,anna,,\n"
        + "r1.4\n"
        + 'r1.4,1.1,1.0,rules@5,"so, ""quoted""",\n'
        + "r1.5,1.1,nan,,,\n"
        + "r1.5,1.1,1,,,\n",
        encoding="utf-8",
    )
    code, out, err = type_in("assess", "r1", "--import", path, "--db", db)
    assert code == 1 and not err
    assert "6 ratings kept, 7 rows left out" in out
    for line in (6, 7, 8, 9, 10, 11, 13):
        assert f"line {line}: " in out
    assert rows(db) == [
        ("r1.5", "human", "1.1", 1.0, ""),
        ("r1.1", "human:anna", "1.1", 1.0, "asked twice"),
        ("r1.1", "human:anna", "4.1", 2.0, ""),
        ("r1.2", "human:anna", "1.1", None, "could not tell"),
        ("r1.2", "human:ben", "1.1", 0.0, ""),
        ("r1.4", "human:rules@5", "1.1", 1.0, 'so, "quoted"'),
    ]


FILES = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n \n", "is empty"),
    "head.csv": (b"consultation,item,value\n", "has no usable rating"),
    "columns.csv": (b"consultation,value\nr1.1,1\n", "lacks the column item"),
    "latin.csv": (b"consultation,item,value\nr1.1,1.1,\xe9\n", "is not UTF-8 text"),
    "binary.csv": (bytes(range(256)), "is not UTF-8 text"),
    "nul.csv": (b"consultation,item,value\nr1.1,1.1,\0\0\n", "NUL"),
    "open.csv": (
        b'consultation,item,value,why\nr1.1,1.1,1,"so\nr1.2,1.1,1,\n',
        "has a quotation mark that is never closed",
    ),
    "twice.csv": (b"consultation,item,value,value\nr1.1,1.1,1,0\n", "has the column value twice"),
    "more.csv": (b"consultation,item,value\nr1.1,1.1,1,so,more\n", "line 2: 2 more cells than columns"),
    "wrong.csv": (b"consultation,item,value\nr1.1,1.1,9\n", "line 2: '9' is not a value of 1.1; give 0, 1"),
    "head-huge.csv": (b"x" * 200_000 + b"\n", "line 1"),
    "huge.csv": (b"consultation,item,value\nr1.1,1.1," + b"x" * 200_000 + b"\n", "line 2"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_taken_in_is_one_sentence(name, db, tmp_path):
    content, told = FILES[name]
    (tmp_path / name).write_bytes(content)
    csv.field_size_limit(10**6)  # as an import of cases leaves it
    code, out, err = type_in("assess", "r1", "--import", tmp_path / name, "--db", db)
    assert code == 2 and not out and err.count("\n") == 1 and told in err
    assert not rows(db)


MISTAKES = {
    ("assess", "r7", "--assessor", "rules"): "no run 'r7'; there are: r1",
    ("assess", "r1"): "choose an assessor",
    ("assess", "r1", "--judge", "human"): "'derm34' lists its diagnoses",
    ("assess", "r1", "--assessor", "rules", "--judge", "starter"): "not several at once",
    ("assess", "--check-judge", "starter", "--replicas", "2"): "--replicas and --ray load an assessor or a judge",
    ("assess", "r1", "--agreement", "--ray", "auto"): "--replicas and --ray load an assessor or a judge",
    ("assess", "r1", "--assessor", "rules", "--replicas", "2"): "--replicas loads models with weights on this machine",
    ("assess", "r1", "--assessor", "rules", "--import", "x.csv"): "not several at once",
    ("assess", "r1", "--assessor", "human"): "--import it",
    ("assess", "r1", "--assessor", "ruels"): "there is no model 'ruels'",
    ("assess", "r1", "--assessor", "scripted:nothing.yaml"): "script 'nothing.yaml' does not exist",
    ("assess", "r1", "--import", "nothing.csv"): "there is no file 'nothing.csv'",
    ("assess", "r1", "--agreement"): "has no assessor",
}


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_sentence(words, db):
    code, out, err = type_in(*words, "--db", db)
    assert (code, out) == (2, "") and MISTAKES[words] in err and err.count("\n") == 1
    assert not rows(db)


def test_a_database_that_is_not_there_is_one_sentence(tmp_path):
    words = ("assess", "r1", "--assessor", "rules", "--db", tmp_path / "none.db")
    code, _, err = type_in(*words)
    assert code == 2 and "there is no database" in err and not (tmp_path / "none.db").exists()


# -- judges ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_verdicts_without_reasons_are_counted_and_said_in_every_place(db, tmp_path):
    empty = json.dumps({item.key: {"why": "<reason>", "value": 1} for item in ITEMS})
    some = json.dumps({**json.loads(GOOD), "1.1": {"why": "...", "value": 0}})
    reference = script(tmp_path / "s.yaml", [empty, some, *[GOOD] * CASES])
    code, out, _ = type_in("assess", "r1", "--assessor", reference, "--db", db, "--batch", 1, "--json")
    summary = json.loads(out.splitlines()[-1])
    assert code == 1 and summary["no_reason"] == {"verdicts": 9, "of": 8 * CASES}
    assert {item["item"]: item["judge_failed"] for item in summary["items"]}["1.1"] == 2
    assert sum(value is None for *_, value, _ in rows(db)) == 9
    said = f"9 of {8 * CASES} verdicts had a placeholder or a copy instead of a reason and were not scored"
    _, out, _ = type_in("assess", "r1", "--assessor", reference, "--db", db)
    assert said in " ".join(out.split())
    _, out, _ = type_in("show", "r1", "--db", db)
    assert said in " ".join(out.split())
    type_in("report", "r1", "--db", db, "--out", tmp_path / "report")
    assert said in (tmp_path / "report" / "report.md").read_text()
    told = json.loads((tmp_path / "report" / "report.json").read_text())
    assert list(told["runs"][0]["no_reason"].values()) == [{"verdicts": 9, "of": 8 * CASES}]


def test_a_judge_is_checked_without_a_run(tmp_path):
    reference = script(tmp_path / "s.yaml", [GOOD] * 60)
    code, out, _ = type_in("assess", "--check-judge", reference)
    assert code == 0 and "on 20 transcripts with known faults, 5 without" in " ".join(out.split())
    assert "This judge can be trusted with no item: 1.1 (finds 0 of 5 faults)" in " ".join(out.split())
    code, out, _ = type_in("assess", "--check-judge", reference, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [event["event"] for event in events] == ["judge_check"] * 25 + ["summary"]
    assert {"item", "hits", "faults", "false_alarms", "met", "not_scored", "trusted"} <= set(events[-1]["items"][0])
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--check-judge", "rules"], "'rules' is a program that reads a case's card"),
        (["--check-judge", "nowhere/at-all/x"], "nowhere/at-all/x"),
        (["--check-judge", "human"], "'human' cannot assess here"),
        (["r1", "--check-judge", "starter"], "--check-judge needs no run"),
        (["--check-judge", "starter", "--agreement"], "--check-judge needs no run"),
        ([], "no run is named"),
        (["--assessor", "rules"], "no run is named"),
    ],
)
def test_mistakes_about_a_check_are_one_sentence(words, told):
    code, out, err = type_in("assess", *words)
    assert code == 2 and told in " ".join(err.split()) and not out and "Traceback" not in err
