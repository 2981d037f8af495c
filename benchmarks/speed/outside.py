"""Everything that is not a model: milliseconds a turn, with models that answer at once.

`starter, replayed` plays the requests of a run with the starter once more and answers them from memory: all else is as
in a real run. `plain prompts` is a model in the plain format, whose doctors follow a script and whose patient states
the facts; its lines pass the rules for free speech. `processor` is the processor time of the process without the
model's, which other programs on the machine hardly disturb; `wall` is the wall time without the model's. The five
functions and parts of the program that take most time, with the built-in functions that they call, are from one more
run under cProfile, which makes calls seem dearer.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections import Counter
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
BUILT_IN = "~"
"""The file of built-in functions in a profile."""

Place = tuple[str, int, str]
"""File, line and name of a function."""


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


def profile(config: RunConfig, model: Timed) -> dict[str, dict[str, float]]:
    """Play once under a profiler; return the biggest functions and parts, each with its share of the time."""
    profiler = cProfile.Profile(time.thread_time)
    profiler.enable()
    play(config, model)
    profiler.disable()
    functions, parts = Counter[str](), Counter[str]()
    for (file, _, name), seconds in _own(pstats.Stats(profiler).stats).items():  # type: ignore[attr-defined]
        functions[f"{'/'.join(Path(file).parts[-2:])}: {name}"] += seconds
        parts[_part(file)] += seconds
    return {"functions": _biggest(functions), "parts": _biggest(parts)}


def _own(stats: dict[Place, Any]) -> Counter[Place]:
    """Return the seconds that each function takes by itself, with the built-in functions that it calls."""
    own: Counter[Place] = Counter()
    for place, (_, _, seconds, _, callers) in stats.items():
        if place[0] != BUILT_IN:
            own[place] += seconds
            continue
        for caller, (_, _, spent, _) in callers.items():
            own[caller] += spent
    return own


def _part(file: str) -> str:
    """Return the package of a file, and the part of ours."""
    names = Path(file).parts
    if "site-packages" in names:
        return names[names.index("site-packages") + 1]
    if "consult" in names:
        return "/".join(names[len(names) - names[::-1].index("consult") - 1 :][:3]).removesuffix(".py")
    return "Python"


def _biggest(spent: Counter[str]) -> dict[str, float]:
    return {name: seconds / spent.total() for name, seconds in spent.most_common(BIGGEST)}


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
    rows = []
    for name, one in found["median"].items():
        biggest = [_shares(found["biggest"][name][kind]) for kind in ("parts", "functions")]
        rows.append((name, f"{one['wall']:.2f}", f"{one['processor']:.2f}", *biggest))
    return markdown(("", "wall, ms a turn", "processor, ms a turn", "biggest parts", "biggest functions"), rows)


def _shares(found: dict[str, float]) -> str:
    return "; ".join(f"`{name}` {share:.0%}" for name, share in found.items())


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--model", default="starter", help="a model whose replies are replayed")
    parser.add_argument("--consultations", type=int, default=64)
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    found = measured(asked.model, asked.consultations, asked.rounds)
    tell(asked, found, table(found))
