"""Whether a diagnosis is right: the one place that decides it, for every table, figure, reward and page.

A closed list decides by its labels. Open diagnoses are compared by name, then by the scenario's aliases, then by the
verdict of a judge, if there is one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from consult.scenarios.normalised import normalised
from consult.scenarios.scenario import Scenario

CorrectBy = Literal["match", "alias", "judge", "unjudged"]
"""What decided: the names alone, the scenario's aliases, a judge, or nobody yet."""
Relation = Literal["same", "broader", "narrower", "different"]
"""What a judge can say of a diagnosis, compared with the true one; only *same* is right."""
RELATIONS: tuple[Relation, ...] = ("same", "broader", "narrower", "different")


class Correct(NamedTuple):
    """What was decided on one consultation."""

    correct: bool | None
    """None where there is no truth, and while the consultation is being played."""
    by: CorrectBy | None
    """None where `correct` is."""


UNKNOWN = Correct(None, None)


def correct(
    said: str | None,
    truth: str | None,
    scenario: Scenario | None,
    *,
    finished: bool = True,
    relation: Relation | None = None,
) -> Correct:
    """Decide whether a diagnosis is right.

    Args:
        said: The diagnosis; None for an abstention, which is wrong.
        truth: The true one; None where it is not known.
        scenario: Whose labels and aliases count; None where it cannot be read, so that only equal names are right.
        finished: Whether the consultation came to its end; one that did not is wrong.
        relation: A judge's verdict; asked only where names and aliases do not decide.
    """
    if truth is None:
        return UNKNOWN
    if said is None or not finished:
        return Correct(False, "match")
    if normalised(said) == normalised(truth):
        return Correct(True, "match")
    if scenario is not None and (name := name_of(said, scenario)) is not None and name == name_of(truth, scenario):
        return Correct(True, "alias")
    if scenario is not None and scenario.labels:
        return Correct(False, "match")
    return Correct(False, "unjudged") if relation is None else Correct(relation == "same", "judge")


def is_right(said: str | None, truth: str | None, scenario: Scenario, concluded: str | None, decided: Correct) -> bool:
    """Tell whether an opinion is right: it names the truth, or the same diagnosis as a conclusion that is right.

    Args:
        said: The opinion's diagnosis.
        truth: The true one.
        scenario: Whose labels and aliases count.
        concluded: The final diagnosis of the consultation.
        decided: What was decided on it.
    """
    if correct(said, truth, scenario).correct:
        return True
    return bool(decided.correct) and bool(correct(said, concluded, scenario).correct)


def name_of(said: str, scenario: Scenario) -> str | None:
    """Return the name under which a diagnosis is compared.

    Returns:
        With a list of labels: the only label that it names, else None. With open diagnoses: its normalised name, or
        that of the diagnosis whose alias it is.
    """
    if scenario.labels:
        return said if said in scenario.labels else scenario.diagnosis(said)
    name = normalised(said)
    return scenario.names_by_alias.get(name, name)
