"""The starter's held-out table and model card: consultations on validation cases, counted."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.agents.models import open_model
from consult.agents.prompt import fill
from consult.agents.temperament import temperaments
from consult.envs.cast import Models
from consult.envs.config import RunConfig
from consult.envs.runner import Runner, versions
from consult.envs.store import Row, Store
from consult.scenarios import Scenario


@dataclass(frozen=True)
class Count:
    """One line of the table."""

    name: str
    right: int
    n: int

    def __str__(self) -> str:
        share = f"{self.right / self.n:.1%}" if self.n else "—"
        return f"| {self.name} | {share} | {self.right} of {self.n} |"


def held_out_table(reference: str, scenario: Scenario, name: str, cases: int) -> list[Count]:
    """Play validation cases and count.

    Args:
        reference: The model.
        scenario: Its validation split is played.
        name: The scenario's reference.
        cases: How many, from the first.
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
        Runner(scenario, config, opened, store).run()
        return counts(store)


def counts(store: Store) -> list[Count]:
    """Count what the consultations of a store came to."""

    def count(name: str, sql: str) -> Count:
        row: Row = store.query(f"SELECT coalesce(sum(hit), 0) AS right, count(hit) AS n FROM ({sql})")[0]
        return Count(name, int(row["right"]), int(row["n"]))

    opinions = "FROM opinions o JOIN consultations c ON c.id = o.consultation_id"
    lines = "FROM turns WHERE speaker = 'patient'"
    return [
        count("final diagnosis right", "SELECT diagnosis IS truth AS hit FROM consultations"),
        count("specialty right (triage)", "SELECT specialty IS true_specialty AS hit FROM consultations"),
        count("urgency right (triage)", "SELECT urgency IS true_urgency AS hit FROM consultations"),
        count("opinions right", f"SELECT o.diagnosis IS c.truth AS hit {opinions}"),
        count(
            "opinions right, in the own field",
            f"SELECT o.diagnosis IS c.truth AS hit {opinions} WHERE o.specialty = c.true_specialty",
        ),
        count("patient's first drafts backed by the card", f"SELECT draft_backed AS hit {lines}"),
        count("patient's lines said by the program", f"SELECT draft_fallback AS hit {lines}"),
        count("patient's first drafts that name a diagnosis", f"SELECT draft_leaked AS hit {lines}"),
        count("consultations played to their end", "SELECT status = 'finished' AS hit FROM consultations"),
    ]


def model_card(figures: dict[str, Any], table: list[Count]) -> str:
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
        threads=str(recipe["threads"]),
        sight=f"{figures['morphology_accuracy']:.1%}",
        versions=", ".join(f"{name} {number}" for name, number in versions().items()),
        table="\n".join(map(str, table)),
    )
