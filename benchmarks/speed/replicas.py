"""Several copies of a model against one process: copies that the program starts by itself, and replicas on Ray.

`one process` is measured with each number of threads, since a tiny model gains little or nothing from a second one; the
ratio is against the fastest of these. Pinned processes are those of `consult.envs.placement`; Ray is measured where it
is installed. Models are loaded, and play a training case for each copy, before the time is taken. All sides play the
same cases, and by turns; each round has other cases, so that no run knows prompts of an earlier one.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from benchmarks.speed.playing import SIZE, add_common_options, config_of, forget, markdown, median, play, ratio, tell
from consult.agents.models.model import Model
from consult.agents.models.registry import close_model, open_model
from consult.envs.config import RunConfig
from consult.envs.placement import Placement


def by_choice(config: RunConfig) -> tuple[Model, int]:
    """Open a model as the program does; return it and the number of its processes."""
    # The variable says that the user has chosen; the processes set their own.
    threads = os.environ.pop("OMP_NUM_THREADS", None)
    try:
        model = Placement().open(config).by_reference[config.patient.model]
    finally:
        if threads is not None:
            os.environ["OMP_NUM_THREADS"] = threads
    return model, int(getattr(model, "replicas", 1))


@contextmanager
def opened(config: RunConfig, number: int, threads: Sequence[int]) -> Iterator[dict[str, tuple[Model, int | None]]]:
    """Open the sides: name → model, and the threads of this process; None leaves them as they are."""
    reference = config.patient.model
    one = open_model(reference)
    sides: dict[str, tuple[Model, int | None]] = {
        f"one process, {count} thread{'s' * (count > 1)}": (one, count) for count in threads
    }
    try:
        chosen, processes = by_choice(config)
        if processes > 1:
            sides[f"{processes} pinned processes"] = (chosen, None)
        else:
            close_model(chosen)
        if number > 1 and _has_ray():
            from consult.agents.models.replicas.on_ray import on_ray

            sides[f"{number} replicas on Ray"] = (on_ray(number).open(reference), None)
        yield sides
    finally:
        for model in {id(model): model for model, _ in sides.values()}.values():
            close_model(model)


def _has_ray() -> bool:
    return importlib.util.find_spec("ray") is not None


def seconds(config: RunConfig, model: Model, threads: int | None) -> float:
    """Play once; return the seconds."""
    if threads is not None:
        torch.set_num_threads(threads)
    forget(model)
    return play(config, model).seconds


def measured(
    reference: str, scenario: str, consultations: int, number: int, threads: Sequence[int], rounds: int
) -> dict[str, Any]:
    """Let the sides take turns."""
    first = config_of(reference, consultations, scenario=scenario)
    with opened(first, number, threads) as sides:
        for model, _ in sides.values():
            copies = int(getattr(model, "replicas", 1))
            play(config_of(reference, copies, scenario=scenario, split="train"), model)
        spent: dict[str, list[float]] = {name: [] for name in sides}
        for part in range(rounds):
            config = config_of(reference, consultations, scenario=scenario, part=part)
            for name, chosen in sides.items():
                spent[name].append(seconds(config, *chosen))
    fastest = min((name for name in spent if name.startswith("one process")), key=lambda name: median(spent[name]))
    ray = "" if _has_ray() else "; Ray is not installed, so it was not measured"
    return {
        "sample": f"{consultations} consultations of {scenario} with {reference}, {SIZE} at once, seed 0{ray}",
        "seconds": spent,
        "fastest of one process": fastest,
        "times as fast": {name: ratio(spent[fastest], found) for name, found in spent.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown."""
    rows = [
        (name, f"{median(taken):.1f}", f"{found['times as fast'][name]:.2f}")
        for name, taken in found["seconds"].items()
    ]
    return markdown(("", "seconds", "times as fast as the fastest single process"), rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--model", default="starter")
    parser.add_argument("--scenario", default="derm34")
    parser.add_argument("--cases", type=int, default=64)
    parser.add_argument("--replicas", type=int, default=2, help="on Ray; 1 leaves Ray out")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}), help="of one process"
    )
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    found = measured(asked.model, asked.scenario, asked.cases, asked.replicas, asked.threads, asked.rounds)
    tell(asked, found, table(found))
