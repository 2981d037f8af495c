"""What a training would do, how long it would take and how much memory, found out by a few steps thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from consult.rl.clock import Clock
from consult.rl.config import TrainConfig
from consult.rl.curriculum import phases
from consult.rl.fitting import fit, group_of
from consult.rl.place import quiet_libraries
from consult.rl.rows import case_ids
from consult.rl.student import Student
from consult.rl.training import Training, training_of

STEPS = 2
FEW = 32
"""Cases that the steps are made of."""
Say = Callable[[str], None]


def tell_plan(config: TrainConfig, out: Path, say: Say) -> None:
    """Tell what a training would do; writes nothing but what is looked at and thrown away.

    Raises:
        TrainingError: It could not begin.
        ModelError: The model cannot be loaded.
    """
    quiet_libraries()
    asked = training_of(config, out, lambda _: None)
    asked.check()
    scenario = asked.scenario
    student = Student.open(config)
    with tempfile.TemporaryDirectory(prefix="consult-") as folder:
        few = min(FEW, len(case_ids(scenario, "train", config.cases)))
        tried = config.model_copy(
            update={"cases": few, "validation": 1, "db": Path(folder) / "tried.db", "minutes": None, "steps": STEPS}
        )
        training = training_of(tried, Path(folder), lambda _: None)
        begun = time.monotonic()
        rows = training.sets(student).train
        playing = (time.monotonic() - begun) / (few + 1)
        student.config = tried
        training.ready(student, rows)
        seconds = _tried(training, student, rows, Path(folder))
    _tell(config, training, student, playing, seconds, out, say)


def _tried(training: Training, student: Student, rows: Any, folder: Path) -> float:
    """Make a few steps of the first phase and give the seconds of one."""
    phase = replace(phases(rows, training.config)[0], until=1.0)
    spent: list[float] = []

    class Times(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            spent.append(time.monotonic())

    begun = time.monotonic()
    clock = Clock(STEPS, None)
    fit(student, phase, training.scenario, clock, folder / "steps", [Times()], steps=STEPS)
    return min(b - a for a, b in zip([begun, *spent], spent, strict=False))


def _tell(
    config: TrainConfig, training: Training, student: Student, playing: float, seconds: float, out: Path, say: Say
) -> None:
    ids = {
        split: case_ids(training.scenario, split, most)
        for split, most in (("train", config.cases), ("validation", config.validation), ("test", config.test))
        if split in training.scenario.splits
    }
    counts = ", ".join(f"{len(found):,} {split}" for split, found in ids.items())
    trained = sum(p.numel() for p in student.model.parameters() if p.requires_grad)
    what = "the whole language model" if config.full else f"an adapter of rank {config.rank}"
    say(f"{config.role}, {config.method}, on '{config.model}': {what}, {trained:,} weights")
    say(f"cases of '{config.scenario}': {counts}; test cases are read at the end alone")
    if config.role == "attending":
        _tell_interviews(config, student, ids, playing, say)
    if config.method != "sft":
        group = group_of(config, student.looks is not None)
        say(f"a step: {config.prompts} cases x {group} completions of at most {student.most_tokens} tokens")
    say(f"rewards: {', '.join(f'{weight:g} x {name}' for name, weight in config.weights.items())}")
    say(f"a step takes about {seconds:.1f} s here{_length(config, seconds)}")
    say(f"memory: about {_peak() / 2**30:.1f} GB")
    say(f"comes out in '{out}'; nothing was written yet")


def _tell_interviews(config: TrainConfig, student: Student, ids: Any, playing: float, say: Say) -> None:
    real = training_of(config, Path(), lambda _: None)
    interviews = real.interviews(student)
    lacking = sum(len(interviews.lacking(split, found)) for split, found in ids.items())
    if lacking:
        say(
            f"{lacking:,} cases would be played first, about {lacking * playing / 60:.0f} minutes, "
            f"and kept in '{config.db}'"
        )


def _length(config: TrainConfig, seconds: float) -> str:
    if config.steps is not None and config.minutes is not None:
        return f", {min(config.steps * seconds / 60, config.minutes):.0f} minutes of training in all"
    if config.steps is not None:
        return f", {config.steps:,} steps {config.steps * seconds / 60:.0f} minutes"
    return f", about {round((config.minutes or 0) * 60 / seconds):,} steps in {config.minutes:g} minutes"


def _peak() -> int:
    """Give the most memory that was in use so far, in bytes: the device's, or this process's."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return int(psutil.Process().memory_info().rss)
