"""Play the cells of the study, its late alarms, and the panel again after another triage."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from consult.agents.acts import Act
from consult.agents.temperament import temperaments
from consult.envs.batcher import Batcher
from consult.envs.config import Plan, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.graph import RoleModels, Session, play
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import Scenario, load_scenario
from study.played import Row, cell


def configured(
    scenario: Scenario, strategy: str, team: str, model: str, cases: int, seed: int, split: str = "test"
) -> RunConfig:
    """Configure a run over a split's first cases, one temperament a case, balanced within every diagnosis."""
    ids, kinds, labels = scenario.case_ids(split)[:cases], tuple(temperaments()), len(scenario.labels)
    names = ("patient", "triage", "specialist", "attending")
    roles = {name: RunConfig.model_fields[name].default.model_copy(update={"model": model}) for name in names}
    moods = tuple(kinds[(place + place // labels) % len(kinds)] for place in range(len(ids)))
    return RunConfig(
        scenario="derm34", split=split, cases=tuple(ids), temperaments=moods, strategy=strategy, team=team, seed=seed,
        **roles,
    )  # fmt: skip


def play_cells(
    db: Path, cells: Sequence[tuple[str, str]], model: str, cases: int, seed: int, batch: int, split: str = "test"
) -> None:
    """Play the cells that the file does not hold yet."""
    scenario = load_scenario("derm34")
    for strategy, team in cells:
        config = configured(scenario, strategy, team, model, cases, seed, split)
        with Store(db) as store:
            if store.query("SELECT 1 FROM runs WHERE digest = ? AND status = 'finished'", config.digest()):
                continue
            summary = Runner(scenario, config, Models.open(config), store, batch=batch).run()
            print(f"{strategy}/{team}: {summary['correct']} of {summary['consultations']}", flush=True)


def play_alarms(db: Path, model: str, cases: int, seed: int, batch: int) -> None:
    """Play the cases of the split `alarms`, a patient with a late alarm and its twin without in turn."""
    scenario = load_scenario("derm34")
    config = configured(scenario, "dialogue", "panel", model, cases, seed, "alarms")
    with Store(db) as store:
        if not store.query("SELECT 1 FROM runs WHERE digest = ? AND status = 'finished'", config.digest()):
            Runner(scenario, config, Models.open(config), store, batch=batch).run()


def replay_triage(db: Path, batch: int) -> None:
    """Play the end of each finished dialogue of a panel again, as if triage had been right, or wrong."""
    scenario = load_scenario("derm34")
    with Store(db) as store:
        run = cell(store, "dialogue", "panel")
        config = RunConfig.model_validate_json(store.run(run)["config"])  # type: ignore[index]
        plans = {plan.ordinal: plan for plan in config.plan()}
        models = Models.open(config)
        for arm in ("right", "wrong"):
            begun = [
                triaged(scenario, config, plans[row["ordinal"]], store.acts(row["id"]), arm)
                for row in store.consultations(run)
            ]
            ended = asyncio.run(_finish(config, models, begun, batch))
            path = db.with_suffix(f".{arm}.json")
            path.write_text(json.dumps([_outcome(consultation) for consultation in ended]))
            print(f"{path}: {sum(row['right'] for row in map(_outcome, ended))} of {len(ended)}", flush=True)


def triaged(scenario: Scenario, config: RunConfig, plan: Plan, acts: list[Act], arm: str) -> Consultation:
    """Restore an interview up to its panel, with a right or a wrong specialty from triage."""
    case = scenario.case(plan.case)
    consultation = Consultation(scenario, case, plan, max_turns=config.max_turns, panel_size=config.panel_size)
    right = case.truth.specialty or ""
    accepted = {right, scenario.labels[case.truth.diagnosis or ""].second_specialty}
    others = [specialty for specialty in scenario.specialties if specialty not in accepted]
    wrong = random.Random(f"wrong {plan.case}").choice(others)
    before = [act for act in acts[: next(i for i, act in enumerate(acts) if act.action in ("consult", "conclude"))]]
    given = right if arm == "right" else wrong
    consultation.restore([replace(act, specialty=given) if act.action == "triage" else act for act in before])
    return consultation


async def _finish(
    config: RunConfig, models: Models, begun: Sequence[Consultation], batch: int
) -> Sequence[Consultation]:
    batcher = Batcher(chunk=batch)
    role_models, left = models.role_models(config, batcher), iter(begun)

    async def worker() -> None:
        try:
            for consultation in left:
                await _to_the_conclusion(consultation, role_models)
        finally:
            batcher.close()

    batcher.open(batch)
    await asyncio.gather(*(worker() for _ in range(batch)))
    batcher.shutdown()
    return begun


async def _to_the_conclusion(consultation: Consultation, role_models: RoleModels) -> None:
    session = Session(str(consultation.plan.ordinal), consultation, role_models, lambda idx, act: None)
    await play(session)


def _outcome(consultation: Consultation) -> Row:
    opinions = consultation.consulted.opinions if consultation.consulted else ()
    concluded, truth = consultation.conclusion, consultation.case.truth.diagnosis
    return {
        "case": consultation.case.id,
        "right": bool(concluded) and concluded.diagnosis == truth,  # type: ignore[union-attr]
        "opinions_right": sum(opinion.diagnosis == truth for opinion in opinions),
    }
