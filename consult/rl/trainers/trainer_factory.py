"""Train one phase: the right trainer with the right arguments, resumed after an interruption."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consult.rl.config import TrainConfig, TrainingError
from consult.rl.data.dataset import Row, train_only
from consult.rl.policy.policy import Policy
from consult.rl.rewards.curriculum import Phase
from consult.rl.runtime.schedule import NEARLY, SPENT, Clock
from consult.rl.trainers.rollouts import RolloutEngine
from consult.scenarios import Photograph, Scenario

if TYPE_CHECKING:
    from consult.rl.trainers.trl_adapter import ScheduledTrainer

NEVER = 10**6
"""Number of steps if only time ends a training run."""
RATES: Mapping[tuple[str, str, bool], float] = {
    ("starter", "grpo", False): 1e-3,
    ("starter", "grpo", True): 3e-4,
    ("starter", "sft", False): 1e-3,
    ("starter", "sft", True): 3e-4,
    ("plain", "grpo", False): 1e-5,
    ("plain", "grpo", True): 1e-6,
    ("plain", "sft", False): 1e-4,
    ("plain", "sft", True): 1e-5,
}
"""Dialect, method, all weights → peak of the learning rate."""

GROUPS: Mapping[str, int] = {"triage": 64, "attending": 16, "interview": 8}
"""Role → completions per prompt of the starter."""
GROUP = 8
"""Completions per prompt of any other model."""
GENTLER = 2.5
"""Divides the learning rate for interviews: at the rate of single decisions they collapsed."""


def group_of(config: TrainConfig, fast: bool) -> int:
    """Return the number of completions per prompt.

    Args:
        config: The training configuration.
        fast: Whether decisions take the starter's fast path.
    """
    return config.group or (GROUPS[config.role] if fast else GROUP)


def fit(
    policy: Policy,
    phase: Phase,
    scenario: Scenario,
    clock: Clock,
    folder: Path,
    callbacks: Sequence[Any],
    *,
    engine: RolloutEngine | None = None,
    resume: bool = False,
    steps: int | None = None,
) -> int:
    """Train through a phase.

    Args:
        policy: The policy; its weights change in place.
        phase: Rows, method and weights of the phase.
        scenario: The scenario whose labels count.
        clock: Clock of the whole training run.
        folder: Folder of the phase's checkpoints.
        callbacks: The trainer's callbacks.
        engine: Plays whole consultations with the policy; None if single decisions are trained.
        resume: Whether to continue from the newest complete checkpoint, if there is one.
        steps: Steps of this phase; None if only time ends it.

    Returns:
        The number of steps of the phase.

    Raises:
        TrainingError: A reward raised, a checkpoint is broken, or a test case is among the rows.
    """
    from transformers import PrinterCallback

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about how libraries call each other
        trainer = make_trainer(policy, phase, scenario, clock, folder, steps or NEVER, engine)
        trainer.remove_callback(PrinterCallback)
        for callback in callbacks:
            trainer.add_callback(callback)
        checkpoint = newest_whole(folder) if resume else None
        if checkpoint is not None:
            clock.resume_from(checkpoint)
        clock.begin()
        if checkpoint is not None and _is_over(checkpoint, phase, clock, steps):
            # Trainers make one step before they check whether they are done.
            with _told_if_broken(trainer, checkpoint):
                trainer.restore(checkpoint)
            return _step_of(checkpoint)
        with _told_if_broken(trainer, checkpoint):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return int(trainer.state.global_step)


def _is_over(checkpoint: Path, phase: Phase, clock: Clock, steps: int | None) -> bool:
    step = _step_of(checkpoint)
    return (steps is not None and step >= steps) or clock.fraction(step) >= phase.until - NEARLY


@contextmanager
def _told_if_broken(trainer: Any, checkpoint: Path | None) -> Iterator[None]:
    try:
        yield
    except (TrainingError, OSError, KeyboardInterrupt):
        raise
    except Exception as error:
        if checkpoint is None or trainer.state.global_step > _step_of(checkpoint):
            raise
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrainingError(
            f"the checkpoint '{checkpoint}' is broken ({first}); remove it, and --resume continues from the one before"
        ) from error


def newest_whole(folder: Path) -> Path | None:
    """Return the newest complete checkpoint; None if there is none."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / SPENT).is_file()]
    return max(whole, key=_step_of, default=None)


def _step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


# -- arguments ---------------------------------------------------------------------------------------------------------


def _arguments(policy: Policy, phase: Phase, folder: Path, steps: int) -> dict[str, Any]:
    import torch

    config = policy.config
    # The starter's short decisions are designed for the CPU, and run there.
    cuda = torch.cuda.is_available() and policy.vision_cache is None
    rate = config.learning_rate or RATES[policy.speaker.info.dialect, phase.method, config.full]
    if config.role == "interview" and config.learning_rate is None:
        rate /= GENTLER
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "learning_rate": rate,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "seed": 1_000 * config.seed + phase.number,
        "save_strategy": "no",  # `consult.rl.runtime.callbacks` says when
        "save_total_limit": 2,
        "logging_steps": 1,
        "logging_first_step": True,
        "disable_tqdm": True,
        "report_to": [] if config.report_to == "none" else [config.report_to],
        "run_name": folder.parent.name,
        "use_cpu": not cuda,
        # TRL turns both on; on a CPU they only cost time.
        "bf16": cuda,
        "gradient_checkpointing": cuda,
        "dataloader_pin_memory": cuda,
        "remove_unused_columns": False,
        "ddp_find_unused_parameters": False if policy.vision_cache else None,
    }


def _batches(config: TrainConfig, whole: int) -> dict[str, int]:
    """Divide a step over processes, and into batches that fit on the device."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    share = whole // processes
    micro = min(config.micro or share, share)
    if whole % processes or share % micro:
        raise TrainingError(
            f"a step of {whole} completions cannot be divided into {processes} processes of {micro} at once; "
            "choose --prompts, --group and --micro that divide it"
        )
    return {"per_device_train_batch_size": micro, "gradient_accumulation_steps": share // micro}


# -- trainers ----------------------------------------------------------------------------------------------------------


def make_trainer(
    policy: Policy,
    phase: Phase,
    scenario: Scenario,
    clock: Clock,
    folder: Path,
    steps: int,
    engine: RolloutEngine | None = None,
) -> ScheduledTrainer:
    """Return the trainer of a phase.

    Args:
        policy: The policy in training.
        phase: Rows, method and weights of the phase.
        scenario: The scenario whose labels count.
        clock: Clock of the whole training run.
        folder: Folder of the phase's checkpoints.
        steps: Most steps of the phase.
        engine: Plays whole consultations with the policy; None if single decisions are trained.

    Raises:
        TrainingError: A test case is among the rows, or a step cannot be divided.
    """
    rows = train_only(phase.rows)
    fast, speaker = policy.vision_cache is not None, policy.speaker
    common = {
        "clock": clock,
        "model": policy.model,
        "processing_class": speaker.tokenizer if fast else speaker.processor or speaker.tokenizer,
    }
    arguments = _arguments(policy, phase, folder, steps)
    if phase.method == "sft":
        return _sft(policy, rows, arguments, common)
    return _grpo(policy, phase, rows, scenario, engine, arguments, common)


def _grpo(
    policy: Policy,
    phase: Phase,
    rows: list[Row],
    scenario: Scenario,
    engine: RolloutEngine | None,
    arguments: dict[str, Any],
    common: dict[str, Any],
) -> ScheduledTrainer:
    from consult.rl.trainers.grpo import DecisionGRPO, InterviewGRPO, consultation_reward, decision_reward
    from consult.rl.trainers.trl_adapter import TimedGRPOTrainer, numbered_prompts

    names = list(policy.config.weights)
    common = {**common, "args": _grpo_arguments(policy, phase, arguments)}
    if engine is not None:
        rewards = [consultation_reward(name) for name in names]
        data = numbered_prompts([row.id for row in rows])
        return InterviewGRPO(policy, engine, rows, reward_funcs=rewards, train_dataset=data, **common)
    rewards = [decision_reward(name, rows, policy, scenario) for name in names]
    if policy.constraint is not None:
        data = numbered_prompts([row.id for row in rows])
        return DecisionGRPO(policy, policy.constraint, rows, reward_funcs=rewards, train_dataset=data, **common)
    return TimedGRPOTrainer(reward_funcs=rewards, train_dataset=_chats(policy, rows), **common)


def _grpo_arguments(policy: Policy, phase: Phase, arguments: dict[str, Any]) -> Any:
    from trl import GRPOConfig

    config = policy.config
    group = group_of(config, policy.vision_cache is not None)
    return GRPOConfig(
        **arguments,
        **_batches(config, config.prompts * group),
        num_generations=group,
        max_completion_length=policy.most_tokens,
        temperature=config.temperature,
        top_k=0,
        beta=phase.beta,
        entropy_coef=phase.entropy,
        reward_weights=list(config.weights.values()),
        chat_template_kwargs=dict(policy.speaker.format.variables),
    )


def _sft(policy: Policy, rows: list[Row], arguments: dict[str, Any], common: dict[str, Any]) -> ScheduledTrainer:
    from datasets import Dataset
    from transformers import TrainingArguments
    from trl import SFTConfig

    from consult.rl.trainers.sft import DecisionSFT, answer_of, row_numbers, tokenized
    from consult.rl.trainers.trl_adapter import ScheduledSFTTrainer

    # A few times as many cases per step as in GRPO, since each has only one right answer.
    batches = _batches(policy.config, policy.config.prompts * (1 if policy.constraint is None else 4))
    answers = [answer_of(row, policy) for row in rows]
    if policy.constraint is not None:
        return DecisionSFT(
            policy,
            policy.constraint,
            rows,
            answers,
            args=TrainingArguments(**arguments, **batches),
            train_dataset=Dataset.from_list([{"row": i} for i in range(len(rows))]),
            data_collator=row_numbers,
            **common,
        )
    # TRL takes text in tokens; only photographs are drawn when they are needed.
    data = _chats(policy, rows, answers) if policy.sees else Dataset.from_list(tokenized(policy, rows, answers))
    return ScheduledSFTTrainer(
        args=SFTConfig(**arguments, **batches, max_length=None, completion_only_loss=True),
        train_dataset=data,
        **common,
    )


# -- data sets of models that write freely -----------------------------------------------------------------------------


def _chats(policy: Policy, rows: Sequence[Row], answers: Sequence[str] | None = None) -> Any:
    """Return a data set whose prompts are chats as in play; photographs are drawn when they are needed.

    Args:
        policy: The policy whose prompt format the chats have.
        rows: The rows; the column `row` has their numbers.
        answers: The completion of each row; None if the policy writes its own.
    """
    from datasets import Dataset

    chats = [policy.speaker.chat(row.prompt) for row in rows]
    photographs = [row.view.photographs for row in rows] if policy.sees else None
    several = any(len(row.view.photographs) > 1 for row in rows)
    bare = Dataset.from_list([{"row": i} for i in range(len(rows))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bare.with_transform(_Filled(chats, photographs, several, answers))


@dataclass(frozen=True)
class _Filled:
    """Fills a batch of row numbers. It holds no model, because `datasets` pickles it for the data set's fingerprint."""

    chats: Sequence[Any]
    photographs: Sequence[Sequence[Photograph]] | None
    """Those of each row; None for a text-only policy."""
    several: bool
    """Whether some row has several."""
    answers: Sequence[str] | None

    def __call__(self, batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        filled: dict[str, list[Any]] = {"row": batch["row"], "prompt": [self.chats[i] for i in batch["row"]]}
        if self.photographs is not None:
            shown = [[one.load() for one in self.photographs[i]] for i in batch["row"]]
            if self.several:
                filled["images"] = [pictures or None for pictures in shown]
            else:
                filled["image"] = [pictures[0] if pictures else None for pictures in shown]
        if self.answers is not None:
            filled["completion"] = [
                [{"role": "assistant", "content": [{"type": "text", "text": self.answers[i]}]}] for i in batch["row"]
            ]
        return filled
