"""Any transformers model for image classification; safetensors only, no code from the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from consult.agents.models.local.loading import (
    OPTIONS,
    in_a_sentence,
    refuse_own_code,
    refuse_unsafe,
    revision_of,
    some,
)
from consult.agents.models.model import ModelError, ModelInfo
from consult.agents.models.model_resolver import Located
from consult.scenarios import Photograph


class ImageClassifier:
    """One loaded model.

    Raises:
        ModelError: The model is not an image classifier, or cannot be loaded safely.
    """

    def __init__(self, located: Located, reference: str) -> None:
        if located.adapter is not None:
            raise ModelError(f"'{reference}' is an adapter; merge it into its base to classify with it")
        refuse_unsafe(located.folder, "config.json")
        refuse_own_code(located.folder)
        with in_a_sentence(located.folder):
            self.model, self.processor = _loaded(located.folder, reference)
        named: dict[int, str] = self.model.config.id2label
        self.names: tuple[str, ...] = tuple(str(named[i]) for i in sorted(named))
        self.drawn_only = False
        self.info = ModelInfo(reference, "transformers", revision=revision_of(located.folder))

    def probabilities(self, photographs: Sequence[Photograph]) -> list[list[float]]:
        """Return for each photograph the probability of each name."""
        images = [photograph.load() for photograph in photographs]
        inputs = self.processor(images=images, return_tensors="pt").to(self.model.device)
        with torch.no_grad():
            rows: list[list[float]] = self.model(**inputs).logits.float().softmax(-1).tolist()
        return rows


def _loaded(folder: Path, reference: str) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING

    config = AutoConfig.from_pretrained(folder, **OPTIONS)
    if type(config) not in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING:
        raise ModelError(
            f"'{reference}' is not an image classifier ({config.model_type}); give starter, or a model for image "
            "classification"
        )
    model, found = AutoModelForImageClassification.from_pretrained(
        folder, use_safetensors=True, output_loading_info=True, dtype=torch.float32, **OPTIONS
    )
    lacking = sorted(found["missing_keys"])
    if lacking:
        # Otherwise they would be random numbers.
        raise ModelError(f"'{folder}' lacks {len(lacking)} of its weights ({some(lacking)}); download the model again")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.eval().to(device), AutoImageProcessor.from_pretrained(folder, **OPTIONS)
