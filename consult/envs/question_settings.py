"""Settings that do not apply to questions about pictures, which have no patient: each is refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from consult.agents.choices import STRATEGY_RULES, Strategy
from consult.agents.prompt import PLAIN
from consult.errors import UserError

if TYPE_CHECKING:
    from consult.agents.models import ModelInfo
    from consult.scenarios import Scenario

STRATEGY: Strategy = "no-dialogue"
"""The strategy of questions if none is given."""
PATIENTS_ONLY = (
    "complaint", "image", "patient", "temperament", "patient_grounding", "checker", "max_turns", "classifier",
    "preset", "protocol", "extractor",
)  # fmt: skip
"""Settings that are about a patient, or about an interview."""


def refuse_settings(scenario: Scenario, given: Iterable[str]) -> None:
    """Refuse settings of a patient for questions.

    Args:
        scenario: The scenario; of patients, nothing is refused.
        given: Names of the settings that were given.

    Raises:
        UserError: One of them is about a patient.
    """
    if not scenario.asks_questions:
        return
    there = set(given)
    found = next((name for name in PATIENTS_ONLY if name in there), None)
    if found is not None:
        flag = f"--{found.replace('_', '-')}"
        raise UserError(f"'{scenario.name}' has questions and no patients, so {flag} has no effect; leave it out")


def refuse_strategy(scenario: Scenario, strategy: str) -> None:
    """Refuse a strategy that needs a patient, or labels that a classifier knows, for questions.

    Raises:
        UserError: The strategy does not apply.
    """
    fitting = [name for name, rules in STRATEGY_RULES.items() if rules.answers_questions]
    if scenario.asks_questions and strategy not in fitting:
        raise UserError(
            f"'{scenario.name}' has questions and no patients, so the strategy {strategy} does not apply; choose one "
            f"of: {', '.join(fitting)}"
        )


def refuse_assessors(scenario: Scenario) -> None:
    """Refuse the rubric for questions: it is about a conversation with a patient.

    Raises:
        UserError: The scenario has questions.
    """
    if scenario.asks_questions:
        raise UserError(
            f"'{scenario.name}' has questions and no conversations, so the rubric does not apply; leave the assessor "
            "out, or name a judge of open answers with --judge"
        )


def refuse_doctors(scenario: Scenario, doctors: Iterable[ModelInfo]) -> None:
    """Refuse models that know only consultations as doctors who answer questions.

    Raises:
        UserError: One of them does not read instructions in words.
    """
    if not scenario.asks_questions:
        return
    unfit = next((one.reference for one in doctors if one.dialect != PLAIN), None)
    if unfit is not None:
        raise UserError(
            f"'{unfit}' knows consultations alone and cannot answer the questions of '{scenario.name}'; name an "
            "instruction-tuned model with --model"
        )
