"""The starter's held-out table and model card: consultations on validation cases, counted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from consult.agents.models import open_model
from consult.agents.prompt import fill
from consult.agents.temperament import temperaments
from consult.counts import count_of
from consult.envs.config import RunConfig
from consult.envs.metrics.fidelity import Rate, fidelity
from consult.envs.role_models import Models
from consult.envs.runner import Runner, versions
from consult.envs.store.figures import Decision, count_decisions
from consult.envs.store.write import Store
from consult.scenarios import Scenario

OTHERS = (("no-dialogue", "panel"), ("dialogue", "solo"))
"""Strategies and teams in the table, besides the dialogue with a panel."""


def table_row(rate: Rate) -> str:
    """Write one line of the table."""
    share = "—" if rate.share is None else f"{rate.share:.1%}"
    return f"| {rate.name} | {share} | {rate.hits} of {rate.n} |"


def held_out_table(reference: str, scenario: Scenario, name: str, cases: int) -> list[Rate]:
    """Play validation cases and count the outcomes.

    Args:
        reference: The model.
        scenario: Its validation split is played.
        name: The scenario's reference.
        cases: Number of cases, from the first.
    """
    opened = Models({reference: open_model(reference)})
    ids = tuple(scenario.case_ids("validation")[:cases])
    kinds = tuple(temperaments())
    moods = tuple(kinds[i % len(kinds)] for i in range(len(ids)))
    roles = {
        role: RunConfig.model_fields[role].default.model_copy(update={"model": reference})
        for role in ("patient", "triage", "specialist", "attending")
    }
    config = RunConfig(scenario=name, split="validation", cases=ids, temperaments=moods, **roles)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "held-out.db") as store:
        summary = Runner(scenario, config, opened, store, batch=len(ids)).run()
        rates = counts(store, summary["run"])
        rates.insert(0, Rate("panel's plurality vote right", summary["plurality_correct"], summary["voted"]))
        for strategy, team in OTHERS:
            other = config.model_copy(update={"strategy": strategy, "team": team})
            played = Runner(scenario, other, opened, store, batch=len(ids)).run()
            right = f"final diagnosis right, {strategy}, {team}"
            rates.insert(0, Rate(right, played["correct"], played["consultations"]))
        return rates


def counts(store: Store, run: str) -> list[Rate]:
    """Count the outcomes of a run's consultations."""

    def count(name: str, decision: Decision) -> Rate:
        return Rate(name, *count_decisions(store, run, decision))

    return [
        count("final diagnosis right, dialogue, panel", "diagnosis"),
        count("specialty right (triage)", "specialty"),
        count("urgency right (triage)", "urgency"),
        count("opinions right", "opinion"),
        count("opinions right, in the own field", "own opinion"),
        *fidelity(store, run),
        count("consultations played to their end", "finished"),
    ]


def model_card(figures: dict[str, Any], table: list[Rate]) -> str:
    """Write the card from its template, `card.md`."""
    recipe = figures["recipe"]
    template = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    return fill(
        template,
        scenario=recipe["scenario"],
        parameters=f"{figures['parameters'] / 1e6:.2f}",
        dialect=figures["dialect"],
        seed=str(recipe["seed"]),
        tokens=f"{figures['tokens'] / 1e6:.1f}",
        steps=f"{figures['steps']:,}",
        hours=f"{figures['training_seconds'] / 3600:.1f}",
        threads=count_of(recipe["threads"], "CPU thread"),
        sight=f"{figures['morphology_accuracy']:.1%}",
        triage_labels=f"{recipe['triage_labels']:,}",
        decision_labels=f"{recipe['decision_labels']:,}",
        cases=str(recipe["held_out"]),
        versions=", ".join(f"{name} {number}" for name, number in versions().items()),
        table="\n".join(map(table_row, table)),
    )
