"""Training sets: prompts as in play, splits kept apart, stages, and the configuration."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from narrowing import present

from consult.agents.acts import Opinion
from consult.agents.models import ModelInfo, Reply
from consult.agents.models.model import Role
from consult.agents.prompt_formats import DIALECTS
from consult.cli.commands.train_options import NOT_FIELDS, _is_starter, command_of
from consult.envs.config import Plan, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.metrics.estimate import Estimate
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.envs.synthetic import CONFIDENCES, sample_synthetic_panel
from consult.errors import UserError
from consult.rl.config import TrainConfig, TrainedRole, TrainingError, read_config
from consult.rl.data.dataset import attending_row, case_ids, train_only, triage_rows, without
from consult.rl.rewards.curriculum import BETA, ENTROPY, empty_stages, histogram, phases, stage_of
from consult.rl.runtime.evaluation import ends
from consult.rl.runtime.results import in_points, played_with
from consult.rl.trainers.rollout_store import Player, RolloutStore, others_of, team_of
from consult.rl.trainers.trainer_factory import GENTLER, GROUPS, RATES, fit
from consult.scenarios import load_scenario

TEAM: dict[Role, Player] = dict.fromkeys(("patient", "triage", "specialist", "attending"), Player("doctors"))
IDS = ("train-0003", "train-0001", "train-0002", "train-0040")


class Doctors:
    """Says what is right for the format, remembers what it was asked, and lets the panel disagree."""

    info = ModelInfo("doctors", "test", dialect="plain")

    def __init__(self):
        self.asked = []

    def generate(self, requests):
        self.asked += requests
        return [Reply(self._said(request)) for request in requests]

    def _said(self, request):
        named = ("eczema", "hives", "eczema")[request.key[4]]
        said = {
            "triage": '{"specialty": "dermatology", "urgency": "routine", "why": "A rash."}',
            "action": '{"action": "conclude"}',
            "opinion": json.dumps({"diagnosis": named, "confidence": 0.8, "reason": "So."}),
            "decision": "<think>So.</think><answer>eczema</answer>",
        }
        if request.role == "patient":
            facts = [line[2:] for line in request.prompt.messages[-1].text.splitlines() if line.startswith("- ")]
            return " ".join(f"{fact}." for fact in facts) or "Thank you."
        return said.get(request.task, "Rest.")


@pytest.fixture(scope="module")
def derm34():
    return load_scenario("derm34")


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    return tmp_path_factory.mktemp("store") / "interviews.db"


@pytest.fixture(scope="module")
def doctors():
    return Doctors()


@pytest.fixture(scope="module")
def interviews(derm34, db, doctors):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Models, "open", classmethod(lambda cls, config, opener: cls({"doctors": doctors})))
        source = RolloutStore(derm34, "derm34", TEAM, db, lambda _: None)
        source.rollouts("train", IDS)
    return source


def rows_of(found, sees=True):
    return [attending_row(n, c, DIALECTS["plain"], sees=sees, rationale="before") for n, c in found]


# -- as in play --------------------------------------------------------------------------------------------------------


def test_prompts_are_those_of_play(derm34, interviews, doctors):
    played = {(r.key[0], r.task): r.prompt for r in doctors.asked if r.task in ("triage", "decision")}
    decisions = rows_of(interviews.rollouts("train", IDS))
    triage = triage_rows(derm34, IDS, DIALECTS["plain"], sees=True)
    for ordinal, (decision, triaged) in enumerate(zip(decisions, triage, strict=True), 1):
        assert decision.prompt == played[ordinal, "decision"]
        # The patient's opening was worded by a program in the set; these doctors' patient words it alike.
        assert triaged.prompt.messages[0] == played[ordinal, "triage"].messages[0]
        assert triaged.prompt.messages[1].photographs == played[ordinal, "triage"].messages[1].photographs


def test_interviews_are_played_once_and_opinions_are_kept(derm34, interviews, doctors, db):
    asked = len(doctors.asked)
    again = interviews.rollouts("train", IDS)
    assert len(doctors.asked) == asked and [c.case.id for _, c in again] == list(IDS)
    truth = [derm34.case(i).truth.diagnosis for i in IDS]
    rows = rows_of(again)
    assert [row.panel_correct_share for row in rows] == [{"eczema": 2 / 3, "hives": 1 / 3}.get(t, 0.0) for t in truth]
    assert {row.vote for row in rows} == {"eczema"}
    assert interviews.lacking("train", IDS) == [] and interviews.lacking("train", ["train-0005"]) == ["train-0005"]


def test_fewer_interviews_are_found_and_of_more_the_rest_alone_is_played(derm34, doctors, tmp_path, monkeypatch):
    monkeypatch.setattr(Models, "open", classmethod(lambda cls, config, opener: cls({"doctors": doctors})))
    told: list[str] = []
    source = RolloutStore(derm34, "derm34", TEAM, tmp_path / "a.db", told.append)
    first = source.rollouts("train", IDS[1:3])
    asked = len(doctors.asked)
    assert [name for name, _ in source.rollouts("train", IDS[1:2])] == [first[0][0]] and len(doctors.asked) == asked
    assert source.lacking("train", IDS) == [IDS[0], IDS[3]]
    told.clear()
    every = source.rollouts("train", IDS)
    assert [c.case.id for _, c in every] == list(IDS) and every[1][0] == first[0][0]
    assert told[0].startswith("playing 2 train cases")
    whole = RolloutStore(derm34, "derm34", TEAM, tmp_path / "b.db", told.append).rollouts("train", IDS)
    assert [[(a.text, a.seed) for a in c.acts] for _, c in whole] == [
        [(a.text, a.seed) for a in c.acts] for _, c in every
    ]


def test_interviews_of_other_settings_are_not_taken(derm34, doctors, tmp_path, monkeypatch):
    monkeypatch.setattr(Models, "open", classmethod(lambda cls, config, opener: cls({"doctors": doctors})))
    source = RolloutStore(derm34, "derm34", TEAM, tmp_path / "a.db", lambda _: None)
    ours = source._config("train", IDS[:1])
    for other in ({"seed": 1}, {"temperaments": ("choleric",)}, {"max_turns": 9}, {"team": "solo"}):
        changed = ours.model_copy(update=other)
        with Store(source.db) as store:
            Runner(derm34, changed, Models({"doctors": doctors}), store).run()
    assert ours.temperaments != ("choleric",) and source.lacking("train", IDS[:1]) == [IDS[0]]


def test_a_good_interview_stays_whatever_fails_later(derm34, doctors, tmp_path, monkeypatch):
    monkeypatch.setattr(Models, "open", classmethod(lambda cls, config, opener: cls({"doctors": doctors})))
    source = RolloutStore(derm34, "derm34", TEAM, tmp_path / "a.db", lambda _: None)
    (first,) = source.rollouts("train", IDS[:1])
    for status in ("failed", "finished"):
        with Store(source.db) as store:
            later = Runner(derm34, source._config("train", IDS[:1]), Models({"doctors": doctors}), store).run()["run"]
            store.write("UPDATE consultations SET status = ? WHERE run_id = ?", [(status, later)])
        assert [name for name, _ in source.rollouts("train", IDS[:1])] == [first[0]]


def test_a_made_up_panel_that_was_cut_short_is_drawn_again(derm34, doctors, tmp_path, monkeypatch):
    monkeypatch.setattr(Models, "open", classmethod(lambda cls, config, opener: cls({"doctors": doctors})))
    source = RolloutStore(derm34, "derm34", TEAM, tmp_path / "a.db", lambda _: None)
    whole = RolloutStore(derm34, "derm34", TEAM, tmp_path / "b.db", lambda _: None).synthetic_panels(
        "train", IDS, 0.5, 2
    )

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        source.rollouts("train", IDS)
        patch.setattr(Store, "commit", killed)
        source.synthetic_panels("train", IDS, 0.5, 2)
    drawn = source.synthetic_panels("train", IDS, 0.5, 2)
    opinions = [[present(c.consulted).opinions for _, c in found] for found in (drawn, whole)]
    assert opinions[0] == opinions[1] and len(drawn) == 2 * len(IDS)
    assert [name for name, _ in source.synthetic_panels("train", IDS, 0.5, 2)] == [name for name, _ in drawn]


def test_an_interview_that_failed_is_not_played_again(derm34, tmp_path, monkeypatch):
    class Broken(Doctors):
        def _said(self, request):
            if request.task == "decision":
                raise RuntimeError("out of memory")
            return super()._said(request)

    broken = Broken()
    monkeypatch.setattr(Models, "open", classmethod(lambda cls, config, opener: cls({"doctors": broken})))
    source = RolloutStore(derm34, "derm34", TEAM, tmp_path / "a.db", lambda _: None)
    assert source.rollouts("train", IDS[:2]) == [] and source.lacking("train", IDS[:2]) == []


def test_interviews_of_other_weights_are_not_taken(derm34, interviews, db):
    other = RolloutStore(derm34, "derm34", {**TEAM, "specialist": Player("doctors", "retrained")}, db, lambda _: None)
    assert other.lacking("train", IDS) == list(IDS)


def test_a_model_that_does_not_see_gets_no_photograph(derm34, interviews):
    rows = [*rows_of(interviews.rollouts("train", IDS), sees=False)]
    rows += triage_rows(derm34, IDS, DIALECTS["plain"], sees=False)
    for row in rows:
        assert row.view.photograph is None and not any(m.photographs for m in row.prompt.messages)


def test_everybody_else_is_the_start_without_its_adapter_or_who_is_named(tmp_path):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "starter"}')
    alone = others_of(config(model=str(adapter)))
    assert alone == {"patient": "starter", "triage": "starter", "specialist": "starter"}
    named = config(model=str(adapter), specialist="scripted:panel.yaml", triage=str(adapter))
    assert others_of(named) == {"patient": "starter", "triage": str(adapter), "specialist": "scripted:panel.yaml"}
    (tmp_path / "panel.yaml").write_text("replies:\n  specialist.opinion: [eczema]\n")
    team = team_of(config(model="starter", specialist=f"scripted:{tmp_path}/panel.yaml"), "trained")
    assert str(team["attending"]) == "starter@trained" and team["patient"] == team["triage"] != team["attending"]
    assert str(team["specialist"]).startswith(f"scripted:{tmp_path}/panel.yaml@")


@pytest.mark.parametrize("role", ["patient", "triage", "specialist"])
def test_a_person_plays_in_no_training_and_nobody_plays_in_one_of_triage(role):
    with pytest.raises(TrainingError, match=f"'human' cannot play during training; give --{role} a model"):
        config(**{role: "human"})
    named: dict[str, Any] = {role: "starter"}
    with pytest.raises(TrainingError, match=f"--{role} would have no effect, since a triage decision is"):
        TrainConfig(role="triage", steps=1, **named)


def test_no_specialist_is_named_where_opinions_are_made_up():
    with pytest.raises(TrainingError, match="--specialist would have no effect, since --panel-skill makes"):
        config(panel_skill=0.5, specialist="starter")


def test_what_was_trained_is_played_with_the_team_that_it_was_trained_in():
    assert played_with(TrainConfig(role="triage", steps=1), "OUT") == "--triage OUT"
    named = TrainConfig(role="interview", steps=1, triage="my-triage", specialist="org/model")
    assert played_with(named, "OUT") == "--triage my-triage --specialist org/model --attending OUT"


def test_no_model_is_fetched_to_count_threads(monkeypatch, tmp_path):
    def fetched(*_):
        raise AssertionError

    monkeypatch.setattr("consult.agents.models.model_resolver._of_the_hub", fetched)
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "starter"}')
    assert [_is_starter(name) for name in ("starter", str(tmp_path), "org/model")] == [True, True, False]


# -- made-up panels ----------------------------------------------------------------------------------------------------


def test_made_up_panels_are_marked_and_can_be_played_on(derm34, interviews, doctors, db):
    drawn = interviews.synthetic_panels("train", IDS, 0.5, 3)
    assert len(drawn) == 3 * len(IDS) and len({name for name, _ in drawn}) == len(drawn)
    with Store(db) as store:
        sources = store.query("SELECT DISTINCT source FROM opinions WHERE consultation_id = ?", drawn[0][0])
        assert [row["source"] for row in sources] == ["synthetic"]
        run = drawn[0][0].partition(".")[0]
        row = present(store.run(run))
        assert row["status"] == "interrupted"
        config = RunConfig.model_validate_json(row["config"])
        models = Models({"doctors": doctors})
        summary = Runner(derm34, config, models, store).run()
        assert summary["run"] == run and summary["finished"] == len(IDS)
        opinions = store.query("SELECT DISTINCT source FROM opinions WHERE consultation_id LIKE ?", f"{run}.%")
        assert [row["source"] for row in opinions] == ["synthetic"]


def consultation(derm34, case, seed=0):
    plan = Plan(ordinal=1, case=case, temperament="sanguine", strategy="dialogue", team="no-triage", seed=seed)
    return Consultation(derm34, derm34.case(case), plan)


@pytest.mark.parametrize("accuracy", [0.0, 0.6, 1.0])
def test_a_made_up_panel_is_right_as_often_as_its_accuracy(derm34, accuracy):
    right = n = 0
    for seed in range(300):
        one = consultation(derm34, IDS[seed % 4], seed)
        truth = one.case.truth.diagnosis
        for opinion in sample_synthetic_panel(one, accuracy):
            assert opinion.source == "synthetic" and opinion.confidence in CONFIDENCES
            assert opinion.diagnosis == truth or opinion.diagnosis in derm34.labels[truth].look_alikes
            right, n = right + (opinion.diagnosis == truth), n + 1
    assert abs(right / n - accuracy) < 0.06
    assert sample_synthetic_panel(one, accuracy) == sample_synthetic_panel(one, accuracy)


# -- splits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["test-0003", "validation-0001"])
def test_a_case_of_another_split_is_not_trained_on(derm34, case):
    rows = triage_rows(derm34, [*IDS, case], DIALECTS["starter"], sees=True)
    with pytest.raises(TrainingError, match=f"'{case}' belongs to the {case.partition('-')[0]} split"):
        train_only(rows)
    (phase,) = phases(rows, TrainConfig(role="triage", steps=1))
    with pytest.raises(TrainingError, match="train on train cases only"):
        fit(None, phase, derm34, None, Path(), [])  # type: ignore[arg-type]  # refused before either is touched
    assert train_only(rows[:-1]) == rows[:-1]


def test_the_sets_of_a_training_are_of_their_splits(derm34):
    for split in ("train", "validation", "test"):
        assert {derm34.case(i).split for i in case_ids(derm34, split, 40)} == {split}


def test_specialties_are_left_out(derm34):
    rows = triage_rows(derm34, derm34.case_ids("train")[:34], DIALECTS["starter"], sees=True)
    kept = without(rows, ["dentistry"])
    assert len(kept) == 34 - 5 and all(row.case.truth.specialty != "dentistry" for row in kept)


# -- stages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(interviews, derm34):
    made = rows_of(interviews.synthetic_panels("train", IDS, 0.5, 12))
    assert {stage_of(row.panel_correct_share) for row in made} == {"easy", "medium", "hard"}
    return made


def config(**more):
    return TrainConfig(role="attending", steps=60, **more)


def test_stages_follow_the_share_of_the_panel_that_is_right():
    assert [stage_of(s) for s in (1.0, 2 / 3, 1 / 3, 0.0)] == ["easy", "medium", "medium", "hard"]


def test_the_four_arms(rows):
    plans = {arm: phases(rows, config(curriculum=arm)) for arm in ("none", "order", "entropy", "full")}
    for arm, plan in plans.items():
        assert [phase.until for phase in plan] == [phase.until for phase in plans["order"]] and plan[-1].until == 1
        assert len({phase.number for phase in plan}) == 3
        if arm == "none":
            assert all(list(phase.rows) == list(plan[0].rows) for phase in plan) and len(plan[0].rows) == len(rows)
        else:
            assert [phase.name for phase in plan] == ["easy", "medium", "hard"]
            assert all({stage_of(row.panel_correct_share) for row in phase.rows} == {phase.name} for phase in plan)
            assert sum(len(phase.rows) for phase in plan) == len(rows)
    constant = {(phase.entropy, phase.beta) for arm in ("none", "order") for phase in plans[arm]}
    assert len(constant) == 1
    assert [phase.entropy for phase in plans["entropy"]] == list(ENTROPY.values()) == sorted(ENTROPY.values())
    assert {phase.beta for phase in plans["entropy"]} == {phase.beta for phase in plans["order"]}
    assert [phase.beta for phase in plans["full"]] == list(BETA.values())


def test_stages_can_be_left_out(rows):
    plan = phases(rows, config(curriculum="order", stages=("easy", "medium")))
    assert [phase.name for phase in plan] == ["easy", "medium"] and plan[-1].until == 1
    (shuffled,) = phases(rows, config(stages=("easy",)))
    assert {row.panel_correct_share for row in shuffled.rows} == {1.0}


def test_an_empty_stage_is_said(rows):
    hard = [row for row in rows if row.panel_correct_share != 0]
    assert empty_stages(hard, config()) == ["hard"] and empty_stages(rows, config()) == []
    assert [phase.name for phase in phases(hard, config(curriculum="full"))] == ["easy", "medium"]
    with pytest.raises(TrainingError, match="no decision belongs to the stages hard"):
        phases(hard, config(stages=("hard",)))


def test_the_histogram_counts_every_row(rows):
    drawn = histogram(rows)
    assert [line.split()[2] for line in drawn] == ["1.00", "0.67", "0.33", "0.00"]
    assert sum(int(line.split()[4].replace(",", "")) for line in drawn) == len(rows)


def test_no_interval_is_none_and_not_nought():
    found = ends(Estimate(0.6, None, None, 5))
    assert found is None and in_points(found) is None
    assert in_points(ends(Estimate(0.6, 0.25, 0.75, 50))) == "+25.0 to +75.0"


# -- configuration -----------------------------------------------------------------------------------------------------


def test_flags_are_the_fields_of_a_training():
    flags = set(inspect.signature(command_of("attending")).parameters) - set(NOT_FIELDS)
    assert flags == set(TrainConfig.model_fields) - {"role"}
    defaults = inspect.signature(command_of("attending")).parameters
    for name in flags - {"stages", "leave_out", "rewards"}:
        assert defaults[name].default == TrainConfig.model_fields[name].default, name


def test_flags_go_before_the_file_or_the_preset(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text("seed = 3\ncases = 50\nlearning-rate = 0.01\n[rewards]\nformat = 0.0\n")
    read = read_config("triage", file, None, {"seed": 4})
    assert (read.seed, read.cases, read.learning_rate) == (4, 50, 0.01)
    assert read_config("triage", None, "smoke", {"cases": 50}).validation == 170
    for text, given, said in (
        ("rank = 'x'", {"rank": 4}, "'rank' cannot be 'x'"),
        ("seed = 2024-01-31", {"seed": 1}, "'seed' cannot be 2024-01-31"),
        ("leave_out = ['a', 'a']", {"leave_out": ("b",)}, "'a' is given twice; give it once"),
        ("check-every = 2\ncheck_every = 3", {}, "gives 'check_every' twice; give it once"),
    ):
        (other := file.with_name("other.toml")).write_text(text)
        with pytest.raises(TrainingError, match=said):
            read_config("triage", other, None, {"steps": 1, **given})
    with pytest.raises(TrainingError, match="--preset and --config both"):
        read_config("triage", file, "smoke", {})
    assert "format" not in read.weights and read.weights["accuracy"] == 1.0
    assert read_config("triage", None, "smoke", {"steps": 5}).minutes is None
    limits = [
        (read.steps, read.minutes)
        for read in (
            read_config("triage", None, "smoke", {}),
            read_config("triage", None, "smoke", {"minutes": 7}),
            read_config("attending", None, "smoke", {}),
            read_config("attending", None, "smoke", {"steps": 9}),
        )
    ]
    assert limits == [(80, None), (None, 7), (None, 2), (9, None)]


def test_where_no_end_is_given_the_starter_is_trained_as_published():
    triage, attending, interview = (
        read_config(role, None, None, {"seed": 1}) for role in ("triage", "attending", "interview")
    )
    assert (triage.steps, triage.minutes, attending.steps, attending.minutes) == (None, 3.0, None, 10.0)
    page = (Path(__file__).parents[3] / "docs/training-results.md").read_text(encoding="utf-8")
    assert (
        "Five seeds per arm, 3 minutes" in page and "consult train triage --scenario derm34 --seed 1 --out OUT" in page
    )
    (command,) = re.findall(r"^consult train interview (.*) --seed 1 --out OUT$", page, re.MULTILINE)
    words = command.split()
    said = {name[2:].replace("-", "_"): float(value) for name, value in zip(words[::2], words[1::2], strict=True)}
    assert {name: getattr(interview, name) for name in said if name not in ("group", "learning_rate")} == {
        name: value for name, value in said.items() if name not in ("group", "learning_rate")
    }
    assert said["group"] == GROUPS["interview"]
    assert said["learning_rate"] == RATES["starter", "grpo", False] / GENTLER
    assert interview.minutes is None and read_config("interview", None, None, {"prompts": 4}).prompts == 4
    assert read_config("triage", None, None, {"steps": 7}).minutes is None
    assert read_config("interview", None, None, {"minutes": 7}).prompts == 16


WRONG = {
    "an unknown key": ("sead = 1", "no training field 'sead'; there are: seed"),
    "a wrong type": ("seed = 'one'", "'seed' cannot be 'one'"),
    "too little": ("prompts = 0", "'prompts' cannot be 0"),
    "an unknown reward": ("[rewards]\naccurate = 1", "no reward 'accurate'; there are: accuracy"),
    "no TOML": ("seed", "is not TOML"),
    "no end": ("model = 'org/model'", "no limit is set for training 'org/model'"),
    "another role's field": ("curriculum = 'order'\nsteps = 1", "--curriculum belongs to the attending"),
    "a curriculum of copying": ("steps = 1\nmethod = 'sft'\ncurriculum = 'order'", "--curriculum works only with GRPO"),
    "a stage twice": ("steps = 1\nstages = ['easy', 'easy']", "--stages lists each stage once"),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_configuration_is_told_in_a_sentence(tmp_path, text, told):
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    role: TrainedRole = "triage" if "another" in told or "belongs" in told else "attending"
    with pytest.raises(UserError) as caught:
        read_config(role, file, None, {})
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_opinions_carry_their_source():
    assert Opinion("dermatology", "eczema", 0.5, "").source == "model"
