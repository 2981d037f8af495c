"""A GRPO step of ours against bare TRL's: the same model, rows and number of tokens, in one process and by turns.

All train an adapter on the starter's triage. `bare` is TRL's GRPOTrainer as it comes, with its image column and five
tokens a completion, any tokens; `shared` is what `consult train triage` does with the starter: the five tokens of a
decision, within the constraint, prompts read once a group, photographs encoded once. `free` is what it does with any
other model, here with the starter's prompts; its ratio is the price of our trainer. Photographs are drawn, and for
`shared` encoded, before the time is taken. Figures are medians of the steps, the first two of each training left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from benchmarks.speed.playing import add_common_options, markdown, median, ratio, tell
from consult.rl.config import TrainConfig
from consult.rl.data.dataset import Row, triage_rows
from consult.rl.policy.policy import Policy
from consult.rl.runtime.output_dir import quiet_libraries
from consult.rl.runtime.schedule import Clock
from consult.rl.trainers.grpo import DecisionGRPO
from consult.rl.trainers.trl_adapter import TimedGRPOTrainer, numbered_prompts
from consult.scenarios import load_scenario

TOKENS = 5
"""Of a triage decision: specialty, comma, space, urgency, full stop."""
LEFT_OUT = 2


class StepTimes(TrainerCallback):
    """Notes how long each step takes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self._begun = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Stop it."""
        self.seconds.append(time.perf_counter() - self._begun)


def opened(cases: int) -> tuple[Policy, list[Row]]:
    """Load a policy and its rows, photographs encoded."""
    scenario = load_scenario("derm34")
    policy = Policy.open(TrainConfig(role="triage", steps=1))
    rows = triage_rows(scenario, scenario.case_ids("train")[:cases], policy.dialect, sees=True)
    policy.constrain(rows)
    assert policy.vision_cache is not None
    policy.vision_cache.look_at(rows, scenario.revision, lambda _: None)
    return policy, rows


def arguments(folder: str, asked: argparse.Namespace, **more: Any) -> GRPOConfig:
    """Give the same arguments to all."""
    return GRPOConfig(
        output_dir=folder,
        max_steps=asked.steps + LEFT_OUT,
        per_device_train_batch_size=asked.prompts * asked.group,
        num_generations=asked.group,
        max_completion_length=TOKENS,
        learning_rate=1e-4,
        top_k=0,
        save_strategy="no",
        logging_steps=1000,
        disable_tqdm=True,
        report_to=[],
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        **more,
    )


def paid(completions: Sequence[Any], **_: Any) -> list[float]:
    """Pay for a letter, so that groups differ and both sides do the same."""
    return [float("e" in completion[0]["content"]) for completion in completions]


def with_photographs(policy: Policy, rows: Sequence[Row]) -> Dataset:
    """Make the data set with an image column, photographs drawn beforehand."""
    picture = cache(lambda i: rows[i].view.photograph.load())  # type: ignore[union-attr]
    chats = [policy.speaker.chat(row.prompt) for row in rows]
    for i in range(len(rows)):
        picture(i)

    def fill(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        return {
            "prompt": [chats[i] for i in batch["row"]],
            "image": [picture(i) for i in batch["row"]],
            "row": batch["row"],
        }

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Dataset.from_list([{"row": i} for i in range(len(rows))]).with_transform(fill)


def bare(policy: Policy, rows: Sequence[Row], folder: str, asked: argparse.Namespace) -> Any:
    """Make TRL's trainer as it comes."""
    return GRPOTrainer(
        model=policy.model,
        reward_funcs=[paid],
        # Exactly as many tokens as a decision has.
        args=arguments(folder, asked, generation_kwargs={"min_new_tokens": TOKENS}),
        train_dataset=with_photographs(policy, rows),
        processing_class=policy.speaker.processor,
    )


def free(policy: Policy, rows: Sequence[Row], folder: str, asked: argparse.Namespace) -> Any:
    """Make our trainer of models that write freely."""
    return TimedGRPOTrainer(
        clock=Clock(asked.steps, None),
        model=policy.model,
        reward_funcs=[paid],
        args=arguments(folder, asked, generation_kwargs={"min_new_tokens": TOKENS}),
        train_dataset=with_photographs(policy, rows),
        processing_class=policy.speaker.processor,
    )


def shared(policy: Policy, rows: Sequence[Row], folder: str, asked: argparse.Namespace) -> Any:
    """Make our trainer of the starter's decisions."""
    assert policy.constraint is not None
    return DecisionGRPO(
        policy,
        policy.constraint,
        rows,
        clock=Clock(asked.steps, None),
        model=policy.model,
        reward_funcs=[paid],
        args=arguments(folder, asked),
        train_dataset=numbered_prompts([row.id for row in rows]),
        processing_class=policy.speaker.tokenizer,
    )


Make = Callable[[Policy, Sequence[Row], str, argparse.Namespace], Any]
SIDES: dict[str, Make] = {"bare": bare, "free": free, "shared": shared}
WHAT = {"bare": "bare TRL", "free": "ours, any model", "shared": "ours, the starter's decisions"}


def steps_of(make: Make, asked: argparse.Namespace) -> list[float]:
    """Train; return the seconds of each step."""
    policy, rows = opened(asked.cases)
    times = StepTimes()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = make(policy, rows, str(Path(folder)), asked)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(times)
        trainer.train()
    return times.seconds[LEFT_OUT:]


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """Let the sides take turns."""
    torch.set_num_threads(asked.threads)
    quiet_libraries()
    rounds: dict[str, list[list[float]]] = {name: [] for name in SIDES}
    for _ in range(asked.rounds):
        for name, make in SIDES.items():
            rounds[name].append(steps_of(make, asked))
    middles = {name: [median(steps) for steps in found] for name, found in rounds.items()}
    return {
        "sample": f"{asked.steps} steps a round of {asked.prompts} prompts with {asked.group} completions of {TOKENS} "
        f"tokens, {asked.cases} derm34 cases, starter, {asked.threads} thread(s), TRL's seed 42",
        "seconds": rounds,
        "median": {name: median(found) for name, found in middles.items()},
        "ratio to bare": {name: ratio(found, middles["bare"]) for name, found in middles.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown."""
    rows = [
        (WHAT[name], f"{seconds:.2f}", f"{found['ratio to bare'][name]:.2f}")
        for name, seconds in found["median"].items()
    ]
    return markdown(("", "seconds a step", "of bare TRL"), rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--cases", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    found = measured(asked)
    tell(asked, found, table(found))
