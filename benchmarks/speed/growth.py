"""How time grows: a turn over the number of cases, maximum turns and size of the panel, a step over the vocabulary.

Each number of cases is played at once, with a model in this process on one thread; the other two are varied with
`--cases` cases. Time is in milliseconds a turn, all of it and what is outside the model. Over the vocabulary it is one
step of sampling for 64 rows, ours and transformers' own, as in the part `sampling` (peaked logits, temperature 0.6,
top-p 0.9, processor time). All settings take turns. `--png FILE` draws the figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from benchmarks.speed.playing import add_common_options, config_of, forget, markdown, median, play, tell
from benchmarks.speed.sampling import ROWS, SETTINGS, VOCABULARIES, ours, peaked, theirs, times
from consult.agents.models.model import Model
from consult.agents.models.registry import close_model, open_model

AXES = {"cases": "cases at once", "max_turns": "maximum turns of the doctor", "panel_size": "members of the panel"}
MOST = 128
"""Cases at once."""


def turn(reference: str, model: Model, cases: int, **settings: int) -> dict[str, float]:
    """Play once with a model that knows no earlier prompts; return the milliseconds a turn."""
    forget(model)
    taken = play(config_of(reference, cases, **settings), model, batch=max(MOST, cases))
    return {"all": 1000 * taken.seconds / taken.turns, "outside": 1000 * taken.outside / taken.turns}


def settings_of(asked: argparse.Namespace) -> list[tuple[str, int, dict[str, int]]]:
    """List the axis, the value and the settings of each run."""
    cases = [("cases", value, {"cases": value}) for value in asked.numbers_of_cases]
    turns = [("max_turns", value, {"cases": asked.cases, "max_turns": value}) for value in asked.max_turns]
    panels = [("panel_size", value, {"cases": asked.cases, "panel_size": value}) for value in asked.panel_sizes]
    return [*cases, *turns, *panels]


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """Let all settings take turns."""
    torch.set_num_threads(1)
    model = open_model(asked.model)
    found: dict[str, dict[int, list[dict[str, float]]]] = {axis: {} for axis in AXES}
    try:
        turn(asked.model, model, min(asked.numbers_of_cases))  # fills caches
        for _ in range(asked.rounds):
            for axis, value, settings in settings_of(asked):
                found[axis].setdefault(value, []).append(turn(asked.model, model, **settings))
    finally:
        close_model(model)
    medians = {
        axis: {
            str(value): {kind: median([one[kind] for one in runs]) for kind in runs[0]} for value, runs in by.items()
        }
        for axis, by in found.items()
    }
    return {
        "sample": f"derm34 with {asked.model}, seed 0, one thread, {asked.cases} cases for turns and panel",
        "runs": found,
        "milliseconds": medians,
        "vocabulary": {str(size): step(size, asked.rounds) for size in asked.vocabularies},
    }


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {kind: median([one[kind] for one in runs]) for kind in runs[0]}


def step(vocabulary: int, rounds: int) -> dict[str, float]:
    """Return the median milliseconds of a step of sampling."""
    logits, (temperature, top_p) = peaked(ROWS, vocabulary), SETTINGS[0]
    sides = {"ours": ours(logits, temperature, top_p), "transformers": theirs(logits, temperature, top_p)}
    return {name: median(spent["processor"]) for name, spent in times(sides, rounds).items()}


# -- telling -------------------------------------------------------------------------------------------------------


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown, one table for turns and one for the vocabulary."""
    rows = [
        (AXES[axis], value, f"{one['all']:.1f}", f"{one['outside']:.1f}")
        for axis, by in found["milliseconds"].items()
        for value, one in by.items()
    ]
    words = [
        (f"{int(size):,}", f"{one['ours']:.1f}", f"{one['transformers']:.1f}")
        for size, one in found["vocabulary"].items()
    ]
    turns = markdown(("varied", "value", "ms a turn", "outside the model"), rows)
    return f"{turns}\n\n{markdown(('tokens', 'ours, ms a step', 'transformers, ms a step'), words)}"


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw one plot for each axis."""
    figure = Figure(figsize=(8.4, 5.6), layout="constrained")
    plots = figure.subplots(2, 2).flat
    for plot, (axis, by) in zip(plots, found["milliseconds"].items(), strict=False):
        _lines(plot, by, AXES[axis], "ms a turn")
        plot.set_ylim(bottom=0)
    _lines(plots[3], found["vocabulary"], "words in the vocabulary", f"ms a step, {ROWS} rows")
    plots[3].set_xscale("log")
    plots[3].set_yscale("log")
    figure.savefig(path, dpi=120)


def _lines(plot: Any, by: dict[str, dict[str, float]], x: str, y: str) -> None:
    for kind in next(iter(by.values())):
        label = "outside the model" if kind == "outside" else kind
        plot.plot([int(value) for value in by], [one[kind] for one in by.values()], marker="o", label=label)
    plot.set_xlabel(x)
    plot.set_ylabel(y)
    plot.legend(fontsize=8)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--model", default="starter")
    parser.add_argument("--cases", type=int, default=32, help="where turns and panel are varied")
    parser.add_argument("--numbers-of-cases", type=int, nargs="+", default=[8, 16, 32, 64, MOST])
    parser.add_argument("--max-turns", type=int, nargs="+", default=[4, 8, 14, 20])
    parser.add_argument("--panel-sizes", type=int, nargs="+", default=[1, 3, 5, 9])
    parser.add_argument("--vocabularies", type=int, nargs="+", default=list(VOCABULARIES))
    parser.add_argument("--png", type=Path, help="draw the figures into this file")
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, print tables, and draw."""
    found = measured(asked)
    tell(asked, found, table(found))
    if asked.png is not None:
        draw(found, asked.png)
