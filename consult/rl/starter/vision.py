"""Draw the starter's training photographs once, and train its vision tower as a classifier of what is drawn.

At this size, a tower that is trained only through the roles' texts does not learn to see. Trained first as a classifier
of morphology, view and skin type, and then frozen, it does within minutes.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consult.rl.starter.architecture import IMAGE_SIZE
from consult.rl.starter.stages import reading_stage
from consult.scenarios import load_scenario
from consult.scenarios.case_generator import Grammar
from consult.scenarios.drawing import MORPHOLOGIES, draw
from consult.whole_files import drafted

Pixels = NDArray[np.uint8]
Say = Callable[[str], None]

VIEWS = tuple(dict.fromkeys(view for views in MORPHOLOGIES.values() for view in views))
SKIN_TYPES = 6


@dataclass(frozen=True)
class Pictures:
    """Drawings and their labels."""

    pixels: Pixels
    """(n, 96, 96, 3), 0 to 255."""
    targets: NDArray[np.int64]
    """(n, 3): indices of morphology, view and skin type."""


def _shrunk(picture: Any) -> Pixels:
    from PIL import Image

    return np.asarray(picture.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC), np.uint8)


def _case_picture(job: tuple[str, str, int]) -> tuple[Pixels, tuple[int, int, int]]:
    reference, split, number = job
    grammar = _grammar(reference)
    case = grammar.make(split, number)
    assert case.photograph is not None
    site = next(f.value for f in case.card.facts if f.topic == "site")
    view = grammar.tables.view_of(site)
    targets = _targets(case.truth.morphology or "", view, case.card.skin_type or 1)
    return _shrunk(case.photograph.load()), targets


def _free_picture(job: tuple[str, int]) -> tuple[Pixels, tuple[int, int, int]]:
    reference, number = job
    rng = random.Random(f"free picture {number}")
    grammar = _grammar(reference)
    morphology = rng.choice(list(MORPHOLOGIES))
    view = rng.choice(MORPHOLOGIES[morphology])
    skin_type = rng.randint(1, SKIN_TYPES)
    style = rng.choice([s for s in grammar.drawing_styles if s != grammar.held_out_style])
    return _shrunk(draw(morphology, view, skin_type, number, style)), _targets(morphology, view, skin_type)


def _targets(morphology: str, view: str, skin_type: int) -> tuple[int, int, int]:
    return list(MORPHOLOGIES).index(morphology), VIEWS.index(view), skin_type - 1


_loaded: dict[str, Grammar] = {}


def _grammar(reference: str) -> Grammar:
    # Once per worker process.
    if reference not in _loaded:
        source = load_scenario(reference).source
        assert isinstance(source, Grammar)
        _loaded[reference] = source
    return _loaded[reference]


def draw_pictures(reference: str, split: str, count: int, cache: Path, workers: int, *, free: bool = False) -> Pictures:
    """Draw the photographs of a split's first cases, or free ones, once; later calls read the cache.

    Args:
        reference: Scenario.
        split: The split of the cases; ignored for free drawings.
        count: Number of photographs.
        cache: An `.npz` file.
        workers: Number of processes.
        free: Draw morphologies evenly, beyond the cases, in the training styles.

    Raises:
        RecipeError: The cache is damaged.
    """
    if not cache.exists():
        jobs: list[Any] = [(reference, i) if free else (reference, split, i) for i in range(count)]
        with ProcessPoolExecutor(workers) as pool:
            drawn = list(pool.map(_free_picture if free else _case_picture, jobs, chunksize=50))
        pixels, targets = zip(*drawn, strict=True)
        with drafted(cache) as draft:
            np.savez(draft, pixels=np.stack(pixels), targets=np.array(targets))
    with reading_stage(cache), np.load(cache) as data:
        found = Pictures(data["pixels"], data["targets"])
        if len(found.pixels) != count or len(found.targets) != count:
            raise ValueError(f"it has {len(found.pixels)} pictures, not {count}")
        return found


def normalised(pixels: Pixels) -> Any:
    """Return pixels as the tower's input: (n, 3, 96, 96), from -1 to 1."""
    import torch

    return torch.as_tensor(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def look(tower: Any, pixels: Any) -> Any:
    """Return the tower's patch features: (n, patches, width)."""
    return tower(pixels, output_hidden_states=True).hidden_states[-1]


def train_tower(
    tower: Any, pictures: Pictures, held_out: Pictures, *, steps: int, seed: int, say: Say, batch: int = 64
) -> float:
    """Train the tower as a classifier.

    Returns:
        Accuracy of the morphology on the held-out pictures, 0 to 1.
    """
    import torch
    from torch.nn import functional

    torch.manual_seed(seed)
    rng = np.random.Generator(np.random.PCG64(seed))
    sizes = (len(MORPHOLOGIES), len(VIEWS), SKIN_TYPES)
    width = tower.config.hidden_size
    head = torch.nn.Sequential(torch.nn.LayerNorm(width), torch.nn.Linear(width, sum(sizes)))
    parameters = [*tower.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.05)
    begun = time.monotonic()
    tower.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 1.2e-3 * min(1, (step + 1) / 100) * _cosine(step / steps)
        index = rng.integers(0, len(pictures.pixels), batch)
        x, y = _jittered(pictures.pixels[index], rng), torch.as_tensor(pictures.targets[index])
        parts = head(look(tower, x).mean(1)).split(sizes, dim=1)
        losses = [functional.cross_entropy(part, y[:, i], label_smoothing=0.02) for i, part in enumerate(parts)]
        loss = losses[0] + 0.3 * losses[1] + 0.2 * losses[2]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if (step + 1) % 200 == 0:
            say(f"vision {step + 1}/{steps}  loss {loss.item():.3f}  {time.monotonic() - begun:.0f} s")
    tower.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(held_out.pixels), 200):
            part = slice(start, start + 200)
            logits = head(look(tower, normalised(held_out.pixels[part])).mean(1))[:, : sizes[0]]
            right += int((logits.argmax(-1).numpy() == held_out.targets[part, 0]).sum())
    return right / len(held_out.pixels)


def _jittered(pixels: Pixels, rng: np.random.Generator) -> Any:
    """Mirror half of the pictures and shift all of them a little."""
    import torch

    x = normalised(pixels)
    x = torch.where(torch.as_tensor(rng.random(len(x)) < 0.5)[:, None, None, None], x.flip(3), x)
    down, right = (int(v) for v in rng.integers(-6, 7, 2))
    return torch.roll(x, (down, right), (2, 3))


def _cosine(fraction: float) -> float:
    return 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))


def features(tower: Any, pixels: Pixels) -> Any:
    """Encode every picture: (n, patches, width) in half precision."""
    import torch

    with torch.no_grad():
        parts = [look(tower, normalised(pixels[i : i + 200])).half() for i in range(0, len(pixels), 200)]
    return torch.cat(parts)
