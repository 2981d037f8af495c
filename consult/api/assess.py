"""`consult.assess`: score a run by the rubric, or judge its open diagnoses."""

from __future__ import annotations

from consult.agents.assessors.judge import open_judge
from consult.agents.assessors.model import ASSESSORS, ProgramAssessor, open_assessor
from consult.agents.choices import TALK
from consult.agents.models import close_model
from consult.agents.models.python import MODELS
from consult.api.checks import boolean, for_python, given_batch, listener, placed
from consult.api.given import AssessorLike, ModelLike, PathLike
from consult.api.run import Run, place_of, run_row
from consult.envs.assessing import Assessing, name_of
from consult.envs.benchmark.protocol import own_assessor
from consult.envs.config import RunConfig, stored_config
from consult.envs.deciding import decide_again
from consult.envs.events import Event, Listener
from consult.envs.held import scoring
from consult.envs.judge_check import check_judge as check_model
from consult.envs.judging import Judging, refuse_judging
from consult.envs.placement import Placement
from consult.envs.question_settings import refuse_assessors
from consult.envs.runner import RunError
from consult.envs.store.rows import Row
from consult.envs.store.spoilt import refuse_spoilt
from consult.envs.store.write import Store
from consult.envs.user_case import world
from consult.errors import UserError
from consult.plugins import Named
from consult.scenarios import Scenario, load_scenario


@for_python
def assess(
    run: Run | str,
    assessor: AssessorLike | None = None,
    *,
    judge: ModelLike | None = None,
    self_assessment: bool = False,
    batch: int | None = None,
    replicas: int | None = None,
    ray: str | None = None,
    db: PathLike = "consult.db",
    listen: Listener | None = None,
) -> Event:
    """Score a run without replaying it, as `consult assess` does; after an interrupt the same call continues.

    Args:
        run: The run, or its id.
        assessor: The scorer of the rubric: `rules`, a model as `consult.simulate` takes it, or a function of one
            consultation (with `case`, `scenario`, `acts`, `conclusion`) that returns item → value, such as
            `{"1.1": 1, "4.1": 2}`; None for a value that it cannot determine.
        judge: A model that, instead, judges the open diagnoses that no name or alias decides.
        self_assessment: Whether the model that played the doctor may assess a run by 3MDBench's protocol.
        batch: Consultations at once, and the most requests in one batch; by default 32, or as many as
            keep the servers busy.
        replicas: As for `simulate`.
        ray: As for `simulate`.
        db: The store's file, where `run` is an id.
        listen: Called with every verdict after it is stored.

    Returns:
        The summary, the last event of `consult assess --json`: `items` with `mean`, `n` and `judge_failed` of each, or
        for a judge `verdicts`, `accuracy` and `unjudged`; and `failures`. All verdicts are in `run.assessments` and
        `run.judgements`.

    Raises:
        UserError: There is no such run, its scenario has changed, the scorer cannot be opened, both are given, or
            another process does the same.
        ModelGoneError: A server stopped responding; what was judged is stored.
    """
    allowed, placement = boolean("self_assessment", self_assessment), placed(batch, replicas, ray)
    return scored(run, assessor, judge, placement, db, listen, self_assessment=allowed)


@for_python
def check_judge(judge: AssessorLike, *, batch: int | None = None, listen: Listener | None = None) -> Event:
    """Let a judge assess 20 built-in transcripts with known faults, and say which items it can be trusted with.

    Args:
        judge: A model, as `consult.simulate` takes it.
        batch: Most requests at once; by default 32, or as many as keep a server busy.
        listen: Called with every transcript's verdicts, and with the summary.

    Returns:
        The summary, the last event of `consult assess --check-judge REF --json`: `items` with `hits` of `faults`,
        `false_alarms` of `met`, `not_scored` and `trusted` of each; `trusted`, the items; and `meaning`, a sentence.

    Raises:
        UserError: The judge cannot be opened, or is not a model.
        ModelGoneError: A server stopped responding.
    """
    named, told, batch = Named(), listener("listen", listen), given_batch(batch)
    reference = named.add(ASSESSORS, judge)
    with named.known():
        opened = open_assessor(reference)
        try:
            if isinstance(opened, ProgramAssessor):
                raise UserError(
                    f"'{reference}' is a program that reads a case's card, and the built-in transcripts have none; "
                    "name a model to check"
                )
            return check_model(opened, batch, told)
        finally:
            close_model(opened)


def scored(
    run: Run | str,
    assessor: AssessorLike | None,
    judge: ModelLike | None,
    placement: Placement,
    db: PathLike,
    listen: Listener | None,
    *,
    self_assessment: bool = False,
) -> Event:
    """Score a run, as `assess`.

    Raises:
        UserError: As `assess`.
        ModelGoneError: As `assess`.
    """
    if (assessor is None) == (judge is None):
        raise UserError("give either an assessor or a judge, e.g. assess(run, 'rules')")
    path, identifier = place_of(run, db)
    named, told = Named(), listener("listen", listen)
    with Store(path, create=False) as store:
        refuse_spoilt(store, identifier)
        row = run_row(store, identifier)
        if assessor is not None:
            reference = named.add(ASSESSORS, assessor)
            if not self_assessment:
                _refuse_own(row, reference)
            with named.known():
                placement.check([reference])
                return assessed(store, row, reference, placement, told)
        assert judge is not None
        reference = named.add(MODELS, judge)
        with named.known():
            placement.check([reference])
            return judged(store, row, reference, placement, told)


def _refuse_own(row: Row, reference: str) -> None:
    """Refuse the doctor's model as the assessor of a run by 3MDBench's protocol.

    Raises:
        UserError: It is that model.
    """
    config = stored_config(row["config"])
    if config.protocol == TALK and reference == config.attending.model:
        raise UserError(own_assessor(reference))


def assessed(store: Store, row: Row, reference: str, placement: Placement, listen: Listener) -> Event:
    """Score a run by the rubric, and return the summary."""
    scenario = _scenario(store, row)
    refuse_assessors(scenario)
    opened = open_assessor(reference, placement.opener([reference], row["consultations"]).open)
    try:
        with scoring(store.path, row["id"], name_of(opened)):
            return Assessing(scenario, store, row["id"], name_of(opened), placement.batch, listen).by(opened)
    finally:
        close_model(opened)


def judged(store: Store, row: Row, reference: str, placement: Placement, listen: Listener) -> Event:
    """Judge a run's open diagnoses, and return the summary."""
    scenario = _scenario(store, row)
    refuse_judging(scenario)
    model = open_judge(reference, placement.opener([reference], row["consultations"]).open)
    try:
        with scoring(store.path, row["id"], reference):
            return Judging(scenario, store, row["id"], model, placement.batch, listen).judge()
    finally:
        close_model(model)


def _scenario(store: Store, row: Row) -> Scenario:
    """Load a run's scenario; it must be the version that was played."""
    config = RunConfig.model_validate_json(row["config"])
    scenario = load_scenario(config.scenario)
    if scenario.revision != row["scenario_revision"]:
        raise RunError(
            f"run {row['id']} was played with another version of '{scenario.name}'; restore that version to assess it"
        )
    decide_again(store, row["id"], scenario)
    return world(scenario, config, store)
