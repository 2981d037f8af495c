"""The checker: a model that decides whether a patient's line states its facts and what else it claims."""

from __future__ import annotations

from dataclasses import dataclass, replace

from consult.agents.acts import Usage
from consult.agents.grounding.claims import Finding, Grounds
from consult.agents.models import Model, ModelError, open_checked
from consult.agents.models.human import PERSONS
from consult.agents.prompt_formats.checking import DIALECT, checker_prompt, read_check
from consult.agents.roles.client import ATTEMPTS, RequestContext, RoleClient, usage

TASK = "check"
TEMPERATURE = 0.3
"""Of the second attempt; the first is greedy."""
RULES, OWN = "rules", "patient"
"""Checkers that are not a reference: rules alone, and the patient's own model if it is on a server or in a folder."""


@dataclass(frozen=True)
class Checker:
    """A checker with a model behind it."""

    client: RoleClient
    name: str
    """Reference and revision, as in the store."""

    async def check(
        self, line: str, grounds: Grounds, context: RequestContext, tried: int = 0
    ) -> tuple[list[Finding] | None, Usage]:
        """Return what is wrong with a line, and the cost; None after two unusable answers.

        Args:
            line: A line that the rules accept.
            grounds: What it may rest on.
            context: The request's location in the run.
            tried: Number of the patient's attempt, so that each line is another request.

        Raises:
            Exception: The backend's error for this request.
        """
        prompt, cost = checker_prompt(line, grounds), Usage()
        for attempt in range(ATTEMPTS):
            asked = prompt if attempt == 0 else replace(prompt, temperature=TEMPERATURE)
            exchange = await self.client.generate(asked, TASK, context, ATTEMPTS * tried + attempt)
            cost += usage(exchange.answer)
            try:
                return read_check(exchange.answer.text, line, grounds), cost
            except ValueError as error:
                exchange.refuse(str(error))
        return None, cost


def open_checker(reference: str) -> Model:
    """Open a model as a checker.

    Raises:
        ModelError: The model was not trained to check lines, or cannot be opened.
    """
    if reference in PERSONS:
        raise ModelError(f"'{reference}' cannot check lines; name a model with --checker, or rules")
    return open_checked(reference, refuse_checker)


def refuse_checker(model: Model) -> None:
    """Refuse a model that was not trained to compare sentences.

    Raises:
        ModelError: The model was not trained to do so.
    """
    if not can_check(model):
        raise ModelError(
            f"'{model.info.reference}' cannot check lines; name an instruction-tuned model with --checker, or rules"
        )


def can_check(model: Model) -> bool:
    """Return whether a model reads instructions."""
    return model.info.dialect == DIALECT
