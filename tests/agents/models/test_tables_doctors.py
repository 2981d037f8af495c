"""Doctors who know a scenario's tables: the best possible one, one that asks nothing, one that decides by chance."""

from __future__ import annotations

import json
from typing import Any

import pytest
from narrowing import grammar_of, present

from consult.agents.models import Message, ModelError, Prompt, Request, open_model
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import load_scenario
from consult.scenarios.bayes import BayesReader, seen_at_first, seen_first_in, seen_in, seen_of

DERM34 = load_scenario("derm34")
TOPICS = {**DERM34.topics, **DERM34.examinations}


def played(doctor, tmp_path, cases, split="test", **more):
    role = RoleConfig(model=f"{doctor}:derm34")
    roles: dict[str, Any] = dict.fromkeys(("patient", "triage", "specialist", "attending"), role)
    moods = tuple(("sanguine", "choleric", "melancholic", "phlegmatic")[i % 4] for i in range(len(cases)))
    config = RunConfig(scenario="derm34", split=split, cases=cases, temperaments=moods, **roles, **more)
    models = Models.open(config)
    with Store(tmp_path / f"{doctor}.db") as store:
        run = Runner(DERM34, config, models, store).run()["run"]
        rows = store.consultations(run)
        return rows, {row["id"]: store.acts(row["id"]) for row in rows}


def test_they_open_by_their_scenario():
    model = open_model("bayes:derm34")
    assert (model.info.backend, model.info.dialect, model.info.revision) == ("tables", "tables", DERM34.revision)


@pytest.mark.parametrize("reference", ["bayes:derm43", "random:nowhere"])
def test_a_scenario_that_is_not_there(reference):
    with pytest.raises(ModelError, match=f"'{reference}': no scenario"):
        open_model(reference)


def test_a_scenario_without_tables(tmp_path):
    (tmp_path / "scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {site: where}\n")
    (tmp_path / "cases.jsonl").write_text('{"id": "one", "complaint": "it itches"}\n')
    with pytest.raises(ModelError, match="has no tables"):
        open_model(f"bayes:{tmp_path}")


def test_other_tables_are_refused(tmp_path):
    """A copy with another seed has other cases under the same ids."""
    import shutil
    from pathlib import Path

    import consult.scenarios

    shutil.copytree(Path(consult.scenarios.__file__).parent / "derm34", tmp_path / "copy")
    spec = tmp_path / "copy" / "scenario.yaml"
    spec.write_text(spec.read_text().replace("seed: 34", "seed: 987"))
    role = RoleConfig(model="silent:derm34")
    roles: dict[str, Any] = dict.fromkeys(("patient", "triage", "specialist", "attending"), role)
    config = RunConfig(scenario=str(tmp_path / "copy"), cases=("test-0000",), temperaments=("sanguine",), **roles)
    models = Models.open(config)
    with Store(tmp_path / "copy.db") as store, pytest.raises(ModelError, match="knows the tables of another scenario"):
        Runner(load_scenario(str(tmp_path / "copy")), config, models, store)


def test_a_photograph_from_outside_tells_nothing():
    from consult.scenarios import Photograph

    model = open_model("bayes:derm34")
    picture = Photograph("0123abcd", lambda: None)  # type: ignore[arg-type, return-value]  # nobody looks
    known = {"known": {}, "asked": [], "topics": [], "examinations": [], "offers": ["conclude"], "turns_left": 1}
    message = Message("user", json.dumps({**known, "specialties": []}), (picture,))
    (reply,) = model.generate([Request((), "attending", "decision", 0, Prompt((message,), 8), 0)])
    assert json.loads(reply.text)["confidence"] < 0.1


def test_they_do_not_assess():
    with pytest.raises(ModelError, match="cannot assess; give --assessor"):
        open_model("bayes:derm34", role="assessor")


def test_another_format_is_refused():
    request = Request((), "attending", "decision", 0, Prompt((Message("user", "Decide."),), 8), 0)
    with pytest.raises(ModelError, match="cannot play the attending; give it another model"):
        open_model("bayes:derm34").generate([request])


@pytest.mark.slow
def test_the_bayes_doctor_asks_about_alarms_first_then_what_tells_most(tmp_path):
    rows, acts = played("bayes", tmp_path, DERM34.case_ids("test")[:17])
    for row in rows:
        asked = [
            act.topic for act in acts[row["id"]] if act.speaker == "attending" and act.action in ("ask", "examine")
        ]
        told = {fact for act in acts[row["id"]][:1] for fact in act.facts}
        assert asked[0] == "alarm" or "alarm" in told
        assert len(set(asked)) == len(asked)
    assert sum(row["diagnosis"] == row["truth"] for row in rows) >= 15


def test_the_silent_doctor_decides_on_complaint_and_photograph(tmp_path):
    rows, acts = played("silent", tmp_path, DERM34.case_ids("test")[:17])
    tables = grammar_of(DERM34).tables
    reader = BayesReader(tables)
    for row in rows:
        assert not [act for act in acts[row["id"]] if act.speaker == "attending" and act.action in ("ask", "examine")]
        case = DERM34.case(row["case_id"])
        if not case.card.opening:
            seen = seen_at_first(case, tables)
            assert row["diagnosis"] == reader.diagnosis(seen)


@pytest.mark.slow
def test_the_random_doctor_is_seldom_right_and_the_same_every_time(tmp_path):
    cases = DERM34.case_ids("test")[:34]
    (tmp_path / "again").mkdir()
    first, second = (played("random", folder, cases)[0] for folder in (tmp_path, tmp_path / "again"))
    assert [row["diagnosis"] for row in first] == [row["diagnosis"] for row in second]
    assert sum(row["diagnosis"] == row["truth"] for row in first) <= 5


@pytest.mark.slow
def test_without_the_photograph_less_is_known(tmp_path):
    cases = DERM34.case_ids("test")[:34]
    rows, _ = played("silent", tmp_path, cases, strategy="text-only")
    with_it, _ = played("silent", tmp_path, cases, strategy="no-dialogue", seed=1)
    right = [sum(row["diagnosis"] == row["truth"] for row in each) for each in (rows, with_it)]
    assert right[0] < right[1]


@pytest.mark.slow
def test_a_late_alarm_is_acted_on_and_its_twin_is_not_alarmed(tmp_path):
    rows, acts = played("bayes", tmp_path, DERM34.case_ids("alarms")[:20], split="alarms")
    for alarmed, quiet in zip(rows[::2], rows[1::2], strict=True):
        assert alarmed["alarm_told"] in ("asked", "volunteered") and quiet["alarm_told"] is None
        assert alarmed["final_urgency"] == alarmed["true_urgency"]
        conclusion = next(act for act in acts[alarmed["id"]] if act.action == "conclude")
        (alarm,) = DERM34.case(alarmed["case_id"]).card.about("alarm")
        assert alarm.where in conclusion.text


@pytest.mark.slow
def test_the_plan_is_the_one_that_what_was_learned_asks_for(tmp_path):
    from consult.scenarios.conditional import known_of

    rows, acts = played("bayes", tmp_path, DERM34.case_ids("test")[:34])
    whole = 0
    for row in rows:
        conclusion = next(act for act in acts[row["id"]] if act.action == "conclude")
        if row["diagnosis"] != row["truth"] or row["true_urgency"] == "emergency":
            continue
        label, needs = DERM34.labels[row["truth"]], known_of(DERM34.case(row["case_id"]).card)
        whole += all(step in conclusion.text for step in label.plan_for(needs))
    assert whole >= 0.8 * len(rows)


def test_knowing_everything_is_worth_more_than_a_look():
    tables = grammar_of(DERM34).tables
    reader = BayesReader(tables)
    cases = [DERM34.case(i) for i in DERM34.case_ids("test")[:170]]
    right = [
        sum(reader.diagnosis(see(c, tables)) == c.truth.diagnosis for c in cases) for see in (seen_at_first, seen_of)
    ]
    assert right[0] < 0.85 * 170 < 0.97 * 170 <= right[1]


def test_what_such_a_doctor_reads_names_no_diagnosis():
    """Its prompt holds the names of findings that were told, and nothing of the truth."""
    from consult.agents.prompt_formats import TablesDialect
    from consult.envs.config import Plan
    from consult.envs.consultation import Consultation

    case = DERM34.case("test-0003")
    plan = Plan(ordinal=1, case=case.id, temperament="sanguine", strategy="dialogue", team="solo", seed=0)
    view = Consultation(DERM34, case, plan)._doctor_view(("ask",))
    asked = json.loads(TablesDialect().action(view).messages[0].text)
    assert asked["known"] == {}
    assert present(case.truth.diagnosis) not in json.dumps(asked)


@pytest.mark.slow
def test_the_report_sets_the_bayes_doctor_beside_a_run(tmp_path):
    from consult.envs.metrics.baselines import BAYES, baselines, bayes_diagnoses
    from consult.envs.metrics.outcomes import outcomes

    rows, _ = played("silent", tmp_path, DERM34.case_ids("test")[:17])
    with Store(tmp_path / "silent.db") as store:
        ended = list(outcomes(store, rows[0]["run_id"], DERM34))
    predictions = bayes_diagnoses(DERM34, [one.case for one in ended])
    found = [one for one in baselines(ended, {}, predictions) if one.name == BAYES]
    assert [one.what for one in found] == ["complaint and photograph", "all facts"]
    assert present(found[0].figure.value) < present(found[1].figure.value)


def test_a_draw_shows_what_its_case_shows():
    source = grammar_of(load_scenario("derm34"))
    for name in ["train-0000", "validation-0007", *(f"test-{i:04d}" for i in range(40))]:
        case, draw = source.get(name), source.draw_of(name)
        assert seen_in(draw, source.tables) == seen_of(case, source.tables)
        assert seen_first_in(draw, source.tables) == seen_at_first(case, source.tables)
    with pytest.raises(KeyError):
        source.draw_of("nobody")
