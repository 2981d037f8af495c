"""TRL's trainers, told how decisions are drawn and scored here.

What is TRL's: groups, advantages, the loss with its KL and entropy terms, the optimizer, several processes, trackers.
What is ours: a learning rate that follows the clock, the split of time in the log, and, for the starter's short
decisions, drawing and scoring within a constraint and with shared prompts (`SharedPromptTrainer`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Sampler
from transformers import Trainer
from trl import GRPOTrainer, SFTTrainer

from consult.rl.data.dataset import Row
from consult.rl.policy.constraint import END
from consult.rl.policy.policy import Policy
from consult.rl.policy.shared_prompt import Prompts, Said, add_decisions, sample
from consult.rl.runtime.schedule import Clock


class _Clocked:
    """A trainer whose learning rate follows the clock."""

    clock: Clock
    lr_scheduler: Any
    optimizer: Any
    processing_class: Any

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Let the rate follow the clock."""
        if self.lr_scheduler is None:
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, self.clock.rate)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def _save(self, *args: Any, **kwargs: Any) -> None:
        """Save weights alone: the processor is the start's, and not every one can be saved."""
        processor, self.processing_class = self.processing_class, None
        try:
            super()._save(*args, **kwargs)  # type: ignore[misc]
        finally:
            self.processing_class = processor

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write no card into checkpoints; the result has one of its own."""


class _AnewEachEpoch(Sampler[int]):
    """TRL's order of prompts, drawn from seed and epoch.

    TRL's own generator goes on from epoch to epoch, so that a training taken up in its second one would begin again
    with the order of the first.
    """

    def __init__(self, sampler: Any, seed: int) -> None:
        self.sampler, self.seed = sampler, seed

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, 0-based."""
        self.sampler.generator.manual_seed(self.seed + epoch)

    def __iter__(self) -> Iterator[int]:
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)


class TimedTrainer(_Clocked, GRPOTrainer):
    """GRPO that tells how its time is split."""

    def __init__(self, clock: Clock, **kwargs: Any) -> None:
        self.clock = clock
        self._spent = {"generation": 0.0, "reward": 0.0}
        super().__init__(**kwargs)

    @contextmanager
    def _timing(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._spent[what] += time.perf_counter() - begun

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return _AnewEachEpoch(super()._get_train_sampler(dataset), self.args.seed)

    def _generate(self, prompts: Any) -> Any:
        with self._timing("generation"):
            return super()._generate(prompts)

    def _calculate_rewards(self, *args: Any) -> Any:
        with self._timing("reward"):
            return super()._calculate_rewards(*args)

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """Make a step, timed."""
        begun, self._spent = time.perf_counter(), dict.fromkeys(self._spent, 0.0)
        loss = super().training_step(*args, **kwargs)
        for what, seconds in self._spent.items():
            self._metrics["train"][f"seconds/{what}"].append(seconds)
        update = time.perf_counter() - begun - sum(self._spent.values())
        self._metrics["train"]["seconds/update"].append(update)
        return loss


class SharedPromptTrainer(TimedTrainer):
    """GRPO on the starter's decisions: within a constraint, prompts read once a group, photographs looked at once.

    Rows are named by number: TRL carries it from the data set to the loss, and texts and photographs stay outside.
    """

    def __init__(self, policy: Policy, rows: Sequence[Row], **kwargs: Any) -> None:
        self.policy, self.rows = policy, rows
        self._numbers: Any = None
        super().__init__(rollout_func=self._rollout, **kwargs)
        for model in (policy.body, self.ref_model):
            if model is not None:
                add_decisions(self.accelerator.unwrap_model(model), self.temperature)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._numbers = torch.tensor([entry["row"] for entry in inputs])
        return {**super()._generate_and_score_completions(inputs), "numbers": self._numbers}

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        self._numbers = inputs["numbers"]
        return super()._compute_loss(model, inputs)

    def _prompts(self) -> tuple[Prompts, Any, list[Row]]:
        """Give the prompts of the numbers in hand, each once, the prompt of each number, and their rows."""
        numbers, owner = self._numbers.unique(return_inverse=True)
        rows = [self.rows[number] for number in numbers.tolist()]
        return self.policy.prompts(rows), owner, rows

    def _rollout(self, prompts: Any, trainer: Any) -> dict[str, Any]:
        constraint = self.policy.constraint
        assert constraint is not None
        shown, owner, _ = self._prompts()
        drawn = sample(
            self.policy.body,
            shown,
            owner,
            constraint,
            temperature=self.temperature,
            most=self.max_completion_length,
        )
        told = [shown.ids[i][shown.mask[i].bool()].tolist() for i in range(len(shown.ids))]
        return {
            "prompt_ids": [told[i] for i in owner.tolist()],
            "completion_ids": drawn.ids,
            "logprobs": drawn.logs,
            # What the constraint forces is no decision of the model's.
            "env_mask": drawn.chosen,
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
        shown, owner, _rows = self._prompts()
        ids, mask = input_ids[:, -logits_to_keep:], attention_mask[:, -logits_to_keep:]
        assert self.policy.constraint is not None
        said = Said(ids, owner, _states(self.policy, ids, mask), self.policy.constraint)
        logs, entropies = model(input_ids=shown.ids, attention_mask=shown.mask, features=shown.features, said=said)
        return logs, entropies if compute_entropy else None, None


def _states(policy: Policy, ids: Any, mask: Any) -> Any:
    """Give the constraint's state before each token; END in the padding."""
    constraint = policy.constraint
    assert constraint is not None
    lengths = mask.sum(1).tolist()
    walked = [constraint.walk(row[:length]) for row, length in zip(ids.tolist(), lengths, strict=True)]
    return torch.tensor([states + [END] * (ids.shape[1] - len(states)) for states in walked])


class SharedPromptSft(_Clocked, Trainer):
    """Supervised training on the same decisions, within the same constraint: the cross-entropy of the right one.

    Where a thought comes before the answer, it is the model's own, drawn anew, and the answer alone is trained.
    """

    def __init__(self, clock: Clock, policy: Policy, rows: Sequence[Row], answers: Sequence[str], **kwargs: Any):
        self.clock, self.policy, self.rows = clock, policy, rows
        self._answers = [policy.speaker.tokenizer.encode(answer, add_special_tokens=False) for answer in answers]
        super().__init__(**kwargs)
        add_decisions(policy.body, 1.0)

    def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
        """Give the cross-entropy of the right decisions."""
        rows = [self.rows[number] for number in inputs["row"]]
        shown = self.policy.prompts(rows)
        spoken = [
            before + self._answers[number]
            for before, number in zip(self._thoughts(shown, len(rows)), inputs["row"], strict=True)
        ]
        width = max(map(len, spoken))
        pad = self.policy.speaker.tokenizer.pad_token_id
        ids = torch.tensor([said + [pad] * (width - len(said)) for said in spoken])
        mask = torch.tensor([[1] * len(said) + [0] * (width - len(said)) for said in spoken])
        states = _states(self.policy, ids, mask)
        constraint = self.policy.constraint
        assert constraint is not None
        said = Said(ids, torch.arange(len(rows)), states, constraint)
        logs, _entropies = model(input_ids=shown.ids, attention_mask=shown.mask, features=shown.features, said=said)
        own = torch.tensor([len(said) - len(self._answers[n]) for said, n in zip(spoken, inputs["row"], strict=True)])
        decided = (torch.arange(width) >= own[:, None]) & constraint.choices[states.clamp_min(0)] & (states != END)
        return -(logs * decided).sum() / len(rows)

    def _thoughts(self, shown: Prompts, count: int) -> list[list[int]]:
        """Draw what comes before the answers; nothing where the answer comes first."""
        constraint = self.policy.constraint
        assert constraint is not None
        if self.policy.config.role == "triage" or self.policy.config.rationale != "before":
            return [[] for _ in range(count)]
        owner = torch.arange(count)
        drawn = sample(self.policy.body, shown, owner, constraint, temperature=1.0, most=self.policy.most_tokens)
        begins = self.policy.speaker.tokenizer.convert_tokens_to_ids("<answer>")
        return [ids[: ids.index(begins) + 1] if begins in ids else [begins] for ids in drawn.ids]


class ClockedSft(_Clocked, SFTTrainer):
    """TRL's supervised training, for any model that writes freely."""

    def __init__(self, clock: Clock, **kwargs: Any) -> None:
        self.clock = clock
        super().__init__(**kwargs)


Collate = Callable[[list[dict[str, Any]]], dict[str, list[int]]]


def numbers_alone(entries: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Collate rows of a data set that names them by number."""
    return {"row": [entry["row"] for entry in entries]}
