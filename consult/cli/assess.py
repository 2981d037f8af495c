"""`consult assess`: score a run again without playing it again, take in people's ratings, compare assessors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consult.cli.options import DEFAULT_BATCH, DEFAULT_DATABASE, Batch, Database, Json

if TYPE_CHECKING:
    from consult.agents.models import Model
    from consult.envs.assessing import Assessing
    from consult.envs.events import Event
    from consult.envs.store import Row, Store
    from consult.scenarios import Scenario

INTERRUPTED = 130


def assess(
    run: Annotated[str, typer.Argument(help="The run's id, as `consult runs` lists it.")],
    assessor: Annotated[
        str | None,
        typer.Option(help="rules, or a model: starter, a folder, a hub id, http://HOST:PORT/v1#NAME, scripted:FILE."),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="A model that judges the open diagnoses which no name or alias decides.")
    ] = None,
    ratings: Annotated[
        Path | None, typer.Option("--import", metavar="CSV", help="People's ratings: consultation, item, value.")
    ] = None,
    agreement: Annotated[bool, typer.Option("--agreement", help="Compare the run's assessors in pairs.")] = False,
    batch: Batch = DEFAULT_BATCH,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Score a run by the rubric of 3MDBench, or judge its open diagnoses; killed, the same command goes on."""
    from consult.envs.store import Store
    from consult.errors import UserError

    if sum(given is not None for given in (assessor, judge, ratings)) > 1:
        raise UserError("give one of --assessor, --judge and --import, not several at once")
    if assessor is None and judge is None and ratings is None and not agreement:
        raise UserError(
            "say who assesses: --assessor rules, --assessor MODEL, --judge MODEL, --import ratings.csv, or --agreement"
        )
    code = 0
    with Store(db, create=False) as store:
        row = _known(store, run)
        if assessor is not None:
            code = _judge(store, row, assessor, batch=batch, json=json, db=db)
        if judge is not None:
            code = _judge_diagnoses(store, row, judge, batch=batch, json=json)
        if ratings is not None:
            code = _import(store, run, ratings, json=json)
        if agreement:
            _compare(store, run, json=json)
    raise typer.Exit(code)


def _known(store: Store, run: str) -> Row:
    from consult.scenarios import UnknownNameError

    row = store.run(run)
    if row is None:
        raise UnknownNameError("run", run, [r["id"] for r in store.runs()])
    return row


# -- by rules or a model -----------------------------------------------------------------------------------------------


def _judge(store: Store, row: Row, reference: str, *, batch: int, json: bool, db: Path) -> int:
    from consult.agents.models import ModelGoneError, close_model
    from consult.agents.rules import RULES
    from consult.envs.assessing import model_name, rules_name

    model = None if reference == RULES else open_assessor(reference)
    name = rules_name() if model is None else model_name(model)
    work = _work(store, row, name, batch=batch, json=json)
    try:
        summary = work.by_rules() if model is None else work.by_model(model)
    except (KeyboardInterrupt, ModelGoneError) as stop:
        return _interrupted(stop)
    finally:
        close_model(model)
    return 1 if summary["failures"] else 0


def _judge_diagnoses(store: Store, row: Row, reference: str, *, batch: int, json: bool) -> int:
    from consult.agents.judge import open_judge
    from consult.agents.models import ModelGoneError, close_model
    from consult.cli.assessed import JudgeProgress
    from consult.cli.session import print_json
    from consult.envs.judging import Judging, refuse_judging

    scenario = _scenario(store, row)
    refuse_judging(scenario)
    model = open_judge(reference)
    listen = print_json if json else JudgeProgress()
    try:
        summary = Judging(scenario, store, row["id"], model, batch, listen).judge()
    except (KeyboardInterrupt, ModelGoneError) as stop:
        return _interrupted(stop)
    finally:
        close_model(model)
    return 1 if summary["failures"] else 0


def _interrupted(stop: BaseException) -> int:
    from consult.agents.models import ModelGoneError

    why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
    typer.echo(f"consult: {why}interrupted, what was judged is kept; the same command goes on", err=True)
    return INTERRUPTED


def open_assessor(reference: str) -> Model:
    """Open a model that is to assess.

    Raises:
        ModelError: It has not learned to, or cannot be opened.
    """
    from consult.agents.models import ModelError, open_model
    from consult.agents.models.person import PERSONS

    if reference in PERSONS:
        raise ModelError(f"'{reference}' cannot assess here; put a person's ratings into a CSV file and --import it")
    return open_model(reference, role="assessor")


def _work(store: Store, row: Row, name: str, *, batch: int, json: bool) -> Assessing:
    from consult.cli.assessed import AssessProgress
    from consult.cli.session import print_json
    from consult.envs.assessing import Assessing

    listen = print_json if json else AssessProgress()
    return Assessing(_scenario(store, row), store, row["id"], name, batch, listen)


def _scenario(store: Store, row: Row) -> Scenario:
    """Load a run's scenario, which has to be the version that was played."""
    from consult.envs.config import RunConfig
    from consult.envs.own import world
    from consult.envs.runner import RunError
    from consult.scenarios import load_scenario

    config = RunConfig.model_validate_json(row["config"])
    scenario = load_scenario(config.scenario)
    if scenario.revision != row["scenario_revision"]:
        raise RunError(
            f"run {row['id']} was played with another version of '{scenario.name}'; restore that version to assess it"
        )
    return world(scenario, config, store)


# -- by people, and compared -------------------------------------------------------------------------------------------


def _import(store: Store, run: str, path: Path, *, json: bool) -> int:
    from consult.cli.assessed import print_import, print_summary
    from consult.cli.session import print_json
    from consult.envs.assessing import assessment_summary
    from consult.envs.ratings import import_ratings

    imported = import_ratings(path, store, run)
    summaries: list[Event] = [assessment_summary(store, run, name) for name in imported.ratings]
    if json:
        print_json({"event": "import", "run": run, "kept": imported.kept, "broken": imported.broken})
        for summary in summaries:
            print_json(summary)
    else:
        print_import(imported)
        for summary in summaries:
            print_summary(summary)
    return 1 if imported.broken else 0


def _compare(store: Store, run: str, *, json: bool) -> None:
    from dataclasses import asdict

    from consult.cli.assessed import print_agreements
    from consult.cli.session import naming, print_json
    from consult.envs.agreement import agreements
    from consult.envs.assessing import assessors_of
    from consult.errors import UserError

    names = assessors_of(store, run)
    if len(names) < 2:
        there = f"only {names[0]}" if names else "no assessor"
        again = f"consult assess {run} --assessor REF{naming(store.path)}"
        raise UserError(f"run {run} has {there}; add another first: {again}")
    pairs = agreements(store, run)
    if json:
        for pair in pairs:
            print_json({"event": "agreement", "run": run, **asdict(pair)})
    else:
        print_agreements(pairs)
