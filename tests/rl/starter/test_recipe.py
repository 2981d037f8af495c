"""The recipe on a small scenario: from drawings to a model that plays, and taken up where it stopped."""

import shutil
from pathlib import Path

import pytest
import torch
import yaml

import consult.scenarios
from consult.agents.models import open_model
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.rl.starter import encoding
from consult.rl.starter.encoding import Plan
from consult.rl.starter.example import SHARES
from consult.rl.starter.recipe import Recipe, train_starter
from consult.rl.starter.stages import RecipeError
from consult.rl.starter.supervised import Supervised
from consult.scenarios import load_scenario

SHORT = {"tokens": 2_000, "wording_tokens": 2_000}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenario") / "small"
    shutil.copytree(Path(consult.scenarios.__file__).parent / "derm34", folder)
    spec = yaml.safe_load((folder / "scenario.yaml").read_text())
    spec["splits"] = {"train": 68, "validation": 34, "test": 34}
    (folder / "scenario.yaml").write_text(yaml.safe_dump(spec))
    return str(folder)


@pytest.fixture(scope="module")
def trained(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    recipe = Recipe(scenario=small, vision_steps=2, free_pictures=64, held_out=4, **SHORT)
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "POOL", 24)
        figures = train_starter(recipe, out, said.append)
    return out, recipe, figures


@pytest.mark.slow
def test_what_comes_out_loads_and_plays(trained, small, tmp_path):
    out, _, figures = trained
    assert figures["tokens"] >= 4_000 and figures["held_out"]["consultations played to their end"] == [4, 4]
    assert "no medical knowledge" in (out / "README.md").read_text()
    model = open_model(str(out))
    assert model.info.dialect == "starter" and model.info.sees
    scenario, role = load_scenario(small), RoleConfig(model=str(out))
    config = RunConfig(
        scenario=small, cases=("test-0000", "test-0001"), temperaments=("choleric", "sanguine"), max_turns=4,
        patient=role, triage=role, specialist=role, attending=role,
    )  # fmt: skip
    with Store(tmp_path / "a.db") as store:
        summary = Runner(scenario, config, Models({str(out): model}), store).run()
    assert summary["finished"] == 2


@pytest.mark.slow
def test_another_recipe_does_not_take_the_stages_up(trained):
    out, recipe, _ = trained
    other = Recipe(scenario=recipe.scenario, vision_steps=3, free_pictures=64, **SHORT)
    with pytest.raises(RecipeError, match="holds the stages of another recipe"):
        train_starter(other, out, print)


def test_a_scenario_without_tables_is_refused(tmp_path):
    (tmp_path / "scenario.yaml").write_text("name: mine\ntitle: Mine\ntopics: {}\n")
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "complaint": "I cough"}\n')
    with pytest.raises(RecipeError, match="needs a scenario with tables"):
        train_starter(Recipe(scenario=str(tmp_path)), tmp_path / "out", print)


def test_the_plan_of_a_stage_decides_its_examples(trained, small, monkeypatch):
    monkeypatch.setattr(encoding, "POOL", 24)
    folder = trained[0] / "work" / "tokenizer"

    def weighed(plan):
        """Give how many places of an answer are weighed."""
        batches = encoding.pool_of_batches(small, str(folder), "a seed", 3, plan)
        assert batches == encoding.pool_of_batches(small, str(folder), "a seed", 3, plan)
        assert all(len(batch) * max(len(example.ids) for example in batch) <= plan.most for batch in batches)
        examples = [example for batch in batches for example in batch]
        assert len(examples) == 24
        return {len(example.soft) for example in examples}

    triage, decision = {"triage": 1.0}, {"decision": 1.0}
    # Specialty and urgency, or urgency alone, and two diagnoses where somebody thinks; urgency and a diagnosis, or
    # none, with up to two topics that are noted, and the names of three colleagues where they were heard.
    assert weighed(Plan(triage, 2_000)) == {2, 4}
    assert weighed(Plan(triage, 2_000, triage_labels=0, decision_labels=24)) == {1, 3}
    whole = weighed(Plan(decision, 2_000))
    alone, heard = {2, 3, 4}, {5, 6, 7}
    assert whole <= alone | heard and whole & alone and whole & heard
    assert weighed(Plan(decision, 2_000, decision_labels=0, triage_labels=24)) == {places - 1 for places in whole}


@pytest.mark.slow
def test_training_taken_up_ends_where_it_would_have_ended(trained, small, tmp_path, monkeypatch):
    out, _, _ = trained
    monkeypatch.setattr(encoding, "POOL", 24)
    features = torch.zeros(68, 36, 160).half()

    def supervised():
        from transformers import PreTrainedTokenizerFast

        from consult.rl.starter.architecture import build_model

        torch.set_num_threads(1)
        size = len(PreTrainedTokenizerFast.from_pretrained(out / "work" / "tokenizer"))
        plan = Plan(SHARES, 4_500, triage_labels=34, decision_labels=34)
        return Supervised(build_model(size, 5), features, 34, 9_000, plan, rate=1.6e-3)

    def train(one, path):
        one.train(small, out / "work" / "tokenizer", 5, path, print, every=0)

    whole = supervised()
    train(whole, tmp_path / "whole.pt")
    cut = supervised()
    steps = []

    def dies(batch, step=cut._step):
        steps.append(1)
        if len(steps) > whole.progress.step // 2:
            raise KeyboardInterrupt
        return step(batch)

    cut._step = dies
    with pytest.raises(KeyboardInterrupt):
        train(cut, tmp_path / "cut.pt")
    again = supervised()
    train(again, tmp_path / "cut.pt")
    assert again.progress.step == whole.progress.step and again.progress.tokens == whole.progress.tokens
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name
