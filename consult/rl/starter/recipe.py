"""Train the starter from a seed to a folder with weights, tokenizer and card. Every stage can be resumed.

Run `consult train starter --out DIR`. Simplifications: one pass of plain supervised training, no search over sizes or
rates, the vision tower frozen after its own training, and synthetic opinions in place of real ones
(`consult.rl.starter.corpus`).

Stages, each stored in `DIR/work`: drawings → tokenizer → vision tower → judging examples → speaking examples → a
classifier on the tower.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from consult.agents.prompt_formats.starter import StarterDialect
from consult.reading import read_object
from consult.rl.starter import architecture, encoding
from consult.rl.starter.card import held_out_table, model_card, table_row
from consult.rl.starter.classifier import ClassifierRecipe, counted, train_classifier
from consult.rl.starter.encoding import Plan
from consult.rl.starter.example import SHARES, WORDING_SHARES
from consult.rl.starter.stages import RecipeError, reading_stage
from consult.rl.starter.supervised import Supervised
from consult.rl.starter.vision import Pictures, Say, draw_pictures, features, train_tower
from consult.scenarios import Scenario, load_scenario
from consult.scenarios.case_generator import Grammar
from consult.whole_files import drafted, write_whole


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result."""

    scenario: str = "derm34"
    seed: int = 34
    tokens: int = 5_500_000
    """Tokens of examples in which the doctors learn to judge."""
    wording_tokens: int = 1_500_000
    """Tokens of examples in which everybody learns to speak."""
    triage_labels: int = 1_000
    """Number of train cases with the specialty as the triage doctor's target; deliberately few."""
    decision_labels: int = 4_000
    """Number of train cases with the diagnosis as the attending's target; deliberately few."""
    vision_steps: int = 2_500
    """Batches of 64 pictures."""
    free_pictures: int = 6_800
    """Additional pictures, beyond the cases' own, to train the tower on."""
    workers: int = 2
    """Number of processes that draw."""
    threads: int = 1
    held_out: int = 170
    """Number of validation cases that are played for the card's table."""


def train_starter(recipe: Recipe, out: Path, say: Say) -> dict[str, Any]:
    """Run a recipe, continuing from the stages of an earlier call in `out`.

    Args:
        recipe: What to train.
        out: The model's folder; stages are stored in its subfolder `work`.
        say: Called with each line of progress.

    Returns:
        The figures of the card.

    Raises:
        RecipeError: The scenario has no tables to make examples from, or `out` holds another recipe's stages.
    """
    import torch

    torch.set_num_threads(recipe.threads)
    scenario = load_scenario(recipe.scenario)
    if not isinstance(scenario.source, Grammar):
        raise RecipeError(f"'{recipe.scenario}' lists its cases; the recipe needs a scenario with tables, e.g. derm34")
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    _same_recipe(recipe, work / "recipe.json")
    begun = time.monotonic()
    train, validation, free = _pictures(recipe, scenario, work, say)
    tokenizer = _tokenizer(recipe, scenario, work, say)
    model = architecture.build_model(len(tokenizer), recipe.seed)
    sight = _tower(recipe, model, train, validation, free, work, say)
    for parameter in model.model.vision_tower.parameters():
        parameter.requires_grad_(False)
    say("encoding the train cases' photographs")
    seen = features(model.model.vision_tower, train.pixels)
    labels = len(scenario.labels)
    taught = {"triage_labels": recipe.triage_labels, "decision_labels": recipe.decision_labels}
    judging = Supervised(model, seen, labels, recipe.tokens, Plan(SHARES, 2_500, **taught), rate=1.6e-3)
    judging.train(recipe.scenario, work / "tokenizer", recipe.seed, work / "judging.pt", say)
    words = Plan(WORDING_SHARES, 2_000, **taught)
    speaking = Supervised(model, seen, labels, recipe.wording_tokens, words, rate=1e-3)
    speaking.train(recipe.scenario, work / "tokenizer", f"{recipe.seed} wording", work / "speaking.pt", say)
    stages = (judging.progress, speaking.progress)
    figures = {
        "recipe": asdict(recipe),
        "parameters": sum(p.numel() for p in model.parameters()),
        "morphology_accuracy": sight,
        "training_seconds": round(sum(stage.seconds for stage in stages)),
        "wall_seconds": round(time.monotonic() - begun),
        "tokens": sum(stage.tokens for stage in stages),
        "steps": sum(stage.step for stage in stages),
        "loss": round(speaking.progress.loss, 3),
        "dialect": StarterDialect().fingerprint(),
    }
    save(model, tokenizer, out, figures)
    sizes = scenario.splits
    classifier = ClassifierRecipe(recipe.scenario, recipe.seed, sizes["train"], sizes["test"], recipe.workers)
    predictions = train_classifier(str(out), classifier, work, say)
    figures["classifier"] = counted(predictions)
    say(f"playing {recipe.held_out} validation cases")
    table = [*held_out_table(str(out), scenario, recipe.scenario, recipe.held_out), *predictions]
    figures["held_out"] = {rate.name: [rate.hits, rate.n] for rate in table}
    write_whole(out / "figures.json", json.dumps(figures, indent=2) + "\n")
    write_whole(out / "README.md", model_card(figures, table))
    for rate in table:
        say(table_row(rate))
    return figures


def _same_recipe(recipe: Recipe, path: Path) -> None:
    # The numbers of threads and workers affect speed only.
    told = {k: v for k, v in asdict(recipe).items() if k not in ("workers", "threads", "held_out")}
    if path.exists() and read_object(path, fix="remove it, or give another --out") != told:
        raise RecipeError(f"'{path.parent}' holds the stages of another recipe; give another --out, or remove it")
    write_whole(path, json.dumps(told, indent=2))


def _pictures(recipe: Recipe, scenario: Scenario, work: Path, say: Say) -> tuple[Pictures, Pictures, Pictures]:
    say("drawing photographs")
    sizes = scenario.splits
    train = draw_pictures(recipe.scenario, "train", sizes["train"], work / "train.npz", recipe.workers)
    validation = draw_pictures(
        recipe.scenario, "validation", sizes["validation"], work / "validation.npz", recipe.workers
    )
    free = draw_pictures(recipe.scenario, "", recipe.free_pictures, work / "free.npz", recipe.workers, free=True)
    return train, validation, free


def _tokenizer(recipe: Recipe, scenario: Scenario, work: Path, say: Say) -> Any:
    from transformers import PreTrainedTokenizerFast

    folder = work / "tokenizer"
    if not folder.exists():
        say("training the tokenizer")
        texts = encoding.tokenizer_texts(recipe.scenario)
        made = architecture.train_tokenizer(texts, encoding.single_tokens(scenario))
        # The folder marks the stage as done, so it has its name only when it is complete.
        draft = folder.with_name(f".{folder.name}.part")
        made.save_pretrained(draft)
        draft.rename(folder)
    with reading_stage(folder):
        return PreTrainedTokenizerFast.from_pretrained(folder)


def _tower(
    recipe: Recipe, model: Any, train: Pictures, validation: Pictures, free: Pictures, work: Path, say: Say
) -> float:
    import numpy as np
    import torch

    path = work / "tower.pt"
    tower = model.model.vision_tower
    if not path.exists():
        together = Pictures(np.concatenate([train.pixels, free.pixels]), np.concatenate([train.targets, free.targets]))
        sight = train_tower(tower, together, validation, steps=recipe.vision_steps, seed=recipe.seed, say=say)
        say(f"vision: morphology right in {sight:.1%} of {len(validation.pixels)} validation photographs")
        with drafted(path) as draft:
            torch.save({"tower": tower.state_dict(), "sight": sight}, draft)
    with reading_stage(path):
        state = torch.load(path, weights_only=True)
        tower.load_state_dict(state["tower"])
        sight = float(state["sight"])
    tower.eval()
    return sight


def save(model: Any, tokenizer: Any, out: Path, figures: dict[str, Any]) -> None:
    """Write a folder that transformers can load, with the prompt format in the weights' metadata."""
    import torch
    from safetensors.torch import load_file, save_file

    architecture.build_processor(tokenizer).save_pretrained(out)
    model.to(torch.bfloat16).save_pretrained(out)
    weights = out / "model.safetensors"
    metadata = {"format": "pt", "dialect": "starter", "dialect_fingerprint": figures["dialect"]}
    save_file(load_file(weights), weights, metadata=metadata)
