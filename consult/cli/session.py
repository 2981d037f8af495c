"""Plays a configured run for a person or a program at the other end: opens models and store, shows events."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

TINY = 50_000_000
"""Parameters."""

if TYPE_CHECKING:
    from consult.envs.cast import Models
    from consult.envs.config import RunConfig
    from consult.envs.events import Event, Listener
    from consult.envs.own import Kept
    from consult.envs.store import Store
    from consult.scenarios import Scenario


def play_run(
    scenario: Scenario,
    config: RunConfig,
    *,
    db: Path,
    batch: int,
    json: bool,
    command: str,
    photograph: Kept | None = None,
) -> int:
    """Play a run and show it.

    Args:
        scenario: The scenario of the configuration.
        config: What to play.
        db: The store.
        batch: Consultations at once.
        json: Print events as JSON lines instead of showing them.
        command: The beginning of a command that plays the same scenario, for hints.
        photograph: From outside, to be kept in the store.

    Returns:
        The exit code: 0, 1 where consultations failed, 130 where interrupted, also by a model that is gone.
    """
    from consult.agents.models import ModelGoneError
    from consult.agents.models.person import HUMAN, LeftError
    from consult.envs.guesses import check_photographs
    from consult.envs.own import world
    from consult.envs.runner import Runner
    from consult.envs.store import Store

    if db.exists():
        # A wrong file is told before a large model is loaded; a new one is made only when the models stand.
        Store(db).close()
    models = opened(config)
    if models.classifier is not None:
        check_photographs(models.classifier, scenario, config)
    with Store(db) as store:
        if photograph is not None:
            store.keep_photograph(*photograph)
        scenario = world(scenario, config, store)
        listener = print_json if json else shown_to_people(scenario, config, db, command, store, models)
        runner = Runner(scenario, config, models, store, batch=batch, listen=listener)
        try:
            summary = runner.run()
        except (KeyboardInterrupt, LeftError, ModelGoneError) as stop:
            close = getattr(listener, "close", None)
            if close is not None:
                close()
            run = store.unfinished_run(config.digest())
            kept = f"; go on with: consult resume {run['id']}{naming(db)}" if run else ""
            asked = "\n" if config.patient.model == HUMAN else ""
            why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
            print(f"{asked}consult: {why}interrupted, what was shown is kept{kept}", file=sys.stderr)
            return 130
        finally:
            models.close()
    return 1 if summary["failed"] else 0


def opened(config: RunConfig, *others: RunConfig) -> Models:
    """Open the models of one or several runs, and say meanwhile that they are being loaded.

    Raises:
        ModelError: One cannot be opened.
    """
    from consult.agents.models.person import PERSONS
    from consult.envs.cast import Models, references

    names = [name for name in references(config, *others) if name not in PERSONS]
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(f"loading {', '.join(names)} …"):
            models = Models.open(config, *others)
    else:
        models = Models.open(config, *others)
    limit_threads(models)
    return models


def limit_threads(models: Models) -> None:
    """Keep tiny models from spreading over all cores: they would mostly wait for each other."""
    sizes = [int(model.info.details.get("parameters", 0)) for model in models.by_reference.values()]
    if max(sizes) and max(sizes) < TINY and "OMP_NUM_THREADS" not in os.environ:
        import torch

        torch.set_num_threads(min(2, torch.get_num_threads()))


def naming(db: Path) -> str:
    """Give what a command to copy must end with to find a database."""
    return "" if str(db) == "consult.db" else f" --db {shlex.quote(str(db))}"


def print_json(event: Event) -> None:
    """Print an event as one line."""
    import json

    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def shown_to_people(
    scenario: Scenario, config: RunConfig, db: Path, command: str, store: Store, models: Models
) -> Listener:
    """Give the live view for one consultation, and a progress bar for many."""
    from rich.console import Console

    from consult.agents.models.person import HUMAN
    from consult.cli.live import LiveView
    from consult.cli.progress import Progress
    from consult.envs.events import demonstration

    plan = config.plan()
    if len(plan) > 1:
        return Progress(Console(stderr=True), total=len(plan), database=str(db))
    only, case = plan[0], scenario.case(plan[0].case)
    return LiveView(
        Console(),
        scenario,
        case,
        temperament=only.temperament,
        strategy=config.strategy,
        team=config.team,
        seed=config.seed,
        command=command,
        database=str(db),
        disclaimer=demonstration(case) if case.origin != "tables" and models.demonstrates(config) else "",
        typed=config.patient.model == HUMAN,
        earlier=lambda run: told_so_far(store, run),
    )


def told_so_far(store: Store, run: str) -> list[Event]:
    """Give the events of a run's first consultation that an earlier process has told."""
    from consult.envs.events import opinion_event, turn_event
    from consult.envs.store import consultation_id

    identifier, events = consultation_id(run, 1), []
    for idx, act in enumerate(store.acts(identifier)):
        events.append(turn_event(identifier, idx, act))
        events += [opinion_event(identifier, i, opinion) for i, opinion in enumerate(act.opinions)]
    return events
