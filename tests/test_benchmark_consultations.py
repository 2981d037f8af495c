"""The study of consultations: played, taken up, replayed after another triage, and reported."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from consult.envs.config import RunConfig
from consult.envs.store.write import Store
from consult.scenarios import load_scenario

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def report():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("consultations").report


@pytest.fixture(scope="module")
def study(report):
    """The parts of the study by name."""
    return SimpleNamespace(
        **{name: importlib.import_module(f"study.{name}") for name in ("figures", "lines", "played", "playing")}
    )


@pytest.fixture(scope="module")
def played(study, tmp_path_factory):
    db = tmp_path_factory.mktemp("study") / "a.db"
    model = f"scripted:{ROOT / 'tests' / 'data' / 'panel.yaml'}"
    for _ in range(2):  # the second call finds everything there
        cells = [("dialogue", "panel"), ("dialogue", "solo"), ("no-dialogue", "panel")]
        study.playing.play_cells(db, cells, model, 40, 0, 8)
    study.playing.replay_triage(db, 8)
    return db


@pytest.mark.slow
def test_cells_are_played_once(study, played):
    with Store(played) as store:
        assert [
            (r["consultations"], r["status"]) for r in store.query("SELECT status, 40 AS consultations FROM runs")
        ] == [(40, "finished")] * 3


@pytest.mark.slow
def test_the_replayed_panel_is_of_the_given_specialty_and_keeps_the_interview(study, played):
    scenario = load_scenario("derm34")
    with Store(played) as store:
        run = study.played.cell(store, "dialogue", "panel")
        config = RunConfig.model_validate_json((store.run(run) or {})["config"])
        row = store.consultations(run)[0]
        acts = store.acts(row["id"])
        for arm in ("right", "wrong"):
            begun = study.playing.triaged(scenario, config, config.plan()[0], acts, arm)
            assert (set(begun.panel) == {row["true_specialty"]}) == (arm == "right")
            assert begun.must_consult and begun.lines[0].text == acts[0].text
    assert len(json.loads(played.with_suffix(".wrong.json").read_text())) == 40


@pytest.mark.slow
def test_the_report_has_its_tables(report, played):
    text = "\n".join(report([played]))
    for heading in (
        "Final diagnosis",
        "On the same cases",
        "Triage",
        "Panel and attending",
        "Interview",
        "Temperaments",
    ):
        assert f"## {heading}" in text
    assert "| dialogue | " in text and "not played" in text and "Bayes ceiling" in text


def test_figures_are_what_the_libraries_say(study):
    assert study.figures.share(8, 10) == "80.0% (49.0% to 94.3%; 8 of 10)"
    assert study.figures.share(0, 0) == "— (n 0)"
    same = study.figures.difference([True, False] * 20, [True, False] * 20)
    assert same.startswith("+0.0 points (+0.0 to +0.0); 0 : 0; p 1")
    better = study.figures.difference([True] * 40, [True] * 20 + [False] * 20)
    assert better.startswith("+50.0 points") and "; 20 : 0;" in better


def test_claims_that_are_false_are_counted_as_false(study):
    thought = 'I see a red ring. I noted "it itches" and "for 3 days". Colleagues: acne, warts.'
    true = dict(study.lines.claims(thought, "a red ring", "it itches, for 3 days.", ["acne", "warts"]))
    assert all(true.values()) and len(true) == 4
    counted = dict(study.lines.claims("[colleagues: acne 2 of 3, warts 1 of 3]", "", "", ["warts", "acne", "acne"]))
    assert sorted(counted.values()) == [False, True] and not counted[study.lines.BY_ITSELF]
    assert not any(v for _, v in study.lines.claims(thought, "a pale spot", "nothing", ["warts", "acne"]))
