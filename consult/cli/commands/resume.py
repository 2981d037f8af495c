"""`consult resume`: continue a run that was interrupted."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from consult.cli.commands.options import DEFAULT_DATABASE, Batch, Database, Json, Ray, Replicas


def resume(
    run: Annotated[str, typer.Argument(help="This is the run's id, as `consult runs` lists it.")],
    code: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE.py:NAME", help="The run needs this code from a file, which runs only if you name it."
        ),
    ] = None,
    batch: Batch = None,
    replicas: Replicas = None,
    ray: Ray = None,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Continue an interrupted run, with the same result as if uninterrupted; retry failed consultations."""
    from consult.api.checks import placed
    from consult.api.playing import UnnamedCodeError, plan_again
    from consult.cli.commands.session import check_questions, play_run
    from consult.envs.store.write import Store
    from consult.errors import UserError

    with Store(db, create=False) as store:
        try:
            planned = plan_again(store, run, code or ())
        except UnnamedCodeError as error:
            named = " ".join(f"--code {shlex.quote(one)}" for one in error.missing)
            raise UserError(f"{run} uses code from a file, which runs only if you name it; add {named}") from None
    check_questions(planned.config, json=json)
    command = f"consult simulate --scenario {planned.config.scenario}"
    raise typer.Exit(play_run(planned, db=db, placement=placed(batch, replicas, ray), json=json, command=command))
