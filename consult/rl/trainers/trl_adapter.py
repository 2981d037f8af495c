"""The only module that uses or overrides private members of TRL; it contains nothing else.

Written for TRL 1.16 (`WRITTEN_FOR`). `tests/rl/trainers/test_trl_adapter.py` names each private member with its
signature and fails if TRL changes one; no other module overrides or calls them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Sampler
from transformers import Trainer
from trl import GRPOTrainer, SFTTrainer
from trl.models.utils import _ForwardRedirection

from consult.rl.runtime.schedule import Clock

WRITTEN_FOR = "1.16"
"""The version of TRL that this module was written for."""


def through_forward(model: Any, inner: Any, function: Callable[..., Any], *args: Any) -> Any:
    """Call `function(language model, *args)` as if it were the forward pass of a model.

    Going through the model's own `forward` lets the wrapper for several processes average gradients.

    Args:
        model: The trainer's model, wrapped for several processes or not.
        inner: The same without the wrapper: the language model, or PEFT's model with adapters.
        function: Called once in place of the forward pass, which is restored afterwards.
        args: Passed to the function.
    """
    body = inner.get_base_model() if hasattr(inner, "get_base_model") else inner
    return _ForwardRedirection()(model, inner, partial(function, body), *args)


# -- any trainer -------------------------------------------------------------------------------------------------------


class ScheduledTrainer(Trainer):
    """A trainer whose learning rate follows the clock of the whole training run.

    Args:
        clock: Clock of all phases.
        kwargs: Arguments of the trainer.
    """

    lr_scheduler: Any
    processing_class: Any

    def __init__(self, clock: Clock, **kwargs: Any) -> None:
        self.clock = clock
        super().__init__(**kwargs)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Return a scheduler that follows the clock."""
        if self.lr_scheduler is None:
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, self.clock.rate)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def restore(self, checkpoint: Path) -> None:
        """Load the weights of a checkpoint, without a step of training."""
        self._load_from_checkpoint(str(checkpoint))

    def through_forward(self, model: Any, function: Callable[..., Any], *args: Any) -> Any:
        """Call `function(language model, *args)` through the forward pass of one of this trainer's models."""
        return through_forward(model, self.accelerator.unwrap_model(model), function, *args)

    def _save(self, *args: Any, **kwargs: Any) -> None:
        """Save the weights without the processor: it is the start's, and not every processor can be saved."""
        processor, self.processing_class = self.processing_class, None
        try:
            super()._save(*args, **kwargs)
        finally:
            self.processing_class = processor

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write no card into checkpoints; the result has its own."""


class ScheduledSFTTrainer(ScheduledTrainer, SFTTrainer):
    """TRL's supervised training, for any model that writes freely."""


# -- GRPO --------------------------------------------------------------------------------------------------------------


class _ReseededSampler(Sampler[int]):
    """TRL's order of prompts, drawn from seed and epoch.

    TRL's own generator continues from epoch to epoch, so a run resumed in its second epoch would start again with the
    order of the first.
    """

    def __init__(self, sampler: Any, seed: int) -> None:
        self.sampler, self.seed = sampler, seed

    def set_epoch(self, epoch: int) -> None:
        """Start an epoch, 0-based."""
        self.sampler.generator.manual_seed(self.seed + epoch)

    def __iter__(self) -> Iterator[int]:
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)


class TimedGRPOTrainer(ScheduledTrainer, GRPOTrainer):
    """GRPO that logs how its time is split; used directly for any model that writes freely."""

    def __init__(self, clock: Clock, **kwargs: Any) -> None:
        self.seconds = {"generation": 0.0, "reward": 0.0}
        """Seconds that each part of this step has taken so far."""
        super().__init__(clock, **kwargs)

    @contextmanager
    def _timing(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] += time.perf_counter() - begun

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return _ReseededSampler(super()._get_train_sampler(dataset), self.args.seed)

    def _generate(self, prompts: Any) -> Any:
        with self._timing("generation"):
            return super()._generate(prompts)

    def _calculate_rewards(self, *args: Any) -> Any:
        with self._timing("reward"):
            return super()._calculate_rewards(*args)

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """Make a step and log its seconds."""
        begun, self.seconds = time.perf_counter(), dict.fromkeys(self.seconds, 0.0)
        loss = super().training_step(*args, **kwargs)
        update = time.perf_counter() - begun - sum(self.seconds.values())
        for what, seconds in {**self.seconds, "update": update}.items():
            self._metrics["train"][f"seconds/{what}"].append(seconds)
        return loss


def numbered_prompts(names: Sequence[str]) -> Any:
    """Return a data set of prompts that contain the number of their row, as `RolloutGRPOTrainer` requires.

    Args:
        names: Names of the rows in logs.

    Returns:
        A data set with the columns `prompt` and `row`, which are passed to rewards.
    """
    from datasets import Dataset

    return Dataset.from_list(
        [{"prompt": [{"role": "user", "content": name, "row": row}], "row": row} for row, name in enumerate(names)]
    )


@dataclass(frozen=True)
class Rollouts:
    """The completions of a step."""

    numbers: Sequence[int]
    """Numbers that tell `score` which row or episode a completion belongs to."""
    ids: Sequence[Sequence[int]]
    """Completion → its tokens, at least one."""
    logs: Sequence[Sequence[float]]
    """Log-probability of each token when it was drawn, in nats."""
    chosen: Sequence[Sequence[int]]
    """1 if the policy chose the token, 0 if it was forced; only chosen tokens are trained."""
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Additional arguments of the rewards."""


@dataclass(frozen=True)
class CompletionBatch:
    """Completions whose log-probabilities are computed."""

    numbers: Any
    """(completions,): the numbers from their `Rollouts`."""
    ids: Any
    """(completions, tokens), padded on the right."""
    mask: Any
    """The same shape: 0 where padding is."""


class RolloutGRPOTrainer(TimedGRPOTrainer):
    """GRPO whose completions and log-probabilities come from two methods, `roll_out` and `score`.

    TRL passes neither the columns of the data set to a rollout nor the fields of a batch to the log-probabilities. It
    passes only the prompt to both, unread, shuffled and divided with the rest of the batch. So a prompt's message
    contains the number of its row, and a completion's only prompt token is its number.
    """

    def __init__(self, clock: Clock, **kwargs: Any) -> None:
        super().__init__(clock, rollout_func=self._rollout_func, **kwargs)

    def roll_out(self, rows: Sequence[int]) -> Rollouts:
        """Draw one completion for each given row; those of a group are consecutive."""
        raise NotImplementedError

    def score(self, model: Any, batch: CompletionBatch) -> tuple[Any, Any]:
        """Return log-probabilities and entropies in nats, both (completions, tokens), with gradients.

        Args:
            model: The policy, or the reference that the KL divergence is measured from.
            batch: Some completions of the last rollout.
        """
        raise NotImplementedError

    def _rollout_func(self, prompts: Sequence[Any], trainer: Any) -> dict[str, Any]:
        rollouts = self.roll_out([messages[0]["row"] for messages in prompts])
        return {
            "prompt_ids": [[number] for number in rollouts.numbers],
            "completion_ids": rollouts.ids,
            "logprobs": rollouts.logs,
            "env_mask": rollouts.chosen,
            **rollouts.columns,
        }

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Any,
        attention_mask: Any,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **_: Any,
    ) -> tuple[Any, Any, None]:
        numbers, ids = input_ids[:, -logits_to_keep - 1], input_ids[:, -logits_to_keep:]
        logs, entropies = self.score(model, CompletionBatch(numbers, ids, attention_mask[:, -logits_to_keep:]))
        return logs, entropies if compute_entropy else None, None
