"""Consultations for assessment training: played once by the starter itself, in all strategies and teams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.agents.assessors.rules import Played
from consult.agents.choices import Strategy, Team
from consult.agents.models import open_model
from consult.agents.roles.client import derive_seed
from consult.agents.temperament import temperaments
from consult.envs.config import RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import Scenario

BATCH = 256


@dataclass(frozen=True)
class Part:
    """A part of the consultations: one strategy and team, and its share of the total."""

    strategy: Strategy
    team: Team
    share: float


PARTS = (
    Part("dialogue", "panel", 0.44),
    Part("dialogue", "solo", 0.16),
    Part("dialogue", "no-triage", 0.12),
    Part("text-only", "panel", 0.12),
    Part("reasoning", "panel", 0.10),
    Part("no-dialogue", "panel", 0.03),
    Part("no-dialogue", "solo", 0.03),
)


def configurations(base: str, scenario: str, split: str, cases: Sequence[str], seed: int) -> list[RunConfig]:
    """Plan the runs: each part has its own cases, and temperaments in turn.

    Args:
        base: The model that plays all roles.
        scenario: The scenario's reference.
        split: The split of the cases.
        cases: Ids of the cases; each is played once.
        seed: Seed of the draws.
    """
    kinds, runs, begin = tuple(temperaments()), [], 0
    for number, part in enumerate(PARTS):
        end = len(cases) if part is PARTS[-1] else begin + round(part.share * len(cases))
        ids = tuple(cases[begin:end])
        runs.append(
            RunConfig(
                scenario=scenario,
                split=split,
                cases=ids,
                temperaments=tuple(kinds[i % len(kinds)] for i in range(len(ids))),
                strategy=part.strategy,
                team=part.team,
                seed=derive_seed(seed, number) % 2**31,
                **_roles(base),
            )
        )
        begin = end
    return [run for run in runs if run.cases]


def _roles(base: str) -> dict[str, Any]:
    fields = RunConfig.model_fields
    roles = ("patient", "triage", "specialist", "attending")
    return {role: fields[role].default.model_copy(update={"model": base}) for role in roles}


def play(runs: Sequence[RunConfig], scenario: Scenario, base: str, path: Path, say: Callable[[str], None]) -> None:
    """Play the remaining consultations into the store at `path`; repeat an interrupted call to continue it."""
    opened = None
    with Store(path) as store:
        for number, config in enumerate(runs, 1):
            if any(row["digest"] == config.digest() and row["status"] == "finished" for row in store.runs()):
                continue
            opened = opened or Models({base: open_model(base)})
            say(f"playing part {number} of {len(runs)}: {len(config.cases)} of {config.strategy}, {config.team}")
            Runner(scenario, config, opened, store, batch=BATCH).run()


def rollouts(path: Path, scenario: Scenario, runs: Sequence[RunConfig]) -> Iterator[Played]:
    """Return the finished consultations of these runs, in order."""
    with Store(path, create=False) as store:
        stored = {row["digest"]: row["id"] for row in store.runs()}
        for run in runs:
            for row in store.consultations(stored[run.digest()]):
                if row["status"] in ("finished", "unfinished"):
                    yield Played(scenario.case(row["case_id"]), scenario, tuple(store.acts(row["id"])))
