"""Train the assessor's adapter from a base and a seed. Every stage can be resumed.

Run `consult train assessor --out DIR`. Stages, stored in `DIR/work`: play consultations → train on examples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from consult.agents.assessors.rules import VERSION
from consult.agents.models.local.loading import dialect_of, refuse_unsafe, revision_of
from consult.agents.models.model_resolver import locate
from consult.agents.prompt import fill
from consult.agents.prompt_formats.starter_assessment import assessment_fingerprint
from consult.counts import count_of
from consult.envs.runner import versions
from consult.reading import read_object
from consult.rl.starter.assessor import contrasts
from consult.rl.starter.assessor.auxiliary_targets import AuxiliaryTargets
from consult.rl.starter.assessor.rollouts import configurations, play
from consult.rl.starter.assessor.training import AdapterTraining, Sources, laid_on
from consult.rl.starter.stages import RecipeError
from consult.rl.starter.vision import Say
from consult.scenarios import load_scenario
from consult.scenarios.case_generator import Grammar
from consult.whole_files import write_whole


@dataclass(frozen=True)
class AssessorRecipe:
    """Everything that decides the result."""

    base: str = "starter"
    """The model that plays the consultations and that is trained."""
    scenario: str = "derm34"
    seed: int = 5
    consultations: int = 320
    """Number of train cases, from the first; each is played once."""
    lessons: int = 20_000
    """Number of edited consultations; each is trained on once."""
    rank: int = 32
    rate: float = 2e-3
    batch: int = 8
    threads: int = 1


def train_assessor(recipe: AssessorRecipe, out: Path, say: Say) -> dict[str, Any]:
    """Run a recipe, continuing from the stages of an earlier call in `out`.

    Args:
        recipe: What to train.
        out: The adapter's folder; stages are stored in its subfolder `work`.
        say: Called with each line of progress.

    Returns:
        The facts about the training for the card.

    Raises:
        RecipeError: The base is not the starter's kind, the scenario has no cases to play, or `out` holds another
            recipe's stages.
    """
    import torch

    torch.set_num_threads(recipe.threads)
    base, scenario = _base(recipe), load_scenario(recipe.scenario)
    if not isinstance(scenario.source, Grammar):
        raise RecipeError(f"'{recipe.scenario}' lists its cases; the recipe needs a scenario with tables, e.g. derm34")
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    _same_recipe(recipe, base, work / "recipe.json")
    cases = tuple(scenario.case_ids("train")[: recipe.consultations])
    store = work / "played.db"
    runs = configurations(recipe.base, recipe.scenario, "train", cases, recipe.seed)
    play(runs, scenario, recipe.base, store, say)
    sources = Sources(recipe.scenario, recipe.base, str(base), str(store), cases, recipe.seed)
    training = _taught(recipe, base, sources, work / "lessons.pt", say)
    _save(training, recipe, base, out)
    facts = {
        "recipe": asdict(recipe),
        "rules": VERSION,
        "format": assessment_fingerprint(),
        "base_revision": revision_of(base),
        "parameters": sum(p.numel() for p in training.parameters),
        "steps": training.progress.step,
        "loss": round(training.progress.loss, 3),
        "training_seconds": round(training.progress.seconds),
    }
    write_whole(out / "training.json", json.dumps(facts, indent=2) + "\n")
    write_whole(out / "README.md", assessor_card(facts, ""))
    return facts


def _base(recipe: AssessorRecipe) -> Path:
    located = locate(recipe.base)
    refuse_unsafe(located.folder, "config.json")
    if located.adapter is not None or dialect_of(located.folder) != "starter":
        raise RecipeError(f"'{recipe.base}' is not a starter; give --base starter or a folder of consult train starter")
    return located.folder


def _same_recipe(recipe: AssessorRecipe, base: Path, path: Path) -> None:
    # The number of threads affects speed only.
    told = {k: v for k, v in asdict(recipe).items() if k != "threads"}
    told |= {"format": assessment_fingerprint(), "rules": VERSION, "weights": revision_of(base)}
    if path.exists() and read_object(path, fix="remove it, or give another --out") != told:
        raise RecipeError(f"'{path.parent}' holds the stages of another recipe; give another --out, or remove it")
    write_whole(path, json.dumps(told, indent=2))


def _taught(recipe: AssessorRecipe, base: Path, sources: Sources, checkpoint: Path, say: Say) -> AdapterTraining:
    import torch
    from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

    model: Any = LlavaForConditionalGeneration.from_pretrained(base, dtype=torch.float32)
    adapted = laid_on(model, recipe.rank, recipe.seed)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base)
    heads = AuxiliaryTargets(load_scenario(recipe.scenario), contrasts.learned()).heads
    training = AdapterTraining(adapted, tokenizer, sources, heads, recipe.lessons, recipe.rate, recipe.batch)
    training.train(checkpoint, say)
    return training


def _save(training: AdapterTraining, recipe: AssessorRecipe, base: Path, out: Path) -> None:
    """Write the adapter in half precision, with its format and its base's revision in the metadata."""
    import torch
    from safetensors.torch import load_file, save_file

    # The base's name is written afterwards: PEFT would look it up on the hub.
    training.model.save_pretrained(out, save_embedding_layers=False)
    configuration = out / "adapter_config.json"
    said = read_object(configuration) | {"base_model_name_or_path": _named(recipe, base, out)}
    write_whole(configuration, json.dumps(said, indent=2) + "\n")
    weights = out / "adapter_model.safetensors"
    halved = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(weights).items()}
    metadata = {
        "format": "pt",
        "dialect": "starter",
        "role": "assessor",
        "assessment_fingerprint": assessment_fingerprint(),
        "base_revision": revision_of(base),
    }
    save_file(halved, weights, metadata=metadata)


def _named(recipe: AssessorRecipe, base: Path, out: Path) -> str:
    """Name the base so that it is found from the adapter's folder, even after both were moved together."""
    if out.resolve().parent == base.resolve():
        return ".."
    return str(base.resolve()) if Path(recipe.base).is_dir() else recipe.base


def assessor_card(facts: Mapping[str, Any], figures: str) -> str:
    """Write the card from its template, `card.md`.

    Args:
        facts: The content of `training.json`.
        figures: Tables of results; empty if nothing was measured.
    """
    recipe = facts["recipe"]
    return fill(
        (Path(__file__).parent / "card.md").read_text(encoding="utf-8"),
        scenario=recipe["scenario"],
        base=recipe["base"],
        base_revision=facts["base_revision"],
        rules=str(facts["rules"]),
        format=facts["format"],
        rank=str(recipe["rank"]),
        parameters=f"{facts['parameters']:,}",
        consultations=f"{recipe['consultations']:,}",
        examples=f"{recipe['lessons']:,}",
        steps=f"{facts['steps']:,}",
        minutes=f"{facts['training_seconds'] / 60:.0f}",
        threads=count_of(recipe["threads"], "CPU thread"),
        seed=str(recipe["seed"]),
        versions=", ".join(f"{name} {number}" for name, number in versions().items()),
        figures=figures or "Not measured yet: `python benchmarks/assessor.py`.",
    )
