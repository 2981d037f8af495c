"""A step of sampling, ours against transformers' own, in one process and by turns, on one thread.

Run: python benchmarks/sampling.py [--rows 64] [--vocabularies 1800 49152 151936 262144] [--rounds 7] [--json FILE]

`ours` is `RowSampler.step`; `theirs` is TemperatureLogitsWarper, TopPLogitsWarper (left out at top-p 1, as in
`generate`), softmax and multinomial. Both end with the tokens on the host. Peaked logits follow Zipf's law, the n-th
likeliest token having the logit -1.3 * log(n), in an order of its own for each row: at the temperature of 0.7 the
likeliest has a probability of 0.55 and the entropy is 1.9 nats. Flat ones are standard normal: a nucleus holds a large
part of the vocabulary. Prints a Markdown table: medians of processor time, which other programs on
the machine hardly disturb, and in brackets of wall time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TemperatureLogitsWarper, TopPLogitsWarper

from consult.agents.models.local.sampling import Row, RowSampler

TEMPERATURE = 0.7
TOP_P = (0.9, 0.95, 1.0)
ZIPF = 1.3
WARM_UP = 1


def peaked(rows: int, vocabulary: int) -> Any:
    """Make logits as a language model has them: (rows, vocabulary)."""
    generator = torch.Generator().manual_seed(1)
    logits = -ZIPF * torch.arange(1, vocabulary + 1).log()
    return torch.stack([logits[torch.randperm(vocabulary, generator=generator)] for _ in range(rows)])


def flat(rows: int, vocabulary: int) -> Any:
    """Make logits without a favourite: (rows, vocabulary)."""
    return torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(1))


def entropy(logits: Any) -> float:
    """Return the entropy of a row at the temperature, in nats."""
    logs = (logits.double() / TEMPERATURE).log_softmax(-1)
    return float(-(logs.exp() * logs).sum())


def ours(logits: Any, top_p: float) -> Callable[[], object]:
    """Return a step of this project."""
    sampler = RowSampler([Row(seed, TEMPERATURE, top_p) for seed in range(len(logits))], ())
    return lambda: sampler.step(logits)


def theirs(logits: Any, top_p: float) -> Callable[[], object]:
    """Return a step of transformers."""
    warpers: list[Any] = [TemperatureLogitsWarper(TEMPERATURE)]
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))

    def step() -> object:
        scores = logits
        for warper in warpers:
            scores = warper(None, scores)
        return torch.multinomial(scores.softmax(-1), 1).tolist()

    return step


def measured(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Run the sides by turns; return the median milliseconds of each."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds + WARM_UP):
        for name, step in sides.items():
            wall, processor = time.perf_counter(), time.process_time()
            step()
            spent[name].append((time.process_time() - processor, time.perf_counter() - wall))
    kinds = ("processor_ms", "wall_ms")
    return {
        name: {
            kind: round(1000 * statistics.median(one[i] for one in found[WARM_UP:]), 2) for i, kind in enumerate(kinds)
        }
        for name, found in spent.items()
    }


def compared(rows: int, vocabulary: int, rounds: int) -> list[dict[str, Any]]:
    """Measure all kinds of logits and all values of top-p for one vocabulary."""
    found = []
    for kind in (peaked, flat):
        logits = kind(rows, vocabulary)
        for top_p in TOP_P:
            times = measured({"ours": ours(logits, top_p), "theirs": theirs(logits, top_p)}, rounds)
            ratio = times["ours"]["processor_ms"] / times["theirs"]["processor_ms"]
            facts = {"vocabulary": vocabulary, "logits": kind.__name__, "entropy": round(entropy(logits[0]), 2)}
            found.append({**facts, "top_p": top_p, **times, "ratio": round(ratio, 3)})
    return found


def table(found: list[dict[str, Any]]) -> str:
    """Lay the figures out in Markdown."""
    lines = ["| tokens | logits | entropy | top-p | ours, ms | theirs, ms | ratio |", "|--:|---|--:|--:|--:|--:|--:|"]
    for one in found:
        sides = " | ".join(f"{one[s]['processor_ms']:.1f} ({one[s]['wall_ms']:.1f})" for s in ("ours", "theirs"))
        facts = f"{one['vocabulary']:,} | {one['logits']} | {one['entropy']:.1f} | {one['top_p']}"
        lines.append(f"| {facts} | {sides} | {one['ratio']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--vocabularies", type=int, nargs="+", default=[1_800, 49_152, 151_936, 262_144])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    found = [one for vocabulary in asked.vocabularies for one in compared(asked.rows, vocabulary, asked.rounds)]
    print(table(found))
    if asked.json:
        facts = {"rows": asked.rows, "rounds": asked.rounds, "temperature": TEMPERATURE, "torch": torch.__version__}
        asked.json.write_text(json.dumps({**facts, "steps": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
