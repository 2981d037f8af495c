"""Trainings of seconds, whole: what comes out, what a stop leaves behind, and what is told when something is wrong."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
import torch
from amounts import exhaustive
from narrowing import present
from safetensors.torch import load_file

from consult.agents.acts import Act
from consult.agents.grounding.facts import plainly
from consult.agents.models import open_model
from consult.agents.models.local.training_metadata import PRACTICE
from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.models.model import ModelError, Request
from consult.envs.config import Plan
from consult.envs.consultation import Consultation
from consult.envs.store.write import Store
from consult.envs.synthetic import sample_synthetic_panel
from consult.errors import UserError
from consult.rl.config import TrainConfig
from consult.rl.data.dataset import triage_rows
from consult.rl.policy.policy import Policy
from consult.rl.practitioner import train_practitioner
from consult.rl.rewards.decisions import DECISION_REWARDS
from consult.rl.runtime.dry_run import tell_plan
from consult.rl.trainers import grpo
from consult.rl.trainers.rollout_store import RolloutStore
from consult.rl.trainers.sft import answer_of, tokenized
from consult.scenarios import load_scenario

SMALL = dict(cases=12, validation=6, test=4, steps=4, prompts=4, group=8, check_every=2, learning_rate=5e-3)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSULT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def derm34():
    return load_scenario("derm34")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Draw the curves of one training alone: it takes as long as the training."""
    monkeypatch.setattr("consult.rl.runtime.results.draw_curves", lambda rows, path: path.touch())


def triage(**more) -> TrainConfig:
    return TrainConfig(role="triage", **{**SMALL, **more})


def train(config: TrainConfig, out: Path, **more):
    return train_practitioner(config, out, lambda line: None, **more)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training that nothing disturbed."""
    out = tmp_path_factory.mktemp("trained") / "out"
    told: list[str] = []
    return out, train_practitioner(triage(), out, told.append), told


def curve(out: Path) -> list[dict[str, str]]:
    with (out / "curves.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


# -- what comes out ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_folder(trained):
    out, metrics, told = trained
    names = {path.name for path in out.iterdir()}
    assert names == {
        "adapter_config.json", "adapter_model.safetensors", PRACTICE, "metrics.json", "training.json",
        "curves.csv", "curves.png", "decisions.csv", "README.md",
    }  # fmt: skip
    config = json.loads((out / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "starter" and config["revision"] is None
    assert json.loads((out / PRACTICE).read_text()) == {"role": "triage", "rationale": "before"}
    card = (out / "README.md").read_text()
    assert "Simulation, not medical advice" in card and f"{metrics['after']:.1%}" in card
    assert json.loads((out / "metrics.json").read_text()) == metrics
    assert any("before: " in line for line in told) and any("validation" in line for line in told)


@pytest.mark.slow
def test_the_figures(trained):
    _, metrics, _ = trained
    assert {"n", "before", "after", "gain", "interval", "seed", "seconds", "steps"} <= set(metrics)
    assert (metrics["n"], metrics["split"], metrics["steps"], metrics["validation"]["n"]) == (4, "test", 4, 6)
    assert metrics["gain"] == pytest.approx(metrics["after"] - metrics["before"])
    assert metrics["formed"] == [1.0, 1.0]


def test_the_decisions(trained):
    out, metrics, _ = trained
    with (out / "decisions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["split"] for row in rows] == ["validation"] * 6 + ["test"] * 4
    for when in ("before", "after"):
        assert sum(row[when] == row["wanted"] for row in rows[6:]) / 4 == metrics[when]


def test_the_curve(trained):
    out, _, _ = trained
    rows = curve(out)
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert [bool(row["validation"]) for row in rows] == [False, True, False, True]
    for row in rows:
        assert 0 <= float(row["right"]) <= 1 and float(row["length"]) == 2.0 and float(row["entropy"]) > 0
        assert all(float(row[f"{what}_seconds"]) >= 0 for what in ("generation", "reward", "update"))
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_folder_decides_in_play_as_it_was_measured(trained):
    out, metrics, _ = trained
    scenario, model = load_scenario("derm34"), open_model(str(out))
    from consult.agents.prompt_formats import DIALECTS

    rows = triage_rows(scenario, scenario.case_ids("test")[:4], DIALECTS["starter"], sees=True)
    replies = model.generate(
        [Request((i,), "triage", "triage", 0, row.prompt, seed=0, temperature=0) for i, row in enumerate(rows)]
    )
    named = [DIALECTS["starter"].read_triage(r.text, row.view) for r, row in zip(replies, rows, strict=True)]
    right = sum(present(word).specialty == row.target.answer for word, row in zip(named, rows, strict=True))
    assert right / len(rows) == metrics["after"]


# -- stopped and taken up ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory):
    """A training whose reward raised in the fourth step."""
    out, calls = tmp_path_factory.mktemp("broken off") / "out", []
    pays = DECISION_REWARDS["accuracy"]

    def breaks(decided, target):
        calls.append(decided)
        return pays(decided, target) if len(calls) <= 3 * 32 else 1 / 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grpo, "DECISION_REWARDS", {**DECISION_REWARDS, "accuracy": breaks})
        with pytest.raises(UserError) as caught:
            train(triage(), out)
    assert "the reward 'accuracy' failed on 'train-" in str(caught.value) and "--resume" in str(caught.value)
    return out


@pytest.fixture
def stopped(broken_off, tmp_path):
    return Path(shutil.copytree(broken_off, tmp_path / "out"))


@pytest.mark.slow
def test_what_was_stopped_goes_on_as_if_it_had_not_been(stopped, trained):
    (stopped / "work" / "1-grpo" / "checkpoint-3").mkdir()  # begun, and killed before it was whole
    train(triage(), stopped, resume=True)
    ours, theirs = (load_file(folder / "adapter_model.safetensors") for folder in (stopped, trained[0]))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    without_times = [
        [{k: v for k, v in row.items() if "seconds" not in k and k != "learning_rate"} for row in curve(folder)]
        for folder in (stopped, trained[0])
    ]
    assert without_times[0] == without_times[1]


@pytest.mark.exhaustive
def test_a_kill_between_the_last_checkpoint_and_the_next_phase_costs_and_adds_no_step(trained, tmp_path, monkeypatch):
    keep = Policy.save

    def killed(policy, folder):
        if folder.name == "done":
            raise KeyboardInterrupt
        keep(policy, folder)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Policy, "save", killed)
        train(triage(), tmp_path / "out")
    assert train(triage(), tmp_path / "out", resume=True)["steps"] == 4
    ours, theirs = (load_file(folder / "adapter_model.safetensors") for folder in (tmp_path / "out", trained[0]))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.slow
def test_a_kill_while_the_result_is_written_leaves_it_unfinished(trained, tmp_path, monkeypatch):
    def killed(rows, path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("consult.rl.runtime.results.draw_curves", killed)
        train(triage(), tmp_path / "out")
    assert not (tmp_path / "out" / "metrics.json").exists()
    assert train(triage(), tmp_path / "out", resume=True)["after"] == trained[1]["after"]
    assert {"metrics.json", "curves.csv", "README.md"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_measuring_by_votes_leaves_the_draws_of_a_training_as_they_are(derm34):
    policy = Policy.open(triage())
    rows = triage_rows(derm34, derm34.case_ids("validation")[:3], policy.dialect, sees=True)
    policy.constrain(rows)
    before = torch.random.get_rng_state()
    drawn = policy.decide(rows, 5)
    assert torch.equal(before, torch.random.get_rng_state()) and policy.decide(rows, 5) == drawn
    assert len({text for texts in drawn for text in texts}) > 1


@pytest.mark.slow
def test_a_broken_checkpoint_is_told_of(stopped):
    (checkpoint,) = (stopped / "work" / "1-grpo").glob("checkpoint-*")
    (checkpoint / "optimizer.pt").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"checkpoint-2' is broken .*remove it, and --resume continues from"):
        train(triage(), stopped, resume=True)


@pytest.mark.slow
def test_another_training_is_not_gone_on_with(stopped):
    with pytest.raises(UserError, match="was started with rank = 16, not 8"):
        train(triage(rank=8), stopped, resume=True)
    with pytest.raises(UserError, match="contains a training run; continue with --resume"):
        train(triage(), stopped)


def test_a_finished_training_is_left_as_it_is(trained):
    out, metrics, _ = trained
    before = (out / "adapter_model.safetensors").stat().st_mtime_ns
    assert train(triage(), out, resume=True) == metrics
    assert (out / "adapter_model.safetensors").stat().st_mtime_ns == before


def test_a_folder_with_something_else_is_not_written_to(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="is not empty; give another --out"):
        train(triage(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.slow
def test_a_full_disk_is_told_of(tmp_path, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("consult.rl.policy.policy.Policy.save", full)
    with pytest.raises(UserError, match=r"the disk of '.*' is full; free some space and continue with --resume"):
        train(triage(steps=1, check_every=1), tmp_path / "out")


# -- other methods -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_all_weights_copied_and_then_rewarded(tmp_path):
    train(triage(method="sft+grpo", full=True, beta=0.01, test=0, learning_rate=1e-4), tmp_path / "out")
    assert [row["phase"] for row in curve(tmp_path / "out")] == ["sft", "sft", "grpo", "grpo"]
    model = open_model(str(tmp_path / "out"))
    assert isinstance(model, TransformersModel) and model.info.dialect == "starter" and model.adapter is None
    # The result is a start like any other.
    Policy.open(triage(model=str(tmp_path / "out"))).save(tmp_path / "more")
    base = json.loads((tmp_path / "more" / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert base == "../out" and open_model(str(tmp_path / "more")).info.details["base"]


@pytest.mark.slow
def test_an_adapter_is_trained_on(trained, tmp_path):
    policy = Policy.open(triage(model=str(trained[0])))
    assert all(p.requires_grad for name, p in policy.model.named_parameters() if "lora_" in name)
    policy.save(tmp_path / "out")
    ours, theirs = (load_file(folder / "adapter_model.safetensors") for folder in (tmp_path / "out", trained[0]))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    base = json.loads((tmp_path / "out" / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert base == "starter"
    with pytest.raises(UserError, match="has rank 16, not 8; leave --rank out"):
        Policy.open(triage(model=str(trained[0]), rank=8))
    # Interviews that it plays are known by the weights that played them, and by no others.
    assert policy.revision == open_model(str(trained[0])).info.revision != open_model("starter").info.revision
    with pytest.raises(UserError, match="is an adapter and --full trains whole models"):
        train(triage(model=str(trained[0]), full=True), tmp_path / "full")


# -- the attending -----------------------------------------------------------------------------------------------------


@pytest.fixture
def heard(monkeypatch):
    """Interviews that a program made, in place of played ones."""

    def made(self: RolloutStore, split, ids, accuracy=0.5, draws=1):
        found = []
        for ordinal, case_id in enumerate(ids, 1):
            case = self.scenario.case(case_id)
            plan = Plan(
                ordinal=ordinal, case=case_id, temperament="sanguine", strategy="dialogue", team="panel", seed=0
            )
            one = Consultation(self.scenario, case, plan)
            complaint = case.card.complaint
            one.step(Act("patient", "open", plainly([complaint]), "complaint", ("complaint",)))
            one.step(Act("triage", "triage", specialty=case.truth.specialty, urgency="routine"))
            panel = replace(Act("attending", "consult", "Well."), opinions=sample_synthetic_panel(one, accuracy))
            one.step(panel)
            found.append((f"r1.{ordinal}", one))
        return found

    monkeypatch.setattr(RolloutStore, "rollouts", made)
    monkeypatch.setattr(RolloutStore, "synthetic_panels", made)


def attending(**more) -> TrainConfig:
    small = {**SMALL, "cases": 24, "steps": 4, "prompts": 2, "group": 4, "check_every": 5}
    return TrainConfig(role="attending", **{**small, **more})


@pytest.mark.slow
def test_stages_are_trained_through_one_after_the_other(tmp_path, heard):
    told: list[str] = []
    config = attending(curriculum="full", panel_skill=0.5)
    metrics = train_practitioner(config, tmp_path / "out", told.append)
    phases = [row["phase"] for row in curve(tmp_path / "out")]
    assert list(dict.fromkeys(phases)) == ["easy", "medium", "hard"] and len(phases) in (3, 4, 5)
    assert metrics["synthetic"] is True and set(metrics["by_stage"]) == {"easy", "medium", "hard"}
    assert sum(stage["n"] for stage in metrics["by_stage"].values()) == 4
    drawn = [i for i, line in enumerate(told) if line.startswith("panel right ")]
    assert drawn and drawn[-1] < next(i for i, line in enumerate(told) if line.startswith("before: "))
    assert "made up by a program" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.slow
def test_the_reason_stands_where_it_was_trained_to(tmp_path, heard):
    metrics = train(attending(rationale="after", steps=1, test=0, votes=3, cases=4, group=2), tmp_path / "out")
    assert open_model(str(tmp_path / "out")).info.rationale == "after" and metrics["n"] == 6


@pytest.mark.slow
def test_an_attending_copies(tmp_path, heard):
    config = attending(method="sft", rationale="none", steps=6, check_every=6, test=0, learning_rate=1e-3)
    metrics = train(config, tmp_path / "out")
    losses = [float(row["loss"]) for row in curve(tmp_path / "out")]
    assert sum(losses[-2:]) < sum(losses[:2]) and metrics["split"] == "validation"


@pytest.mark.slow
def test_an_attending_is_trained_from_an_adapter_on_interviews_that_it_played(trained, tmp_path):
    start = dict(model=str(trained[0]), db=tmp_path / "interviews.db")
    small = dict(cases=2, validation=1, test=1, steps=1, prompts=2, group=2, rationale="none")
    told: list[str] = []
    train_practitioner(attending(**start, **small), tmp_path / "first", told.append)
    assert sum(line.startswith("playing") for line in told) == 3
    told.clear()
    train_practitioner(attending(**start, **{**small, "seed": 1}), tmp_path / "second", told.append)
    assert not any(line.startswith("playing") for line in told)
    with Store(start["db"]) as store:
        (ours,) = {row["models"] for row in store.query("SELECT models FROM runs")}
    ours = json.loads(ours)
    assert ours["attending"] == f"{trained[0]}@{open_model(str(trained[0])).info.revision}"
    # The others are the base, as where the adapter plays the attending in a consultation.
    base = f"starter@{open_model('starter').info.revision}"
    assert [ours[role] for role in ("patient", "triage", "specialist")] == [base] * 3


@pytest.mark.slow
def test_an_attending_is_trained_on_what_others_said_who_were_named(trained, tmp_path):
    small = dict(cases=2, validation=1, test=1, steps=1, prompts=2, group=2, rationale="none")
    told: list[str] = []
    for triage_doctor in (None, str(trained[0])):
        config = attending(**small, triage=triage_doctor, db=tmp_path / "interviews.db")
        train_practitioner(config, tmp_path / f"of {triage_doctor is None}", told.append)
    # What one team said is not what another one did.
    assert sum(line.startswith("playing") for line in told) == 6
    with Store(tmp_path / "interviews.db") as store:
        played = [json.loads(row["models"])["triage"] for row in store.query("SELECT models FROM runs")]
    assert sorted((name.rpartition("@")[0] for name in played), key="starter".__ne__) == [
        *["starter"] * 3,
        *[str(trained[0])] * 3,
    ]


@pytest.mark.slow
def test_a_training_does_not_go_on_with_another_team(tmp_path, heard):
    config = attending(steps=1, test=0)
    work = tmp_path / "out" / "work"
    work.mkdir(parents=True)
    (work / "config.json").write_text(config.model_dump_json())
    (work / "team.json").write_text('{"triage": "starter@retrained"}')
    with pytest.raises(UserError, match=r"started with starter@retrained as triage, which is starter@.* now; restore"):
        train(config, tmp_path / "out", resume=True)
    (work / "team.json").unlink()
    assert train(config, tmp_path / "out", resume=True)["split"] == "validation"


# -- any other model ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "method", "steps"),
    [
        ("llava", "sft+grpo", 2),
        *map(exhaustive, (("qwen2_5_vl", "grpo", 1), ("llama", "sft", 1), ("llama", "sft+grpo", 2))),
    ],
)
def test_any_model_is_trained_as_it_writes(tmp_path, family, method, steps):
    folder = getattr(tiny_models, family)(tmp_path / family)
    small = dict(cases=4, validation=2, test=0, prompts=1, group=2, max_tokens=4, check_every=9)
    metrics = train(triage(model=str(folder), method=method, steps=steps, **small), tmp_path / "out")
    assert metrics["n"] == 2 and metrics["steps"] == steps
    base = json.loads((tmp_path / "out" / "adapter_config.json").read_text())["base_model_name_or_path"]
    model = open_model(str(tmp_path / "out"))
    assert isinstance(model, TransformersModel) and base == f"../{family}" and model.adapter is not None
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| licence of the base | unknown: see the base's card |" in card and "license_name: unknown" in card


@pytest.mark.slow
@pytest.mark.parametrize(("warm_up", "names"), [(0.25, ["warm-up", "grpo"]), exhaustive((0.0, ["grpo"]))])
def test_grpo_of_a_model_without_a_usable_answer_is_warmed_up_and_warns_of_flat_rewards(tmp_path, warm_up, names):
    folder = tiny_models.llama(tmp_path / "llama")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    small = dict(cases=4, validation=2, test=0, prompts=1, group=2, max_tokens=4, check_every=20, steps=14)
    told: list[str] = []
    config = triage(model=str(folder), method="grpo", warm_up=warm_up, **small)
    train_practitioner(config, tmp_path / "out", told.append)
    said = " ".join(told)
    assert list(dict.fromkeys(row["phase"] for row in curve(tmp_path / "out"))) == names
    assert "0 of 4 answers without a schema can be used" in said
    assert ("--warm-up 0 leaves it out" in said) == bool(warm_up)
    assert said.count("all answers to a case earned the same reward (0.00 on average)") == 1
    assert all("(best so far)" not in line for line in told if line.startswith("grpo"))
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith('---\nlicense: "mit"\n') and "| licence of the base | mit |" in card


@pytest.mark.parametrize("full", [False, exhaustive(True)])
@pytest.mark.slow
def test_a_text_only_model_learns_the_right_answer_by_copying(tmp_path, full):
    folder = tiny_models.llama(tmp_path / "llama")
    small = dict(cases=2, validation=1, test=0, prompts=1, max_tokens=4, check_every=99, learning_rate=1e-3)
    metrics = train(triage(model=str(folder), method="sft", steps=6, full=full, **small), tmp_path / "out")
    losses = [float(row["loss"]) for row in curve(tmp_path / "out")]
    assert metrics["steps"] == 6 and losses[-1] < losses[0]


def test_what_is_copied_is_the_answer_after_the_prompt_of_play_up_to_the_end_of_the_turn(tmp_path, derm34):
    folder = tiny_models.llama(tmp_path / "llama")
    policy = Policy.open(triage(model=str(folder), method="sft"))
    rows = triage_rows(derm34, derm34.case_ids("train")[:2], policy.dialect, sees=False)
    for row, entry in zip(rows, tokenized(policy, rows, ["eczema, perhaps"] * 2), strict=True):
        asked = entry["completion_mask"].count(0)
        decode = policy.speaker.tokenizer.decode
        assert entry["completion_mask"] == sorted(entry["completion_mask"])
        assert decode(entry["input_ids"][:asked]) == policy.speaker.text(row.prompt)
        assert decode(entry["input_ids"][asked:]).startswith("eczema, perhaps")
        assert entry["input_ids"][-1] in policy.speaker.stops
        assert not policy.speaker.stops & set(entry["input_ids"][asked:-1])


@pytest.mark.parametrize("sees", [True, False])
def test_a_model_that_sees_no_photograph_copies_no_mention_of_one(tmp_path, derm34, sees):
    policy = Policy.open(triage(model=str(tiny_models.llama(tmp_path / "llama")), method="sft"))
    [row] = triage_rows(derm34, derm34.case_ids("train")[:1], policy.dialect, sees=sees)
    answer = json.loads(answer_of(row, policy))
    assert ("photograph" in answer["findings"]) == sees
    assert "photograph" not in answer["reasoning"] + answer["why"]


# -- what cannot be trained --------------------------------------------------------------------------------------------


def test_models_that_cannot_be_trained(tmp_path):
    for reference in ("http://127.0.0.1:1/v1", "scripted:file.yaml"):
        with pytest.raises(UserError, match=f"'{reference}' cannot be trained here"):
            train(triage(model=reference), tmp_path / "out")
    folder = tiny_models.llama(tmp_path / "mute")
    words = json.loads((folder / "tokenizer_config.json").read_text())
    words.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(words))
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    with pytest.raises(ModelError, match="has no chat template; give a model that was tuned for conversation"):
        train(triage(model=str(folder)), tmp_path / "out")


def ward(folder: Path) -> Path:
    """A scenario of train and validation cases without photographs."""
    folder.mkdir()
    (folder / "scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {duration: how long}\n")
    (folder / "labels.yaml").write_text("labels:\n  flu: {specialty: medicine}\n  stye: {specialty: eyes}\n")
    names = [("a", "flu", "train"), ("b", "stye", "train"), ("c", "flu", "validation")]
    lines = [{"id": i, "complaint": "I ache", "diagnosis": d, "split": s} for i, d, s in names]
    (folder / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_cases_without_photographs_are_told_of(tmp_path):
    config = triage(scenario=str(ward(tmp_path / "ward")), cases=2, validation=1, test=0)
    with pytest.raises(UserError, match="no train case of 'ward' has a photograph, and 'starter' needs them"):
        train(config, tmp_path / "out")


@pytest.mark.slow
def test_a_set_in_which_nothing_is_left_is_told_of(tmp_path):
    with pytest.raises(UserError, match=r"no decision is left on the validation cases: .* use more --validation"):
        train(triage(leave_out=("minor surgery",), validation=1), tmp_path / "out")
    every = load_scenario("derm34").specialties
    with pytest.raises(UserError, match="no decision is left on the train cases"):
        train(triage(leave_out=every), tmp_path / "out")


@pytest.mark.slow
def test_an_error_before_the_folder_is_there_is_told_as_it_is(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("of the library's own")

    monkeypatch.setattr("consult.rl.training.phases", broken)
    with pytest.raises(ZeroDivisionError, match="of the library's own"):
        train(triage(), tmp_path / "deep" / "out")


def test_a_split_that_is_not_there_is_told_of(tmp_path):
    folder = ward(tmp_path / "ward")
    (folder / "cases.jsonl").write_text('{"id": "a", "complaint": "I ache", "diagnosis": "flu"}\n')
    with pytest.raises(UserError, match="'ward' has no train cases"):
        train(triage(scenario=str(folder), cases=None), tmp_path / "out")
    folder = ward(tmp_path / "no test")
    with pytest.raises(UserError, match="'ward' has no test cases"):
        train(triage(scenario=str(folder), cases=2, validation=1, test=3), tmp_path / "out")
    with pytest.raises(UserError, match="has 6,800 cases, not 9,000; ask for fewer"):
        train(triage(cases=9000), tmp_path / "out2")


# -- the dry run -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_dry_run_tells_and_writes_nothing(tmp_path):
    told: list[str] = []
    tell_plan(triage(cases=600, steps=100), tmp_path / "out", told.append)
    text = "\n".join(told)
    assert "600 train, 6 validation, 4 test" in text and "a step: 4 cases x 8 completions" in text
    assert "a step takes about" in text and "100 steps" in text and "memory: about" in text
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_dry_run_says_at_once_what_it_can_and_measures_a_stated_part_of_a_long_step(tmp_path, monkeypatch):
    told: list[str] = []

    def measured(*_, **__):
        assert told[-1] == "measuring a step on 1 of 3 cases …"
        assert [line.partition(":")[0] for line in told[1:5]] == ["cases of 'derm34'", "rewards", "trained", "a step"]
        return 2.0

    monkeypatch.setattr("consult.rl.runtime.dry_run._tried", measured)
    config = TrainConfig(role="interview", steps=1, prompts=3, group=2, validation=1, test=0)
    tell_plan(config, tmp_path / "out", told.append)
    assert "a step: 3 cases x 2 completions of at most 8 tokens" in told
    assert "a step takes about 6.0 s here (measured on 1 of 3 cases); 1 step takes 6.0 s" in told
    assert any(line.startswith("memory: at least") for line in told)
