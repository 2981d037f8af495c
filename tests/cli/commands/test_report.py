"""`consult report`: what stands in its files, that links lead somewhere, and that hostile text stays text."""

from __future__ import annotations

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from command_line import type_in
from improvising import SCENARIO, Improviser, configured
from injections import STRINGS
from narrowing import present

from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.render.report.data import described

ROOT = Path(__file__).parents[3]
CASES = 12


def play(store, **more):
    model = Improviser("plain")
    config = configured("m", list(SCENARIO.case_ids("test")[:CASES]), **more)
    Runner(SCENARIO, config, Models({"m": model}), store, batch=CASES).run()


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "consult.db"
    with Store(path) as store:
        play(store)
        play(store, team="solo")
    return path


@pytest.fixture
def db(played, tmp_path):
    return Path(shutil.copy(played, tmp_path / "consult.db"))


class Page(HTMLParser):
    """Tags of a page, its ids, and the links within it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.sources, self.text = set(), [], set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links |= {given["href"]} if "href" in given else set()
        self.sources |= {given["src"]} if "src" in given else set()
        assert not any(name.startswith("on") for name in given)

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def reported(played, tmp_path_factory):
    """The files of a report, which the tests only read."""
    tmp_path = tmp_path_factory.mktemp("reported")
    db = shutil.copy(played, tmp_path / "consult.db")
    assert type_in("assess", "r1", "--assessor", "rules", "--db", db)[0] == 0
    code, out, err = type_in("report", "r1", "r2", "--db", db, "--out", tmp_path / "out")
    assert (code, out.strip()) == (0, str(tmp_path / "out" / "report.html")), err
    return tmp_path / "out"


@pytest.mark.slow
def test_the_page_is_one_file_and_all_its_links_lead_somewhere(reported):
    page = Page((reported / "report.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags and "link" not in page.tags
    assert page.links and all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert page.sources and all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.slow
def test_figures_lead_to_consultations_and_verdicts_to_turns(reported):
    page = Page((reported / "report.html").read_text(encoding="utf-8"))
    for place in (
        "r1-all",
        "r1-panel-vote",
        "r1-triage-specialty",
        "r1-urgency-triage",
        "r1-urgency-final",
        "r1-1-1-by-rules-5",
        "r1-temperament-sanguine",
    ):
        assert f"#{place}" in page.links, place
    assert all(f"r1.{i}" in page.ids for i in range(1, CASES + 1))
    assert any(re.fullmatch(r"#r1\.\d+-t\d+", link) for link in page.links)


@pytest.mark.slow
def test_every_file_disclaims_and_says_the_same(reported):
    data = json.loads((reported / "report.json").read_text())
    markdown, html = ((reported / name).read_text() for name in ("report.md", "report.html"))
    assert all("not medical advice" in text for text in (markdown, html, data["disclaimer"]))
    accuracy = data["runs"][0]["headlines"]["accuracy"]
    assert set(accuracy) >= {"value", "low", "high", "n", "failed", "judge_failed"}
    with (reported / "consultations.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["run"] == "r1"]
    assert accuracy["n"] == len(rows) == CASES
    assert accuracy["value"] == pytest.approx(sum(row["verdict"] == "right" for row in rows) / CASES)
    assert f"{100 * accuracy['value']:.1f} %" in markdown and f"{100 * accuracy['value']:.1f}\u00a0%" in html
    (gain,) = data["comparisons"]
    assert (gain["a"], gain["b"], gain["over_solo"]) == ("r1", "r2", True)


@pytest.mark.slow
def test_urgency_stands_with_its_baselines_in_every_file(reported):
    data = json.loads((reported / "report.json").read_text())
    team, solo = (run["urgency"] for run in data["runs"])
    assert [one["name"] for one in team["sources"]] == ["triage", "final", "majority", "always emergency"]
    final = team["sources"][1]["right"]
    assert final["n"] == CASES and "triage" not in [one["name"] for one in solo["sources"]]
    markdown, html = ((reported / name).read_text() for name in ("report.md", "report.html"))
    for text in (markdown, html):
        assert "alarms told and acted on" in text and "always emergency" in text and "told when asked about it" in text
    assert markdown.count("### Urgency\n") == 2
    with (reported / "consultations.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["run"] == "r1"]
    right = sum(row["status"] == "finished" and row["final_urgency"] == row["true_urgency"] for row in rows)
    assert final["value"] == pytest.approx(right / CASES, abs=1 / CASES)
    assert {row["red_flag"] != "none" for row in rows if row["alarm_told"]} <= {True}


@pytest.mark.slow
def test_the_tables_say_what_the_report_says(reported):
    data = json.loads((reported / "report.json").read_text())
    with (reported / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["condition"] for row in rows} == {"panel", "solo"}, "the runs differ in the team alone"
    for run in data["runs"]:
        accuracy = run["headlines"]["accuracy"]
        (row,) = [row for row in rows if (row["run"], row["measure"]) == (run["run"], "accuracy")]
        for name in ("value", "low", "high", "n", "clusters"):
            assert float(row[name]) == pytest.approx(accuracy[name])
        assert accuracy["clusters"] == CASES and row["model"] == run["models"]["attending"]
    for row in rows:
        if row["value"] and row["low"]:
            assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
    alone = [row for row in rows if row["run"] == "r2" and row["subject"] == "triage"]
    assert alone and not any(row["value"] or row["n"] for row in alone), "a solo doctor has no triage, which is not 0"
    for name in ("summary.csv", "summary.tex"):
        assert "not medical advice" in (reported / name).read_text()


@pytest.mark.slow
def test_a_difference_names_its_sides_by_what_differs(reported):
    (gain,) = json.loads((reported / "report.json").read_text())["comparisons"]
    assert gain["sides"] == {"a": "panel", "b": "solo", "both": ""}
    markdown, html = ((reported / name).read_text() for name in ("report.md", "report.html"))
    assert all("panel minus solo, gain over solo" in text for text in (markdown, html))
    assert "- rows differ in: team" in markdown and "- model, triage, specialists, patient: m" in markdown
    assert "Rubric by condition" in markdown and markdown.count("### Assessment by rules@") == 1


@pytest.mark.slow
def test_a_run_of_an_older_version_lacks_what_was_not_stored(db, tmp_path):
    with Store(db) as store:
        config = json.loads(present(store.run("r1"))["config"])
        for name in ("classifier", "repeats", "votes", "panel_skill", "judge", "own", "patient_grounding"):
            del config[name]
        store.db.execute("UPDATE runs SET config = ?, versions = '{}' WHERE id = 'r1'", [json.dumps(config)])
        store.db.execute("UPDATE consultations SET final_urgency = NULL, red_flag = NULL, alarm_told = NULL")
        store.db.execute("UPDATE turns SET diagnosis_words = NULL, answers = NULL, unusable = NULL")
    assert type_in("report", "r1", "r2", "--db", db, "--out", tmp_path / "out")[0] == 0
    data = json.loads((tmp_path / "out" / "report.json").read_text())
    assert data["conditions"]["differing"] == ["team"], "what was not stored was as it is without the option"
    with (tmp_path / "out" / "summary.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["subject"] == "urgency" and row["run"] == "r1"]
    assert {row["measure"] for row in rows} >= {"triage_right"}
    assert not any(row["value"] for row in rows if row["measure"] == "triage_missed")
    assert " & -- & " in (tmp_path / "out" / "summary.tex").read_text(), "the final urgency is not known"


def keys_of(data):
    return set(data) if isinstance(data, dict) else set()


@pytest.mark.slow
def test_runs_of_two_revisions_are_not_compared(db, tmp_path):
    """Equal ids are other cases there: nothing is paired, the solo doctor is no baseline, and the report says so."""
    with Store(db) as store:
        assert described(store, ["r1", "r2"])["not_compared"] == []
        store.write("UPDATE runs SET scenario_revision = ? WHERE id = 'r2'", [("0123456789abcdef",)])
        found = described(store, ["r1", "r2"])
    assert found["comparisons"] == []
    (pair,) = found["not_compared"]
    assert (pair["a"]["run"], pair["b"]["run"]) == ("r1", "r2")
    assert pair["b"]["scenario_revision"] == "0123456789abcdef"
    first, second = ([one["name"] for one in run["baselines"]] for run in found["runs"])
    assert "solo doctor" not in first and "Bayes doctor" in first
    # The tables of today know nothing of the cases of another revision.
    assert "Bayes doctor" not in second
    code, _, err = type_in("report", "r1", "r2", "--db", db, "--out", tmp_path / "out")
    assert code == 0, err
    text = (tmp_path / "out" / "report.md").read_text()
    assert f"r1 and r2 are not compared: they played revisions {SCENARIO.revision} and 0123456789abcdef" in text


@pytest.mark.slow
def test_every_key_is_documented(reported):
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    data = json.loads((reported / "report.json").read_text())
    run = data["runs"][0]
    named = keys_of(data) | keys_of(run) | keys_of(run["consultations"]) | set(run["headlines"]["accuracy"])
    named |= keys_of(run["urgency"]) | keys_of(run["urgency"]["sources"][0]) | keys_of(run["urgency"]["alarms"])
    named |= keys_of(run["triage"]) | keys_of(run["panel"]) | keys_of(run["legacy"]) | keys_of(run["calibration"])
    assert not [name for name in named if f"`{name}`" not in text]


@pytest.mark.slow
def test_the_same_store_gives_the_same_report_save_its_date(db, tmp_path):
    told = []
    for name in ("a", "b"):
        type_in("report", "r1", "--db", db, "--out", tmp_path / name)
        files = {f.name: f.read_text() for f in sorted((tmp_path / name).iterdir())}
        created = json.loads(files["report.json"])["created"]
        told.append({name: text.replace(created, "DATE") for name, text in files.items()})
    assert told[0] == told[1]


@pytest.mark.slow
def test_hostile_text_stays_text(db, tmp_path):
    hostile = [*STRINGS, "</li></ol><img src=x onerror=alert(1)>", "=HYPERLINK(1)", "| a | b |"]
    with Store(db) as store:
        for i in range(CASES):
            text = hostile[i::CASES]
            store.db.execute("UPDATE turns SET text = ? WHERE consultation_id = ?", [" ".join(text), f"r1.{i + 1}"])
            store.db.execute("UPDATE opinions SET reason = ? WHERE consultation_id = ?", [text[0], f"r1.{i + 1}"])
            row = [text[-1], text[0], f"r1.{i + 1}"]
            store.db.execute("UPDATE consultations SET diagnosis = ?, error = ? WHERE id = ?", row)
            store.db.execute(
                "INSERT INTO assessments VALUES (NULL, ?, ?, '1.1', 1, ?, '[0, 99]')",
                [f"r1.{i + 1}", text[0], text[-1]],
            )
    assert type_in("report", "r1", "--db", db, "--out", tmp_path / "out")[0] == 0
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags and all(source.startswith("data:") for source in page.sources)
    assert all(link.startswith("#") for link in page.links)
    assert "\x1b" not in (tmp_path / "out" / "report.md").read_text()
    with (tmp_path / "out" / "consultations.csv").open(newline="") as file:
        assert not [cell for row in csv.reader(file) for cell in row if cell[:1] in ("=", "@")]


def test_a_failed_consultation_is_listed_and_stays_in_the_denominator(db):
    with Store(db) as store:
        store.db.execute("UPDATE consultations SET status = 'failed', error = 'out of memory' WHERE id = 'r1.2'")
        run = described(store, ["r1"])["runs"][0]
    assert run["consultations"]["failures"] == [{"id": "r1.2", "case": "test-0001", "error": "out of memory"}]
    assert (run["headlines"]["accuracy"]["n"], run["headlines"]["accuracy"]["failed"]) == (CASES, 1)
    assert run["legacy"]["f1"] is None and "failed" in run["legacy"]["why"]


def test_a_judge_that_fails_moves_no_figure_and_is_counted(db):
    with Store(db) as store:
        insert = "INSERT INTO assessments VALUES (NULL, ?, 'judge', '3.1', ?, 'unusable answer', '[]')"
        for i in range(1, CASES + 1):
            store.db.execute(insert, [f"r1.{i}", None if i <= 2 else 1.0])
        item = described(store, ["r1"])["runs"][0]["rubric"]["judge"]["3.1"]
    assert (item["value"], item["n"], item["judge_failed"]) == (1.0, CASES - 2, 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [(["report", "r9"], "no run 'r9'; there are: r2, r1"), (["report", "r1", "--db", "none.db"], "none.db")],
)
def test_a_mistake_is_one_sentence(words, told, db, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = [*words] if "--db" in words else [*words, "--db", str(db)]
    code, out, err = type_in(*words)
    assert code == 2 and told in err and len(err.strip().splitlines()) == 1 and not out


def test_a_folder_that_cannot_be_written_is_one_sentence(db, tmp_path):
    (tmp_path / "taken").write_text("a file")
    code, _, err = type_in("report", "r1", "--db", db, "--out", tmp_path / "taken")
    assert code == 2 and "taken" in err and len(err.strip().splitlines()) == 1
