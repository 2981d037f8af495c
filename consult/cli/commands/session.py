"""Play a planned run for a person or a program: show its events and report how it ended."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from consult.foreign_text import as_json, harmless

if TYPE_CHECKING:
    from consult.api.playing import Planned, Stage
    from consult.envs.config import RunConfig
    from consult.envs.events import Event, Listener
    from consult.envs.placement import Placement
    from consult.envs.role_models import Models
    from consult.envs.store.write import Store


def play_run(planned: Planned, *, db: Path, placement: Placement, json: bool, command: str) -> int:
    """Play a run and show it.

    Args:
        planned: What to play.
        db: The store.
        placement: How many consultations are played at once, and where the models are loaded.
        json: Print events as JSON lines instead of showing them.
        command: The beginning of a command that plays the same scenario, for hints.

    Returns:
        The exit code: 0; 1 if consultations failed, or if most replies of a role could not be used; 130 if
        interrupted, also by a model that stopped responding; 0 if the reader of the output has closed it.
    """
    from consult.agents.models import ModelGoneError
    from consult.agents.models.human import LeftError
    from consult.api.playing import staged
    from consult.cli.terminal.closed import discard_closed_output
    from consult.errors import UserError

    with staged(planned, db, placement=placement, opener=opening(placement)) as stage:
        if stage.models.replicas > 1 and not json:
            print(f"consult: {stage.models.replicas} copies of the model play", file=sys.stderr)
        listener = print_json if json else shown_to_people(stage, command)
        try:
            summary = stage.play(listener)
        except (KeyboardInterrupt, LeftError, ModelGoneError, BrokenPipeError) as stop:
            discard_closed_output()
            _close(listener)
            return _interrupted(stage, stop)
        except UserError:
            _close(listener)
            raise
    for sentence in summary["unusable_roles"]:
        print(f"consult: {sentence}", file=sys.stderr)
    return 1 if summary["failed"] or summary["unusable_roles"] else 0


def _close(listener: Listener) -> None:
    close = getattr(listener, "close", None)
    if close is not None:
        close()


def _interrupted(stage: Stage, stop: BaseException) -> int:
    from consult.agents.models import ModelGoneError
    from consult.agents.models.human import HUMAN
    from consult.api.given import naming
    from consult.api.playing import code_of

    run = stage.store.unfinished_run(
        stage.config.digest(), stage.models.described(stage.config), stage.models.prompt_revision(stage.config)
    )
    code = "".join(f" --code {shlex.quote(one)}" for one in code_of(stage.config))
    kept = f"; continue with: consult resume {run['id']}{code}{naming(stage.store.path)}" if run else ""
    asked = "\n" if stage.config.patient.model == HUMAN else ""
    if isinstance(stop, BrokenPipeError):
        if run:
            print(
                f"consult: the output was closed, so the run stopped; what was shown is stored{kept}", file=sys.stderr
            )
        return 0
    # Another interrupt would only disturb the end of the process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
    print(f"{asked}consult: {harmless(f'{why}interrupted; what was shown is stored{kept}')}", file=sys.stderr)
    return 130


def check_questions(config: RunConfig, *, json: bool) -> None:
    """Refuse to ask a person for input if only events are printed.

    Raises:
        UserError: A person is to play the patient.
    """
    from consult.agents.models.human import HUMAN
    from consult.errors import UserError

    if json and config.patient.model == HUMAN:
        raise UserError("--json cannot ask a person for input; leave it out, or give the patient a model")


def opening(placement: Placement) -> Callable[..., Models]:
    """Return what opens the models of one or several runs, and shows that they are being loaded.

    Args:
        placement: Where they are loaded.
    """
    from consult.agents.models.human import PERSONS
    from consult.envs.roles import references

    def opened(*configs: RunConfig) -> Models:
        names = [name for name in references(*configs) if name not in PERSONS]
        if not sys.stderr.isatty():
            return placement.open(*configs)
        from consult.render.console import PlainConsole
        from consult.render.terminal import styled

        with PlainConsole(stderr=True).status(styled(f"loading {', '.join(names)} …", "")):
            return placement.open(*configs)

    return opened


def print_json(event: Event) -> None:
    """Print an event as one line; a character that the output cannot encode is escaped."""
    import json

    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(as_json(json.dumps(event, ensure_ascii=not unicode)) + "\n")
    sys.stdout.flush()


def shown_to_people(stage: Stage, command: str) -> Listener:
    """Return the live view for one consultation, or a progress bar for several."""
    from consult.agents.models.human import HUMAN
    from consult.cli.terminal.progress import Progress
    from consult.envs.events import demonstration
    from consult.render.console import PlainConsole
    from consult.render.live import LiveView, Manner

    scenario, config, db = stage.scenario, stage.config, str(stage.store.path)
    plan = config.plan()
    if len(plan) > 1:
        return Progress(PlainConsole(stderr=True), total=len(plan), database=db)
    only, case = plan[0], scenario.case(plan[0].case)
    return LiveView(
        PlainConsole(),
        scenario,
        case,
        temperament=only.temperament,
        strategy=config.strategy,
        team=config.team,
        seed=config.seed,
        command=command,
        database=db,
        manner=Manner(
            disclaimer=demonstration(case) if case.origin != "tables" and stage.models.demonstrates(config) else "",
            typed=config.patient.model == HUMAN,
            earlier=lambda run: told_so_far(stage.store, run),
        ),
    )


def told_so_far(store: Store, run: str) -> list[Event]:
    """Return the events of a run's first consultation that an earlier process already showed."""
    from consult.envs.events import opinion_event, turn_event
    from consult.envs.store.rows import consultation_id

    identifier, events = consultation_id(run, 1), []
    for idx, act in enumerate(store.acts(identifier)):
        events.append(turn_event(identifier, idx, act))
        events += [opinion_event(identifier, i, opinion) for i, opinion in enumerate(act.opinions)]
    return events
