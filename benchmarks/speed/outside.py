"""Everything that is not a model: milliseconds a turn, with models that answer at once.

`starter, replayed` plays the requests of a run with the starter once more and answers them from memory: all else is as
in a real run. `plain prompts` is a model in the plain format, whose doctors follow a script and whose patient states
the facts; its lines pass the rules for free speech. `processor` is the processor time of the process without the
model's, which other programs on the machine hardly disturb; `wall` is the wall time without the model's. The five
functions that take most time by themselves are from one more run under cProfile, which makes calls seem dearer.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed.playing import (
    INSTANT,
    Instant,
    Recorded,
    Replayed,
    Timed,
    add_common_options,
    config_of,
    markdown,
    median,
    play,
    tell,
)
from consult.agents.models.registry import close_model, open_model
from consult.envs.config import RunConfig

BIGGEST = 5


def replayed(reference: str, config: RunConfig) -> Replayed:
    """Play a run once, and return what answers it again."""
    torch.set_num_threads(1)
    model = open_model(reference)
    try:
        recorded = Recorded(model)
        play(config, recorded)
    finally:
        close_model(model)
    return Replayed(recorded)


def cost(config: RunConfig, model: Timed) -> dict[str, float]:
    """Play once; return the milliseconds a turn, by the wall and by the processor."""
    processor, inside = time.process_time(), model.processor
    taken = play(config, model)
    spent = time.process_time() - processor - (model.processor - inside)
    return {"wall": 1000 * taken.outside / taken.turns, "processor": 1000 * spent / taken.turns, "turns": taken.turns}


def profile(config: RunConfig, model: Timed) -> list[dict[str, Any]]:
    """Play once under a profiler; return the functions that take most time by themselves, with their shares."""
    profiler = cProfile.Profile(time.thread_time)
    profiler.enable()
    play(config, model)
    profiler.disable()
    found: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    total = sum(own for _, _, own, _, _ in found.values())
    ordered = sorted(found.items(), key=lambda item: -item[1][2])
    return [
        {"function": _name(*place), "calls": calls, "share": own / total}
        for place, (_, calls, own, _, _) in ordered[:BIGGEST]
    ]


def _name(file: str, _: int, function: str) -> str:
    return function if file == "~" else f"{'/'.join(Path(file).parts[-2:])}: {function}"


def measured(reference: str, consultations: int, rounds: int) -> dict[str, Any]:
    """Let the sides take turns."""
    real, instant = config_of(reference, consultations), config_of(INSTANT, consultations)
    sides: dict[str, tuple[RunConfig, Timed]] = {
        f"{reference}, replayed": (real, replayed(reference, real)),
        "plain prompts": (instant, Instant()),
    }
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            taken = cost(*side)
            if number:  # the first one fills caches
                spent[name].append(taken)
    return {
        "sample": f"{consultations} derm34 cases a side, seed 0, {spent['plain prompts'][0]['turns']:.0f} turns with "
        f"plain prompts and {spent[f'{reference}, replayed'][0]['turns']:.0f} replayed",
        "sides": spent,
        "median": {
            name: {kind: median([one[kind] for one in found]) for kind in ("wall", "processor")}
            for name, found in spent.items()
        },
        "biggest": {name: profile(*side) for name, side in sides.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown."""
    rows = [
        (name, f"{one['wall']:.2f}", f"{one['processor']:.2f}", _biggest(found["biggest"][name]))
        for name, one in found["median"].items()
    ]
    return markdown(("", "wall, ms a turn", "processor, ms a turn", "five biggest functions"), rows)


def _biggest(functions: list[dict[str, Any]]) -> str:
    return "; ".join(f"`{one['function']}` {one['share']:.0%}" for one in functions)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--model", default="starter", help="a model whose replies are replayed")
    parser.add_argument("--consultations", type=int, default=64)
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    found = measured(asked.model, asked.consultations, asked.rounds)
    tell(asked, found, table(found))
