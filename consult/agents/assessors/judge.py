"""The judge: compares an open diagnosis with the true one if neither names nor aliases decide."""

from __future__ import annotations

from dataclasses import dataclass

from consult.agents.assessors.reasons import is_placeholder
from consult.agents.models import Model, ModelError, Opener, open_checked, open_model
from consult.agents.models.human import PERSONS
from consult.agents.prompt_formats.judging import DIALECT, judge_prompt, read_judgement
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.doctors import generate_with_retry
from consult.scenarios.correct import Relation

TASK = "judge"
TEMPERATURE = 0.3
"""Not greedy: a greedy judge would give the same reply when asked again."""
UNUSABLE = "unusable answer: "
"""Prefix of the reason if neither answer could be used."""
NO_REPLY = "no reply: "
"""Prefix of the reason if the model failed."""


@dataclass(frozen=True)
class Judgement:
    """A judge's verdict on one diagnosis."""

    relation: Relation | None
    """None if the judge failed."""
    why: str
    """The reason for the verdict, or for its absence if the verdict is None."""


@dataclass(frozen=True)
class Judge:
    """A judge with a model behind it."""

    client: RoleClient
    name: str
    """Reference and revision, as in the store."""

    async def compare(self, said: str, truth: str, context: RequestContext) -> Judgement:
        """Compare two diagnoses; after two unusable answers, return no verdict, with the reason.

        Args:
            said: The doctor's diagnosis.
            truth: The true diagnosis.
            context: The request's location in the run.

        Raises:
            Exception: The backend's error for this request.
        """
        refusals, prompt = [""], judge_prompt(said, truth)

        def read(text: str) -> Judgement | None:
            try:
                judgement = Judgement(*read_judgement(text))
            except ValueError as error:
                refusals.append(str(error))
                return None
            if is_placeholder(judgement.why):
                refusals.append("the reason is a placeholder")
                return None
            return judgement

        judged, _, _ = await generate_with_retry(self.client, prompt, TASK, context, read, why=lambda: refusals[-1])
        return judged or Judgement(None, UNUSABLE + refusals[-1])


def open_judge(reference: str, opener: Opener = open_model) -> Model:
    """Open a model as a judge.

    Args:
        reference: Its reference.
        opener: Opens a model for the role.

    Raises:
        ModelError: The model was not trained to judge, or cannot be opened.
    """
    if reference in PERSONS:
        raise ModelError(f"'{reference}' cannot judge; name a model with --judge")
    return open_checked(reference, check_judge, opener)


def check_judge(model: Model) -> None:
    """Refuse a model that was not trained to compare diagnoses.

    Raises:
        ModelError: The model was not trained to do so.
    """
    if model.info.dialect != DIALECT:
        raise ModelError(
            f"'{model.info.reference}' cannot compare diagnoses; name an instruction-tuned model with --judge"
        )
