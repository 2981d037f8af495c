"""The starter's vision as an image classifier: a small head on its frozen vision tower, stored beside its weights.

The head works only with the weights that it was trained on; their revision is in its metadata.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from consult.agents.models.local.loading import load_base, revision_of
from consult.agents.models.model import ModelError, ModelInfo
from consult.agents.models.model_resolver import Located
from consult.scenarios import Photograph

HEAD = Path("classifier") / "head.safetensors"
"""Path in the model's folder."""
HIDDEN = 64
AT_ONCE = 16


class TowerClassifier:
    """The head and its vision tower.

    Raises:
        ModelError: The head was trained on other weights, or cannot be read.
    """

    def __init__(self, located: Located, reference: str) -> None:
        self.base = load_base(located)
        self.tower = self.base.model.model.vision_tower
        layers, metadata = _read(located.folder / HEAD)
        if metadata.get("base_revision") != self.base.revision:
            raise ModelError(
                f"the classifier in '{located.folder / HEAD.parent}' was trained on other weights than those beside "
                f"it; train it again with: consult train classifier --model {reference}"
            )
        self.names: tuple[str, ...] = tuple(json.loads(metadata["labels"]))
        self.head = head(self.tower.config.hidden_size, len(self.names))
        self.head.load_state_dict(layers)
        self.drawn_only = True
        revision = revision_of(located.folder / HEAD.parent)
        self.info = ModelInfo(reference, "vision tower", revision=revision)

    def probabilities(self, photographs: Sequence[Photograph]) -> list[list[float]]:
        """Return for each photograph the probability of each label."""
        pixels = self.base.processor.image_processor(
            images=[photograph.load() for photograph in photographs], return_tensors="pt"
        )["pixel_values"].to(self.tower.device, self.tower.dtype)
        # Always the same batch size, so that not even the last bit of a prediction depends on the rest of the batch.
        filled = torch.nn.functional.pad(pixels, (0, 0, 0, 0, 0, 0, 0, -len(pixels) % AT_ONCE))
        with torch.no_grad():
            logits = [self.head(pooled(self.tower, part).float().cpu()) for part in filled.split(AT_ONCE)]
        rows: list[list[float]] = torch.cat(logits).softmax(-1).tolist()
        return rows[: len(pixels)]


def pooled(tower: Any, pixels: Any) -> Any:
    """Return the head's input: the mean of the tower's patch features; shape (n, width)."""
    return tower(pixels, output_hidden_states=True).hidden_states[-1].mean(1)


def head(width: int, labels: int) -> Any:
    """Make a head with new weights: 13,000 for 34 labels."""
    nn = torch.nn
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, labels))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"'{path}' cannot be read ({error}); train it again with: consult train classifier") from error
