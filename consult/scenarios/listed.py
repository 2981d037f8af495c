"""Cases written one a line in `cases.jsonl`, with photographs as files beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from pydantic import ValidationError

from consult.scenarios.case import Card, Case, Fact, Photograph, Truth
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


def read_cases(folder: Path, scenario: str, labels: Mapping[str, Label]) -> ListedCases:
    """Read `cases.jsonl`.

    Raises:
        ScenarioError: The file is missing or has broken lines; carries one problem a mistake.
    """
    path = folder / FILE
    if not path.exists():
        mend = "add cases.jsonl, or findings.yaml, values.yaml and names.yaml"
        raise ScenarioError([Problem(FILE, 0, "is missing, and there are no tables to draw cases from", mend)])
    cases: dict[str, Case] = {}
    problems: list[Problem] = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                case = _case(folder, scenario, labels, CaseSpec.model_validate(json.loads(line)), number)
            except json.JSONDecodeError as error:
                problems.append(Problem(FILE, number, f"not valid JSON ({error.msg})", "write one object a line"))
            except ValidationError as error:
                problems += [_problem(number, e["loc"], e["msg"]) for e in error.errors(include_url=False)]
            except ScenarioError as error:
                problems += error.problems
            else:
                if case.id in cases:
                    problems.append(Problem(FILE, number, f"the id '{case.id}' occurs twice", "give it another id"))
                cases[case.id] = case
    if problems:
        raise ScenarioError(problems)
    return ListedCases(cases)


def _problem(number: int, place: tuple[int | str, ...], message: str) -> Problem:
    return Problem(FILE, number, f"'{'.'.join(map(str, place))}': {message}", "correct the field")


def _case(folder: Path, scenario: str, labels: Mapping[str, Label], spec: CaseSpec, number: int) -> Case:
    if spec.diagnosis is not None and labels and spec.diagnosis not in labels:
        what = f"the diagnosis '{spec.diagnosis}' is not in labels.yaml"
        raise ScenarioError([Problem(FILE, number, what, "use a label's exact name")])
    photograph = None
    if spec.image:
        path = _inside(folder, spec.image, number)
        photograph = Photograph(f"{scenario}/{spec.id}", partial(open_photograph, path))
    label = labels.get(spec.diagnosis or "")
    return Case(
        id=spec.id,
        card=Card(
            complaint=Fact("complaint", "complaint", spec.complaint),
            facts=_facts(spec.facts, number),
            examinations=_facts(spec.examinations, number),
            name=spec.name,
            age=spec.age,
            sex=spec.sex,
            skin_type=spec.skin_type,
        ),
        truth=Truth(
            diagnosis=spec.diagnosis,
            specialty=spec.specialty or (label.specialty if label else None),
            urgency=spec.urgency or (label.urgency if label else None),
        ),
        photograph=photograph,
        split=spec.split,
    )


def _facts(specs: Sequence[FactSpec], number: int) -> tuple[Fact, ...]:
    facts: dict[str, Fact] = {}
    for spec in specs:
        same = sum(f.topic == spec.topic for f in facts.values())
        fact_id = spec.id or (f"{spec.topic}-{same + 1}" if same else spec.topic)
        if fact_id in facts:
            raise ScenarioError([Problem(FILE, number, f"the fact id '{fact_id}' occurs twice", "rename one")])
        facts[fact_id] = Fact(fact_id, spec.topic, spec.text, none=spec.none)
    return tuple(facts.values())


def _inside(folder: Path, image: str, number: int) -> Path:
    path = (folder / image).resolve()
    if not path.is_relative_to(folder.resolve()):
        what = f"the image '{image}' lies outside the folder"
        raise ScenarioError([Problem(FILE, number, what, "copy it into the folder")])
    if not path.is_file():
        raise ScenarioError([Problem(FILE, number, f"there is no image '{image}'", "correct the path")])
    return path
