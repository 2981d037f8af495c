"""Report what a training run would do, how long and how much memory it would take: measured on one or two steps."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from consult.counts import count_of, duration
from consult.envs.placement import Placement
from consult.rl.config import TrainConfig, TrainedRole
from consult.rl.data.dataset import case_ids
from consult.rl.policy.policy import Policy
from consult.rl.practitioner import HERE, training_of
from consult.rl.rewards.curriculum import phases
from consult.rl.runtime.output_dir import quiet_libraries
from consult.rl.runtime.schedule import Clock
from consult.rl.trainers.trainer_factory import fit, group_of
from consult.rl.training import Training

STEPS = 2
"""Steps that are measured if a whole step is short; the faster one counts. A part of a step is measured once."""
FEW = 32
"""Cases in the measured steps of triage, whose cases are not played."""
SAMPLE: Mapping[TrainedRole, int] = {"attending": 4, "interview": 1}
"""Role → measured cases of a step; all cases for the starter's triage, one case for any other model."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class _Measured:
    """How long a step takes."""

    step: float
    """Seconds of a whole step, extrapolated from the sample."""
    playing: float
    """Seconds to make one case's decision."""
    sample: str
    """Which part of a step was measured; empty if it was a whole one."""


def tell_plan(config: TrainConfig, out: Path, say: Say, placement: Placement = HERE) -> None:
    """Report what a training run would do; only the features of photographs are written.

    Args:
        config: The training configuration.
        out: The folder for the result.
        say: Called with each line as soon as it is known.
        placement: Where the models that play beside the one in training would be loaded.

    Raises:
        TrainingError: The training run could not start.
        ModelError: The model cannot be loaded.
    """
    quiet_libraries()
    asked = training_of(config, out, lambda _: None, placement)
    asked.check()
    ids = {
        split: case_ids(asked.scenario, split, most)
        for split, most in (("train", config.cases), ("validation", config.validation), ("test", config.test))
        if split in asked.scenario.splits
    }
    _tell_task(config, ids, say)
    policy = Policy.open(config)
    _tell_sizes(config, policy, say)
    measured = _measured(config, asked, policy, say)
    if config.role == "attending":
        _tell_interviews(config, policy, ids, measured.playing, say)
    say(f"a step takes about {_seconds(measured.step)} here{measured.sample}{_length(config, measured.step)}")
    say(f"memory: {'at least' if measured.sample else 'about'} {_peak() / 2**30:.1f} GB{measured.sample}")
    say(f"the result would be in '{out}'; nothing has been written yet")


def _tell_task(config: TrainConfig, ids: Mapping[str, Sequence[str]], say: Say) -> None:
    counts = ", ".join(f"{len(found):,} {split}" for split, found in ids.items())
    say(f"{config.role}, {config.method}, on '{config.model}'")
    say(f"cases of '{config.scenario}': {counts}; test cases are read only at the end")
    say(f"rewards: {', '.join(f'{weight:g} x {name}' for name, weight in config.weights.items())}")


def _tell_sizes(config: TrainConfig, policy: Policy, say: Say) -> None:
    trained = sum(p.numel() for p in policy.model.parameters() if p.requires_grad)
    what = "the whole language model" if config.full else f"an adapter of rank {config.rank}"
    say(f"trained: {what}, {count_of(trained, 'weight')}")
    if config.method != "sft":
        group = group_of(config, policy.vision_cache is not None)
        most = count_of(policy.most_tokens, "token")
        say(f"a step: {count_of(config.prompts, 'case')} x {count_of(group, 'completion')} of at most {most}")


def _measured(config: TrainConfig, asked: Training, policy: Policy, say: Say) -> _Measured:
    """Run and measure a step, or a part of one if a whole one would take long."""
    most = SAMPLE.get(config.role, config.prompts) if policy.vision_cache is not None else 1
    prompts = min(config.prompts, most)
    part = f"{prompts} of {count_of(config.prompts, 'case')}" if prompts < config.prompts else ""
    known = len(case_ids(asked.scenario, "train", config.cases))
    few = min(FEW if config.role == "triage" and not part else 2 * prompts, known)
    play = f"; {count_of(few + 1, 'case')} are played for it first" if config.role == "attending" else ""
    say(f"measuring {f'a step on {part}' if part else 'a step'}{play} …")
    steps = 1 if part else STEPS
    with tempfile.TemporaryDirectory(prefix="consult-") as folder:
        changed = {"cases": few, "validation": 1, "db": Path(folder) / "tried.db", "minutes": None, "steps": steps}
        tried = config.model_copy(update={**changed, "prompts": prompts})
        training = training_of(tried, Path(folder), lambda _: None, asked.placement)
        begun = time.monotonic()
        rows = training.sets(policy).train
        playing = (time.monotonic() - begun) / (few + 1)
        policy.config = tried
        training.ready(policy, rows)
        seconds = _tried(training, policy, rows, Path(folder), steps)
        policy.config = config
    return _Measured(seconds * config.prompts / prompts, playing, f" (measured on {part})" if part else "")


def _tried(training: Training, policy: Policy, rows: Any, folder: Path, steps: int) -> float:
    """Run a few steps of the first phase and return the seconds of one."""
    phase = replace(phases(rows, training.config)[0], until=1.0)
    spent: list[float] = []

    class Times(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            spent.append(time.monotonic())

    begun = time.monotonic()
    clock = Clock(steps, None)
    engine = training.engine(policy)
    fit(policy, phase, training.scenario, clock, folder / "steps", [Times()], engine=engine, steps=steps)
    return min(b - a for a, b in zip([begun, *spent], spent, strict=False))


def _tell_interviews(
    config: TrainConfig, policy: Policy, ids: Mapping[str, Sequence[str]], playing: float, say: Say
) -> None:
    real = training_of(config, Path(), lambda _: None)
    interviews = real.rollout_store(policy)
    lacking = sum(len(interviews.lacking(split, found)) for split, found in ids.items())
    if lacking:
        say(
            f"{count_of(lacking, 'case')} would be played first, about {duration(lacking * playing)}, "
            f"and kept in '{config.db}'"
        )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


def _length(config: TrainConfig, seconds: float) -> str:
    if config.steps is not None:
        whole = config.steps * seconds
        if config.minutes is not None and config.minutes * 60 < whole:
            return f"; it ends after {config.minutes:g} min of training, before {count_of(config.steps, 'step')}"
        return f"; {count_of(config.steps, 'step')} take{'s' if config.steps == 1 else ''} {_seconds(whole)}"
    steps = max(1, round((config.minutes or 0) * 60 / seconds))
    return f"; about {count_of(steps, 'step')} in {config.minutes:g} min"


def _peak() -> int:
    """Return the peak memory so far in bytes: the accelerator's, or this process's."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return int(psutil.Process().memory_info().rss)
