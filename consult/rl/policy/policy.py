"""The policy: a model in training, either its adapter or its whole language model.

Vision tower and projector are frozen. The starter's short decisions take the fast path
(`consult.rl.policy.shared_prompt`), within the same constraint as in play; any other model writes freely.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from consult.agents.models.local.loading import load_afresh, metadata_of, revision_with
from consult.agents.models.local.training_metadata import PRACTICE
from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.models.model import ModelError, Request
from consult.agents.models.model_resolver import HUB_ID, Located, locate
from consult.agents.prompt_formats import DIALECTS, Dialect
from consult.agents.prompt_formats.plain import DECISION_TOKENS, TRIAGE_TOKENS
from consult.agents.roles.client import derive_seed
from consult.reading import read_object
from consult.rl.config import TrainConfig, TrainingError
from consult.rl.data.dataset import Row
from consult.rl.policy.constraint import Constraint
from consult.rl.policy.shared_prompt import Prompts, sample
from consult.rl.policy.vision_cache import VisionCache
from consult.rl.rewards.completion_parser import Decided, parse_decision, parse_triage
from consult.scenarios import Scenario
from consult.whole_files import write_whole

NOT_TRAINED = re.compile(r"vision|visual|image|projector|connector|merger")
"""Parts of a model that are frozen."""
COPIED = (".json", ".jinja", ".txt", ".model")
IN_A_BATCH = 64
"""Decisions per batch when a policy is evaluated."""


@dataclass
class Policy:
    """A model in training."""

    config: TrainConfig
    speaker: TransformersModel
    """Generates with the current weights, as in play."""
    model: Any
    """The module that is trained: the model itself, or PEFT's wrapper around it."""
    located: Located
    vision_cache: VisionCache | None
    """Set if decisions take the fast path."""
    constraint: Constraint | None = None
    """The possible decisions, set by `constrain`; only on the fast path."""

    # -- opening ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, config: TrainConfig, start: Path | None = None) -> Policy:
        """Load a new copy of a model.

        Args:
            config: The training configuration.
            start: Folder of an adapter or of a whole model to continue from; None for the configuration's model.

        Raises:
            TrainingError: This kind of model cannot be trained.
            ModelError: It cannot be loaded.
        """
        from transformers import set_seed

        if config.model.startswith(("http://", "https://", "scripted:")) or config.model in ("human", "nobody"):
            raise TrainingError(f"'{config.model}' cannot be trained here; give starter, a folder or a hub id")
        located = locate(str(start) if start is not None else config.model)
        base = load_afresh(located)
        speaker = TransformersModel(base, config.model, trained=True)
        set_seed(config.seed)
        model = _opened(base.model, located) if config.full else _wrapped(base.model, located, config)
        vision_cache = VisionCache(speaker) if base.dialect == "starter" else None
        return cls(config, speaker, model, located, vision_cache)

    @property
    def sees(self) -> bool:
        """Return whether the policy takes photographs."""
        return self.speaker.info.sees

    @property
    def most_photographs(self) -> int | None:
        """Return the most photographs of a prompt; None for no limit that is known."""
        return self.speaker.info.photographs

    @property
    def revision(self) -> str:
        """Return the revision of the weights that the policy was opened with, as runs name it."""
        return revision_with(self.speaker.base.revision, self.located.adapter)

    @property
    def dialect(self) -> Dialect:
        """Return the policy's prompt format."""
        return DIALECTS[self.speaker.info.dialect]

    @property
    def body(self) -> Any:
        """Return the model itself, with its adapters."""
        return self.speaker.model

    @property
    def most_tokens(self) -> int:
        """Return the most tokens of a completion."""
        return self.config.max_tokens or (_FAST_TOKENS if self.vision_cache else _FREE_TOKENS)[self.config.role]

    def constrain(self, rows: Sequence[Row]) -> None:
        """Restrict decisions to those possible in play; required before the fast path is used."""
        if self.vision_cache is not None:
            self.constraint = _constraint_of(self.speaker, self.config, rows[0])

    # -- deciding --------------------------------------------------------------------------------------------------

    def prompts(self, rows: Sequence[Row]) -> Prompts:
        """Return the prompts of rows, padded, with their photographs; only on the fast path."""
        assert self.vision_cache is not None
        ids = [self.vision_cache.ids(row.prompt) for row in rows]
        features = [self.vision_cache.features(row.view.photograph) if row.view.photograph else None for row in rows]
        return Prompts.of(ids, features, self.speaker.tokenizer.pad_token_id)

    def decide(self, rows: Sequence[Row], votes: int = 1) -> list[list[str]]:
        """Return the completions that decide each row.

        Args:
            rows: The rows to decide.
            votes: 1 for the most likely decision of each row; else this many are drawn at the temperature of play.
        """
        self.model.eval()
        starts = range(0, len(rows), IN_A_BATCH)
        parts = [rows[start : start + IN_A_BATCH] for start in starts]
        how = self._drawn if self.constraint is not None else self._written
        return [texts for part in parts for texts in how(part, votes)]

    def _drawn(self, rows: Sequence[Row], votes: int) -> list[list[str]]:
        import torch

        assert self.constraint is not None
        temperature = 0.0 if votes == 1 else _PLAYED[self.config.role]
        owner = torch.arange(len(rows)).repeat_interleave(votes)
        # A separate generator, so that evaluation does not change what training draws.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed("votes", *(row.id for row in rows)))
            drawn = sample(
                self.body, self.prompts(rows), owner, self.constraint, temperature=temperature, most=self.most_tokens
            )
        texts = [self.speaker.tokenizer.decode(ids) for ids in drawn.ids]
        return [[row.prompt.begin + text for text in texts[i * votes : (i + 1) * votes]] for i, row in enumerate(rows)]

    def _written(self, rows: Sequence[Row], votes: int) -> list[list[str]]:
        temperature = 0.0 if votes == 1 else _PLAYED[self.config.role]
        requests = [
            Request(
                (i, vote), "attending", "decision", 0, row.prompt, seed=1_000_003 * i + vote, temperature=temperature
            )
            for i, row in enumerate(rows)
            for vote in range(votes)
        ]
        texts = [reply.text for reply in self.speaker.generate(requests)]
        return [texts[i * votes : (i + 1) * votes] for i in range(len(rows))]

    def sample_freely(self, rows: Sequence[Row]) -> list[str]:
        """Return a completion of each row as GRPO of free text draws them: without a schema, at its temperature."""
        self.model.eval()
        prompts = [replace(row.prompt, schema=None, max_new_tokens=self.most_tokens) for row in rows]
        temperature = self.config.temperature
        requests = [
            Request((i,), "attending", "decision", 0, prompt, seed=i, temperature=temperature)
            for i, prompt in enumerate(prompts)
        ]
        return [reply.text for reply in self.speaker.generate(requests)]

    def read(self, text: str, row: Row, scenario: Scenario) -> Decided:
        """Parse a completion as the rewards do: more strictly than in play.

        Args:
            text: The completion, including the beginning that its prompt gives.
            row: The decision that was asked for.
            scenario: The scenario whose labels and aliases count; the row's own, if it has a question with options.
        """
        if self.config.role == "triage":
            decided = parse_triage(text, row.view, self.dialect)
        else:
            decided = parse_decision(text, row.view, self.dialect, row.target.scenario or scenario)
        return replace(decided, constrained=self.constraint is not None)

    # -- keeping ---------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write the trained weights into a folder that a role's flag can name."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.config.full:
            self._save_whole(folder)
        else:
            self.model.save_pretrained(str(folder), selected_adapters=["default"], save_embedding_layers=False)
            _name_base(folder, self.config, self.located)
        (folder / "README.md").unlink(missing_ok=True)  # peft's card is an empty template
        practice = {"role": self.config.role, "rationale": self.config.rationale}
        write_whole(folder / PRACTICE, json.dumps(practice, indent=2) + "\n")

    def _save_whole(self, folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        self.body.save_pretrained(folder)
        for path in self.located.folder.iterdir():
            # Tokenizer and processor are byte-for-byte those of the start.
            if path.suffix in COPIED and not (folder / path.name).exists() and "index" not in path.name:
                shutil.copy(path, folder / path.name)
        metadata = metadata_of(self.located.folder)
        if "dialect" in metadata:
            weights = folder / "model.safetensors"
            save_file(load_file(weights), weights, metadata=metadata)


_FAST_TOKENS = {"triage": 6, "attending": 64, "interview": 8}
_FREE_TOKENS = {"triage": TRIAGE_TOKENS, "attending": DECISION_TOKENS, "interview": 256}
_PLAYED = {"triage": 0.3, "attending": 0.5, "interview": 0.5}
"""Return the temperatures of play, at which votes are drawn."""


def _opened(model: Any, located: Located) -> Any:
    if located.adapter is not None:
        raise TrainingError(f"'{located.adapter}' is an adapter and --full trains whole models; leave --full out")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not NOT_TRAINED.search(name))
    return model


def _wrapped(model: Any, located: Located, config: TrainConfig) -> Any:
    import warnings

    from peft import LoraConfig, PeftModel, get_peft_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about how libraries call each other
        if located.adapter is not None:
            taken = PeftModel.from_pretrained(model, str(located.adapter), is_trainable=True)
            rank = getattr(taken.peft_config["default"], "r", None)
            if "rank" in config.model_fields_set and rank not in (None, config.rank):
                raise TrainingError(
                    f"the adapter '{located.adapter}' has rank {rank}, not {config.rank}; leave --rank out"
                )
            # The base is a local folder, whatever name the adapter gives it, so PEFT does not ask the hub for it.
            taken.peft_config["default"].base_model_name_or_path = str(located.folder)
            return taken
        laid = LoraConfig(
            r=config.rank,
            lora_alpha=2 * config.rank,
            lora_dropout=0.0,
            target_modules=_targets(model),
            task_type="CAUSAL_LM",
        )
        return get_peft_model(model, laid)


def _targets(model: Any) -> str:
    """Return a pattern for PEFT that matches the linear layers of the language model, without its head."""
    import torch

    names = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    inside = [name for name in names if not NOT_TRAINED.search(name) and "." in name and "lm_head" not in name]
    if not inside:
        raise ModelError("the model has no linear layers for an adapter; try --full")
    leaves = sorted({name.rpartition(".")[2] for name in inside})
    return rf"^(?!.*(?:{NOT_TRAINED.pattern}|lm_head)).*\.(?:{'|'.join(map(re.escape, leaves))})$"


def _constraint_of(speaker: TransformersModel, config: TrainConfig, row: Row) -> Constraint:
    choice = row.prompt.choice
    if choice is None:
        raise TrainingError("the starter decides among named options, and the scenario names none; give it labels")
    tokenizer = speaker.tokenizer
    options = [tokenizer.encode(option, add_special_tokens=False) for option in choice.options]
    return Constraint.of(
        options,
        int(speaker.model.get_output_embeddings().weight.shape[0]),
        after=tokenizer.convert_tokens_to_ids(choice.after) if choice.after else None,
        until=tokenizer.convert_tokens_to_ids("</think>") if config.rationale == "after" else None,
        banned=speaker.banned,
        stops=sorted(speaker.stops),
    )


def _name_base(folder: Path, config: TrainConfig, located: Located) -> None:
    """Write the base's name into an adapter so that, if possible, the base is also found on another machine."""
    path = folder / "adapter_config.json"
    told = read_object(path)
    told["base_model_name_or_path"], told["revision"] = _portable(config.model, located, folder)
    write_whole(path, json.dumps(told, indent=2, sort_keys=True) + "\n")


def _portable(reference: str, located: Located, folder: Path) -> tuple[str, str | None]:
    if located.adapter is not None:
        before = read_object(located.adapter / "adapter_config.json", "base_model_name_or_path")
        name, revision = str(before["base_model_name_or_path"]), before.get("revision")
        inside = located.adapter / name
        return (_beside(inside, folder), None) if inside.is_dir() else (name, revision)
    if reference == "starter":
        return "starter", None
    named = None if Path(reference).is_dir() else HUB_ID.fullmatch(reference)
    return (named["id"], named["revision"]) if named else (_beside(Path(reference), folder), None)


def _beside(base: Path, folder: Path) -> str:
    """Return a folder's path relative to another folder, so that both can be moved together."""
    return os.path.relpath(base.resolve(), folder.resolve())
