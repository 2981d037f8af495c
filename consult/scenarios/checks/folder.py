"""Checks of a scenario folder: every mistake at once, each with its file, its line and how to fix it.

A broken entry is reported and left out; the rest of its file is checked. If other entries refer to it, the comparisons
with the file wait for the next check, so that one mistake does not cause a hundred messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from consult.foreign_text import unreadable, visible
from consult.reading import is_there
from consult.scenarios.checks.advice import ANSWERS, advice_problems, condition_problems, topic_problems
from consult.scenarios.checks.cases import Told, case_problems
from consult.scenarios.checks.rules import rule_problems
from consult.scenarios.checks.salvage import Labels, Settings, salvaged_labels, salvaged_settings
from consult.scenarios.checks.tables import (
    card_problems,
    child_problems,
    flag_problems,
    setting_problems,
    shape_problems,
    table_problems,
    undrawable,
)
from consult.scenarios.checks.wording import wording_problems
from consult.scenarios.files import FindingsFile, LabelsFile, NamesFile, RulesFile, ScenarioFile, ValuesFile
from consult.scenarios.folder import (
    OFF_LIST,
    RULES,
    Rest,
    alias_references,
    grammar_of,
    labels_of,
    load_folder,
    off_list_of,
    parse_rest,
    settings_model,
)
from consult.scenarios.jsonl_cases import FILE as CASES
from consult.scenarios.located_yaml import LocatedYaml, Place, Problem, ScenarioError, read_yaml
from consult.scenarios.normalised import normalised
from consult.scenarios.off_list import WithOffList
from consult.scenarios.references import (
    advice_references,
    alarm_references,
    clinic_references,
    finding_references,
    label_references,
    name_references,
    question_references,
    rule_references,
    setting_references,
    several_references,
    value_references,
)
from consult.scenarios.scenario import Label
from consult.scenarios.shape import closest, field_name

VALUES = "values.yaml"
TABLES = ("findings.yaml", VALUES, "names.yaml", RULES)
KNOWN = ("scenario.yaml", "labels.yaml", OFF_LIST, CASES, *TABLES)
ENDINGS = ("yaml", "yml", "json", "jsonl", "ndjson", "txt", "yaml.txt", "jsonl.txt", "csv", "tsv")
"""Common wrong names of a folder's files."""
ENTRIES: dict[type[BaseModel], int] = {LabelsFile: 3, FindingsFile: 4, ValuesFile: 4}
"""Steps to an entry that no other entry refers to: a label's urgency, a weight, a value's phrasings."""
WHOLE_FILE = 99
"""Deeper than any entry: a file of which nothing can be left out."""

DRAWN = "the cases that are drawn from the tables"
"""Checked last, if everything else is right."""

M = TypeVar("M", bound=BaseModel)


class Read(NamedTuple):
    """The files of a folder without broken entries; None if a file is missing or broken."""

    scenario: tuple[ScenarioFile, LocatedYaml] | None
    labels: tuple[LabelsFile, LocatedYaml] | None
    findings: tuple[FindingsFile, LocatedYaml] | None
    values: tuple[ValuesFile, LocatedYaml] | None
    names: tuple[NamesFile, LocatedYaml] | None
    rules: tuple[RulesFile, LocatedYaml] | None
    settings: Settings | None
    """The valid part of scenario.yaml; None if nothing can be read."""
    usable: Labels | None
    """The valid part of labels.yaml; None if the labels are unknown."""
    written: Mapping[str, LocatedYaml]
    """Name → a readable file, with its lines."""
    whole: bool
    """Whether nothing is missing, broken or left out."""
    bereft: set[int]
    """Lines of values.yaml with left-out parts, so missing parts there are not reported again."""


class Checked(NamedTuple):
    """Result of a check."""

    problems: list[Problem]
    """Mistakes, in the order of file and line."""
    waiting: list[str]
    """Checks that could not be made because of them."""


def check_folder(folder: Path) -> list[Problem]:
    """Find all mistakes of a scenario folder, in the order of file and line."""
    return check(folder).problems


def check(folder: Path) -> Checked:
    """Find all mistakes of a scenario folder that can be found now, and list the remaining checks."""
    if not folder.is_dir():
        return Checked([Problem(str(folder), 0, "is not a folder", "give the path of a scenario's folder")], [])
    tables = any(is_there(folder / name) for name in TABLES)
    problems, waiting = list(_stray_files(folder)), list[str]()
    files = _read(folder, tables, problems)
    found = [*_scenario_problems(folder, files, tables), *_label_problems(files)]
    listed = is_there(folder / "labels.yaml")
    if files.settings is None or not files.settings.whole:
        waiting.append("what must agree with scenario.yaml")
    if listed and files.usable is None:
        waiting.append("what must agree with labels.yaml")
    if tables:
        found += _all_tables(folder, files, waiting, clean=not problems + found)
    if tables and is_there(folder / CASES):
        problems.append(Problem(CASES, 0, "is not read beside findings.yaml", "remove it, or remove the tables"))
    off, mistakes = _off_list(folder, labels_of(files.usable.file) if files.usable else {})
    found += mistakes
    if not tables:
        found += _case_problems(folder, files, waiting, off, open_=not listed)
    if tables and off and not problems + found:
        found += _off_list_draws(folder)
    problems += [problem for problem in found if problem.file != VALUES or problem.line not in files.bereft]
    return Checked(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line)), waiting if problems else [])


def _off_list(folder: Path, labels: Mapping[str, Label]) -> tuple[Mapping[str, Label], list[Problem]]:
    """Read the diagnoses that are none of the labels, with the mistakes of their file."""
    try:
        off = off_list_of(folder, labels)
    except ScenarioError as error:
        return {}, error.problems
    return (off.labels if off else {}), []


def _off_list_draws(folder: Path) -> Iterator[Problem]:
    """Compare `off_list.yaml` with the tables, and draw patients of each of its diagnoses."""
    try:
        source = load_folder(folder).source
    except ScenarioError as error:
        yield from error.problems
        return
    assert isinstance(source, WithOffList)
    yield from undrawable(source.off, read_yaml(folder / OFF_LIST))


def _case_problems(
    folder: Path, files: Read, waiting: list[str], off: Mapping[str, Label], *, open_: bool
) -> Iterator[Problem]:
    """Check written cases with the valid part of the other files."""
    settings, at = files.settings, files.written.get("labels.yaml")
    topics = settings.spec if settings and settings.whole else None
    labels = labels_of(files.usable.file) if files.usable else {} if open_ else None
    if files.usable and at and topics:
        yield from topic_problems(files.usable.file, at, topics)
    told = Told(
        settings.spec if settings else None,
        topics_known=topics is not None,
        labels=labels,
        off_list=off,
        clinics_known=not (files.usable and files.usable.doubtful),
    )
    yield from case_problems(folder, told, files.usable.file if files.usable else None, at, waiting)


def _stray_files(folder: Path) -> Iterator[Problem]:
    """Find files that are not read because of their name: `labels.yml`, `Cases.jsonl`, `cases.json`."""
    present = {path.name for path in folder.iterdir() if path.is_file()}
    missing = [name for name in KNOWN if name not in present]
    for name in sorted(present - set(KNOWN)):
        stem, _, ending = name.partition(".")
        if ending.lower() not in ENDINGS:
            continue
        stems = {known.partition(".")[0]: known for known in KNOWN}
        meant = stems.get(closest(stem, list(stems)), "")
        if meant in missing and ending.lower() in ("csv", "tsv"):
            fix = f"run: consult scenarios import csv {name} --out FOLDER"
            yield Problem(name, 0, "is a table, which no scenario folder reads", fix)
        elif meant in missing:
            fix = f"rename it to {meant}" + ("" if ending != "json" else ", with one object per line")
            yield Problem(name, 0, f"is not read, since the file must be called {meant}", fix)


def _read(folder: Path, tables: bool, problems: list[Problem]) -> Read:
    broken, bereft, written, rests = list[Problem](), set[int](), dict[str, LocatedYaml](), dict[str, Rest[Any]]()

    def read(name: str, model: type[M], needed: bool) -> tuple[M, LocatedYaml] | None:
        if not needed and not is_there(folder / name):
            return None
        try:
            rest = parse_rest(folder / name, model, ENTRIES.get(model, WHOLE_FILE))
        except ScenarioError as error:
            broken.extend(error.problems)
            return None
        broken.extend(rest.problems)
        written[name], rests[name] = rest.located, rest
        problems.extend((*rest.located.doubled, *_unreadable(rest.located)))
        if name == VALUES:
            bereft.update(rest.located.line(entry) for place in rest.left_out for entry in (place, place[:-1]))
        return None if rest.parsed is None else (rest.parsed, rest.located)

    scenario, labels = read("scenario.yaml", _settings_model(folder), True), read("labels.yaml", LabelsFile, tables)
    findings, values = read("findings.yaml", FindingsFile, tables), read(VALUES, ValuesFile, tables)
    names, rules = read("names.yaml", NamesFile, tables), read(RULES, RulesFile, False)
    problems += broken
    settings, usable = rests.get("scenario.yaml"), rests.get("labels.yaml")
    return Read(
        scenario, labels, findings, values, names, rules,
        settings and salvaged_settings(settings), usable and salvaged_labels(usable), written, not broken, bereft,
    )  # fmt: skip


def _settings_model(folder: Path) -> type[ScenarioFile]:
    try:
        return settings_model(folder)
    except ScenarioError:
        return ScenarioFile


def _unreadable(located: LocatedYaml) -> Iterator[Problem]:
    """Find names and texts with characters that no answer of a model can contain."""
    left: list[tuple[Place, Any]] = [((), located.data)]
    while left:
        place, node = left.pop()
        below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        left += [((*place, step), one) for step, one in below]
        if isinstance(node, str) and node and not node.strip() and place[-1:] not in [(key,) for key in ANSWERS]:
            what = f"{field_name(tuple(map(_seen, place)))} has only spaces"
            yield located.problem(place, what, "write a text, or remove it")
        texts = [*(key for key in node if isinstance(key, str))] if isinstance(node, dict) else [node]
        for text in texts:
            found = unreadable(text) if isinstance(text, str) else None
            if found is not None:
                where: Place = (*place, text) if isinstance(node, dict) else place
                yield located.problem(where, f"{field_name(tuple(map(_seen, where)))} {found[0]}", found[1])


def _seen(step: str | int) -> str | int:
    return visible(step) if isinstance(step, str) else step


def _scenario_problems(folder: Path, files: Read, tables: bool) -> Iterator[Problem]:
    if files.settings is None:
        return
    spec, at = files.settings.spec, files.written["scenario.yaml"]
    yield from alias_references(spec, at, labels_of(files.usable.file) if files.usable else {})
    if files.scenario is None:
        return
    if spec.kind == "vqa":
        yield from question_references(folder, spec, at)
        return
    if not spec.topics:
        yield at.problem(("topics",), "there are no topics", "name what a patient can be asked about")
    if tables:
        yield from setting_problems(spec, at, files.values and files.values[0])
        if files.labels:
            yield from alarm_references(spec, at, labels_of(files.labels[0]))


def _label_problems(files: Read) -> Iterator[Problem]:
    if files.usable is None:
        return
    labels, at = files.usable.file, files.written["labels.yaml"]
    if not labels.labels:
        yield at.problem(("labels",), "there are no labels", "add one, or remove the file for open diagnoses")
    yield from label_references(labels, at)
    yield from _clinic_problems(files.usable, at)
    yield from _name_problems(labels, at)
    yield from advice_problems(labels, at, files.usable.doubtful, files.usable.cut)


def _clinic_problems(labels: Labels, at: LocatedYaml) -> Iterator[Problem]:
    specialties = {spec.specialty for spec in labels.file.labels.values()} - {None}
    for name, spec in labels.file.labels.items():
        if name in spec.look_alikes:
            yield at.problem(("labels", name, "look_alikes"), f"'{name}' is its own look-alike", "remove it there")
        second, place = spec.second_specialty, ("labels", name, "second_specialty")
        if second is not None and second == spec.specialty:
            yield at.problem(place, f"the second specialty of '{name}' is its first", "write null")
        elif second is not None and second not in specialties and not labels.doubtful:
            meant = closest(second, sorted(filter(None, specialties)))
            fix = f"write '{meant}'" if meant else "correct it, or write null"
            yield at.problem(place, f"no label has '{second}' as its first specialty", fix)


def _name_problems(labels: LabelsFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find names that appear twice, and names of one diagnosis that also name another one, in any spelling."""
    owners: dict[str, str] = {}
    for name in labels.labels:
        owner = owners.setdefault(normalised(name), name)
        if owner != name:
            what = f"the label '{name}' is another spelling of '{owner}'"
            yield at.problem(("labels", name), what, "make one label of the two")
    for name, spec in labels.labels.items():
        for i, alias in enumerate(spec.aliases):
            place, key = ("labels", name, "aliases", i), alias.lower()
            owner = owners.setdefault(normalised(alias), name)
            if key == name.lower() or (owner == name and key in [a.lower() for a in spec.aliases[:i]]):
                yield at.problem(place, f"the alias '{alias}' of '{name}' appears twice", "remove one")
            elif normalised(owner) != normalised(name):
                what = f"the alias '{alias}' of '{name}' names '{owner}', too"
                yield at.problem(place, what, "keep it at one label")


def _all_tables(folder: Path, files: Read, waiting: list[str], *, clean: bool) -> Iterator[Problem]:
    """Check the tables: first the references, and if they are all valid, what can be drawn from the tables."""
    missing = [name for name in ("labels", "findings", "values", "names") if getattr(files, name) is None]
    waiting += [f"what must agree with {name}.yaml" for name in missing if name != "labels" or files.usable]
    labels = {} if files.labels is None else labels_of(files.labels[0])
    found: list[Problem] = []
    several = files.scenario[0].several if files.scenario else ()
    if files.labels:
        found += clinic_references(*files.labels)
    if files.labels and files.values:
        found += advice_references(*files.labels, files.values[0])
    if files.findings and files.labels:
        found += finding_references(*files.findings, labels, files.values and files.values[0], several)
    if files.rules and files.values:
        found += rule_references(*files.rules, files.values[0])
    if files.values:
        found += value_references(*files.values, labels)
        found += shape_problems(*files.values)
        found += wording_problems(*files.values, labels, files.scenario and files.scenario[0])
    if files.names:
        found += name_references(*files.names)
    yield from found
    if files.whole and _drawable(files):
        yield from _drawn_problems(folder, files, waiting, clean=clean and not found)
    else:
        waiting.append(DRAWN)


def _drawn_problems(folder: Path, files: Read, waiting: list[str], *, clean: bool) -> Iterator[Problem]:
    """Check draws from tables that can be loaded; cards only if nothing else is wrong."""
    assert files.scenario and files.labels and files.findings and files.values
    grammar, at = grammar_of(folder, files.scenario, files.labels), files.findings[1]
    tables = grammar.tables
    impossible = list(table_problems(tables, at, files.values[1]))
    impossible += flag_problems(tables, files.labels[1])
    yield from impossible
    yield from child_problems(tables, files.values[1])
    if files.rules:
        yield from rule_problems(tables, files.rules[1])
    lacking = list(card_problems(grammar, at)) if clean and not impossible else []
    yield from lacking
    if clean and not impossible and not lacking:
        yield from condition_problems(grammar, files.labels[1])
    else:
        waiting.append(DRAWN)


def _drawable(files: Read) -> bool:
    """Return whether the files could be loaded."""
    assert files.scenario and files.labels and files.findings and files.values and files.names
    labels = labels_of(files.labels[0])
    broken = [
        *setting_references(*files.scenario),
        *label_references(*files.labels),
        *clinic_references(*files.labels),
        *finding_references(*files.findings, labels, files.values[0], files.scenario[0].several),
        *value_references(*files.values, labels),
        *name_references(*files.names),
        *several_references(*files.scenario, files.values[0]),
        *alarm_references(*files.scenario, labels),
        *(rule_references(*files.rules, files.values[0]) if files.rules else ()),
        *advice_references(*files.labels, files.values[0]),
    ]
    return not broken
