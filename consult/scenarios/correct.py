"""Decide whether a diagnosis is right; the only place that does, for every table, figure, reward and page.

A closed list decides by its labels. If the truth is none of them, only a referral is right. Open diagnoses are compared
by name, then by the scenario's aliases, then by the verdict of a judge, if there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from consult.scenarios.normalised import abstains, normalised, open_name
from consult.scenarios.scenario import REFERRAL, Scenario

CorrectBy = Literal["match", "alias", "judge", "unjudged"]
"""The basis of the decision: the names alone, the scenario's aliases, a judge, or nobody yet."""
Relation = Literal["same", "broader", "narrower", "different"]
"""A judge's possible verdicts on a diagnosis, compared with the true one; only *same* is right."""
Naming = Callable[[str | None], str | None]
"""Returns the diagnosis that an answer names; None if it names none, or several labels."""
RELATIONS: tuple[Relation, ...] = ("same", "broader", "narrower", "different")


class Correct(NamedTuple):
    """The decision on one consultation."""

    correct: bool | None
    """None if there is no truth, and while the consultation is being played."""
    by: CorrectBy | None
    """None if `correct` is."""


UNKNOWN = Correct(None, None)


def correct(
    said: str | None,
    truth: str | None,
    scenario: Scenario | None,
    *,
    finished: bool = True,
    relation: Relation | None = None,
    words: str | None = None,
) -> Correct:
    """Decide whether a diagnosis is right.

    Args:
        said: The diagnosis; None for an abstention, which is wrong.
        truth: The true diagnosis; None if it is not known, which an open one may also state in words ("unknown").
        scenario: The scenario whose labels and aliases count; None if it cannot be read, so only equal names are right.
        finished: Whether the consultation finished; if not, it is wrong.
        relation: A judge's verdict; used only if names and aliases do not decide.
        words: The doctor's own words for the diagnosis; with a list of labels they distinguish a name from an alias.
    """
    closed = scenario is not None and bool(scenario.labels)
    if truth is None or not is_known(truth, scenario):
        return UNKNOWN
    if said is None or not finished:
        return Correct(False, "match")
    if closed and scenario is not None and scenario.asks_questions and said in scenario.labels:
        # Options are compared as they are written: those that differ only in a sign are two answers.
        return Correct(said == truth, "match")
    if normalised(said) == normalised(truth) or (not closed and open_name(said) == open_name(truth)):
        return Correct(True, "alias" if words and _by_alias(words, truth, scenario) else "match")
    if scenario is not None and (name := name_of(said, scenario)) is not None and name == name_of(truth, scenario):
        return Correct(True, "match" if name == REFERRAL else "alias")
    if closed or abstains(said):
        return Correct(False, "match")
    return Correct(False, "unjudged") if relation is None else Correct(relation == "same", "judge")


def is_known(truth: str | None, scenario: Scenario | None) -> bool:
    """Return whether a case has a true diagnosis; an open one that states "unknown" in words does not count."""
    if truth is None:
        return False
    if scenario is not None and scenario.asks_questions:
        return True  # "none" may be the answer
    return scenario is None or bool(scenario.labels) or not abstains(truth)


def is_right(said: str | None, truth: str | None, scenario: Scenario, concluded: str | None, decided: Correct) -> bool:
    """Return whether an opinion is right: it names the truth, or the same diagnosis as a right conclusion.

    Args:
        said: The opinion's diagnosis.
        truth: The true diagnosis.
        scenario: The scenario whose labels and aliases count.
        concluded: The final diagnosis of the consultation.
        decided: The decision on the consultation.
    """
    if correct(said, truth, scenario).correct:
        return True
    return bool(decided.correct) and bool(correct(said, concluded, scenario).correct)


def _by_alias(words: str, label: str, scenario: Scenario | None) -> bool:
    """Return whether words name a label only by its aliases."""
    if scenario is None or label not in scenario.labels:
        return False
    named = [mention.words for mention in scenario.mentions(words) if mention.label == label]
    return bool(named) and normalised(label) not in map(normalised, (words, *named))


def name_of(said: str, scenario: Scenario) -> str | None:
    """Return the name by which a diagnosis is compared.

    Returns:
        With a list of labels: the only label that it names, else None; a diagnosis that cases have off the list is
        `REFERRAL`. With open diagnoses: its normalised name
        without an article, or the name of the diagnosis that it is an alias of; None if it names no diagnosis
        ("I don't know").
    """
    if scenario.labels:
        return scenario.diagnosis(said)
    name = open_name(said)
    if not scenario.asks_questions and abstains(said):
        return None
    return scenario.names_by_alias.get(name, name) or said.strip()


def naming(scenario: Scenario) -> Naming:
    """Return the function that reads an answer with a scenario's names: aliases, whole words, the longest name first.

    A scenario with open diagnoses has no labels: all spellings of a diagnosis become the first one that is read, or the
    one that has the aliases.
    """
    spellings: dict[str, str] = {open_name(name): name for name in scenario.aliases}

    @lru_cache(maxsize=10_000)
    def label(answer: str | None) -> str | None:
        name = None if answer is None else name_of(answer, scenario)
        return name if name is None or scenario.labels else spellings.setdefault(name, str(answer).strip())

    return label


def plurality(said: Iterable[str | None], name: Naming) -> str | None:
    """Return the diagnosis that most answers name, the first one in a tie; None if there is none.

    For a panel this is the baseline for an attending: a panel that votes needs no attending.

    Args:
        said: The answers; None for an abstention.
        name: Reads an answer, so that two names of one diagnosis are two votes for it.
    """
    counts = Counter(one for one in map(name, said) if one is not None)
    return counts.most_common(1)[0][0] if counts else None
