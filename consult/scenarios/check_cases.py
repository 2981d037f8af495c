"""Checks of `cases.jsonl`: broken lines, photographs that cannot be opened, and facts that give the diagnosis away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from consult.scenarios.case import Case
from consult.scenarios.check_wording import naming
from consult.scenarios.files import ScenarioFile
from consult.scenarios.listed import FILE, scan_cases
from consult.scenarios.located_yaml import LocatedYaml, Problem
from consult.scenarios.photographs import PhotographError
from consult.scenarios.scenario import Label, Scenario, nearest_first

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: n for n, word in enumerate(_WORDS, 1)}
_YEARS = re.compile(rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)})\s+years?\b(?!\s+old)", re.IGNORECASE)


def case_problems(
    folder: Path, scenario: ScenarioFile | None, labels: Mapping[str, Label] | None, at: LocatedYaml | None
) -> Iterator[Problem]:
    """Find all mistakes of a folder's written cases.

    Args:
        folder: Where `cases.jsonl` and its images lie.
        scenario: Names the topics; None where its file is broken.
        labels: Empty for open diagnoses; None where their file is broken.
        at: The lines of `labels.yaml`.
    """
    used, broken = set[str | None](), False
    named = None if labels is None else naming(labels)
    try:
        for line, case, problems in scan_cases(folder, scenario.name if scenario else "", labels or {}):
            yield from problems
            broken = broken or bool(problems)
            if case is not None:
                used.add(case.truth.diagnosis)
                yield from (Problem(FILE, line, *found) for found in _case_problems(case, scenario, named))
    except OSError as error:
        yield Problem(FILE, 0, f"cannot be read ({error.strerror})", "check the path and its permissions")
        return
    # A broken line may have been the one case of its label.
    if at is not None and labels and not broken:
        for name in labels:
            if name not in used:
                yield at.problem(("labels", name), f"no case has the label '{name}'", "add a case or remove the label")


def _case_problems(case: Case, scenario: ScenarioFile | None, named: Scenario | None) -> Iterator[tuple[str, str]]:
    if scenario is not None:
        yield from _unknown_topics(case, scenario)
    if named is not None:
        yield from _unknown_clinic(case, named, scenario)
        yield from _leaks(case, named)
    yield from _too_long(case)
    if case.photograph is not None:
        try:
            case.photograph.load()
        except PhotographError as error:
            what, _, mend = str(error).rpartition("; ")
            yield f"the image {what}", mend


def _unknown_topics(case: Case, scenario: ScenarioFile) -> Iterator[tuple[str, str]]:
    card = case.card
    kinds = (("topic", card.facts, scenario.topics), ("examination", card.examinations, scenario.examinations))
    for kind, facts, known in kinds:
        for topic in dict.fromkeys(fact.topic for fact in facts):
            if topic not in known:
                menu = f"choose from: {', '.join(nearest_first(topic, list(known)))}" if known else f"add it as {kind}"
                yield f"the {kind} '{topic}' is not in scenario.yaml", menu


def _unknown_clinic(case: Case, named: Scenario, scenario: ScenarioFile | None) -> Iterator[tuple[str, str]]:
    if scenario is None:
        return
    clinics = [*named.specialties, *scenario.specialties]
    if clinics and case.truth.specialty is not None and case.truth.specialty not in clinics:
        menu = f"choose from: {', '.join(nearest_first(case.truth.specialty, clinics))}"
        yield f"the specialty '{case.truth.specialty}' is not in labels.yaml", menu


def _leaks(case: Case, named: Scenario) -> Iterator[tuple[str, str]]:
    truth = case.truth.diagnosis
    if truth is None:
        return
    own = naming({truth: named.labels.get(truth) or Label(truth, "", "routine")})
    named = named if named.labels else own
    for fact in (case.card.complaint, *case.card.facts, *case.card.examinations):
        # Its own few names first: a text that holds none of them need not be searched for all labels.
        if own.diagnoses(fact.text) and truth in named.diagnoses(fact.text):
            yield f"the fact '{fact.id}' names the diagnosis '{truth}'", "word it without the name"


def _too_long(case: Case) -> Iterator[tuple[str, str]]:
    for fact in case.card.about("duration"):
        for years in years_said(fact.text):
            if case.card.age is not None and years > case.card.age:
                what = f"the fact '{fact.id}' says {years} years of a patient aged {case.card.age}"
                yield what, "correct the age or the duration"


def years_said(text: str) -> list[int]:
    """Give the numbers of years that a text states, ages ("three years old") apart."""
    return [_NUMBERS.get(number.lower()) or int(number) for number in _YEARS.findall(text)]
