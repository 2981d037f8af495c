"""`consult resume`: go on with a run that was interrupted."""

from __future__ import annotations

from typing import Annotated

import typer

from consult.cli.options import DEFAULT_BATCH, DEFAULT_DATABASE, Batch, Database, Json


def resume(
    run: Annotated[str, typer.Argument(help="The run's id, as `consult runs` lists it.")],
    batch: Batch = DEFAULT_BATCH,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Go on with an interrupted run, to the result it would have had; failed consultations are tried again."""
    from consult.cli.own import check_persons
    from consult.cli.session import naming, play_run
    from consult.envs.config import RunConfig
    from consult.envs.store import Store, is_alive
    from consult.errors import UserError
    from consult.scenarios import UnknownNameError, load_scenario

    with Store(db, create=False) as store:
        row = store.run(run)
        if row is None:
            raise UnknownNameError("run", run, [r["id"] for r in store.runs()])
        if row["status"] == "finished" and not row["failed"]:
            raise UserError(f"run {run} is over; see it with: consult show {run}{naming(db)}")
        if is_alive(row["pid"]):
            raise UserError(f"run {run} is being played by process {row['pid']}; wait for it, or stop it first")
        if row["status"] == "finished":
            store.reopen(run)
    config = RunConfig.model_validate_json(row["config"])
    check_persons(config, json=json)
    command = f"consult simulate --scenario {config.scenario}"
    code = play_run(load_scenario(config.scenario), config, db=db, batch=batch, json=json, command=command)
    raise typer.Exit(code)
