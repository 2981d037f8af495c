"""Cases in `cases.jsonl`, one per line, with photographs as files beside it."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from consult.reading import FileError, is_there, text_lines
from consult.scenarios.case import Card, Case, Fact, Photograph, Question, Temperament, Truth
from consult.scenarios.conditional import known_of
from consult.scenarios.dicom import parted
from consult.scenarios.files import CaseSpec, FactSpec, QuestionSpec
from consult.scenarios.json_lines import Parsed, parse_line, whole_file_mistake
from consult.scenarios.located_yaml import Place, Problem, ScenarioError
from consult.scenarios.normalised import normalised
from consult.scenarios.options import letter_named
from consult.scenarios.photographs import open_photograph
from consult.scenarios.scenario import Label, nearest_first
from consult.scenarios.shape import closest, mistakes

FILE = "cases.jsonl"
Spec = CaseSpec | QuestionSpec
UNREAD = "\0"
"""Replaces a missing text in a broken line, so that the rest of the line can be checked."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".dcm")
LONGEST_PATH = 1_000


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

    @cached_property
    def temperaments(self) -> dict[str, Temperament]:
        """Case → its own temperament, for cases that state one."""
        return {case.id: case.temperament for case in self.cases.values() if case.temperament}

    def ids(self, split: str) -> Sequence[str]:
        """List a split's ids, cycling through the diagnoses; cases of one diagnosis are in the order of the file.

        Questions are in the order of the file.
        """
        turn: dict[str | None, int] = {}
        keyed = []
        for case in self.cases.values():
            if case.split == split:
                kind = case.truth.diagnosis if case.question is None else case.id
                nth = turn[kind] = turn.get(kind, -1) + 1
                keyed.append((nth, case.id))
        return tuple(case_id for _, case_id in sorted(keyed, key=lambda k: k[0]))

    def get(self, case_id: str) -> Case:
        """Return one case.

        Raises:
            KeyError: There is no such case.
        """
        return self.cases[case_id]


class Scanned(NamedTuple):
    """Content of one line of a `cases.jsonl`: a usable case, or its problems."""

    line: int
    """1-based; 0 for a problem of the whole file."""
    case: Case | None
    """The readable content, with or without problems; unreadable texts are `UNREAD`."""
    problems: tuple[Problem, ...] = ()


def read_cases(folder: Path, scenario: str, labels: Mapping[str, Label], *, questions: bool = False) -> ListedCases:
    """Read `cases.jsonl`.

    Args:
        folder: The scenario's folder.
        scenario: The scenario's name.
        labels: The diagnoses that cases can have: the labels, and those off the list; empty for open diagnoses.
        questions: Whether its lines are questions about pictures.

    Raises:
        ScenarioError: The file is missing or has broken lines; the error has one problem per mistake.
    """
    cases, problems = dict[str, Case](), list[Problem]()
    for scanned in scan_cases(folder, scenario, labels, questions=questions):
        problems += scanned.problems
        if scanned.case is not None:
            cases[scanned.case.id] = scanned.case
    if problems:
        raise ScenarioError(problems)
    return ListedCases(cases)


def scan_cases(
    folder: Path, scenario: str, labels: Mapping[str, Label], *, questions: bool = False
) -> Iterator[Scanned]:
    """Read `cases.jsonl` line by line: yield the readable content and the problems."""
    model: type[Spec] = QuestionSpec if questions else CaseSpec
    path = folder / FILE
    if not is_there(path):
        fix = "add cases.jsonl" + ("" if questions else ", or findings.yaml, values.yaml and names.yaml")
        what = "is missing" + ("" if questions else ", and there are no tables to draw cases from")
        yield Scanned(0, None, (Problem(FILE, 0, what, fix),))
        return
    ids, empty = dict[str, int](), True
    try:
        # A byte-order mark and any line ends are accepted; bytes that are not UTF-8 are found line by line.
        for number, line in enumerate(text_lines(path), 1):
            if not line.strip():
                continue
            parsed = parse_line(line)
            if empty and parsed.what:
                whole = whole_file_mistake(path, line)
                if whole is not None:
                    yield Scanned(0, None, (Problem(FILE, number, *whole),))
                    return
            empty = False
            yield _scanned(folder, scenario, labels, model, parsed, number, ids)
    except FileError as error:
        yield Scanned(error.line, None, (Problem(FILE, error.line, error.what, error.fix),))
        return
    if empty:
        yield Scanned(0, None, (Problem(FILE, 0, "has no cases", "write one object per line"),))


def _scanned(
    folder: Path,
    scenario: str,
    labels: Mapping[str, Label],
    model: type[Spec],
    parsed: Parsed,
    number: int,
    ids: dict[str, int],
) -> Scanned:
    if parsed.what:
        return Scanned(number, None, (Problem(FILE, number, parsed.what, parsed.fix),))
    spec, problems = _spec(parsed, number, model)
    if spec is not None:
        problems += [Problem(FILE, number, *found) for found in _mistakes(folder, labels, spec, ids)]
        ids.setdefault(spec.id, number)
    case = None
    if isinstance(spec, QuestionSpec):
        case = _question(folder, scenario, spec)
    elif spec is not None:
        case = _case(folder, scenario, labels, spec)
    return Scanned(number, case, tuple(problems))


def _spec(parsed: Parsed, number: int, model: type[Spec]) -> tuple[Spec | None, list[Problem]]:
    """Read a line's data, without its broken entries."""
    problems = [
        Problem(FILE, number, f"'{key}' appears twice, and only the last would count", "remove one")
        for key in parsed.doubled
    ]
    try:
        return model.model_validate(parsed.data), problems
    except ValidationError as error:
        found = mistakes(error, model, parsed.data, "JSON")
        problems += [Problem(FILE, number, what, fix) for _, what, fix in found]
        places = [tuple(each["loc"]) for each in error.errors(include_url=False)]
    if not isinstance(parsed.data, dict):
        return None, problems
    try:
        return model.model_validate(_without(parsed.data, places, number)), problems
    except (ValidationError, LookupError, TypeError):
        return None, problems


def _without(data: Any, places: Iterable[Place], number: int) -> Any:
    """Copy a line's data without broken entries; a required one is replaced by `UNREAD`, or by an id from the line."""
    data = copy.deepcopy(data)
    # The last entries of a list are removed first, so that the others keep their positions.
    for place in sorted(places, key=lambda p: [step if isinstance(step, int) else -1 for step in p], reverse=True):
        *way, last = place
        node = data
        for step in way:
            node = node[step]
        if isinstance(node, list):
            del node[cast(int, last)]
        elif last in ("topic", "text", "complaint", "question") and last in _needed(place):
            node[last] = UNREAD
        elif place == ("id",):
            node["id"] = f"line-{number}"
        else:
            node.pop(last, None)
    return data


def _needed(place: Place) -> Collection[str]:
    return ("complaint", "question") if len(place) == 1 else ("topic", "text")


def _mistakes(
    folder: Path, labels: Mapping[str, Label], spec: Spec, ids: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """Find the reasons why a well-formed line is unusable."""
    if spec.id in ids:
        yield f"the id '{spec.id}' occurs twice, first in line {ids[spec.id]}", "give it another id"
    if spec.image and spec.images:
        yield "both 'image' and 'images' are given", "write all of them under 'images'"
    for image in _images(spec):
        yield from _image_mistakes(folder, image)
    if isinstance(spec, QuestionSpec):
        yield from _question_mistakes(spec)
        return
    if spec.diagnosis is not None and labels and spec.diagnosis not in labels:
        yield f"the diagnosis '{spec.diagnosis}' is not in labels.yaml", _label_meant(spec.diagnosis, labels)
    for kind, specs in (("facts", spec.facts), ("examinations", spec.examinations)):
        fact_ids = _fact_ids(specs)
        for fact_id in dict.fromkeys(i for i in fact_ids if fact_ids.count(i) > 1 and UNREAD not in i):
            yield f"the fact id '{fact_id}' occurs twice in '{kind}'", "rename one"


def _question_mistakes(spec: QuestionSpec) -> Iterator[tuple[str, str]]:
    twice = next((one for i, one in enumerate(spec.options) if one in spec.options[:i]), None)
    if twice is not None:
        yield f"the option '{twice}' appears twice", "remove one"
    if len(spec.options) == 1:
        yield "there is only one option", "add the others, or leave 'options' out for an open question"
    if spec.options and spec.answer is not None and spec.answer not in spec.options:
        lettered = letter_named(spec.answer, spec.options) or closest(spec.answer, spec.options)
        fix = f"write '{lettered}'" if lettered else "write the option's exact text"
        yield f"the answer '{spec.answer}' is none of the options", fix


def _images(spec: Spec) -> tuple[str, ...]:
    return tuple(spec.images) or ((spec.image,) if spec.image else ())


def _label_meant(diagnosis: str, labels: Mapping[str, Label]) -> str:
    """Suggest how to write a diagnosis that is not a label's exact name."""
    for name in labels:
        if normalised(name) == normalised(diagnosis):
            return f"write '{name}'"
    owners: dict[str, set[str]] = {name: {name} for name in labels}
    for label in labels.values():
        for alias in label.aliases:
            owners.setdefault(alias, set()).add(label.name)
    # A name of two labels is a separate mistake, and it is unclear which one is meant.
    names = {name: next(iter(whose)) for name, whose in owners.items() if len(whose) == 1}
    meant = closest(diagnosis, list(names))
    if meant and meant not in labels:
        return f"write '{names[meant]}', of which '{meant}' is an alias"
    if meant:
        return f"write '{meant}'"
    return f"use a label's exact name: {', '.join(nearest_first(diagnosis, list(labels), 6))}"


def _image_mistakes(folder: Path, image: str) -> Iterator[tuple[str, str]]:
    if re.match(r"https?://", image):
        yield f"the image '{image}' is an address", "save it in the folder, and write its path there"
        return
    path = _image_path(folder, image)
    if path is not None and not path.is_relative_to(folder.resolve()):
        yield f"the image '{image}' lies outside the folder", "copy it into the folder"
    elif path is None or not path.is_file():
        near = _image_meant(folder, image)
        yield f"there is no image '{image}'", f"write '{near}'" if near else "add the file, or correct the path"


def _image_path(folder: Path, image: str) -> Path | None:
    """Return the path of an image; None if it is not a possible file name: too long, or with a NUL."""
    try:
        path, _ = parted((folder / image).resolve())
        path.is_file()
    except (OSError, ValueError, RuntimeError):
        return None
    return path


def _image_meant(folder: Path, image: str) -> str:
    """Find a file whose path differs from the image's only in letter case, slashes, spaces, folder or ending."""
    if len(image) > LONGEST_PATH:
        return ""
    wanted = PurePosixPath(image.strip().replace("\\", "/"))
    for place in dict.fromkeys((wanted.parent, PurePosixPath("."))):
        path = _image_path(folder, str(place))
        if path is None or not path.is_dir() or not path.is_relative_to(folder.resolve()):
            continue
        images = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        # Never a merely similar name: IMG_0002 is another patient.
        for each in images:
            if each.name.lower() == wanted.name.lower() or each.stem.lower() == wanted.stem.lower():
                return str(place / each.name)
    return ""


def _case(folder: Path, scenario: str, labels: Mapping[str, Label], spec: CaseSpec) -> Case:
    photograph, *further = _photographs(folder, scenario, spec) or (None,)
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
        further=tuple(filter(None, further)),
        split=spec.split,
        temperament=spec.temperament,
        origin="file",
    )


def _question(folder: Path, scenario: str, spec: QuestionSpec) -> Case:
    photograph, *further = _photographs(folder, scenario, spec) or (None,)
    return Case(
        id=spec.id,
        card=Card(complaint=Fact("complaint", "complaint", spec.question), facts=()),
        truth=Truth(spec.answer, spec.specialty, None),
        photograph=photograph,
        further=tuple(filter(None, further)),
        question=Question(spec.question, tuple(spec.options), spec.dataset, spec.modality, spec.type, spec.form),
        split=spec.split,
        style=None,
        origin="file",
    )


def _photographs(folder: Path, scenario: str, spec: Spec) -> tuple[Photograph, ...]:
    """Return the pictures of a line; one that is missing, which is a mistake, is left out."""
    found = list[Photograph]()
    for number, image in enumerate(_images(spec), 1):
        if not list(_image_mistakes(folder, image)):
            load = partial(open_photograph, (folder / image).resolve())
            found.append(Photograph(f"{scenario}/{spec.id}" + (f"/{number}" if number > 1 else ""), load))
    return tuple(found)


def _fact_ids(specs: Sequence[FactSpec]) -> list[str]:
    """Return the ids of facts: their own, or their topic, numbered from the second fact of a topic on."""
    ids, seen = [], dict[str, int]()
    for spec in specs:
        nth = seen[spec.topic] = seen.get(spec.topic, 0) + 1
        ids.append(spec.id or (f"{spec.topic}-{nth}" if nth > 1 else spec.topic))
    return ids


def _facts(specs: Sequence[FactSpec]) -> tuple[Fact, ...]:
    return tuple(Fact(i, s.topic, s.text, s.value, s.none) for i, s in zip(_fact_ids(specs), specs, strict=True))
