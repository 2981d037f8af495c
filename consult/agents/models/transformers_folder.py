"""A transformers model from a folder: image-text-to-text or text-only, safetensors only, no remote code.

A batch is padded on the left, rows draw their own noise, and token counts are those of the row without padding.
Photographs are processed once a case and kept.
"""

from __future__ import annotations

import json
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    LogitsProcessorList,
)
from transformers.utils import logging as transformers_logging

from consult.agents.dialects.starter import StarterDialect
from consult.agents.models.model import Choice, ModelError, ModelInfo, Reply, Request
from consult.agents.models.sampling import Row, RowSampler, Trie
from consult.scenarios import Photograph

KEPT_PHOTOGRAPHS = 512


def starter_folder() -> Path:
    """Give the folder of the model in the package.

    Raises:
        ModelError: The package was built without it.
    """
    folder = Path(__file__).parents[1] / "starter"
    if not (folder / "model.safetensors").exists():
        raise ModelError("this installation lacks the starter's weights; make them with: consult train starter")
    return folder


class TransformersModel:
    """One loaded model."""

    def __init__(self, model: Any, processor: Any, tokenizer: Any, info: ModelInfo) -> None:
        self.model, self.processor, self.tokenizer = model, processor, tokenizer
        self._info = info
        self._features: OrderedDict[str, Any] = OrderedDict()
        self._tries: dict[tuple[str, ...], Trie] = {}
        self._stops = set(_as_list(model.generation_config.eos_token_id) or _as_list(tokenizer.eos_token_id))
        added = {i for i, t in tokenizer.added_tokens_decoder.items() if t.special}
        special = set(tokenizer.all_special_ids) | added
        self._banned = sorted(special - self._stops)
        controls = tokenizer.convert_ids_to_tokens(sorted(special))
        self._controls = re.compile("|".join(map(re.escape, controls)) or r"(?!)")

    @classmethod
    def load(cls, folder: Path, reference: str) -> TransformersModel:
        """Load a folder.

        Raises:
            ModelError: The folder holds no model, or one that cannot be loaded safely.
        """
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        config_path = folder / "config.json"
        if not config_path.is_file():
            raise ModelError(f"'{folder}' is no model: it has no config.json; give the folder of a transformers model")
        if not list(folder.glob("*.safetensors")):
            raise ModelError(f"'{folder}' has no *.safetensors weights; save the model with safe serialization")
        try:
            sees = "vision_config" in json.loads(config_path.read_text(encoding="utf-8"))
        except ValueError:
            raise ModelError(f"'{config_path}' is not valid JSON; fetch the model anew") from None
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        options = {"local_files_only": True, "trust_remote_code": False}
        try:
            family = AutoModelForImageTextToText if sees else AutoModelForCausalLM
            model = family.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **options)
            processor: Any = AutoProcessor.from_pretrained(folder, **options) if sees else None
            tokenizer: Any = processor.tokenizer if sees else AutoTokenizer.from_pretrained(folder, **options)
        except Exception as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"'{folder}' cannot be loaded ({first}); check that the folder is complete") from error
        if (processor if sees else tokenizer).chat_template is None:
            raise ModelError(f"'{folder}' has no chat template; give a model that was tuned for conversation")
        size = {"parameters": str(sum(p.numel() for p in model.parameters()))}
        info = ModelInfo(reference, "transformers", _dialect(folder), sees, _revision(folder), size)
        tokenizer.padding_side = "left"
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        return cls(model.eval(), processor, tokenizer, info)

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        return self._info

    @torch.inference_mode()
    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch."""
        inputs = self._inputs(requests)
        rows = [self._row(request) for request in requests]
        width = inputs["input_ids"].shape[1]
        limit = max(request.prompt.max_new_tokens for request in requests)
        output = self.model.generate(
            **inputs,
            max_new_tokens=limit,
            do_sample=False,
            num_beams=1,
            logits_processor=LogitsProcessorList([RowSampler(rows, self._banned, sorted(self._stops))]),
            pad_token_id=self.tokenizer.pad_token_id,
        )
        used = inputs["attention_mask"].sum(1).tolist()
        pairs = zip(requests, rows, output[:, width:].tolist(), used, strict=True)
        return [self._reply(request, row, tokens, n_in) for request, row, tokens, n_in in pairs]

    # -- in --------------------------------------------------------------------------------------------------------

    def _inputs(self, requests: Sequence[Request]) -> dict[str, Any]:
        template = self.processor if self.processor is not None else self.tokenizer
        texts = [
            template.apply_chat_template(self._chat(request), tokenize=False, add_generation_prompt=True)
            + request.prompt.begin
            for request in requests
        ]
        photographs = [p for request in requests for m in request.prompt.messages for p in m.photographs]
        if self.processor is None or not photographs:
            return dict(self.tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False))
        if self._is_llava:
            return self._llava_inputs(texts, photographs)
        images = [[p.load() for m in r.prompt.messages for p in m.photographs] or None for r in requests]
        return dict(self.processor(text=texts, images=images, return_tensors="pt", padding=True))

    @property
    def _is_llava(self) -> bool:
        return type(self.processor).__name__ == "LlavaProcessor"

    def _llava_inputs(self, texts: Sequence[str], photographs: Sequence[Photograph]) -> dict[str, Any]:
        """Expand image tokens by hand, so that each photograph is processed once and not once a turn."""
        token, patches = self.processor.image_token, self._patches
        texts = [text.replace(token, token * patches) for text in texts]
        inputs = dict(self.tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False))
        inputs["pixel_values"] = torch.stack([self._pixels(p) for p in photographs])
        return inputs

    @property
    def _patches(self) -> int:
        vision = self.model.config.vision_config
        extra = 0 if self.model.config.vision_feature_select_strategy == "full" else -1
        return int((vision.image_size // vision.patch_size) ** 2 + self.processor.num_additional_image_tokens + extra)

    def _pixels(self, photograph: Photograph) -> Any:
        if photograph.id in self._features:
            self._features.move_to_end(photograph.id)
        else:
            pixels = self.processor.image_processor(photograph.load(), return_tensors="pt")["pixel_values"][0]
            self._features[photograph.id] = pixels.to(self.model.dtype)
            if len(self._features) > KEPT_PHOTOGRAPHS:
                self._features.popitem(last=False)
        return self._features[photograph.id]

    def _chat(self, request: Request) -> list[dict[str, Any]]:
        chat = []
        for message in request.prompt.messages:
            # What was said is data: a control token in it must not act as one.
            content: Any = self._controls.sub(" ", message.text)
            if self.processor is not None:
                images = [{"type": "image"} for _ in message.photographs]
                content = [*images, {"type": "text", "text": content}]
            chat.append({"role": message.speaker, "content": content})
        return chat

    # -- out -------------------------------------------------------------------------------------------------------

    def _row(self, request: Request) -> Row:
        choice = request.prompt.choice
        row = Row(request.seed, request.temperature, request.top_p, limit=request.prompt.max_new_tokens)
        if choice is not None:
            row.options, row.waits = self._trie(choice), self._place(choice)
        return row

    def _trie(self, choice: Choice) -> Trie:
        if choice.options not in self._tries:
            sequences = [self.tokenizer.encode(option, add_special_tokens=False) for option in choice.options]
            # An option that begins another one is told from it by the end of the reply.
            ends = sorted(self._stops)[:1]
            begins = [any(s != t and t[: len(s)] == s for t in sequences) for s in sequences]
            self._tries[choice.options] = Trie.of([s + ends * b for s, b in zip(sequences, begins, strict=True)])
        return self._tries[choice.options]

    def _place(self, choice: Choice) -> Callable[[list[int]], bool] | None:
        if not choice.after:
            return None
        return lambda tokens: self.tokenizer.decode(tokens[-16:]).endswith(choice.after)

    def _reply(self, request: Request, row: Row, tokens: list[int], tokens_in: int) -> Reply:
        end = next((i for i, token in enumerate(tokens) if token in self._stops), len(tokens))
        kept = tokens[: min(end, request.prompt.max_new_tokens)]
        spent = min(end + 1, len(tokens), request.prompt.max_new_tokens)
        probability = float(torch.tensor(row.log_probability).exp()) if row.chose else None
        return Reply(request.prompt.begin + self.tokenizer.decode(kept), tokens_in, spent, probability=probability)


def _as_list(value: Any) -> list[int]:
    return [] if value is None else [value] if isinstance(value, int) else list(value)


def _dialect(folder: Path) -> str:
    """Read the dialect from the weights' metadata.

    Raises:
        ModelError: The weights were trained on another version of the starter's dialect.
    """
    from safetensors import safe_open

    with safe_open(sorted(folder.glob("*.safetensors"))[0], "pt") as weights:
        metadata = weights.metadata() or {}
    dialect: str = metadata.get("dialect", "plain")
    if dialect == "starter" and metadata.get("dialect_fingerprint") != StarterDialect().fingerprint():
        raise ModelError(f"'{folder}' speaks another version of the starter's dialect; train it anew with this version")
    return dialect


def _revision(folder: Path) -> str:
    import hashlib

    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]
