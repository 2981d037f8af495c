"""Check the references between a scenario folder's files that drawing needs.

Loading refuses a folder with broken references; `consult.scenarios.checks.folder` reports them with all other mistakes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from consult.reading import is_there
from consult.scenarios.case import ALARM
from consult.scenarios.files import (
    PATIENTS_ONLY,
    Conditions,
    FindingsFile,
    LabelsFile,
    NamesFile,
    OffListFile,
    RulesFile,
    ScenarioFile,
    ValuesFile,
)
from consult.scenarios.located_yaml import LocatedYaml, Place, Problem
from consult.scenarios.normalised import normalised
from consult.scenarios.scenario import Label, nearest_first
from consult.scenarios.shape import closest
from consult.scenarios.tables import ROOTS, VOCABULARY

MOST_WEIGHT = 1e9
"""The largest weight in a table; sums of larger ones could be infinite."""
REQUIRED = ("age", "site", "complaint", "morphology", "duration")
"""Fields without which no patient can be drawn."""
NOT_WORDED = ("age", "duration", "morphology")
"""Topics whose values have no phrasings: numbers, and findings that only the photograph shows."""
SEEN_ONLY = ("morphology",)
"""Fields that are on no card: only the photograph shows them."""
RESERVED = (ALARM, "view")
"""Names that no field of findings.yaml may have."""
MOST_HELD_OUT = 0.5
"""With a larger share held out, a list with one phrasing would become empty."""


def setting_references(spec: ScenarioFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find settings that hold out everything and leave nothing for training."""
    if not set(spec.drawing_styles) - {spec.held_out.drawing_style}:
        yield at.problem(("drawing_styles",), "no drawing style is left for training", "add one that is not held out")
    if spec.held_out.phrasings > MOST_HELD_OUT:
        what = f"{spec.held_out.phrasings:g} of the phrasings are held out"
        yield at.problem(("held_out", "phrasings"), what, f"hold out {MOST_HELD_OUT} at most")


def question_references(folder: Path, spec: ScenarioFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find settings and files that have no effect on questions about pictures."""
    for name in PATIENTS_ONLY:
        if name in spec.model_fields_set:
            yield at.problem((name,), f"'{name}' has no effect on questions", "remove it")
    for file in ("labels.yaml", "findings.yaml", "values.yaml", "names.yaml", "rules.yaml"):
        if is_there(folder / file):
            yield Problem(file, 0, "is not read beside questions", "remove it, or the kind vqa in scenario.yaml")


def label_references(labels: LabelsFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find look-alikes that are not labels, and red flags that leave no patient without one."""
    for name, spec in labels.labels.items():
        for i, other in enumerate(spec.look_alikes):
            if other not in labels.labels:
                place = ("labels", name, "look_alikes", i)
                meant = closest(other, [label for label in labels.labels if label != name])
                fix = f"write '{meant}'" if meant else "use a label's exact name, or remove it"
                yield at.problem(place, f"the look-alike '{other}' is not a label", fix)
        total = math.fsum(spec.red_flags.values())
        if total >= 1:
            what = f"the red flags of '{name}' add up to {total:g}"
            yield at.problem(("labels", name, "red_flags"), what, "keep their sum below 1")


def clinic_references(labels: LabelsFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find drawn labels whose specialty or urgency is unknown: nothing else states them for a drawn case."""
    for name, spec in labels.labels.items():
        for field in ("specialty", "urgency"):
            if getattr(spec, field) is None:
                what = f"the {field} of '{name}' is null, and its cases are drawn"
                yield at.problem(("labels", name, field), what, f"name its {field}")


def finding_references(
    findings: FindingsFile,
    at: LocatedYaml,
    labels: Collection[str],
    values: ValuesFile | None,
    several: Collection[str] = (),
) -> Iterator[Problem]:
    """Find labels, fields and values that findings.yaml lacks or that only it has."""
    if not findings.findings:
        yield at.problem(("findings",), "there are no tables", "give each label one")
    for label in labels:
        if label not in findings.findings:
            yield at.problem(("findings",), f"the label '{label}' has no tables", "add them, or remove the label")
    named = dict.fromkeys([*REQUIRED, *(f for tables in findings.findings.values() for f in tables)])
    needed = [f for f in named if f not in (*findings.population, *several, *VOCABULARY)]
    for label, tables in findings.findings.items():
        if label not in labels:
            what = f"'{label}' is not in labels.yaml"
            yield at.problem(("findings", label), what, "add it there, or correct its spelling")
        for field in needed:
            if field not in tables:
                what = f"'{label}' has no field '{field}'"
                yield at.problem(("findings", label), what, "add it: all labels need the same fields")
        for field, table in tables.items():
            yield from _table(("findings", label, field), table, at, values, several)
    for field, table in findings.population.items():
        yield from _table(("population", field), table, at, values, several)


def _table(
    place: Place, table: Mapping[str, float], at: LocatedYaml, values: ValuesFile | None, several: Collection[str]
) -> Iterator[Problem]:
    field, whose = str(place[-1]), "population" if place[0] == "population" else str(place[1])
    if field in RESERVED:
        yield at.problem(place, f"no field may be called '{field}'", "remove it: red flags are defined in labels.yaml")
        return
    if not table and field not in several:
        yield at.problem(place, f"'{whose}' has no values for '{field}'", "give at least one, with its weight")
    for value, weight in table.items():
        if math.isfinite(weight) and weight > MOST_WEIGHT:
            what = f"the weight of '{value}' is {weight:g}"
            yield at.problem((*place, value), what, f"give a number of at most {MOST_WEIGHT:g}")
        elif not math.isfinite(weight):
            yield at.problem((*place, value), f"the weight of '{value}' is {weight}", "give a finite number")
        elif field in several and weight > 1:
            what = f"patients can have several values of '{field}', and the share of '{value}' is {weight:g}"
            yield at.problem((*place, value), what, "give a share of 0 to 1")
        elif field in several and value == "none":
            what = f"patients can have several values of '{field}', and 'none' has a share"
            yield at.problem((*place, value), what, "remove it: a patient has none if no other value is drawn")
    yield from _menu_problems(place, field, table, at, values)


def _menu_problems(
    place: Place, field: str, named: Collection[str], at: LocatedYaml, values: ValuesFile | None
) -> Iterator[Problem]:
    """Find values that a field does not have."""
    if field not in VOCABULARY and values is None:
        return
    if field not in VOCABULARY and values is not None and field not in values.values:
        yield at.problem(place, f"the field '{field}' is not in values.yaml", "add it there, or correct its spelling")
        return
    menu = VOCABULARY.get(field) or tuple(values.values[field] if values else ())
    for value in named:
        if value not in menu:
            what = f"'{value}' is not a value of '{field}'" + ("" if field in VOCABULARY else " in values.yaml")
            near = f"choose from: {', '.join(nearest_first(value, menu))}"
            yield at.problem((*place, value), what, near if field in VOCABULARY else f"add it there, or {near}")


def several_references(spec: ScenarioFile, at: LocatedYaml, values: ValuesFile | None) -> Iterator[Problem]:
    """Find several-valued fields without phrasings, or without phrasings for having none of the values."""
    for i, field in enumerate(spec.several):
        place = ("several", i)
        if field in (*REQUIRED, *VOCABULARY, *RESERVED):
            yield at.problem(place, f"a patient cannot have several values of '{field}'", "remove it from `several`")
        elif values is not None and field not in values.values:
            what = f"the field '{field}' of `several` is not in values.yaml"
            yield at.problem(place, what, "add it there, or remove it here")
        elif values is not None and "none" not in values.values[field]:
            what = f"'{field}' of `several` has no value 'none' in values.yaml"
            yield at.problem(place, what, "add how patients word that they have none")


def alarm_references(spec: ScenarioFile, at: LocatedYaml, labels: Mapping[str, Label]) -> Iterator[Problem]:
    """Find a split of alarms although no label has any."""
    if "alarms" in spec.splits and not any(label.red_flags for label in labels.values()):
        what = "the split 'alarms' needs labels with red flags, and there are none"
        yield at.problem(("splits", "alarms"), what, "give a label `red_flags`, or remove the split")


def rule_references(rules: RulesFile, at: LocatedYaml, values: ValuesFile) -> Iterator[Problem]:
    """Find rules that name no field or several, or values that do not exist."""
    for i, rule in enumerate(rules.rules):
        restrictions = [name for name in ("never", "only", "needs") if getattr(rule, name)]
        if len(restrictions) != 1:
            what = f"restricts twice, by {' and '.join(restrictions)}" if restrictions else "restricts nothing"
            fix = "make it one rule for each" if restrictions else "add one of never, only, needs"
            yield at.problem(("rules", i), f"the rule {what}", fix)
            continue
        sides = {key: getattr(rule, key) for key in ("when", *restrictions)}
        for key, named in sides.items():
            yield from _side_problems(("rules", i, key), named, at, values)
        if all(len(named) == 1 for named in sides.values()):
            field, other = (next(iter(named)) for named in sides.values())
            yield from _pair_problems(("rules", i), field, other, at)


def _side_problems(place: Place, named: Conditions, at: LocatedYaml, values: ValuesFile) -> Iterator[Problem]:
    """Find what is wrong with one side of a rule."""
    if len(named) != 1:
        what = f"'{place[-1]}' of the rule names {len(named)} fields" + (f": {', '.join(named)}" if named else "")
        yield at.problem(place, what, "name one field; write a separate rule for each of the others")
        return
    sites = values.values.get("site", {}).values()
    views = sorted({view for spec in sites for view in ([spec.view] if spec.view else spec.views)})
    for field, chosen in named.items():
        if not chosen:
            yield at.problem((*place, field), f"the rule names no value of '{field}'", "list at least one")
        if field != "view":
            yield from _menu_problems((*place, field), field, chosen, at, values)
        for view in sorted({*chosen} - {*views}) if field == "view" else ():
            fix = f"choose from: {', '.join(nearest_first(view, views))}"
            yield at.problem((*place, field), f"no site has the view '{view}'", fix)


def _pair_problems(place: Place, field: str, other: str, at: LocatedYaml) -> Iterator[Problem]:
    """Find pairs of fields that a rule cannot relate."""
    if field == other:
        yield at.problem(place, f"the rule restricts '{field}' by '{field}' itself", "name another field")
    for one, two in ((field, other), (other, field)):
        if one == "view" and two in ROOTS:
            yield at.problem(place, f"the rule is about 'view' and '{two}'", "name the sites instead of the view")


def advice_references(labels: LabelsFile, at: LocatedYaml, values: ValuesFile) -> Iterator[Problem]:
    """Find conditions of plans on topics or values that drawn cases do not have."""
    known = [*(topic for topic in values.values if topic not in SEEN_ONLY), "sex"]
    for place, field, chosen in conditions_of(labels):
        if not chosen:
            yield at.problem(place, f"the condition names no value of '{field}'", "list at least one")
        elif field in known:
            yield from _menu_problems(place, field, chosen, at, values)
        else:
            yield unknown_topic(place, field, known, at)


def unknown_topic(place: Place, field: str, known: Sequence[str], at: LocatedYaml) -> Problem:
    """Return the problem of a condition on something that nobody can ask about."""
    what = f"the condition is about '{field}', which is not a topic of a card"
    return at.problem(place, what, f"choose from: {', '.join(nearest_first(field, known))}")


def conditions_of(labels: LabelsFile) -> Iterator[tuple[Place, str, list[str]]]:
    """Yield all conditions of plans, each with its place, topic and values."""
    for name, spec in labels.labels.items():
        for key in ("plan", "safety_net"):
            for i, step in enumerate(getattr(spec, key)):
                yield from (
                    (("labels", name, key, i, side, field), field, chosen)
                    for side in ("when", "unless")
                    for condition in getattr(step, side)
                    for field, chosen in condition.items()
                )


def value_references(values: ValuesFile, at: LocatedYaml, labels: Mapping[str, Label]) -> Iterator[Problem]:
    """Find what cannot be drawn: sites without one view, values without phrasings, empty ranges, unknown red flags."""
    for topic, entries in values.values.items():
        for key, spec in entries.items():
            place = ("values", topic, key)
            if topic not in NOT_WORDED and not spec.phrasings:
                yield at.problem(place, f"'{topic}.{key}' has no phrasings", "say how a patient words it")
            if topic == "site" and (spec.view is None) == (len(spec.views) != 1):
                yield at.problem(place, f"the site '{key}' needs exactly one view", "give it `view: NAME`")
            if spec.high < spec.low:
                what = f"'{topic}.{key}': low {spec.low} is above high {spec.high}"
                yield at.problem((*place, "low"), what, "swap the two, or correct one")
    flags = values.values.get(ALARM, {})
    if "none" not in flags:
        yield at.problem(("values", ALARM), "'alarm' has no value 'none'", "add how patients word that there is none")
    for label in labels.values():
        for flag in label.red_flags:
            if flag == "none" or flag not in flags:
                what = f"the red flag '{flag}' of '{label.name}' is not a value of '{ALARM}'"
                yield at.problem(("values", ALARM), what, "add it here, or correct it in labels.yaml")
    for key in ("duration_phrasings", "age_phrasings"):
        if not getattr(values, key):
            yield at.problem((key,), f"'{key}' is empty", "say how a patient words it")


def name_references(names: NamesFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find a sex without names."""
    given = {str(sex): list(each) for sex, each in names.names.items()}
    for sex in ("female", "male"):
        if not given.get(sex):
            yield at.problem(("names", sex), f"there are no {sex} names", "give at least one")


def off_list_references(file: OffListFile, at: LocatedYaml, labels: Mapping[str, Label]) -> Iterator[Problem]:
    """Find diagnoses off the list that are on it, and such diagnoses without a list."""
    if not labels:
        yield at.problem(("labels",), "there is no list to be off: the diagnoses are open", "remove off_list.yaml")
    if not file.labels:
        yield at.problem(("labels",), "there are no diagnoses off the list", "add one, or remove off_list.yaml")
    owners = {normalised(name): label.name for label in labels.values() for name in (label.name, *label.aliases)}
    for name, spec in file.labels.items():
        for called in (name, *spec.aliases):
            if (owner := owners.get(normalised(called))) is not None:
                what = f"'{called}' is on the list: it names '{owner}'"
                yield at.problem(("labels", name), what, "remove it here")
