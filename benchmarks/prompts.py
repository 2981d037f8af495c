"""What it costs to store what models are asked: bytes a consultation, and the time of play with and without.

Run: python benchmarks/prompts.py [--consultations 40] [--turns 14] [--rounds 7] [--latency 0] [--thought 0]

A doctor in Python plays in the plain dialect: it asks until two turns are left, with sentences of usual length. With
`--latency` it takes so many milliseconds a reply, with `--thought` it thinks so many characters before it. Both sides
are played in turn, on the same cases. Time is what the process computed, plus the latency, which is added and not
slept, so that what else runs on the machine counts little; the fastest round is told beside the median.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from consult.agents.models.model import ModelInfo, Reply, Request
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import load_scenario

SAID = "I see, thank you. To understand it better, and because it bears on what we do next"
ECZEMA = {"diagnosis": "eczema", "differential": ["psoriasis"], "confidence": 0.7, "urgency": "routine"}
WORDS = ("skin", "patch", "itch", "dry", "scale", "small", "doctor", "because", "usual", "shows", "again", "margin")


@dataclass
class Talker:
    """Plays every role with sentences of usual length."""

    latency: float
    """Milliseconds a reply."""
    thought: int
    """Characters of private thought before each reply."""
    waited: float = 0.0
    """Seconds that its replies would have taken so far; they are added, not slept."""
    info: ModelInfo = field(default_factory=lambda: ModelInfo("talker", "python", revision="1"))

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch."""
        self.waited += self.latency * len(requests) / 1000
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        rng = random.Random(request.seed)
        text = self._answer(request, " ".join(rng.choices(WORDS, k=12)))
        if self.thought and request.role != "patient":
            text = f"<think>{' '.join(rng.choices(WORDS, k=self.thought // 6))}</think>{text}"
        return Reply(text, sum(len(m.text) // 4 for m in request.prompt.messages), len(text) // 4)

    def _answer(self, request: Request, words: str) -> str:
        task, schema = request.task, json.dumps(request.prompt.schema)
        reason = {"findings": f"A {words}.", "reasoning": f"It shows {words}."}
        if task == "triage":
            return json.dumps({**reason, "specialty": "dermatology", "urgency": "routine", "why": f"A {words}."})
        if task == "action":
            asks = {"action": "ask", "topic": "other", "text": f"{SAID}: what about {words}?"}
            return json.dumps(asks if '"ask"' in schema else {"action": "conclude"})
        if task in ("opinion", "decision"):
            return json.dumps({**reason, **ECZEMA})
        return f"{SAID}: {words}. Please come back if it gets worse."


def play(consultations: int, turns: int, talker: Talker, *, prompts: bool) -> tuple[float, int, float]:
    """Play once; give seconds, bytes of the store, and requests a consultation."""
    scenario, role = load_scenario("derm34"), RoleConfig(model="talker")
    config = RunConfig(
        scenario="derm34",
        cases=tuple(scenario.case_ids("test")[:consultations]),
        temperaments=("sanguine",) * consultations,
        max_turns=turns,
        patient_grounding=False,
        patient=role,
        triage=role,
        specialist=role,
        attending=role,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        with Store(path) as store:
            started, talker.waited = time.process_time(), 0.0
            Runner(scenario, config, Models({"talker": talker}), store, prompts=prompts).run()
            seconds = time.process_time() - started + talker.waited
            store.query("PRAGMA wal_checkpoint(TRUNCATE)")
            asked = store.query("SELECT count(*) AS n FROM prompts")[0]["n"]
        return seconds, path.stat().st_size, asked / consultations


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consultations", type=int, default=40)
    parser.add_argument("--turns", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--thought", type=int, default=0)
    asked = parser.parse_args()
    talker, sides = Talker(asked.latency, asked.thought), (False, True)
    rounds = []
    for number in range(asked.rounds + 1):
        # The order changes, so that neither side is always the warmer one; the first round is left out.
        order = sides if number % 2 else sides[::-1]
        found = {prompts: play(asked.consultations, asked.turns, talker, prompts=prompts) for prompts in order}
        rounds += [found] if number else []
    requests = rounds[-1][True][2]
    size = {prompts: rounds[-1][prompts][1] / asked.consultations / 1000 for prompts in sides}
    seconds = {prompts: [one[prompts][0] for one in rounds] for prompts in sides}
    median, fastest = (
        {prompts: 1000 * pick(seconds[prompts]) / asked.consultations for prompts in sides}
        for pick in (statistics.median, min)
    )
    print(
        f"{asked.consultations} consultations of {requests:.1f} requests, at most {asked.turns} doctor turns: "
        f"{size[False]:.1f} kB a consultation without prompts, {size[True]:.1f} kB with\n"
        f"median of {len(rounds)}: {median[False]:.1f} ms a consultation without, {median[True]:.1f} ms with, "
        f"ratio {median[True] / median[False]:.3f}\n"
        f"fastest: {fastest[False]:.1f} ms without, {fastest[True]:.1f} ms with, "
        f"ratio {fastest[True] / fastest[False]:.3f}"
    )


if __name__ == "__main__":
    main()
