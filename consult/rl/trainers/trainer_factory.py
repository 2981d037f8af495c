"""One phase of a training: the right trainer with the right arguments, taken up where a kill has left it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from consult.rl.config import TrainConfig, TrainingError
from consult.rl.data.dataset import Row, train_only
from consult.rl.policy.policy import Policy
from consult.rl.rewards.completion_parser import Decided
from consult.rl.rewards.curriculum import Phase
from consult.rl.rewards.decisions import DECISION_REWARDS, DecisionReward
from consult.rl.rewards.failures import told_of
from consult.rl.rewards.user_rewards import REWARDS, OwnReward, paid
from consult.rl.runtime.evaluation import read
from consult.rl.runtime.schedule import NEARLY, SPENT, Clock
from consult.scenarios import Scenario

NEVER = 10**6
"""Steps, where time alone ends a training."""
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
"""Completions of a prompt of the starter's, by role."""
GROUP = 8
"""Completions of a prompt of any other model's."""
GENTLER = 2.5
"""The rate of interviews is so many times lower: at the rate of single decisions they collapsed."""


def group_of(config: TrainConfig, fast: bool) -> int:
    """Give the completions of a prompt."""
    return config.group or (GROUPS[config.role] if fast else GROUP)


def fit(
    policy: Policy,
    phase: Phase,
    scenario: Scenario,
    clock: Clock,
    folder: Path,
    callbacks: Sequence[Any],
    *,
    resume: bool = False,
    steps: int | None = None,
) -> int:
    """Train through a phase.

    Args:
        policy: Changed in place.
        phase: Rows, method, weights.
        scenario: Whose labels count.
        clock: Of the whole training.
        folder: Of the phase's checkpoints.
        callbacks: Of the trainer.
        resume: Whether to go on from the newest whole checkpoint, where there is one.
        steps: Of this phase; None where time alone ends it.

    Returns:
        The phase's steps.

    Raises:
        TrainingError: A reward raised, a checkpoint is broken, or a test case is among the rows.
    """
    from transformers import PrinterCallback

    rows = train_only(phase.rows)
    make = {"grpo": _interview if policy.config.role == "interview" else _grpo, "sft": _sft}[phase.method]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about how libraries call each other
        trainer = make(policy, rows, phase, scenario, clock, folder, steps or NEVER)
        trainer.remove_callback(PrinterCallback)
        for callback in callbacks:
            trainer.add_callback(callback)
        checkpoint = newest_whole(folder) if resume else None
        if checkpoint is not None:
            clock.take_up(checkpoint)
        clock.begin()
        if checkpoint is not None and _is_over(checkpoint, phase, clock, steps):
            # Trainers make a step before they look at their end.
            with _told_if_broken(trainer, checkpoint):
                trainer._load_from_checkpoint(str(checkpoint))
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
            f"the checkpoint '{checkpoint}' is broken ({first}); remove it, and --resume goes on from the one before"
        ) from error


def newest_whole(folder: Path) -> Path | None:
    """Find the newest checkpoint that was written to its end."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / SPENT).is_file()]
    return max(whole, key=_step_of, default=None)


def _step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


# -- arguments ---------------------------------------------------------------------------------------------------------


def _arguments(policy: Policy, phase: Phase, folder: Path, steps: int) -> dict[str, Any]:
    import torch

    config = policy.config
    # The starter's short decisions are made for the CPU, and lie there.
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
        "save_strategy": "no",  # the watcher says when
        "save_total_limit": 2,
        "logging_steps": 1,
        "logging_first_step": True,
        "disable_tqdm": True,
        "report_to": [] if config.report_to == "none" else [config.report_to],
        "run_name": folder.parent.name,
        "use_cpu": not cuda,
        # TRL turns both on; on a CPU they cost and give nothing.
        "bf16": cuda,
        "gradient_checkpointing": cuda,
        "dataloader_pin_memory": cuda,
        "remove_unused_columns": False,
        "ddp_find_unused_parameters": False if policy.vision_cache else None,
    }


def _batches(config: TrainConfig, whole: int) -> dict[str, int]:
    """Divide a step over processes, and over what fits the device at once."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    share = whole // processes
    micro = min(config.micro or share, share)
    if whole % processes or share % micro:
        raise TrainingError(
            f"a step of {whole} completions cannot be divided into {processes} processes of {micro} at once; "
            "choose --prompts, --group and --micro that divide it"
        )
    return {"per_device_train_batch_size": micro, "gradient_accumulation_steps": share // micro}


# -- GRPO --------------------------------------------------------------------------------------------------------------


def _grpo(
    policy: Policy, rows: list[Row], phase: Phase, scenario: Scenario, clock: Clock, folder: Path, steps: int
) -> Any:
    from consult.rl.trainers.grpo import SharedPromptTrainer, TimedTrainer

    rewards = [_reward(name, rows, policy, scenario) for name in policy.config.weights]
    arguments = _grpo_arguments(policy, phase, folder, steps)
    given: dict[str, Any] = {"model": policy.model, "reward_funcs": rewards, "args": arguments}
    if policy.vision_cache is not None:
        return SharedPromptTrainer(
            policy=policy,
            rows=rows,
            clock=clock,
            train_dataset=_named(rows),
            processing_class=policy.speaker.tokenizer,
            **given,
        )
    return TimedTrainer(
        clock=clock,
        train_dataset=_shown(policy, rows, lambda i: {}),
        processing_class=policy.speaker.processor or policy.speaker.tokenizer,
        **given,
    )


def _interview(
    policy: Policy, rows: list[Row], phase: Phase, scenario: Scenario, clock: Clock, folder: Path, steps: int
) -> Any:
    from consult.rl.trainers.choices import InterviewTrainer, interview_rewards, make_rollout_engine

    return InterviewTrainer(
        engine=make_rollout_engine(policy, scenario),
        policy=policy,
        rows=rows,
        clock=clock,
        model=policy.model,
        reward_funcs=interview_rewards(policy.config),
        args=_grpo_arguments(policy, phase, folder, steps),
        train_dataset=_named(rows),
        processing_class=policy.speaker.tokenizer,
    )


def _grpo_arguments(policy: Policy, phase: Phase, folder: Path, steps: int) -> Any:
    from trl import GRPOConfig

    config = policy.config
    group = group_of(config, policy.vision_cache is not None)
    return GRPOConfig(
        **_arguments(policy, phase, folder, steps),
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


def _named(rows: Sequence[Row]) -> Any:
    """Make a data set that names rows by number; texts and photographs stay outside."""
    from datasets import Dataset

    return Dataset.from_list(
        [{"prompt": [{"role": "user", "content": row.id}], "row": i} for i, row in enumerate(rows)]
    )


def _reward(name: str, rows: Sequence[Row], policy: Policy, scenario: Scenario) -> Callable[..., list[float]]:
    """Let TRL call a reward; what it raises is told in a sentence."""
    own = REWARDS.find(name) if name not in DECISION_REWARDS else None
    if own is not None and own.over == "trl":
        return _as_trl_calls_it(own, rows)
    pays: DecisionReward = own.pays if own is not None else DECISION_REWARDS[name]

    def reward(completions: Any, row: Sequence[int], **_: Any) -> list[float]:
        return [
            _paid(name, pays, *_decided(c, rows[i], policy, scenario)) for c, i in zip(completions, row, strict=True)
        ]

    reward.__name__ = name
    return reward


def _as_trl_calls_it(own: OwnReward, rows: Sequence[Row]) -> Callable[..., list[float]]:
    """Let TRL call a reward of its own form, with the ids of the cases and the right answers beside its columns."""

    def reward(completions: Any, row: Sequence[int], **given: Any) -> list[float]:
        shown = [rows[i] for i in row]
        columns = {"case": [one.case.id for one in shown], "answer": [one.target.answer for one in shown]}
        with told_of(own.name):
            values = [paid(own.name, one) for one in own.pays(completions=completions, **{**given, **columns})]
            if len(values) != len(completions):
                raise ValueError(f"it returned {len(values)} values for {len(completions)} completions")
        return values

    reward.__name__ = own.name
    return reward


def _decided(completion: Any, row: Row, policy: Policy, scenario: Scenario) -> tuple[Decided, Row]:
    text = completion[0]["content"] if isinstance(completion, list) else completion
    return read(row.prompt.begin + text, row, policy, scenario), row


def _paid(name: str, pays: DecisionReward, decided: Decided, row: Row) -> float:
    where = f" on '{row.id}'"
    with told_of(name, where):
        return paid(name, pays(decided, row.target), where)


# -- supervised --------------------------------------------------------------------------------------------------------


def _sft(
    policy: Policy, rows: list[Row], phase: Phase, scenario: Scenario, clock: Clock, folder: Path, steps: int
) -> Any:
    from datasets import Dataset
    from transformers import TrainingArguments
    from trl import SFTConfig

    from consult.rl.trainers.grpo import ClockedSft, SharedPromptSft, numbers_alone

    config, fast = policy.config, policy.vision_cache is not None
    # As many cases in a step as GRPO sees, times a few: there is one right answer each.
    batches = _batches(config, config.prompts * (4 if fast else 1))
    common = _arguments(policy, phase, folder, steps)
    answers = [answer_of(row, policy) for row in rows]
    if fast:
        return SharedPromptSft(
            clock,
            policy,
            rows,
            answers,
            model=policy.model,
            args=TrainingArguments(**common, **batches),
            train_dataset=Dataset.from_list([{"row": i} for i in range(len(rows))]),
            data_collator=numbers_alone,
            processing_class=policy.speaker.tokenizer,
        )
    kwargs = {"max_length": None, "completion_only_loss": True}
    return ClockedSft(
        clock,
        model=policy.model,
        args=SFTConfig(**common, **batches, **kwargs),
        train_dataset=_shown(policy, rows, lambda i: {"completion": [_message("assistant", answers[i])]}),
        processing_class=policy.speaker.processor or policy.speaker.tokenizer,
    )


WEIGHED = "I weighed what I saw and heard, and the opinions."
"""Stands for a thought in what a plain model is to copy: nobody wrote one."""
FITS = "The complaint and the photograph fit this clinic."


def answer_of(row: Row, policy: Policy) -> str:
    """Give the right decision as the student should write it, after what its prompt begins it with."""
    import json

    config, target = policy.config, row.target
    if policy.dialect.slots:
        if config.role == "triage":
            return f"{target.answer}, {target.urgency}."
        return f"{target.answer}</answer>"
    if config.role == "triage":
        return json.dumps({"specialty": target.answer, "urgency": target.urgency, "why": FITS})
    answer, thought = f"<answer>{target.answer}</answer>", f"<think>{WEIGHED}</think>"
    return {"before": thought + answer, "after": answer + thought, "none": answer}[config.rationale]


# -- data sets of models that write freely -----------------------------------------------------------------------------


def _shown(policy: Policy, rows: Sequence[Row], more: Callable[[int], dict[str, Any]]) -> Any:
    """Make a data set whose prompts are chats as in play, photographs drawn when they are looked at."""
    from datasets import Dataset

    chats = [policy.speaker.chat(row.prompt) for row in rows]
    bare = Dataset.from_list([{"row": i} for i in range(len(rows))])

    def fill(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        filled: dict[str, list[Any]] = {"row": batch["row"], "prompt": [chats[i] for i in batch["row"]]}
        if policy.sees:
            filled["image"] = [_picture(rows[i]) for i in batch["row"]]
        for i in batch["row"]:
            for name, value in more(i).items():
                filled.setdefault(name, []).append(value)
        return filled

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bare.with_transform(fill)


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _picture(row: Row) -> Any:
    return row.view.photograph.load() if row.view.photograph else None
