"""Check `cases.jsonl`: broken lines, photographs that cannot be opened, and facts that no patient should state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from consult.counts import count_of
from consult.foreign_text import unreadable, visible
from consult.scenarios.case import Case
from consult.scenarios.checks.advice import value_problems
from consult.scenarios.checks.wording import naming
from consult.scenarios.conditional import known_of
from consult.scenarios.files import LabelsFile, ScenarioFile
from consult.scenarios.folder import clinics_of
from consult.scenarios.jsonl_cases import FILE, UNREAD, scan_cases
from consult.scenarios.located_yaml import LocatedYaml, Problem
from consult.scenarios.normalised import abstains, open_name
from consult.scenarios.photographs import PhotographError
from consult.scenarios.scenario import Label, Scenario, nearest_first
from consult.scenarios.shape import LONGEST_SHOWN, closest

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: n for n, word in enumerate(_WORDS, 1)}
_YEARS = re.compile(rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)})\s+years?\b(?!\s+old)", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """Content of the other files of a folder, as far as they can be read."""

    scenario: ScenarioFile | None
    """Names the topics and the aliases of open diagnoses; None if its file is broken."""
    topics_known: bool
    """Whether its topics and examinations are complete."""
    labels: Mapping[str, Label] | None
    """Empty for open diagnoses; None if their file is broken."""
    clinics_known: bool
    """Whether each label's specialty can be read."""
    off_list: Mapping[str, Label] = field(default_factory=dict)
    """Diagnoses of cases that are none of the labels."""

    @property
    def diagnoses(self) -> Mapping[str, Label]:
        """Return what a case can have; empty for open diagnoses."""
        return {**(self.labels or {}), **self.off_list}

    @cached_property
    def named(self) -> Scenario | None:
        """Finds the names of the labels in texts."""
        return None if self.labels is None else naming(self.diagnoses)


def case_problems(
    folder: Path, told: Told, written: LabelsFile | None, at: LocatedYaml | None, waiting: list[str]
) -> Iterator[Problem]:
    """Find all mistakes of a folder's written cases.

    Args:
        folder: Folder of `cases.jsonl` and its images.
        told: Content that they must agree with.
        written: `labels.yaml`; None if diagnoses are open, or the file is broken.
        at: The lines of `labels.yaml`.
        waiting: Receives the checks that cannot be made yet.
    """
    used, unread, lost, values = set[str | None](), 0, False, dict[str, set[str]]()
    try:
        name, questions = (told.scenario.name, told.scenario.kind == "vqa") if told.scenario else ("", False)
        for line, case, problems in scan_cases(folder, name, told.diagnoses, questions=questions):
            yield from problems
            unread += case is None
            # The diagnosis itself may be broken or misspelt.
            named = case is not None and case.truth.diagnosis in told.diagnoses
            lost = lost or (bool(problems) and not named)
            if case is not None:
                used.add(case.truth.diagnosis)
                for topic, known in known_of(case.card).items():
                    values.setdefault(topic, set()).update(known)
                yield from (Problem(FILE, line, *each) for each in _case_problems(folder, case, told))
    except OSError as error:
        yield Problem(FILE, 0, f"cannot be read ({error.strerror})", "check the path and its permissions")
        waiting.append(f"the cases of {FILE}")
        return
    if unread:
        waiting.append(f"the content of {count_of(unread, 'line')} of {FILE}")
    if at is not None and told.labels and lost:
        waiting.append("whether each label has a case")
    elif at is not None and told.labels and not (told.scenario and told.scenario.labels_without_cases):
        for name in told.labels:
            if name not in used:
                yield at.problem(("labels", name), f"no case has the label '{name}'", "add a case or remove the label")
    if at is not None and written is not None and not unread:
        yield from value_problems(written, at, values)


def _case_problems(folder: Path, case: Case, told: Told) -> Iterator[tuple[str, str]]:
    yield from _unopened(folder, case)
    if case.question is not None:
        yield from _question_problems(case, told)
        return
    if told.scenario is not None and told.topics_known:
        yield from _unknown_topics(case, told.scenario)
    if told.named is not None:
        if told.clinics_known:
            yield from _unknown_clinic(case, told.named, told.scenario)
        yield from _leaks(case, told.named, told.scenario)
    for name, text in _texts(case):
        yield from clause_problems(name, text)
    yield from _unreadable(case)
    yield from _twice(case)
    yield from _too_long(case)


def _question_problems(case: Case, told: Told) -> Iterator[tuple[str, str]]:
    question, truth = case.question, case.truth
    assert question is not None
    clinics = clinics_of(told.scenario) if told.scenario else ()
    if told.topics_known and truth.specialty is not None and truth.specialty not in clinics:
        meant = closest(truth.specialty, clinics)
        menu = f"choose from: {', '.join(nearest_first(truth.specialty, clinics))}, or add it under 'specialties'"
        yield f"the specialty '{truth.specialty}' is not in scenario.yaml", f"write '{meant}'" if meant else menu
    named = [("'question'", question.text), ("'answer'", truth.diagnosis), ("'dataset'", question.dataset)]
    named += [("'modality'", question.modality), ("'type'", question.type), ("'specialty'", truth.specialty)]
    named += [(f"the option '{visible(option)}'", option) for option in question.options]
    for name, text in named:
        found = unreadable(text) if text and UNREAD not in text else None
        if found is not None:
            yield f"{name} {found[0]}", found[1]
        elif text and not text.strip():
            yield f"{name} has only spaces", "write a text, or remove it"


def _unopened(folder: Path, case: Case) -> Iterator[tuple[str, str]]:
    """Find pictures that cannot be opened."""
    for photograph in case.photographs:
        try:
            photograph.load()
        except PhotographError as error:
            what, _, fix = str(error).rpartition("; ")
            image, _, why = what.removeprefix(f"{folder.resolve()}/").partition(": ")
            yield f"the image '{image}' {why}", fix


def _texts(case: Case) -> Iterator[tuple[str, str]]:
    """Yield each text of a patient or an examination, with its name."""
    card = case.card
    kinds = (("fact", card.facts), ("examination", card.examinations))
    named = [("complaint", card.complaint.text)]
    named += [(f"{kind} '{fact.id}'", fact.text) for kind, facts in kinds for fact in facts if UNREAD not in fact.id]
    yield from ((name, text) for name, text in named if text != UNREAD)


def clause_problems(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Find reasons why a text is not one clause that can be put into a sentence."""
    bare = text.strip()
    if not bare:
        yield f"the {name} is empty", "write what it says, or remove it"
        return
    if bare != text:
        yield f"the {name} has a space or line end before or after it: '{_short(bare)}'", "remove the space"
    if bare.endswith((".", "\u3002")):
        yield (
            f"the {name} ends with a full stop: '{_short(bare)}'",
            "remove it: sentences are built around it",
        )
    if "\n" in bare or "\r" in bare:
        yield f"the {name} runs over several lines", "write it on one line, or as several facts"
    found = unreadable(bare)
    if found is not None:
        yield f"the {name} {found[0]}", found[1]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"…{text[1 - LONGEST_SHOWN :]}"


def _unreadable(case: Case) -> Iterator[tuple[str, str]]:
    """Find names with characters that no answer, store or terminal can contain."""
    named = [("'diagnosis'", case.truth.diagnosis), ("'specialty'", case.truth.specialty), ("'name'", case.card.name)]
    for kind, facts in (("fact", case.card.facts), ("examination", case.card.examinations)):
        for fact in facts:
            named += [(f"the value of the {kind} '{visible(fact.id)}'", fact.value)]
            named += [(f"the id of the {kind} '{visible(fact.id)}'", fact.id if fact.id != fact.topic else "")]
    for name, text in named:
        found = unreadable(text) if text and UNREAD not in text else None
        if found is not None:
            yield f"{name} {found[0]}", found[1]


def _twice(case: Case) -> Iterator[tuple[str, str]]:
    """Find facts of one topic with the same text."""
    said: dict[tuple[str, str], str] = {}
    for fact in case.card.facts:
        first = said.setdefault((fact.topic, fact.text.strip().lower()), fact.id)
        if first != fact.id and fact.text != UNREAD:
            yield f"the fact '{fact.id}' says the same as the fact '{first}'", "remove one"


def _unknown_topics(case: Case, scenario: ScenarioFile) -> Iterator[tuple[str, str]]:
    card = case.card
    kinds = (
        ("topic", card.facts, scenario.topics, "examinations", scenario.examinations),
        ("examination", card.examinations, scenario.examinations, "facts", scenario.topics),
    )
    for kind, facts, known, other_list, others in kinds:
        for topic in dict.fromkeys(fact.topic for fact in facts):
            if topic in known or topic == UNREAD:
                continue
            what, meant = f"the {kind} '{topic}' is not in scenario.yaml", closest(topic, list(known))
            if topic in others:
                other, own = ("an examination", "a topic") if kind == "topic" else ("a topic", "an examination")
                yield f"'{topic}' is {other}, not {own}", f"move the entry to '{other_list}'"
            elif meant:
                yield what, f"write '{meant}'"
            else:
                menu = f"choose from: {', '.join(nearest_first(topic, list(known)))}, or add it there"
                yield what, menu if known else f"add it under '{kind}s:' there"


def _unknown_clinic(case: Case, named: Scenario, scenario: ScenarioFile | None) -> Iterator[tuple[str, str]]:
    if scenario is None:
        return
    clinics = [*named.specialties, *scenario.specialties]
    if clinics and case.truth.specialty is not None and case.truth.specialty not in clinics:
        meant = closest(case.truth.specialty, clinics)
        menu = f"choose from: {', '.join(nearest_first(case.truth.specialty, clinics))}"
        yield f"the specialty '{case.truth.specialty}' is not in labels.yaml", f"write '{meant}'" if meant else menu


def _leaks(case: Case, named: Scenario, scenario: ScenarioFile | None) -> Iterator[tuple[str, str]]:
    truth = case.truth.diagnosis
    if truth is None:
        return
    if not named.labels and abstains(truth):
        yield f"the diagnosis '{truth}' names none, so no answer can be right", "remove it, or name one"
        return
    own = naming({truth: named.labels.get(truth) or Label(truth, "", "routine", _aliases(truth, scenario))})
    named = named if named.labels else own
    for fact in (case.card.complaint, *case.card.facts, *case.card.examinations):
        # Its own few names first: a text without them need not be searched for all labels.
        if own.leaks(fact.text) and truth in named.leaks(fact.text):
            yield f"the fact '{fact.id}' names the diagnosis '{truth}'", "word it without the name"


def _aliases(truth: str, scenario: ScenarioFile | None) -> tuple[str, ...]:
    """List the other names of an open diagnosis."""
    for name, others in scenario.aliases.items() if scenario else ():
        names = (name, *others)
        if open_name(truth) in map(open_name, names):
            return names
    return ()


def _too_long(case: Case) -> Iterator[tuple[str, str]]:
    for fact in case.card.about("duration"):
        for years in years_said(fact.text):
            if case.card.age is not None and years > case.card.age:
                what = f"the fact '{fact.id}' says {years} years of a patient aged {case.card.age}"
                yield what, "correct the age or the duration"


def years_said(text: str) -> list[int]:
    """Return the numbers of years that a text states, except ages ("three years old")."""
    return [_NUMBERS.get(number.lower()) or int(number) for number in _YEARS.findall(text)]
