"""One step of sampling beside transformers' own, in one process and by turns, on one thread.

`ours` is `RowSampler.step`; `theirs` is TemperatureLogitsWarper and TopPLogitsWarper (each left out at 1, as in
`generate`), softmax and multinomial. Both end with the tokens on the host. Peaked logits follow Zipf's law, the n-th
likeliest token having the logit -1.3 * log(n), in an order of its own for each row: at the temperature of 0.6 the
likeliest has a probability of about 0.6. Flat ones are standard normal: a nucleus holds a large part of the vocabulary.
Figures are medians of processor time, which other programs on the machine hardly disturb, and in brackets of wall time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import TemperatureLogitsWarper, TopPLogitsWarper

from benchmarks.speed.playing import add_common_options, markdown, median, ratio, tell
from consult.agents.models.local.sampling import Row, RowSampler

SETTINGS = ((0.6, 0.9), (1.0, 1.0))
"""Temperature and top-p."""
VOCABULARIES = (1_800, 49_152, 151_936, 262_144)
ROWS = 64
ZIPF = 1.3
SEED = 1
WARM_UP = 1

Sides = dict[str, Callable[[], object]]


def peaked(rows: int, vocabulary: int) -> Any:
    """Make logits as a language model has them: (rows, vocabulary)."""
    generator = torch.Generator().manual_seed(SEED)
    logits = -ZIPF * torch.arange(1, vocabulary + 1).log()
    return torch.stack([logits[torch.randperm(vocabulary, generator=generator)] for _ in range(rows)])


def flat(rows: int, vocabulary: int) -> Any:
    """Make logits without a favourite: (rows, vocabulary)."""
    return torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(SEED))


def entropy(logits: Any, temperature: float) -> float:
    """Return the entropy of a row, in nats."""
    logs = (logits.double() / temperature).log_softmax(-1)
    return float(-(logs.exp() * logs).sum())


def ours(logits: Any, temperature: float, top_p: float) -> Callable[[], object]:
    """Return a step of this project."""
    sampler = RowSampler([Row(seed, temperature, top_p) for seed in range(len(logits))], ())
    return lambda: sampler.step(logits)


def theirs(logits: Any, temperature: float, top_p: float) -> Callable[[], object]:
    """Return a step of transformers."""
    warpers: list[Any] = [TemperatureLogitsWarper(temperature)] if temperature != 1 else []
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))

    def step() -> object:
        scores = logits
        for warper in warpers:
            scores = warper(None, scores)
        return torch.multinomial(scores.softmax(-1), 1).tolist()

    return step


def times(sides: Sides, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Run the sides by turns; return the milliseconds of each, of processor and wall."""
    spent: dict[str, dict[str, list[float]]] = {name: {"processor": [], "wall": []} for name in sides}
    for number in range(rounds + WARM_UP):
        for name, step in sides.items():
            wall, processor = time.perf_counter(), time.process_time()
            step()
            if number >= WARM_UP:
                spent[name]["processor"].append(1000 * (time.process_time() - processor))
                spent[name]["wall"].append(1000 * (time.perf_counter() - wall))
    return spent


def compared(rows: int, vocabulary: int, rounds: int) -> list[dict[str, Any]]:
    """Measure all kinds of logits and all settings for one vocabulary."""
    found = []
    for kind in (peaked, flat):
        logits = kind(rows, vocabulary)
        for temperature, top_p in SETTINGS:
            sides: Sides = {"ours": ours(logits, temperature, top_p), "theirs": theirs(logits, temperature, top_p)}
            spent = times(sides, rounds)
            facts = {"vocabulary": vocabulary, "logits": kind.__name__, "temperature": temperature, "top_p": top_p}
            faster = ratio(spent["ours"]["processor"], spent["theirs"]["processor"])
            nats = entropy(logits[0], temperature)
            found.append({**facts, "entropy": nats, "milliseconds": spent, "ratio": faster})
    return found


def table(steps: list[dict[str, Any]]) -> str:
    """Lay the figures out in Markdown."""
    header = ("tokens", "logits", "entropy", "temperature", "top-p", "ours, ms", "theirs, ms", "ours ÷ theirs")
    return markdown(header, [_row(step) for step in steps])


def _row(step: dict[str, Any]) -> tuple[object, ...]:
    sides = [
        f"{median(step['milliseconds'][side]['processor']):.1f} ({median(step['milliseconds'][side]['wall']):.1f})"
        for side in ("ours", "theirs")
    ]
    facts = (f"{step['vocabulary']:,}", step["logits"], f"{step['entropy']:.1f}", step["temperature"], step["top_p"])
    return (*facts, *sides, f"{step['ratio']:.2f}")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--vocabularies", type=int, nargs="+", default=list(VOCABULARIES))
    add_common_options(parser)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    torch.set_num_threads(1)
    steps = [one for vocabulary in asked.vocabularies for one in compared(asked.rows, vocabulary, asked.rounds)]
    tell(asked, {"sample": f"{asked.rows} rows, one thread, seed {SEED}", "steps": steps}, table(steps))
