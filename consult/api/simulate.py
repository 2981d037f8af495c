"""`consult.simulate`: play consultations from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Unpack

from consult.agents.models import ModelGoneError
from consult.agents.models.human import LeftError
from consult.api.arguments import takes
from consult.api.checks import for_python, listed, listener, placed, store_file, text
from consult.api.given import PathLike, checked, what_is_left
from consult.api.options import PlayArguments, PlayOptions
from consult.api.playing import Planned, plan_again, plan_run, staged
from consult.api.run import Run, place_of
from consult.envs.events import Event
from consult.envs.placement import Placement
from consult.envs.store.write import Store
from consult.plugins import warn

Listen = Callable[[Event], None]


@for_python
@takes(PlayArguments, PlayOptions)
def simulate(
    scenario: PathLike = "derm34",
    *,
    batch: int | None = None,
    replicas: int | None = None,
    ray: str | None = None,
    db: PathLike = "consult.db",
    listen: Listen | None = None,
    **options: Unpack[PlayArguments],
) -> Run:
    """Play consultations, as `consult simulate` does.

    After an interrupt (Ctrl-C, the notebook's stop button) the same call continues the run, with the same texts as
    without the interrupt. The function also works while an event loop is running, as in a notebook, and returns when
    everything is played.

    Args:
        scenario: Built-in name or a folder.
        **options: What is played, and by whom.
        batch: Consultations at once, and the most requests in one batch of a model; by default 32, or as many as
            keep the servers busy.
        replicas: How often each model with local weights is loaded, on Ray, which is an extra; by default the program
            loads a tiny model in several processes where that is faster, and any other once.
        ray: The cluster's address; `auto` for one that runs on this machine. By default a new one is started here.
        db: The SQLite file that stores everything; created if missing.
        listen: Called with every event after it is stored, in the form of `--json`.

    Returns:
        The run. Failed consultations are included, with their `error`.

    Raises:
        UserError: An unknown name, a value out of range, a model or a store that cannot be opened, or an interrupted
        run that began with other models; one sentence that names the problem and the fix.
        KeyboardInterrupt: Interrupted; what was played is stored.
        ModelGoneError: A server stopped responding; what was played is stored.
    """
    with checked():
        played = PlayOptions.model_validate({"scenario": str(scenario), **options})
    path, told = store_file(db), listener("listen", listen)
    placement = placed(batch, replicas, ray)
    return _play(plan_run(played), path, placement, told)


@for_python
def resume(
    run: Run | str,
    *,
    code: str | Sequence[str] = (),
    batch: int | None = None,
    replicas: int | None = None,
    ray: str | None = None,
    db: PathLike = "consult.db",
    listen: Listen | None = None,
) -> Run:
    """Continue an interrupted run, as `consult resume` does; failed consultations are retried.

    Args:
        run: The run, or its id.
        code: References `file.py:name` that it uses: code named in a store is not run unless you name it.
        batch: Consultations at once; by default 32, or as many as keep the servers busy.
        replicas: As for `simulate`.
        ray: As for `simulate`.
        db: The store's file, where `run` is an id.
        listen: Called with every event.

    Returns:
        The run.

    Raises:
        UserError: There is no such run, it is finished, or another process is playing it.
        KeyboardInterrupt: Interrupted again.
    """
    path, identifier = place_of(run, db)
    placement = placed(batch, replicas, ray)
    told, named = listener("listen", listen), [text("code", one) for one in listed(code)]
    with Store(path, create=False) as store:
        planned = plan_again(store, identifier, named)
    return _play(planned, path, placement, told)


def _play(planned: Planned, db: Path, placement: Placement, listen: Listen) -> Run:
    with staged(planned, db, placement=placement) as stage:
        try:
            summary = stage.play(listen)
        except (KeyboardInterrupt, LeftError, ModelGoneError) as stop:
            stop.add_note(what_is_left(planned.named))
            raise
    for sentence in summary["unusable_roles"]:
        warn(sentence)
    return Run(db, summary["run"])
