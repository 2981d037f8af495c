"""Scenario folders: read one into a `Scenario`, built in or the user's own.

A folder holds `scenario.yaml` and, for closed diagnoses, `labels.yaml`. Its cases come either from `cases.jsonl` (and
the images it names) or are drawn from `findings.yaml`, `values.yaml` and `names.yaml`.
"""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from consult.reading import is_there, update_digest
from consult.scenarios.case import Temperament
from consult.scenarios.case_generator import Grammar
from consult.scenarios.conditional import Advice, Condition
from consult.scenarios.files import (
    AdviceSpec,
    Conditions,
    FindingsFile,
    LabelsFile,
    LabelSpec,
    NamesFile,
    OffListFile,
    QuestionsFile,
    RulesFile,
    RuleSpec,
    ScenarioFile,
    ValuesFile,
    ValueSpec,
)
from consult.scenarios.jsonl_cases import ListedCases, read_cases
from consult.scenarios.located_yaml import LocatedYaml, Place, Problem, ScenarioError, read_yaml
from consult.scenarios.normalised import open_name
from consult.scenarios.off_list import WithOffList
from consult.scenarios.references import (
    advice_references,
    alarm_references,
    clinic_references,
    finding_references,
    label_references,
    name_references,
    off_list_references,
    question_references,
    rule_references,
    setting_references,
    several_references,
    value_references,
)
from consult.scenarios.rules import Kind, Rule
from consult.scenarios.scenario import CaseSource, Label, Scenario
from consult.scenarios.shape import mistakes, written
from consult.scenarios.tables import SEXES, SKIN_TYPES, FindingTables, Value

GENERATOR_VERSION = 2
"""Increased by hand when the same tables give different cases; a test compares cases with those of this version."""
RULES = "rules.yaml"
SPECIALTIES = ("pathology", "radiology", "surgery", "oncology", "endocrinology", "ophthalmology", "dermatology")
"""Specialties among which triage chooses for a question, unless the scenario lists others: MMedAgent-RL's."""

M = TypeVar("M", bound=BaseModel)


def load_folder(folder: Path, tables: Path | None = None) -> Scenario:
    """Read a scenario folder.

    Args:
        folder: The folder.
        tables: The folder of its labels and tables; by default the same.

    Raises:
        ScenarioError: A file is missing or has mistakes; the error has all mistakes of that file.
    """
    spec, at_spec = parse(folder / "scenario.yaml", settings_model(folder))
    tables = tables or folder
    if isinstance(spec, QuestionsFile):
        return _questions(folder, spec, at_spec)
    labels: dict[str, Label] = {}
    written = (LabelsFile(labels={}), LocatedYaml("labels.yaml", {}, ""))
    if is_there(tables / "labels.yaml"):
        parsed, at = parse(tables / "labels.yaml", LabelsFile)
        _refuse(label_references(parsed, at))
        if is_there(tables / "findings.yaml"):
            _refuse(clinic_references(parsed, at))
        labels = labels_of(parsed)
        written = (parsed, at)
    _refuse(alias_references(spec, at_spec, labels))
    off = off_list_of(folder, labels)
    source: CaseSource
    shown: tuple[str, ...] = ()
    temperaments: Mapping[str, Temperament] = {}
    if is_there(tables / "findings.yaml"):
        _refuse(setting_references(spec, at_spec))
        source = grammar = grammar_of(tables, (spec, at_spec), written)
        if off is not None:
            source = with_off_list(tables, grammar, spec, off)
        shown = tuple(value.finding for value in grammar.tables.values.get("morphology", {}).values() if value.finding)
        splits = {str(name): size for name, size in spec.splits.items()}
    else:
        listed = read_cases(folder, spec.name, {**labels, **(off.labels if off else {})})
        source, splits, temperaments = listed, listed.sizes, listed.temperaments
    return Scenario(
        name=spec.name,
        title=spec.title,
        labels=labels,
        topics=spec.topics,
        examinations=spec.examinations,
        source=source,
        clinics=(*clinics_of(spec), *(label.specialty for label in (off.labels.values() if off else ()))),
        splits=splits,
        description=spec.description,
        findings=shown,
        aliases=spec.aliases,
        temperaments=temperaments,
        off_list=off.labels if off else {},
        revision=_revision(folder, tables, drawn=not isinstance(source, ListedCases)),
    )


def settings_model(folder: Path) -> type[ScenarioFile]:
    """Return the model of a folder's `scenario.yaml`, which depends on its `kind`.

    Raises:
        ScenarioError: The file is missing or is not YAML.
    """
    data = _located(folder / "scenario.yaml").data
    return QuestionsFile if isinstance(data, dict) and data.get("kind") == "vqa" else ScenarioFile


def _questions(folder: Path, spec: QuestionsFile, at: LocatedYaml) -> Scenario:
    """Read a scenario of questions about pictures."""
    _refuse(chain(question_references(folder, spec, at), alias_references(spec, at, {})))
    listed = read_cases(folder, spec.name, {}, questions=True)
    return Scenario(
        name=spec.name,
        title=spec.title,
        labels={},
        topics={},
        examinations={},
        source=listed,
        clinics=clinics_of(spec),
        splits=listed.sizes,
        description=spec.description,
        aliases=spec.aliases,
        revision=_revision(folder, folder, drawn=False),
        kind="vqa",
        in_domain=tuple(spec.in_domain),
    )


def clinics_of(spec: ScenarioFile) -> tuple[str, ...]:
    """Return the specialties that `scenario.yaml` lists; for questions, the usual ones if it lists none."""
    return tuple(spec.specialties) or (SPECIALTIES if spec.kind == "vqa" else ())


def alias_references(spec: ScenarioFile, at: LocatedYaml, labels: Mapping[str, Label]) -> Iterator[Problem]:
    """Find aliases of open diagnoses that are in the wrong file, or name two diagnoses."""
    owners = {open_name(name): name for name in spec.aliases}
    for name, others in spec.aliases.items():
        if labels:
            what = f"'{name}' has aliases here, but the diagnoses are listed in labels.yaml"
            yield at.problem(("aliases", name), what, "move them to its label in labels.yaml")
        for i, alias in enumerate(others):
            owner = owners.setdefault(open_name(alias), name)
            if owner != name:
                what = f"the alias '{alias}' of '{name}' names '{owner}', too"
                yield at.problem(("aliases", name, i), what, "leave it to one of the two")


def _revision(folder: Path, tables: Path, *, drawn: bool) -> str:
    """Hash everything that determines a scenario's cases: its files and, if drawn, generator version and drawing."""
    digest = hashlib.sha256()
    places = dict.fromkeys((folder, tables))
    for path in (path for place in places for path in sorted([*place.glob("*.yaml"), *place.glob("*.jsonl")])):
        # Another program's pipe or folder decides nothing.
        if path.is_file():
            digest.update(os.fsencode(path.name) + b"\0")
            update_digest(digest, path)
            digest.update(b"\0")
    if drawn:
        from consult.scenarios.drawing import drawing_revision

        digest.update(f"{GENERATOR_VERSION} {drawing_revision()}".encode())
    return digest.hexdigest()[:16]


def grammar_of(
    folder: Path, settings: tuple[ScenarioFile, LocatedYaml], written: tuple[LabelsFile, LocatedYaml]
) -> Grammar:
    """Make the case generator from the tables of a folder.

    Args:
        folder: Folder of the tables.
        settings: `scenario.yaml` with its lines.
        written: `labels.yaml` with its lines.

    Raises:
        ScenarioError: A file is missing or has mistakes.
    """
    (spec, at_spec), labels = settings, labels_of(written[0])
    findings, at_findings = parse(folder / "findings.yaml", FindingsFile)
    values, at_values = parse(folder / "values.yaml", ValuesFile)
    names, at_names = parse(folder / "names.yaml", NamesFile)
    rules, at_rules = parse(folder / RULES, RulesFile) if is_there(folder / RULES) else (None, None)
    _refuse(
        chain(
            finding_references(findings, at_findings, labels, values, spec.several),
            value_references(values, at_values, labels),
            name_references(names, at_names),
            rule_references(rules, at_rules, values) if rules and at_rules else (),
            several_references(spec, at_spec, values),
            alarm_references(spec, at_spec, labels),
            advice_references(*written, values),
        )
    )
    return Grammar(
        scenario=spec.name,
        seed=spec.seed,
        tables=tables_of(spec, findings, values, labels, rules),
        labels=labels,
        splits={str(k): v for k, v in spec.splits.items()},
        names={str(k): v for k, v in names.names.items()},
        duration_phrasings=tuple(values.duration_phrasings),
        age_phrasings=tuple(values.age_phrasings),
        child_duration_phrasings=tuple(values.child_duration_phrasings),
        child_age_phrasings=tuple(values.child_age_phrasings),
        drawing_styles=tuple(spec.drawing_styles),
        held_out_style=spec.held_out.drawing_style,
        held_out_phrasings=spec.held_out.phrasings,
        held_out_cases=spec.held_out.cases,
    )


def tables_of(
    spec: ScenarioFile, findings: FindingsFile, values: ValuesFile, labels: dict[str, Label], rules: RulesFile | None
) -> FindingTables:
    """Join the tables of a folder; a label without a field gets the population's table."""
    usual = {"sex": dict.fromkeys(SEXES, 1.0), "skin_type": dict.fromkeys(SKIN_TYPES, 1.0), **findings.population}
    single = {name: table for name, table in usual.items() if name not in spec.several}
    shares = {name: findings.population.get(name, {}) for name in spec.several}
    own = findings.findings
    return FindingTables(
        clinical={
            label: {f: _normal(t) for f, t in {**single, **own[label]}.items() if f not in spec.several}
            for label in own
        },
        values={t: {k: _value(k, v) for k, v in entries.items()} for t, entries in values.values.items()},
        shares={label: {f: {**shares[f], **own[label].get(f, {})} for f in spec.several} for label in own},
        red_flags={name: label.red_flags for name, label in labels.items()},
        population={f: _normal(t) for f, t in findings.population.items() if f not in spec.several},
        atypical=spec.atypical,
        rules=tuple(map(_rule, rules.rules)) if rules else (),
    )


def _rule(spec: RuleSpec) -> Rule:
    kinds: dict[Kind, Conditions] = {"never": spec.never, "only": spec.only, "needs": spec.needs}
    kind, restricted = next((kind, other) for kind, other in kinds.items() if other)
    (name, values), (other, others) = next(iter(spec.when.items())), next(iter(restricted.items()))
    return Rule(name, frozenset(values), kind, other, frozenset(others), spec.because)


def _refuse(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise ScenarioError(found)


def labels_of(file: LabelsFile) -> dict[str, Label]:
    """Return the labels of `labels.yaml` by name."""
    return {name: _label(name, spec) for name, spec in file.labels.items()}


def parse(path: Path, model: type[M]) -> tuple[M, LocatedYaml]:
    """Read one YAML file against its model.

    Raises:
        ScenarioError: The file is missing, is not YAML, or breaks the model; the error has one problem per mistake.
    """
    located = _located(path).without_doubled()
    try:
        return model.model_validate(located.data), located
    except ValidationError as error:
        raise ScenarioError(_problems(located, error, model)) from None


class Rest(NamedTuple, Generic[M]):
    """A file's data without the entries that break its model."""

    parsed: M | None
    """None if the rest also breaks the model, or if other entries refer to what was left out."""
    located: LocatedYaml
    left_out: list[Place]
    problems: list[Problem]


def parse_rest(path: Path, model: type[M], depth: int) -> Rest[M]:
    """Read one YAML file, leaving out entries that break its model.

    Args:
        path: The file.
        model: The model of the file.
        depth: Number of steps to an entry that nothing else refers to, so that it can be left out.

    Raises:
        ScenarioError: The file is missing or is not YAML.
    """
    located = _located(path)
    try:
        return Rest(model.model_validate(located.data), located, [], [])
    except ValidationError as error:
        problems = _problems(located, error, model)
        places = list(dict.fromkeys(written(each["loc"], located.data) for each in error.errors(include_url=False)))
    try:
        if any(len(place) < depth for place in places):
            return Rest(None, located, places, problems)
        return Rest(model.model_validate(without_entries(located.data, places)), located, places, problems)
    except (ValidationError, LookupError):
        # pydantic reports a key that is not a string by its text, under which nothing is found.
        return Rest(None, located, places, problems)


def without_entries(data: Any, places: Iterable[Place]) -> Any:
    """Copy data without some entries; the last entries of a list are removed first, so that positions stay valid.

    Raises:
        LookupError: A place does not exist.
    """
    data = copy.deepcopy(data)
    for place in sorted(places, key=lambda p: [step if isinstance(step, int) else -1 for step in p], reverse=True):
        node: Any = data
        *way, last = place
        for step in way:
            node = node[step]
        # A missing entry, and a key itself, cannot be left out.
        if isinstance(node, dict):
            node.pop(last, None)
        elif isinstance(node, list) and isinstance(last, int):
            del node[last]
    return data


def _located(path: Path) -> LocatedYaml:
    if not is_there(path):
        raise ScenarioError([Problem(path.name, 0, "is missing", f"add {path.name} to the folder {path.parent}")])
    return read_yaml(path)


def _problems(located: LocatedYaml, error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    return [located.problem(m.place, m.what, m.fix) for m in mistakes(error, model, located.data, "YAML")]


def _normal(table: dict[str, float]) -> dict[str, float]:
    total = sum(table.values())
    return {value: weight / total for value, weight in table.items()}


def _label(name: str, spec: LabelSpec) -> Label:
    kinds = ("contagious", "outlook", "serious", "cause")
    return Label(
        name=name,
        specialty=spec.specialty or "",
        urgency=spec.urgency,
        aliases=tuple(spec.aliases),
        second_specialty=spec.second_specialty,
        look_alikes=tuple(spec.look_alikes),
        red_flags=dict(spec.red_flags),
        explanation=spec.explanation,
        answers={kind: getattr(spec, kind) for kind in kinds if getattr(spec, kind)},
        plan=_advice(spec.plan),
        safety_net=_advice(spec.safety_net),
    )


def _advice(specs: Iterable[AdviceSpec]) -> tuple[Advice, ...]:
    return tuple(Advice(spec.say, _conditions(spec.when), _conditions(spec.unless), spec.urgency) for spec in specs)


def _conditions(specs: Iterable[Conditions]) -> tuple[Condition, ...]:
    return tuple({topic: tuple(values) for topic, values in one.items()} for one in specs if one)


def _value(key: str, spec: ValueSpec) -> Value:
    return Value(
        key=key,
        phrasings=tuple(spec.phrasings),
        child=tuple(spec.child),
        items=tuple(spec.items),
        views=(spec.view,) if spec.view else tuple(spec.views),
        sites=tuple(spec.sites),
        ages=tuple(spec.ages),
        sexes=tuple(spec.sexes),
        none=spec.none,
        finding=spec.finding,
        unit=spec.unit,
        low=spec.low,
        high=spec.high,
        urgency=spec.urgency,
        where=spec.where,
    )


OFF_LIST = "off_list.yaml"


class OffList(NamedTuple):
    """What a folder says of diagnoses that are none of the labels."""

    file: OffListFile
    at: LocatedYaml
    labels: dict[str, Label]


def off_list_of(folder: Path, labels: Mapping[str, Label]) -> OffList | None:
    """Read `off_list.yaml`; None if there is none.

    Raises:
        ScenarioError: It has mistakes, or there is no list to be off.
    """
    if not is_there(folder / OFF_LIST):
        return None
    file, at = parse(folder / OFF_LIST, OffListFile)
    _refuse(off_list_references(file, at, labels))
    return OffList(file, at, {name: _label(name, spec) for name, spec in file.labels.items()})


def with_off_list(tables: Path, listed: Grammar, spec: ScenarioFile, off: OffList) -> WithOffList:
    """Join the generator of the labels' cases with one of cases off the list, from the same tables.

    Raises:
        ScenarioError: `off_list.yaml` does not agree with the tables.
    """
    values, _ = parse(tables / "values.yaml", ValuesFile)
    findings, _ = parse(tables / "findings.yaml", FindingsFile)
    rules = parse(tables / RULES, RulesFile)[0] if is_there(tables / RULES) else None
    both = {topic: {**off.file.values.get(topic, {}), **own} for topic, own in values.values.items()}
    values = values.model_copy(update={"values": both})
    findings = findings.model_copy(update={"findings": off.file.findings})
    _refuse(
        chain(
            clinic_references(LabelsFile(labels=off.file.labels), off.at),
            finding_references(findings, off.at, off.labels, values, spec.several),
            value_references(values, off.at, off.labels),
        )
    )
    drawn = tables_of(spec, findings, values, off.labels, rules)
    return WithOffList(listed, replace(listed, labels=off.labels, tables=drawn), off.file.every)
