"""What several parts need: a configuration, a timed run, models that answer at once, and a word about the machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from consult.agents.models.model import Model, ModelInfo, Reply, Request
from consult.agents.models.scripted import ScriptedModel
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.events import Listener
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import load_scenario

SIZE = 64
"""Consultations at once, and requests in a batch."""
INSTANT = "instant"
"""Name of the model of this module that answers at once."""
SCRIPT = Path(__file__).parents[2] / "tests" / "data" / "panel.yaml"


def config_of(
    reference: str, consultations: int, *, scenario: str = "derm34", split: str = "test", part: int = 0, **settings: Any
) -> RunConfig:
    """Return a run of a split's cases with one model in every role.

    Args:
        reference: The model.
        consultations: Number of cases.
        scenario: Their scenario.
        split: Their split.
        part: 0 for the split's first cases, 1 for as many after them, and so on; after the last, the first ones again.
        **settings: Further fields of the configuration.
    """
    ids = load_scenario(scenario).case_ids(split)
    if len(ids) < consultations:
        raise SystemExit(f"{scenario} has {len(ids)} {split} cases; ask for at most as many")
    start = part % (len(ids) // consultations) * consultations
    cases = tuple(ids[start : start + consultations])
    role = RoleConfig(model=reference)
    roles = dict.fromkeys(("patient", "triage", "specialist", "attending"), role)
    moods = ("sanguine",) * len(cases)
    return RunConfig(scenario=scenario, split=split, cases=cases, temperaments=moods, **roles, **settings)


@dataclass(frozen=True)
class Played:
    """What a run took."""

    seconds: float
    outside: float
    """Seconds outside the model."""
    turns: int


def play(config: RunConfig, model: Model, batch: int = SIZE, listen: Listener = lambda event: None) -> Played:
    """Play a run into a new store."""
    scenario, models = load_scenario(config.scenario), Models({config.patient.model: model})
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "a.db") as store:
        started = time.perf_counter()
        runner = Runner(scenario, config, models, store, batch=batch, listen=listen)
        summary = runner.run()
        seconds = time.perf_counter() - started
    if summary["failed"]:
        raise RuntimeError(f"{summary['failed']} consultations failed")
    return Played(seconds, seconds - runner.model_seconds, summary["turns"])


def forget(model: Any) -> None:
    """Have a model in this process forget the prompts that it has kept."""
    kept = getattr(getattr(model, "loop", None), "kept", None)
    if kept is not None:
        kept.clear()


# -- models --------------------------------------------------------------------------------------------------------


class Recorded:
    """A model that keeps its requests and replies."""

    def __init__(self, model: Model) -> None:
        self.model, self.info = model, model.info
        self.asked: list[tuple[Request, Reply]] = []

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch, and keep it."""
        replies = self.model.generate(requests)
        self.asked += zip(requests, replies, strict=True)
        return replies


class Timed:
    """A model that counts the processor time of its thread."""

    def __init__(self) -> None:
        self.processor = 0.0

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch."""
        started = time.thread_time()
        replies = [self.reply(request) for request in requests]
        self.processor += time.thread_time() - started
        return replies

    def reply(self, request: Request) -> Reply:
        """Answer one request."""
        raise NotImplementedError


class Replayed(Timed):
    """Answers at once what a model answered to the same requests before."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__()
        self.info = recorded.info
        self._replies = {request.key: reply for request, reply in recorded.asked}

    def reply(self, request: Request) -> Reply:
        """Look the reply up."""
        return self._replies[request.key]


class Instant(Timed):
    """Answers at once in the plain prompt format: a script for the doctors, and the facts asked for as the patient."""

    def __init__(self) -> None:
        super().__init__()
        self._script = ScriptedModel.load(SCRIPT, f"scripted:{SCRIPT}")
        self.info = ModelInfo(INSTANT, "test", sees=True, revision="1")

    def reply(self, request: Request) -> Reply:
        """State the facts of the patient's task, or follow the script."""
        scripted = self._script.generate([request])[0]
        if request.role != "patient":
            return scripted
        facts = re.findall(r"^- (.+)$", request.prompt.messages[-1].text, re.MULTILINE)
        said = {"unknown": "I don't know.", "ask": "What is it from?"}.get(request.task, "Thank you, doctor.")
        text = " ".join(f"{fact[:1].upper()}{fact[1:].rstrip('.')}." for fact in facts) or said
        return Reply(text, scripted.tokens_in, len(text.split()))


# -- telling -------------------------------------------------------------------------------------------------------


def add_common_options(parser: argparse.ArgumentParser, rounds: int = 5) -> None:
    """Add what every part has."""
    parser.add_argument("--rounds", type=int, default=rounds, help="how often each side is measured, in turns")
    parser.add_argument("--json", type=Path, help="write the figures to this file")


def machine() -> dict[str, Any]:
    """Describe what the figures were measured on, and how busy it was."""
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return the median ratio of two sides that were measured in turns."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def tell(asked: argparse.Namespace, found: dict[str, Any], table: str) -> None:
    """Print a part's table with the sample below it, and write its figures where they are asked for."""
    about = machine()
    load = "" if about["load"] is None else f", load {about['load']:.1f}"
    print(f"{table}\n\n{found['sample']}; {asked.rounds} rounds, {about['cores']} cores{load}.")
    if asked.json is not None:
        whole = {**found, "rounds": asked.rounds, "machine": about}
        asked.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay rows out in Markdown; every column but the first is a number."""
    lines = [f"| {' | '.join(header)} |", f"|---|{'--:|' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])
