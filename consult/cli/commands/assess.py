"""`consult assess`: score a run without replaying it, import human ratings, compare assessors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consult.cli.commands.options import DEFAULT_DATABASE, Batch, Database, Json, Ray, Replicas
from consult.foreign_text import harmless

if TYPE_CHECKING:
    from consult.envs.events import Event
    from consult.envs.placement import Placement
    from consult.envs.store.write import Store

INTERRUPTED = 130


def assess(
    run: Annotated[str | None, typer.Argument(help="This is the run's id, as `consult runs` lists it.")] = None,
    assessor: Annotated[
        str | None,
        typer.Option(help="The assessor is rules, a model as for simulate, or FILE.py:NAME."),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="This model judges the open diagnoses that no name or alias decides.")
    ] = None,
    ratings: Annotated[
        Path | None,
        typer.Option(
            "--import", metavar="CSV", help="Import people's ratings from a file of consultation, item and value."
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            "--check-judge", metavar="REF", help="This model judges 20 built-in transcripts with known faults; no run."
        ),
    ] = None,
    self_assessment: Annotated[
        bool,
        typer.Option("--self-assessment", help="The doctor's model may assess a run of the preset 3mdbench."),
    ] = False,
    agreement: Annotated[bool, typer.Option("--agreement", help="Compare the run's assessors in pairs.")] = False,
    batch: Batch = None,
    replicas: Replicas = None,
    ray: Ray = None,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Score a run by the rubric of 3MDBench, or judge its open diagnoses; rerun the command to continue."""
    from consult.api.checks import placed
    from consult.api.run import run_row
    from consult.envs.store.readonly import reading
    from consult.envs.store.spoilt import refuse_spoilt
    from consult.envs.store.write import Store
    from consult.errors import UserError

    if (replicas is not None or ray is not None) and assessor is None and judge is None:
        raise UserError(
            "--replicas and --ray load an assessor or a judge; give --assessor or --judge, or leave them out"
        )
    if check is not None:
        if any((run, assessor, judge, ratings, agreement)):
            raise UserError("--check-judge needs no run and no other assessor; give it alone: --check-judge REF")
        raise typer.Exit(_check(check, batch=batch, json=json))
    if run is None:
        raise UserError("no run is named; give its id, as consult runs lists it: consult assess RUN --assessor rules")
    if sum(given is not None for given in (assessor, judge, ratings)) > 1:
        raise UserError("give one of --assessor, --judge and --import, not several at once")
    if assessor is None and judge is None and ratings is None and not agreement:
        raise UserError(
            "choose an assessor: --assessor rules, --assessor MODEL, --judge MODEL, --import ratings.csv, "
            "or --agreement"
        )
    code = 0
    if assessor is not None or judge is not None:
        placement = placed(batch, replicas, ray)
        code = _score(run, assessor, judge, placement=placement, json=json, db=db, own=self_assessment)
    if ratings is not None:
        with Store(db, create=False) as writing:
            refuse_spoilt(writing, run)
            run_row(writing, run)
            code = _import(writing, run, ratings, json=json)
    if agreement:
        with reading(db, run) as store:
            run_row(store, run)
            _compare(store, run, json=json)
    raise typer.Exit(code)


def _score(
    run: str, assessor: str | None, judge: str | None, *, placement: Placement, json: bool, db: Path, own: bool
) -> int:
    from consult.agents.models import ModelGoneError
    from consult.api.assess import scored
    from consult.cli.commands.session import print_json
    from consult.cli.terminal.assess_view import AssessProgress, JudgeProgress

    listen = print_json if json else JudgeProgress() if judge is not None else AssessProgress()
    try:
        summary = scored(run, assessor, judge, placement, db, listen, self_assessment=own)
    except (KeyboardInterrupt, ModelGoneError) as stop:
        why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
        typer.echo(
            f"consult: {harmless(why)}interrupted; the verdicts so far are stored; run the same command to continue",
            err=True,
        )
        return INTERRUPTED
    return 1 if summary["failures"] else 0


def _check(reference: str, *, batch: int | None, json: bool) -> int:
    from consult.agents.models import ModelGoneError
    from consult.api.assess import check_judge
    from consult.cli.commands.session import print_json
    from consult.cli.terminal.assess_view import print_judge_check

    try:
        check_judge(reference, batch=batch, listen=print_json if json else print_judge_check)
    except (KeyboardInterrupt, ModelGoneError) as stop:
        why = f"{stop}; " if isinstance(stop, ModelGoneError) else ""
        typer.echo(f"consult: {harmless(why)}interrupted; nothing is stored; run the same command again", err=True)
        return INTERRUPTED
    return 0


# -- human ratings, and comparison -------------------------------------------------------------------------------------


def _import(store: Store, run: str, path: Path, *, json: bool) -> int:
    from consult.cli.commands.session import print_json
    from consult.cli.terminal.assess_view import print_import, print_summary
    from consult.envs.assessing import assessment_summary
    from consult.envs.store.ratings import import_ratings

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

    from consult.api.given import naming
    from consult.cli.commands.session import print_json
    from consult.cli.terminal.assess_view import print_agreements
    from consult.envs.metrics.agreement import agreements
    from consult.envs.store.assessments import assessors_of
    from consult.errors import UserError

    names = assessors_of(store, run)
    if len(names) < 2:
        there = f"only {names[0]}" if names else "no assessor"
        again = f"consult assess {run} --assessor REF{naming(store.path)}"
        raise UserError(f"run {run} has {there}; add another assessor first: {again}")
    pairs = agreements(store, run)
    if json:
        for pair in pairs:
            print_json({"event": "agreement", "run": run, **asdict(pair)})
    else:
        print_agreements(pairs)
