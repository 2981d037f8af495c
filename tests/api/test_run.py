"""What was played as tables and transcripts, and a store that is opened again."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

import consult
from consult.envs.store.write import Store
from consult.plugins import PluginError

from .conftest import PANEL


@pytest.mark.parametrize("table", ["consultations", "turns", "opinions", "assessments", "judgements"])
def test_tables_have_the_columns_of_the_store(run: consult.Run, table: str) -> None:
    frame = getattr(run, table)
    with Store(run.db) as store:
        columns = [row["name"] for row in store.query("SELECT name FROM pragma_table_info(?)", table)]
        count = store.query(f"SELECT count(*) AS n FROM {table}")[0]["n"]
    assert list(frame.columns) == columns and len(frame) == count


def test_types_know_what_is_missing(run: consult.Run) -> None:
    consultations, turns = run.consultations, run.turns
    assert consultations["correct"].dtype == "boolean" and consultations["facts"].dtype == "Int64"
    assert turns["seconds"].dtype == "Float64" and turns["confidence"].dtype == "Float64"
    assert consultations["correct"].mean() == run.accuracy


def test_tables_are_in_the_order_of_play(run: consult.Run) -> None:
    assert list(run.consultations["ordinal"]) == [1, 2, 3]
    turns = run.turns
    keys = [
        (int(name.rpartition(".")[2]), idx) for name, idx in zip(turns["consultation_id"], turns["idx"], strict=True)
    ]
    assert keys == sorted(keys)


def test_a_consultation_is_found_by_case_and_by_id(run: consult.Run) -> None:
    assert run["test-0001"].id == run["r1.2"].id == "r1.2"
    assert [one.id for one in run] == ["r1.1", "r1.2", "r1.3"]
    with pytest.raises(consult.UserError, match="test-0001"):
        run["test-001"]


def test_a_case_that_was_played_often_is_named_by_its_id(tmp_path: Path) -> None:
    often = consult.simulate(cases="test-0001", temperament="all", model=PANEL, db=tmp_path / "a.db")
    with pytest.raises(consult.UserError, match=r"was played 4 times; name one: r1\.1 \(sanguine\)"):
        often["test-0001"]


def test_a_transcript_is_text_in_a_terminal(run: consult.Run) -> None:
    said = str(run["test-0001"])
    assert repr(run["test-0001"]) == said and "\x1b" not in said
    assert "-- derm34 · test-0001 --" in said and "▸ eczema" in said and "not medical advice" in said


def test_a_transcript_is_a_page_in_a_notebook(run: consult.Run, tmp_path: Path) -> None:
    transcript = run["test-0001"]
    shown = transcript._repr_html_()
    frame = re.fullmatch(r'<iframe sandbox srcdoc="([^"]*)" style="[^"]*"></iframe>', shown)
    assert frame is not None and html.unescape(frame[1]) == transcript.html()
    assert "<script" not in transcript.html() and "data:image/png" in transcript.html()
    transcript.save(tmp_path / "one.html")
    assert (tmp_path / "one.html").read_text(encoding="utf-8") == transcript.html()


def test_a_transcript_has_its_row_and_events(run: consult.Run) -> None:
    transcript = run["test-0001"]
    assert transcript.row["case_id"] == "test-0001" and transcript.events[-1]["event"] == "consultation"
    assert transcript.consultation.conclusion is not None
    assert transcript.consultation.conclusion.diagnosis == "eczema"


def test_a_store_is_loaded_with_its_runs(run: consult.Run) -> None:
    runs = consult.load(run.db)
    assert len(runs) == 1 and runs["r1"].id == "r1" and [one.id for one in runs] == ["r1"]
    assert runs.table["with_truth"][0] == 3 and runs.table["correct_n"].dtype == "Int64"
    assert "r1" in repr(runs) and runs._repr_html_().startswith("<table")
    with pytest.raises(consult.UserError, match="r2"):
        runs["r2"]


def test_a_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(consult.UserError, match="there is no database"):
        consult.load(tmp_path / "b.db")


def test_a_run_describes_itself(run: consult.Run) -> None:
    assert "finished, 3 consultations" in repr(run)
    assert run._repr_html_().startswith("<p>run r1") and "test-0002" in run._repr_html_()


def test_rewards_score_a_run(run: consult.Run) -> None:
    def opinions(consultation: Any) -> float:
        return sum(len(act.opinions) for act in consultation.acts)

    def broken(consultation: Any) -> float:
        raise KeyError("diagnosis")

    scores = run.scores(opinions)
    assert list(scores.index) == ["r1.1", "r1.2", "r1.3"] and list(scores["opinions"]) == [3.0, 3.0, 3.0]
    with pytest.raises(PluginError, match=r"the reward 'broken' failed on r1\.1 \(KeyError"):
        run.scores(broken)
