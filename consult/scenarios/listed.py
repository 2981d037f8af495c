"""Cases written one a line in `cases.jsonl`, with photographs as files beside them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from consult.scenarios.case import Card, Case, Fact, Photograph, Truth
from consult.scenarios.conditional import known_of
from consult.scenarios.files import CaseSpec, FactSpec
from consult.scenarios.located_yaml import Problem, ScenarioError
from consult.scenarios.photographs import open_photograph
from consult.scenarios.scenario import Label

FILE = "cases.jsonl"


@dataclass(frozen=True)
class ListedCases:
    """The cases of one file; a `CaseSource`."""

    cases: Mapping[str, Case]

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Split → number of cases."""
        sizes: dict[str, int] = {}
        for case in self.cases.values():
            sizes[case.split] = sizes.get(case.split, 0) + 1
        return sizes

    def ids(self, split: str) -> Sequence[str]:
        """List a split's ids; goes round the diagnoses, cases of one diagnosis in the order of the file."""
        turn: dict[str | None, int] = {}
        keyed = []
        for case in self.cases.values():
            if case.split == split:
                nth = turn[case.truth.diagnosis] = turn.get(case.truth.diagnosis, -1) + 1
                keyed.append((nth, case.id))
        return tuple(case_id for _, case_id in sorted(keyed, key=lambda k: k[0]))

    def get(self, case_id: str) -> Case:
        """Give one case.

        Raises:
            KeyError: There is no such case.
        """
        return self.cases[case_id]


class Scanned(NamedTuple):
    """What stands in one line of a `cases.jsonl`: a usable case, or what is wrong."""

    line: int
    """1-based; 0 for what is wrong with the file."""
    case: Case | None
    problems: tuple[Problem, ...] = ()


def read_cases(folder: Path, scenario: str, labels: Mapping[str, Label]) -> ListedCases:
    """Read `cases.jsonl`.

    Raises:
        ScenarioError: The file is missing or has broken lines; carries one problem a mistake.
    """
    cases, problems = dict[str, Case](), list[Problem]()
    for scanned in scan_cases(folder, scenario, labels):
        problems += scanned.problems
        if scanned.case is not None:
            cases[scanned.case.id] = scanned.case
    if problems:
        raise ScenarioError(problems)
    return ListedCases(cases)


def scan_cases(folder: Path, scenario: str, labels: Mapping[str, Label]) -> Iterator[Scanned]:
    """Go through `cases.jsonl` a line at a time: read what can be read, and say what cannot."""
    path = folder / FILE
    if not path.is_file():
        mend = "add cases.jsonl, or findings.yaml, values.yaml and names.yaml"
        yield Scanned(0, None, (Problem(FILE, 0, "is missing, and there are no tables to draw cases from", mend),))
        return
    ids, empty = set[str](), True
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            spec, problems = _read_line(line, number)
            if spec is not None:
                problems += _mistakes(folder, labels, spec, ids, number)
                ids.add(spec.id)
            empty = False
            case = None if spec is None or problems else _case(folder, scenario, labels, spec)
            yield Scanned(number, case, tuple(problems))
    if empty:
        yield Scanned(0, None, (Problem(FILE, 0, "holds no case", "write one object a line"),))


def _read_line(line: str, number: int) -> tuple[CaseSpec | None, list[Problem]]:
    try:
        return CaseSpec.model_validate(json.loads(line)), []
    except ValidationError as error:
        return None, [_problem(number, e["loc"], e["msg"]) for e in error.errors(include_url=False)]
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return None, [Problem(FILE, number, f"not valid JSON ({why})", "write one object a line")]


def _problem(number: int, place: tuple[int | str, ...], message: str) -> Problem:
    return Problem(FILE, number, f"'{'.'.join(map(str, place))}': {message}", "correct the field")


def _mistakes(
    folder: Path, labels: Mapping[str, Label], spec: CaseSpec, ids: Collection[str], number: int
) -> list[Problem]:
    """Find what makes a well-formed line unusable."""
    found: list[tuple[str, str]] = []
    if spec.id in ids:
        found.append((f"the id '{spec.id}' occurs twice", "give it another id"))
    if spec.diagnosis is not None and labels and spec.diagnosis not in labels:
        found.append((f"the diagnosis '{spec.diagnosis}' is not in labels.yaml", "use a label's exact name"))
    for specs in (spec.facts, spec.examinations):
        fact_ids = _fact_ids(specs)
        for fact_id in dict.fromkeys(i for i in fact_ids if fact_ids.count(i) > 1):
            found.append((f"the fact id '{fact_id}' occurs twice", "rename one"))
    if spec.image:
        found += _image_mistakes(folder, spec.image)
    return [Problem(FILE, number, what, mend) for what, mend in found]


def _image_mistakes(folder: Path, image: str) -> list[tuple[str, str]]:
    try:
        path = (folder / image).resolve()
        if not path.is_relative_to(folder.resolve()):
            return [(f"the image '{image}' lies outside the folder", "copy it into the folder")]
        there = path.is_file()
    except (OSError, ValueError):
        # No file can have such a name: too long, or with a NUL in it.
        there = False
    return [] if there else [(f"there is no image '{image}'", "correct the path")]


def _case(folder: Path, scenario: str, labels: Mapping[str, Label], spec: CaseSpec) -> Case:
    photograph = None
    if spec.image:
        load = partial(open_photograph, (folder / spec.image).resolve())
        photograph = Photograph(f"{scenario}/{spec.id}", load)
    label = labels.get(spec.diagnosis or "")
    card = Card(
        complaint=Fact("complaint", "complaint", spec.complaint),
        facts=_facts(spec.facts),
        examinations=_facts(spec.examinations),
        name=spec.name,
        age=spec.age,
        sex=spec.sex,
        skin_type=spec.skin_type,
    )
    return Case(
        id=spec.id,
        card=card,
        truth=Truth(
            diagnosis=spec.diagnosis,
            specialty=spec.specialty or (label.specialty if label else "") or None,
            urgency=spec.urgency or (label.urgency_for(known_of(card)) if label else None),
        ),
        photograph=photograph,
        split=spec.split,
        origin="file",
    )


def _fact_ids(specs: Sequence[FactSpec]) -> list[str]:
    """Give each fact its id: its own, or its topic, numbered from the second fact of a topic on."""
    ids, seen = [], dict[str, int]()
    for spec in specs:
        nth = seen[spec.topic] = seen.get(spec.topic, 0) + 1
        ids.append(spec.id or (f"{spec.topic}-{nth}" if nth > 1 else spec.topic))
    return ids


def _facts(specs: Sequence[FactSpec]) -> tuple[Fact, ...]:
    return tuple(Fact(i, s.topic, s.text, s.value, s.none) for i, s in zip(_fact_ids(specs), specs, strict=True))
