"""The starter's own classifier: a small head on its frozen vision tower, trained on the diagnoses of the train cases.

The last stage of `consult train starter`, or separately `consult train classifier --model FOLDER`. Simplification: the
photographs are encoded once, and noise on the features replaces other photographs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consult.agents.models.local.loading import Base, load_base
from consult.agents.models.model import ModelError
from consult.agents.models.model_resolver import locate
from consult.envs.metrics.fidelity import Rate
from consult.errors import UserError
from consult.rl.starter.config import ClassifierRecipe
from consult.rl.starter.vision import Pictures, Pixels, Say, draw_pictures, normalised
from consult.scenarios import Scenario, load_scenario
from consult.scenarios.case_generator import Grammar
from consult.whole_files import check_writable, drafted, write_whole

EPOCHS, BATCH, RATE, DECAY, NOISE = 10, 256, 4e-3, 0.1, 0.1
"""Chosen on the validation cases among twelve settings of width, epochs, decay and noise."""


def train_classifier(reference: str, recipe: ClassifierRecipe, work: Path, say: Say) -> list[Rate]:
    """Train a head on a model's tower and write it beside the model's weights.

    Args:
        reference: A starter: `starter`, or a folder of `consult train starter`.
        recipe: The training settings.
        work: Folder of the drawn photographs.
        say: Called with each line of progress.

    Returns:
        How often the truth is the head's first prediction, and among its first three, by split and style.

    Raises:
        UserError: The scenario has no tables, or the model's vision tower is not of the starter's kind.
    """
    import torch

    scenario = load_scenario(recipe.scenario)
    if not isinstance(scenario.source, Grammar):
        raise UserError(f"'{recipe.scenario}' lists its cases; the recipe needs a scenario with tables, e.g. derm34")
    from consult.agents.experts.tower_classifier import HEAD

    located = locate(reference)
    base = load_base(located)
    if base.dialect != "starter" or located.adapter is not None:
        raise ModelError(f"'{reference}' is not a starter; give starter, or a folder of consult train starter")
    check_writable(located.folder / HEAD)
    work.mkdir(parents=True, exist_ok=True)
    say("drawing photographs")
    pictures = draw_pictures(recipe.scenario, "train", recipe.cases, work / "train.npz", recipe.workers)
    truths = _truths(scenario, "train", len(pictures.pixels))
    say("training the classifier")
    torch.manual_seed(recipe.seed)
    head = _fitted(_seen(base, pictures.pixels), torch.as_tensor(truths), len(scenario.labels), recipe.seed)
    _save(head, located.folder, base, scenario, recipe)
    rates = held_out_rates(base, head, scenario, recipe, work)
    figures = json.dumps(counted(rates), indent=2) + "\n"
    write_whole((located.folder / HEAD).with_name("figures.json"), figures)
    return rates


def _truths(scenario: Scenario, split: str, count: int) -> list[int]:
    assert isinstance(scenario.source, Grammar)
    labels = list(scenario.labels)
    return [labels.index(scenario.source.make(split, i).truth.diagnosis or "") for i in range(count)]


def _seen(base: Base, pixels: Pixels) -> Any:
    """Return the head's inputs for pictures: (n, width)."""
    import torch

    from consult.agents.experts.tower_classifier import pooled

    tower = base.model.model.vision_tower
    with torch.no_grad():
        parts = [pooled(tower, normalised(pixels[i : i + BATCH])) for i in range(0, len(pixels), BATCH)]
    return torch.cat(parts)


def _fitted(seen: Any, truths: Any, labels: int, seed: int) -> Any:
    import torch
    from torch.nn.functional import cross_entropy

    from consult.agents.experts.tower_classifier import head

    made, rng = head(seen.shape[1], labels), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(made.parameters(), weight_decay=DECAY)
    each = max(1, len(seen) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * each)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(seen), generator=rng).chunk(each):
            x = seen[index]
            x = x + NOISE * x.std() * torch.randn(x.shape, generator=rng)
            loss = cross_entropy(made(x), truths[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return made.eval()


def _save(head: Any, folder: Path, base: Base, scenario: Scenario, recipe: ClassifierRecipe) -> None:
    from safetensors.torch import save_file

    from consult.agents.experts.tower_classifier import HEAD

    metadata = {
        "format": "pt",
        "base_revision": base.revision,
        "labels": json.dumps(list(scenario.labels)),
        "recipe": json.dumps({name: value for name, value in recipe.model_dump().items() if name != "workers"}),
    }
    (folder / HEAD).parent.mkdir(exist_ok=True)
    with drafted(folder / HEAD) as draft:
        save_file({name: tensor.contiguous() for name, tensor in head.state_dict().items()}, draft, metadata)


def held_out_rates(base: Base, head: Any, scenario: Scenario, recipe: ClassifierRecipe, work: Path) -> list[Rate]:
    """Count how often the truth is the head's first prediction, and among its first three."""
    rates = []
    for split in ("validation", "test"):
        count = min(recipe.held_out, scenario.splits[split])
        pictures = draw_pictures(recipe.scenario, split, count, work / f"{split}.npz", recipe.workers)
        rates += _rates(base, head, scenario, split, pictures)
    return rates


def _rates(base: Base, head: Any, scenario: Scenario, split: str, pictures: Pictures) -> list[Rate]:
    import torch

    assert isinstance(scenario.source, Grammar)
    count = len(pictures.pixels)
    truths = torch.as_tensor(_truths(scenario, split, count))[:, None]
    styles = [scenario.source.make(split, i).style or "" for i in range(count)]
    with torch.no_grad():
        hits = head(_seen(base, pictures.pixels)).topk(3).indices == truths
    groups = {"": list(range(count))}
    if len(set(styles)) > 1:
        groups |= {f", {name}": [i for i in range(count) if styles[i] == name] for name in sorted(set(styles))}
    return [
        Rate(f"classifier, {split} cases{name}: {what}", int(hits[group, :top].any(1).sum()), len(group))
        for name, group in groups.items()
        for what, top in (("first guess right", 1), ("among the first three", 3))
    ]


def counted(rates: Sequence[Rate]) -> dict[str, list[int]]:
    """Return rates as in figures.json."""
    return {rate.name: [rate.hits, rate.n] for rate in rates}
