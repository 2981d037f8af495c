"""`consult benchmark`: one command, one report; killed, the same command ends as if it had not been."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from command_line import type_in

import consult.cli.commands.benchmark
from consult.render.report.write import FILES

BAYES = ["Bayes doctor", "Bayes doctor"]
"""Told complaint and photograph, and told all facts."""
PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"
GRID = """
strategies = ["dialogue", "expert"]
cases = 6
repeats = 2
"""
WARD = {
    "scenario.yaml": "name: ward\ntitle: A ward\ntopics: {duration: how long, sensation: what is felt}\n",
    "labels.yaml": "labels:\n  eczema: {specialty: dermatology}\n  hives: {specialty: dermatology}\n",
    "cases.jsonl": "".join(
        json.dumps({"id": f"c{i}", "complaint": "I itch", "diagnosis": ("eczema", "hives")[i % 2]}) + "\n"
        for i in range(18)
    ),
}
Called = tuple[int, str, str]
Events = list[dict[str, Any]]


def words(folder: Path, *more: str, grid: str = GRID) -> list[str]:
    (folder / "grid.toml").write_text(f'models = ["scripted:{PANEL}"]\n{grid}')
    names = ("--config", str(folder / "grid.toml"), "--db", str(folder / "a.db"), "--out", str(folder / "report"))
    return ["benchmark", *names, "--batch", "5", *more]


def events(out: str) -> Events:
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Events]:
    """A benchmark that nobody interrupted, and its events."""
    folder = tmp_path_factory.mktemp("whole")
    code, out, err = type_in(*words(folder, "--json"))
    assert code == 0, err
    return folder, events(out)


@pytest.fixture
def played(whole: tuple[Path, Events], tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole[0], tmp_path / "copy"))


@pytest.mark.slow
def test_the_plan_comes_first_and_the_report_last(whole: tuple[Path, Events]) -> None:
    folder, told = whole
    first, last = told[0], told[-1]
    cells = [(c["strategy"], c["team"], c["consultations"], c["played"], c["added"]) for c in first["cells"]]
    assert cells == [
        ("dialogue", "panel", 12, 0, False),
        ("dialogue", "solo", 12, 0, True),
        ("expert", "panel", 12, 0, False),
        ("expert", "solo", 12, 0, True),
    ]
    assert first["consultations"] == 48 and first["seconds"] > 0 and first["tokens"] > 0
    assert {cell["estimated_from"] for cell in first["cells"]} == {"warm-up"}
    assert sum(event["event"] == "consultation" for event in told) == 48
    assert sum(event["event"] == "assessment" for event in told) == 48
    assert last["event"] == "summary" and last["runs"] == ["r1", "r2", "r3", "r4"] and last["failed"] == 0
    assert Path(last["report"]).exists()
    data = json.loads((folder / "report" / "report.json").read_text())
    for cell, told_ in zip(last["cells"], data["runs"], strict=True):
        assert (cell["run"], cell["value"]) == (told_["run"], told_["headlines"]["accuracy"]["value"])
    with sqlite3.connect(folder / "a.db") as db:
        assert db.execute("SELECT id, status FROM benchmarks").fetchall() == [("b1", "finished")]
        assert dict(db.execute("SELECT cell, run_id FROM benchmark_runs").fetchall()) == {
            i: f"r{i}" for i in (1, 2, 3, 4)
        }
        assert db.execute("SELECT count(*) FROM classifier_predictions").fetchone() == (6,)


@pytest.mark.slow
def test_every_run_stands_beside_what_is_to_be_beaten(whole: tuple[Path, Events]) -> None:
    data = json.loads((whole[0] / "report" / "report.json").read_text())
    named = {run["run"]: [one["name"] for one in run["baselines"]] for run in data["runs"]}
    assert named["r1"] == ["majority label", "panel's plurality vote", "classifier", *BAYES, "solo doctor"]
    assert named["r2"] == ["majority label", "classifier", *BAYES]
    for one in data["runs"][0]["baselines"]:
        assert one["figure"]["n"] == 12 and 0 <= one["figure"]["value"] <= 1
        assert one["gain"]["figure"]["n"] == 6, "paired by case, however often each was played"
    # Pairs that differ in one thing: the strategy or the team.
    assert {(one["a"], one["b"]) for one in data["comparisons"]} == {
        ("r1", "r2"), ("r1", "r3"), ("r2", "r4"), ("r3", "r4"),
    }  # fmt: skip
    assert list(data["runs"][0]["groups"]["repeat"]) == ["1", "2"]


@pytest.mark.slow
def test_the_report_carries_the_grid_that_makes_it_again(played: Path) -> None:
    report = played / "report"
    toml = json.loads((report / "report.json").read_text())["benchmark"]["toml"]
    assert tomllib.loads(toml)["patient_grounding"] is True
    assert toml in (report / "report.md").read_text()
    assert "Grid of benchmark b1" in (report / "report.html").read_text()
    (played / "carried.toml").write_text(toml)
    more = ["--config", str(played / "carried.toml"), "--out", str(played / "second"), "--db", str(played / "a.db")]
    code, out, _ = type_in("benchmark", *more, "--json")
    assert code == 0
    told = events(out)
    assert told[0]["played"] == 48 and {cell["run"] for cell in told[0]["cells"]} == {"r1", "r2", "r3", "r4"}
    assert not any(event["event"] in ("turn", "assessment") for event in told)
    assert same(played / "second") == same(report)
    code, _, _ = type_in("report", "r1", "r2", "r3", "r4", "--db", more[-1], "--out", str(played / "b"))
    assert code == 0 and same(played / "b") == same(report)


CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def same(folder: Path) -> dict[str, str]:
    """Give the files of a report without what a clock says: dates, wall time, and the models' seconds."""
    files = {path.name: CLOCK.sub("DATE", path.read_text()) for path in sorted(folder.iterdir())}
    assert set(files) == set(FILES)
    data = json.loads(files["report.json"])
    for one in data["runs"]:
        del one["wall_seconds"], one["cost"]["seconds of model time"]
    rows = [{**row, "seconds": ""} for row in csv.DictReader(io.StringIO(files["consultations.csv"]))]
    row_of_seconds = re.compile(r"\|? ?(?:<tr><th[^>]*>)?seconds of model time.*?(?:</tr>|\n)")
    wall = re.compile(r"Wall time: [^<\n]* a consultation\.")
    cost = re.compile(r"### Length and cost.*?(?=\n##)|<section><h3>Length and cost.*?</section>", re.DOTALL)
    texts = {
        name: wall.sub("", row_of_seconds.sub("", cost.sub("", files[name]))) for name in ("report.md", "report.html")
    }
    figures = [row for row in csv.DictReader(io.StringIO(files["summary.csv"])) if "seconds" not in row["measure"]]
    tables = {"consultations.csv": json.dumps(rows), "summary.csv": json.dumps(figures)}
    return {**texts, **tables, "report.json": json.dumps(data), "summary.tex": files["summary.tex"]}


@pytest.mark.slow
def test_stopped_at_any_moment_it_ends_with_the_same_report(tmp_path: Path) -> None:
    ward, grid = tmp_path / "ward", f'scenario = "{tmp_path / "ward"}"\nstrategies = ["dialogue", "reasoning"]\n'
    ward.mkdir()
    for name, text in WARD.items():
        (ward / name).write_text(text)
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    code, out, err = type_in(*words(tmp_path / "whole", "--json", grid=grid))
    assert code == 0, err
    lines = len(out.splitlines())
    command = [sys.executable, "-m", "consult", *words(tmp_path / "cut", "--json", grid=grid)]
    # By how much it has told: in the first run, then in the third or the assessment.
    for signal_, after in ((signal.SIGINT, lines // 10), (signal.SIGKILL, lines // 2)):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(after):
            process.stdout.readline()
        process.send_signal(signal_)
        _, told = process.communicate(timeout=120)
        if signal_ == signal.SIGINT:
            assert told == "consult: interrupted; what was shown is stored; run the same command to continue\n"
        assert process.returncode == (130 if signal_ == signal.SIGINT else -signal.SIGKILL)
    code, out, err = type_in(*words(tmp_path / "cut", "--json", grid=grid))
    assert code == 0, err
    assert 0 < events(out)[0]["played"] < 72
    with sqlite3.connect(tmp_path / "cut" / "a.db") as db:
        assert db.execute("SELECT count(*), min(status) FROM runs").fetchone() == (4, "finished")
    assert same(tmp_path / "cut" / "report") == same(tmp_path / "whole" / "report")


def test_what_the_classifier_said_stands_beside_the_verdict(whole: tuple[Path, Events]) -> None:
    told = next(e for e in whole[1] if e["event"] == "consultation" and e["consultation"] == "r3.1")
    code, out, _ = type_in("show", "r3.1", "--db", str(whole[0] / "a.db"))
    assert code == 0 and len(told["expert"]) == 3 and f"classifier  {', '.join(told['expert'])}" in out
    assert "classifier  " not in type_in("show", "r1.1", "--db", str(whole[0] / "a.db"))[1]


@pytest.mark.slow
def test_again_plays_anew_and_goes_on_with_that(played: Path) -> None:
    typed = words(played, "--again", "--json", "--no-solo", "--seed", "4")
    first = events(type_in(*typed)[1])
    assert first[0]["played"] == 0 and first[-1]["runs"] == ["r5", "r6"]
    again = events(type_in(*typed)[1])
    assert again[0]["played"] == 0 and again[-1]["runs"] == ["r7", "r8"] and again[-1]["benchmark"] == "b3"
    # An estimate goes by what was played before.
    assert again[0]["cells"][0]["estimated_from"] == "r5"
    with sqlite3.connect(played / "a.db") as db:
        # As a kill between the two cells leaves it.
        db.execute("UPDATE benchmarks SET status = 'running' WHERE id = 'b3'")
        db.execute("DELETE FROM benchmark_runs WHERE run_id = 'r8'")
        db.execute("UPDATE runs SET status = 'running' WHERE id = 'r8'")
    last = events(type_in(*typed)[1])
    assert [cell["run"] for cell in last[0]["cells"]] == ["r7", None] and last[0]["played"] == 24
    assert last[-1]["benchmark"] == "b3" and last[-1]["runs"] == ["r7", "r8"]


@pytest.mark.slow
def test_failures_are_listed_and_give_1(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    # Without a decision each consultation fails; the judge says nothing that can be read.
    script.write_text("".join(line for line in PANEL.read_text().splitlines(True) if "attending.decision" not in line))
    judge = tmp_path / "judge.yaml"
    judge.write_text("replies:\n  assessor: ['who knows']\n")
    base = ["benchmark", "--strategies", "no-dialogue", "--cases", "3", "--db", str(tmp_path / "a.db"), "--no-solo"]
    out = ["--out", str(tmp_path / "report")]
    code, shown, err = type_in(*base, "--model", f"scripted:{script}", "--assessor", "none", *out)
    assert code == 1 and "failed (try again with consult resume, run by run: r1)" in shown and "test-0000" in shown
    good, bad = f"scripted:{PANEL}", f"scripted:{judge}"
    code, shown, err = type_in(*base, "--model", good, "--assessor", bad, *out)
    assert code == 1 and "assessor failed: r2.1" in err and "judge failed" not in err + shown
    rubric = json.loads((tmp_path / "report" / "report.json").read_text())["runs"][0]["rubric"]
    (items,) = rubric.values()
    assert all(item["value"] is None and item["judge_failed"] == 3 for item in items.values())
    for name in ("report.md", "report.html", "summary.tex"):
        assert "judge failed" not in (tmp_path / "report" / name).read_text(), "no judge was asked"


@pytest.mark.slow
def test_people_see_plan_progress_and_main_table(played: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    code, out, err = type_in(*words(played, "--strategies", "dialogue,no-dialogue"))
    assert code == 0
    assert "no-dialogue" in err and "from a short warm-up on this machine" in err
    assert "1/4 dialogue · panel: played before as run r1" in err and "3/4 no-dialogue · panel: playing run r5" in err
    for part in (
        "minus solo",
        "alarms acted on",
        "always emergency",
        "majority label",
        "classifier (starter@",
        "report.html",
        "not medical advice",
    ):
        assert part in out, out
    assert re.search(r"r5 +no-dialogue +panel +12 +\d+\.\d%", out)


def test_whoever_does_not_agree_to_the_plan_plays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consult.cli.commands.benchmark, "_agreed", lambda: False)
    code, _, err = type_in(*words(tmp_path))
    assert code == 0 and "48 of 48 consultations to play" in err
    assert {path.name for path in tmp_path.iterdir()} == {"grid.toml"}


@pytest.mark.slow
def test_the_smoke_preset_with_the_starter(tmp_path: Path) -> None:
    typed = [
        "benchmark",
        "--preset",
        "smoke",
        "--cases",
        "2",
        "--strategies",
        "expert",
        "--teams",
        "panel",
        "--no-solo",
    ]
    code, out, err = type_in(*typed, "--json", "--db", str(tmp_path / "a.db"), "--out", str(tmp_path / "report"))
    assert code == 0, err
    told = events(out)
    assert [(cell["strategy"], cell["team"], cell["n"]) for cell in told[-1]["cells"]] == [("expert", "panel", 2)]
    assert all(len(event["expert"]) == 3 for event in told if event["event"] == "consultation")
    rubric = json.loads((tmp_path / "report" / "report.json").read_text())["runs"][0]["rubric"]
    assert all(name.startswith("rules@") for name in rubric) and rubric


def test_a_file_as_report_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    taken, db = tmp_path / "taken.csv", tmp_path / "new.db"
    taken.write_text("x")
    typed = ("benchmark", "--model", "bayes:derm34", "--cases", "1", "--strategies", "dialogue", "--yes")
    code, out, err = type_in(*typed, "--out", taken, "--db", db)
    assert (code, out) == (2, "") and err == f"consult: '{taken}' is a file; give '--out' a folder\n"
    assert not db.exists() and taken.read_text() == "x"


def test_models_are_named_once(tmp_path: Path) -> None:
    grid = tmp_path / "grid.toml"
    grid.write_text('[[cells]]\nmodels = ["silent:derm34"]\ncases = 1\n')
    code, _, err = type_in("benchmark", "--config", grid, "--model", "bayes:derm34", "--db", tmp_path / "new.db")
    assert code == 2 and f"--model and the cells of {grid} both say which models" in err


def test_a_classifier_that_does_not_exist_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    typed = ("benchmark", "--model", "bayes:derm34", "--cases", "1", "--strategies", "dialogue", "--yes")
    code, out, err = type_in(*typed, "--classifier", "nonsense", "--db", tmp_path / "new.db")
    assert (code, out) == (2, "") and "there is no model 'nonsense'" in err and err.count("\n") == 1
    assert not (tmp_path / "new.db").exists()
