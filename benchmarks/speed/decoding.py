"""A run in this process against two other ways to do the same work: one dialogue at a time, and stock batches.

The loop is written after the description of 3MDBench's (arXiv 2504.13861): one dialogue at a time, one request at a
time, the whole history and the photograph encoded at every turn, with the stock `generate` of transformers. It gets
the requests that a run of ours made and generates as many tokens for each, so that both sides do the same work. Stock
batches are the same requests, sorted by length, 64 at once, each batch as long as its longest reply; nothing waits for
a reply in them, which a consultation cannot do. Both leave out drawing and reading of photographs, all that is not a
model, and the seeds of our sampling.

The sides take turns. Figures are medians of wall time, on one thread; `2 processes` is the same run with the model in
two processes, each on a core of its own. They are started, and play a training case each, before the time is taken. No
run knows prompts of an earlier one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed.playing import SIZE, Recorded, config_of, forget, play
from consult.agents.models.local.photographs import beside, tokenized
from consult.agents.models.model import Reply, Request
from consult.agents.models.registry import close_model, open_model
from consult.envs.config import RunConfig
from consult.scenarios import Photograph


def afresh(config: RunConfig, model: Any) -> float:
    """Return the seconds of a run whose model has kept nothing of earlier ones."""
    forget(model)
    return play(config, model).seconds


def in_processes(config: RunConfig, processes: int) -> float:
    """Return the seconds of a run with the model in new processes."""
    from consult.agents.models.replicas.pinned import pinned

    reference = config.patient.model
    model = pinned(processes).open(reference)
    try:
        play(config_of(reference, processes, scenario=config.scenario, split="train"), model)
        return play(config, model).seconds
    finally:
        close_model(model)


# -- the other sides -----------------------------------------------------------------------------------------------


@torch.inference_mode()
def one_by_one(model: Any, asked: Sequence[tuple[Request, Reply]]) -> float:
    """Return the seconds of the loop: stock `generate` for one request after the other."""
    started = time.perf_counter()
    for request, reply in asked:
        _generate(model, [request], max(1, reply.tokens_out))
    return time.perf_counter() - started


@torch.inference_mode()
def in_batches(model: Any, asked: Sequence[tuple[Request, Reply]]) -> float:
    """Return the seconds of stock `generate` in batches of requests of similar length."""
    ordered = sorted(asked, key=lambda one: (one[1].tokens_in, one[1].tokens_out))
    started = time.perf_counter()
    for start in range(0, len(ordered), SIZE):
        part = ordered[start : start + SIZE]
        _generate(model, [request for request, _ in part], max(1, *(reply.tokens_out for _, reply in part)))
    return time.perf_counter() - started


def _generate(model: Any, requests: Sequence[Request], tokens: int) -> None:
    texts = [model.text(request.prompt) for request in requests]
    shown = [[p for m in request.prompt.messages for p in m.photographs] for request in requests]
    kept, model.photographs.whole = model.photographs.whole, True  # the photograph is processed at every turn
    try:
        each = model.photographs.inputs(texts, shown) if any(shown) else tokenized(model.tokenizer, texts)
    finally:
        model.photographs.whole = kept
    model.model.generate(
        **beside(each, model.tokenizer.pad_token_id),
        do_sample=True,
        temperature=1.0,
        top_p=0.95,
        min_new_tokens=tokens,
        max_new_tokens=tokens,
        pad_token_id=model.tokenizer.pad_token_id,
    )


def loaded(asked: Sequence[tuple[Request, Reply]]) -> list[tuple[Request, Reply]]:
    """Return the requests with their photographs in memory, in the order of a loop: one consultation after another."""
    pictures: dict[str, Photograph] = {}

    def held(photograph: Photograph) -> Photograph:
        if photograph.id not in pictures:
            picture = photograph.load()
            pictures[photograph.id] = Photograph(photograph.id, lambda: picture)
        return pictures[photograph.id]

    def with_pictures(request: Request) -> Request:
        messages = tuple(replace(m, photographs=tuple(map(held, m.photographs))) for m in request.prompt.messages)
        return replace(request, prompt=replace(request.prompt, messages=messages, shorter=()))

    ordered = sorted(asked, key=lambda one: tuple(map(str, one[0].key)))
    return [(with_pictures(request), reply) for request, reply in ordered]


# -- measuring -----------------------------------------------------------------------------------------------------


def measured(reference: str, scenario: str, cases: int, rounds: int, processes: int) -> dict[str, Any]:
    """Let the sides take turns.

    Args:
        reference: A model in a folder.
        scenario: Its cases are played.
        cases: How many.
        rounds: How often each side is measured.
        processes: The second of our sides has the model in as many processes.
    """
    torch.set_num_threads(1)
    model: Any = open_model(reference)
    recording = Recorded(model)
    config = config_of(reference, cases, scenario=scenario)
    play(config, recording)
    asked = loaded(recording.asked)
    work = replace(model.loop.work) if model.loop is not None else None
    sides: dict[str, Callable[[], float]] = {
        "loop": lambda: one_by_one(model, asked),
        "stock batches": lambda: in_batches(model, asked),
        "one process": lambda: afresh(config, model),
    }
    if processes > 1:
        sides[f"{processes} processes"] = lambda: in_processes(config, processes)
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            spent[name].append(side())
    medians = {name: statistics.median(found) for name, found in spent.items()}
    return {
        "model": reference,
        "scenario": scenario,
        "consultations": cases,
        "requests": len(asked),
        "tokens in": sum(reply.tokens_in for _, reply in asked),
        "tokens out": sum(reply.tokens_out for _, reply in asked),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "known prompt tokens": None if work is None else work.known_tokens / (work.known_tokens + work.prompt_tokens),
        "useful prompt tokens": None if work is None else work.prompt_tokens / work.prompt_places,
        "useful row steps": None if work is None else work.tokens / work.row_steps,
        "seconds": spent,
        "median": medians,
        "times as fast as the loop": {
            name: statistics.median(a / b for a, b in zip(spent["loop"], spent[name], strict=True)) for name in sides
        },
        "times as fast as stock batches": {
            name: statistics.median(a / b for a, b in zip(spent["stock batches"], spent[name], strict=True))
            for name in sides
        },
    }


def table(found: dict[str, Any]) -> str:
    """Lay the figures out in Markdown."""
    lines = ["| | seconds | times as fast as the loop | as stock batches |", "|---|--:|--:|--:|"]
    for name, seconds in found["median"].items():
        ratios = [found[f"times as fast as {other}"][name] for other in ("the loop", "stock batches")]
        lines.append(f"| {name} | {seconds:.1f} | {ratios[0]:.1f} | {ratios[1]:.2f} |")
    useful = ""
    if found["useful prompt tokens"] is not None:
        useful = (
            f"; in one process {found['known prompt tokens']:.0%} of the prompt tokens were known, and "
            f"{found['useful prompt tokens']:.0%} of the others that were computed and {found['useful row steps']:.0%} "
            "of the decoded row steps were needed"
        )
    lines += ["", f"{found['consultations']} consultations, {found['requests']} requests{useful}."]
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add this part's options."""
    parser.add_argument("--model", default="starter")
    parser.add_argument("--scenario", default="derm34")
    parser.add_argument("--cases", type=int, default=34)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path)


def run(asked: argparse.Namespace) -> None:
    """Measure, and print a table."""
    found = measured(asked.model, asked.scenario, asked.cases, asked.rounds, asked.processes)
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
