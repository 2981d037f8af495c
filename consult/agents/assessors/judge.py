"""The judge: compares an open diagnosis with the true one where neither names nor aliases decide."""

from __future__ import annotations

from dataclasses import dataclass

from consult.agents.models import Model, ModelError, close_model, open_model
from consult.agents.models.human import PERSONS
from consult.agents.prompt_formats.judging import DIALECT, judge_prompt, read_judgement
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.doctors import generate_with_retry
from consult.scenarios.correct import Relation

TASK = "judge"
TEMPERATURE = 0.3
"""Not greedy: asked once more, a greedy judge would say the same again."""
UNUSABLE = "unusable answer: "
"""How the reason begins where both answers could not be used."""
NO_REPLY = "no reply: "
"""How the reason begins where the model failed."""


@dataclass(frozen=True)
class Judgement:
    """A judge's verdict on one diagnosis."""

    relation: Relation | None
    """None if the judge failed."""
    why: str
    """The reason; of None: why there is no verdict."""


@dataclass(frozen=True)
class Judge:
    """A judge with a model behind it."""

    client: RoleClient
    name: str
    """Reference and revision, as the store has it."""

    async def compare(self, said: str, truth: str, context: RequestContext) -> Judgement:
        """Compare two diagnoses; two unusable answers are no verdict, with the reason.

        Args:
            said: The doctor's diagnosis.
            truth: The true one.
            context: Where in the run.

        Raises:
            Exception: Whatever the backend raised for this request.
        """
        refusals = [""]

        def read(text: str) -> Judgement | None:
            try:
                return Judgement(*read_judgement(text))
            except ValueError as error:
                refusals.append(str(error))
                return None

        judged, _, _ = await generate_with_retry(
            self.client, judge_prompt(said, truth), TASK, context, read, why=lambda: refusals[-1]
        )
        return judged or Judgement(None, UNUSABLE + refusals[-1])


def open_judge(reference: str) -> Model:
    """Open a model that is to judge.

    Raises:
        ModelError: It has not learned to, or cannot be opened.
    """
    if reference in PERSONS:
        raise ModelError(f"'{reference}' cannot judge; name a model with --judge")
    model = open_model(reference)
    try:
        check_judge(model)
    except ModelError:
        close_model(model)
        raise
    return model


def check_judge(model: Model) -> None:
    """Refuse a model that has not learned to compare diagnoses.

    Raises:
        ModelError: It has not.
    """
    if model.info.dialect != DIALECT:
        raise ModelError(
            f"'{model.info.reference}' cannot compare diagnoses; name an instruction-tuned model with --judge"
        )
