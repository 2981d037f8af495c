"""`consult.simulate`: play consultations from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from consult.agents.models import ModelGoneError
from consult.agents.models.human import LeftError
from consult.api.checks import for_python, listed, listener, store_file, text, whole
from consult.api.given import ModelLike, PathLike, what_is_left
from consult.api.playing import Options, Planned, plan_again, plan_run, staged
from consult.api.run import Run, place_of
from consult.envs.events import Event
from consult.envs.store.write import Store
from consult.ranges import BATCH

Listen = Callable[[Event], None]


@for_python
def simulate(
    scenario: PathLike = "derm34",
    *,
    cases: int | str | Sequence[str] | None = None,
    split: str = "test",
    temperament: str | None = None,
    strategy: str = "dialogue",
    team: str = "panel",
    panel_size: int = 3,
    model: ModelLike = "starter",
    patient: ModelLike | None = None,
    triage: ModelLike | None = None,
    specialist: ModelLike | Mapping[str, ModelLike] | None = None,
    attending: ModelLike | None = None,
    classifier: Any = None,
    judge: ModelLike | None = None,
    seed: int = 0,
    max_turns: int = 14,
    patient_grounding: bool = True,
    votes: int = 1,
    panel_skill: float | None = None,
    complaint: str | None = None,
    image: PathLike | None = None,
    prompts: bool = True,
    batch: int = 32,
    db: PathLike = "consult.db",
    listen: Listen | None = None,
) -> Run:
    """Play consultations, as `consult simulate` does.

    An interrupt (Ctrl-C, the notebook's stop button) leaves a run that the same call continues, to the texts that it
    would have had. It can be called where an event loop is running, as in a notebook, and waits until all is played.

    Args:
        scenario: Built-in name or a folder.
        cases: How many, from the first of the split's fixed order; or the id of one, or several ids. None for one case
            that the seed chooses.
        split: train, validation or test, or another that the scenario has.
        temperament: sanguine, choleric, melancholic, phlegmatic, or all; None for one a case, balanced.
        strategy: no-dialogue, text-only, dialogue, reasoning or expert.
        team: panel, no-triage or solo.
        panel_size: Specialists asked, 1 to 15.
        model: Who plays all roles: a reference as `--model` takes it, an object with `generate`, or a function
            `(messages, images) -> str`.
        patient: Who plays the patient; also `nobody`, or `human` at a terminal.
        triage: Who plays the triage doctor.
        specialist: Who plays all specialists, or specialty → model.
        attending: Who plays the attending physician.
        classifier: Whose guesses the strategy `expert` tells the doctors: a reference, or a function of one RGB picture
            that returns label → probability.
        judge: A model that judges open diagnoses which no name or alias decides.
        seed: Decides every draw.
        max_turns: Doctor turns, 2 to 100, at which a consultation is unfinished.
        patient_grounding: Whether a program chooses and checks the facts that the patient states.
        votes: Decisions that the attending is asked for, 1 to 64; the majority is taken.
        panel_skill: Where given, opinions are made up, right with this probability (0 to 1); for ablation.
        complaint: A complaint of your own instead of cases.
        image: Your photograph, with the complaint: JPEG, PNG or WebP.
        prompts: Whether what models are asked and reply is stored, to be seen with `run["r3.1"].prompts`.
        batch: Consultations at once, and the most requests in one batch of a model.
        db: The SQLite file that keeps all; made where it is not there.
        listen: Told of every event after it was stored, in the form of `--json`.

    Returns:
        The run. Consultations that failed are in it, with their `error`.

    Raises:
        UserError: A name that there is not, a value that is out of range, a model or a store that cannot be opened, or
            an interrupted run that was begun with other models; one sentence that names the thing and the fix.
        KeyboardInterrupt: Interrupted; what was played is stored.
        ModelGoneError: A server stopped responding; what was played is stored.
    """
    options = Options(
        scenario=str(scenario),
        cases=cases,
        split=split,
        temperament=temperament,
        strategy=strategy,
        team=team,
        panel_size=panel_size,
        model=model,
        patient=patient,
        triage=triage,
        specialist=None if isinstance(specialist, Mapping) else specialist,
        specialists=specialist if isinstance(specialist, Mapping) else None,
        attending=attending,
        classifier=classifier,
        judge=judge,
        seed=seed,
        max_turns=max_turns,
        patient_grounding=patient_grounding,
        votes=votes,
        panel_skill=panel_skill,
        complaint=complaint,
        image=image,
        prompts=prompts,
    )
    path, told = store_file(db), listener("listen", listen)
    whole("batch", batch, BATCH)
    return _play(plan_run(options), path, batch, told)


@for_python
def resume(
    run: Run | str,
    *,
    code: str | Sequence[str] = (),
    batch: int = 32,
    db: PathLike = "consult.db",
    listen: Listen | None = None,
) -> Run:
    """Continue an interrupted run, as `consult resume` does; consultations that failed are tried again.

    Args:
        run: The run, or its id.
        code: References `file.py:name` that play in it: code that a store names is not run unless you name it.
        batch: Consultations at once.
        db: The store's file, where `run` is an id.
        listen: Told of every event.

    Returns:
        The run.

    Raises:
        UserError: There is no such run, it is over, or another process plays it.
        KeyboardInterrupt: Interrupted again.
    """
    path, identifier = place_of(run, db)
    whole("batch", batch, BATCH)
    told, named = listener("listen", listen), [text("code", one) for one in listed(code)]
    with Store(path, create=False) as store:
        planned = plan_again(store, identifier, named)
    return _play(planned, path, batch, told)


def _play(planned: Planned, db: Path, batch: int, listen: Listen) -> Run:
    with staged(planned, db, batch=batch) as stage:
        try:
            summary = stage.play(listen)
        except (KeyboardInterrupt, LeftError, ModelGoneError) as stop:
            stop.add_note(what_is_left(planned.named))
            raise
    return Run(db, summary["run"])
