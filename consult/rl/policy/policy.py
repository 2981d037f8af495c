"""The policy: a model in training, of which an adapter is trained, or all of the language model.

Vision tower and projector stay as they are. The starter's short decisions take the fast way
(`consult.rl.policy.shared_prompt`), within the same constraint as in play; any other model writes freely, as it would.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.agents.models.local.loading import load_afresh, revision_with
from consult.agents.models.local.training_metadata import PRACTICE
from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.models.model import ModelError, Request
from consult.agents.models.model_resolver import HUB_ID, Located, locate
from consult.agents.prompt_formats import DIALECTS, Dialect
from consult.agents.roles.client import derive_seed
from consult.rl.config import TrainConfig, TrainingError
from consult.rl.data.dataset import Row
from consult.rl.policy.constraint import Constraint
from consult.rl.policy.shared_prompt import Prompts, sample
from consult.rl.policy.vision_cache import VisionCache
from consult.rl.rewards.completion_parser import Decided, parse_diagnosis, parse_triage
from consult.scenarios import Scenario

NOT_TRAINED = re.compile(r"vision|visual|image|projector|connector|merger")
"""Parts of a model that stay as they are."""
COPIED = (".json", ".jinja", ".txt", ".model")
IN_A_BATCH = 64
"""Decisions that are made at once when a policy is measured."""


@dataclass
class Policy:
    """A model in training."""

    config: TrainConfig
    speaker: TransformersModel
    """Speaks with the weights as they are now, as in play."""
    model: Any
    """What is trained: the model itself, or PEFT's wrapping of it."""
    located: Located
    vision_cache: VisionCache | None
    """Set where decisions take the fast way."""
    constraint: Constraint | None = None
    """What may be decided, once `constrain` was told; only on the fast way."""

    # -- opening ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, config: TrainConfig, start: Path | None = None) -> Policy:
        """Load a model afresh.

        Args:
            config: What is trained.
            start: Folder of an adapter or of a whole model to continue from; None for the configuration's model.

        Raises:
            TrainingError: The reference is of a kind that cannot be trained.
            ModelError: It cannot be loaded.
        """
        from transformers import set_seed

        if config.model.startswith(("http://", "https://", "scripted:")) or config.model in ("human", "nobody"):
            raise TrainingError(f"'{config.model}' cannot be trained here; give starter, a folder or a hub id")
        located = locate(str(start) if start is not None else config.model)
        base = load_afresh(located)
        speaker = TransformersModel(base, config.model)
        set_seed(config.seed)
        model = _opened(base.model, located) if config.full else _wrapped(base.model, located, config)
        vision_cache = VisionCache(speaker) if base.dialect == "starter" else None
        return cls(config, speaker, model, located, vision_cache)

    @property
    def sees(self) -> bool:
        """Whether it takes photographs."""
        return self.speaker.info.sees

    @property
    def revision(self) -> str:
        """Of the weights that it was opened with, as those who play with them name it."""
        return revision_with(self.speaker.base.revision, self.located.adapter)

    @property
    def dialect(self) -> Dialect:
        """The dialect that it speaks."""
        return DIALECTS[self.speaker.info.dialect]

    @property
    def body(self) -> Any:
        """The model itself, adapters laid into it."""
        return self.speaker.model

    @property
    def most_tokens(self) -> int:
        """Tokens of a completion at most."""
        return self.config.max_tokens or (_FAST_TOKENS if self.vision_cache else _FREE_TOKENS)[self.config.role]

    def constrain(self, rows: Sequence[Row]) -> None:
        """Restrict decisions to what may be said in play; needed before the fast way is taken."""
        if self.vision_cache is not None:
            self.constraint = _constraint_of(self.speaker, self.config, rows[0])

    # -- deciding --------------------------------------------------------------------------------------------------

    def prompts(self, rows: Sequence[Row]) -> Prompts:
        """Return the prompts of rows, padded, with their photographs; on the fast way."""
        assert self.vision_cache is not None
        ids = [self.vision_cache.ids(row.prompt) for row in rows]
        features = [self.vision_cache.features(row.view.photograph) if row.view.photograph else None for row in rows]
        return Prompts.of(ids, features, self.speaker.tokenizer.pad_token_id)

    def decide(self, rows: Sequence[Row], votes: int = 1) -> list[list[str]]:
        """Return the completions that decide each row.

        Args:
            rows: To be decided.
            votes: 1 for the likeliest decision of each; else so many that are drawn at the temperature of play.
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
        # A generator of its own, so that measuring does not change what training draws.
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

    def read(self, text: str, row: Row, scenario: Scenario) -> Decided:
        """Read a completion as the rewards do: more strictly than in play.

        Args:
            text: The completion, with what its prompt begins it with.
            row: What was to be decided.
            scenario: Whose labels and aliases count.
        """
        if self.config.role == "triage":
            return parse_triage(text, row.view, self.dialect)
        return parse_diagnosis(text, scenario, self.config.rationale)

    # -- keeping ---------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write what was trained into a folder that a role's flag can name."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.config.full:
            self._save_whole(folder)
        else:
            self.model.save_pretrained(str(folder), selected_adapters=["default"], save_embedding_layers=False)
            _name_base(folder, self.config, self.located)
        (folder / "README.md").unlink(missing_ok=True)  # peft's, which says nothing
        practice = {"role": self.config.role, "rationale": self.config.rationale}
        (folder / PRACTICE).write_text(json.dumps(practice, indent=2) + "\n", encoding="utf-8")

    def _save_whole(self, folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        self.body.save_pretrained(folder)
        for path in self.located.folder.iterdir():
            # Tokenizer and processor are the start's, to the byte.
            if path.suffix in COPIED and not (folder / path.name).exists() and "index" not in path.name:
                shutil.copy(path, folder / path.name)
        metadata = _metadata(self.located.folder)
        if "dialect" in metadata:
            weights = folder / "model.safetensors"
            save_file(load_file(weights), weights, metadata=metadata)


_FAST_TOKENS = {"triage": 6, "attending": 64, "interview": 8}
_FREE_TOKENS = {"triage": 256, "attending": 512, "interview": 256}
_PLAYED = {"triage": 0.3, "attending": 0.5, "interview": 0.5}
"""Temperatures in play, at which votes are drawn."""


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
            # Whatever the adapter calls its base: it lies here, and PEFT need not ask the hub for it.
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
    """Return a pattern of the linear layers of the language model, its head left out, as PEFT takes it."""
    import torch

    names = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    inside = [name for name in names if not NOT_TRAINED.search(name) and "." in name and "lm_head" not in name]
    if not inside:
        raise ModelError("the model has no linear layers that an adapter could be laid on; try --full")
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
    """Write the base's name into an adapter so that it is found on another machine, too, where that is possible."""
    path = folder / "adapter_config.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["base_model_name_or_path"], told["revision"] = _portable(config.model, located, folder)
    path.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _portable(reference: str, located: Located, folder: Path) -> tuple[str, str | None]:
    if located.adapter is not None:
        before = json.loads((located.adapter / "adapter_config.json").read_text(encoding="utf-8"))
        name, revision = str(before["base_model_name_or_path"]), before.get("revision")
        inside = located.adapter / name
        return (_beside(inside, folder), None) if inside.is_dir() else (name, revision)
    if reference == "starter":
        return "starter", None
    named = None if Path(reference).is_dir() else HUB_ID.fullmatch(reference)
    return (named["id"], named["revision"]) if named else (_beside(Path(reference), folder), None)


def _beside(base: Path, folder: Path) -> str:
    """Return a folder's path as seen from another one, so that both can be moved together."""
    return os.path.relpath(base.resolve(), folder.resolve())


def _metadata(folder: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(sorted(folder.glob("*.safetensors"))[0], "pt") as weights:
        return dict(weights.metadata() or {})
