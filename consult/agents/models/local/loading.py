"""Load transformers models: only safetensors, no code from a model, each base once for all its adapters.

Unless the user says otherwise, a model runs in float32 on a CPU, in which a reply does not depend on the rest of its
batch, and in bfloat16 with CUDA, where accelerate distributes its layers over the devices.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
from transformers.utils import logging as transformers_logging

from consult.agents.experts.image_only import open_processor
from consult.agents.models.model import ModelError
from consult.agents.models.model_resolver import Located, missing_shards, read_json
from consult.agents.prompt_formats.starter import StarterDialect
from consult.agents.prompt_formats.starter_assessment import assessment_fingerprint
from consult.counts import count_of
from consult.fields import Dtype
from consult.reading import MEDIUM, digest_of, read_bytes

OPTIONS: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
SHOWN = 3
"""Most names listed in a message."""


class Key(NamedTuple):
    """What was loaded: equal keys are the same model in memory."""

    folder: Path
    revision: str
    """Hash of the weights."""
    configuration: str
    """Hash of the configuration."""
    dtype: Dtype

    @classmethod
    def of(cls, folder: Path, revision: str, dtype: Dtype = "auto") -> Key:
        """Return the key of a folder."""
        return cls(folder.resolve(), revision, digest_of(folder / "config.json").hex(), dtype)


class Base:
    """One loaded model with any number of adapters."""

    def __init__(self, folder: Path, key: Key, model: Any, processor: Any, tokenizer: Any) -> None:
        self.folder, self.key, self.revision = folder, key, key.revision
        self.model, self.processor, self.tokenizer = model, processor, tokenizer
        self.dialect = dialect_of(folder)
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        self._wrapped: Any = None
        self._adapters: dict[str, str] = {}

    @property
    def template(self) -> Any:
        """Return the chat template; None if there is none."""
        return getattr(self.processor, "chat_template", None) or self.tokenizer.chat_template

    def attach(self, folder: Path) -> str:
        """Add an adapter to the base, once, and return its name.

        Raises:
            ModelError: The adapter is not for this base, or cannot be loaded safely.
        """
        refuse_unsafe(folder, "adapter_config.json")
        _refuse_another_version(folder, self.revision)
        revision = adapter_revision_of(folder)
        if revision not in self._adapters:
            name = f"adapter{len(self._adapters)}"
            try:
                with in_a_sentence(folder), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about how libraries call each other
                    self._lay(folder, name)
            except ModelError:
                # A base with a half-loaded adapter must not be shared.
                _LOADED.pop(self.key, None)
                raise
            self._adapters[revision] = name
        return self._adapters[revision]

    def _lay(self, folder: Path, name: str) -> None:
        from peft import PeftConfig, PeftModel

        config = PeftConfig.from_pretrained(str(folder))
        if config.is_prompt_learning:
            raise ModelError(f"'{folder}' is a prompt adapter ({config.peft_type}); give a weight adapter, e.g. LoRA")
        config.inference_mode = True
        if self._wrapped is None:
            self._wrapped = PeftModel(self.model, config, name)
        lacking = self._wrapped.load_adapter(str(folder), name)
        if lacking.missing_keys or lacking.unexpected_keys:
            raise ModelError(f"the adapter '{folder}' was not made for the base '{self.folder}'; give it its own base")
        self._wrapped.eval()

    @contextmanager
    def with_adapter(self, name: str | None) -> Iterator[None]:
        """Activate one adapter, or none, for a batch."""
        if self._wrapped is None:
            yield
            return
        if name is not None:
            self._wrapped.set_adapter(name)
        with nullcontext() if name is not None else self._wrapped.disable_adapter():
            yield


_LOADED: WeakValueDictionary[Key, Base] = WeakValueDictionary()
"""What was loaded → a base that is still in use."""


def load_base(located: Located, dtype: Dtype = "auto") -> Base:
    """Load a model, or return it if it is already loaded.

    Args:
        located: Where it is.
        dtype: Data type of its weights; `auto` means float32 on a CPU and bfloat16 on a GPU.

    Raises:
        ModelError: The folder contains no model, or one that cannot be loaded safely.
    """
    folder = located.folder
    refuse_unsafe(folder, "config.json")
    revision = revision_of(folder)  # reads all of the weights, so it is called only once
    key = Key.of(folder, revision, dtype)
    base = _LOADED.get(key)
    if base is None:
        base = _LOADED[key] = _load(folder, key)
    return base


def load_afresh(located: Located) -> Base:
    """Load an unshared model for training.

    The starter is on the CPU, for which its training is designed; any other model is entirely on this process's device.

    Raises:
        ModelError: As in `load_base`.
    """
    refuse_unsafe(located.folder, "config.json")
    return _load(located.folder, Key.of(located.folder, revision_of(located.folder)), alone=True)


def _load(folder: Path, key: Key, *, alone: bool = False) -> Base:
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    refuse_own_code(folder)
    with in_a_sentence(folder):
        config = AutoConfig.from_pretrained(folder, **OPTIONS)
        sees = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
        model = _weights(folder, sees, _where(folder, key.dtype, alone))
        processor: Any = open_processor(folder, config, OPTIONS) if sees else None
        tokenizer: Any = processor.tokenizer if sees else AutoTokenizer.from_pretrained(folder, **OPTIONS)
        tokenizer.padding_side = "left"
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        return Base(folder, key, model.eval(), processor, tokenizer)


def _where(folder: Path, dtype: Dtype, alone: bool) -> dict[str, Any]:
    """Return the options for a model's device and data type."""
    chosen = None if dtype == "auto" else getattr(torch, dtype)
    if not torch.cuda.is_available() or (alone and dialect_of(folder) == "starter"):
        return {"dtype": chosen or torch.float32}
    # If training runs in several processes, each has its own device.
    devices = {"": int(os.environ.get("LOCAL_RANK", "0"))} if alone else "auto"
    return {"dtype": chosen or torch.bfloat16, "device_map": devices}


def _weights(folder: Path, sees: bool, where: dict[str, Any]) -> Any:
    family: Any = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    model, found = family.from_pretrained(folder, use_safetensors=True, output_loading_info=True, **where, **OPTIONS)
    lacking = sorted(found["missing_keys"])
    if lacking:
        # Otherwise they would be random numbers.
        raise ModelError(f"'{folder}' lacks {len(lacking)} of its weights ({some(lacking)}); download the model again")
    return model


# -- refusals ----------------------------------------------------------------------------------------------------------


def refuse_unsafe(folder: Path, config: str) -> None:
    """Refuse a folder without a configuration or without all of its safetensors weights.

    Raises:
        ModelError: The folder is incomplete.
    """
    if not (folder / config).is_file() and (folder / "work" / "config.json").is_file():
        raise ModelError(
            f"the training run in '{folder}' has not finished, so there is no model yet; continue it with the original "
            "command and --resume"
        )
    if not (folder / config).is_file():
        raise ModelError(f"'{folder}' is not a model: it has no {config}; give the folder of a transformers model")
    read_json(folder / config)
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for pattern in PICKLED for path in folder.glob(pattern))
        if pickled:
            raise ModelError(
                f"'{folder}' has only pickled weights ({some(pickled)}), which can run code; save the model with "
                "safe serialization, as *.safetensors"
            )
        raise ModelError(f"'{folder}' has no *.safetensors weights; save the model with safe serialization")
    lacking = missing_shards(folder)
    if lacking:
        raise ModelError(
            f"'{folder}' lacks {count_of(len(lacking), 'file')} of weights ({some(lacking)}); download the model again"
        )


def refuse_own_code(folder: Path) -> None:
    """Refuse a model that needs its own code.

    Raises:
        ModelError: The model needs its own code.
    """
    config = read_json(folder / "config.json")
    kind = config.get("model_type")
    if config.get("auto_map") and kind not in CONFIG_MAPPING:
        raise ModelError(
            f"'{folder}' needs its own code (auto_map), which is never run; give a model of a kind that "
            "transformers has, or a newer transformers"
        )


def _refuse_another_version(adapter: Path, base: str) -> None:
    said = metadata_of(adapter)
    if said.get("assessment_fingerprint", assessment_fingerprint()) != assessment_fingerprint():
        raise ModelError(
            f"'{adapter}' was trained on another version of the assessor's format; train it again with this version: "
            "consult train assessor"
        )
    if said.get("base_revision", base) != base:
        raise ModelError(
            f"'{adapter}' was trained on other weights than its base has now; train it again: consult train assessor"
        )


@contextmanager
def in_a_sentence(folder: Path) -> Iterator[None]:
    """Turn any library error about a folder that cannot be loaded into one sentence."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"'{folder}' cannot be loaded ({first}); check that the folder is complete") from error


def some(names: list[str]) -> str:
    """List the first of many names."""
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


# -- what the weights say ----------------------------------------------------------------------------------------------


def dialect_of(folder: Path) -> str:
    """Read the prompt format from the weights' metadata.

    Raises:
        ModelError: The weights were trained on another version of the starter's prompt format.
    """
    metadata = metadata_of(folder)
    dialect: str = metadata.get("dialect", "plain")
    if dialect == "starter" and metadata.get("dialect_fingerprint") != StarterDialect().fingerprint():
        raise ModelError(f"'{folder}' has another version of the starter's prompt format; retrain it")
    return dialect


def metadata_of(folder: Path) -> dict[str, str]:
    """Read the weights' metadata.

    Raises:
        ModelError: The folder has no weights, or they are broken.
    """
    from safetensors import safe_open

    first = min(folder.glob("*.safetensors"), default=None)
    if first is None:
        raise ModelError(f"'{folder}' is not a model: it has no *.safetensors weights; give the folder of a model")
    with in_a_sentence(folder), safe_open(first, "pt") as weights:
        return dict(weights.metadata() or {})


def has_learned_to_assess(located: Located) -> bool:
    """Return whether an adapter's metadata says that it was trained as an assessor."""
    return located.adapter is not None and "assessment_fingerprint" in metadata_of(located.adapter)


def revision_of(folder: Path) -> str:
    """Hash the weights."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(digest_of(path))
    return digest.hexdigest()[:16]


def adapter_revision_of(folder: Path) -> str:
    """Hash an adapter's weights and configuration."""
    configuration = read_bytes(folder / "adapter_config.json", MEDIUM)
    return hashlib.sha256(revision_of(folder).encode() + configuration).hexdigest()[:16]


def revision_with(base: str, adapter: Path | None) -> str:
    """Return the revision of a base with or without an adapter.

    Args:
        base: Revision of the base.
        adapter: Folder of the adapter; None for the base alone.
    """
    return (
        base if adapter is None else hashlib.sha256(f"{base} {adapter_revision_of(adapter)}".encode()).hexdigest()[:16]
    )
