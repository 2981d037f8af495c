"""What the files of a scenario folder must know of each other before a case can be drawn.

Loading refuses a folder that breaks these; `consult.scenarios.check` reports them along with everything else.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

from consult.scenarios.files import FindingsFile, LabelsFile, NamesFile, ScenarioFile, ValuesFile
from consult.scenarios.located_yaml import LocatedYaml, Problem
from consult.scenarios.scenario import Label

REQUIRED = ("age", "site", "complaint", "morphology", "duration")
"""Fields without which no patient can be drawn."""
NOT_WORDED = ("age", "duration", "morphology")
"""Topics whose values have no phrasings of their own: numbers, and what only the photograph shows."""
ALARM = "alarm"
"""The topic of the red flags; their frequencies stand in labels.yaml."""
RESERVED = (ALARM, "view")
"""What no field of findings.yaml may be called."""
MOST_HELD_OUT = 0.5
"""With more than this share held out, a list of one phrasing would be left empty."""


def setting_references(spec: ScenarioFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find settings that hold out everything, so that nothing is left for training."""
    if not set(spec.drawing_styles) - {spec.held_out.drawing_style}:
        yield at.problem(("drawing_styles",), "no drawing style is left for training", "add one that is not held out")
    if spec.held_out.phrasings > MOST_HELD_OUT:
        what = f"{spec.held_out.phrasings:g} of the phrasings are held out"
        yield at.problem(("held_out", "phrasings"), what, f"hold out {MOST_HELD_OUT} at most")


def label_references(labels: LabelsFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find look-alikes that are no labels, and red flags that leave no patient without one."""
    for name, spec in labels.labels.items():
        for i, other in enumerate(spec.look_alikes):
            if other not in labels.labels:
                place = ("labels", name, "look_alikes", i)
                yield at.problem(place, f"the look-alike '{other}' is no label", "use a label's exact name")
        total = math.fsum(spec.red_flags.values())
        if total >= 1:
            what = f"the red flags of '{name}' add up to {total:g}"
            yield at.problem(("labels", name, "red_flags"), what, "keep their sum below 1")


def clinic_references(labels: LabelsFile, at: LocatedYaml) -> Iterator[Problem]:
    """Find drawn labels whose specialty or urgency is not known: nothing else could say it of a drawn case."""
    for name, spec in labels.labels.items():
        for field in ("specialty", "urgency"):
            if getattr(spec, field) is None:
                what = f"the {field} of '{name}' is null, and its cases are drawn"
                yield at.problem(("labels", name, field), what, f"name its {field}")


def finding_references(
    findings: FindingsFile, at: LocatedYaml, labels: Collection[str], values: ValuesFile | None
) -> Iterator[Problem]:
    """Find labels, fields and values that findings.yaml lacks or that nothing else knows."""
    if not findings.findings:
        yield at.problem(("findings",), "there are no tables", "give each label one")
    for label in labels:
        if label not in findings.findings:
            yield at.problem(("findings",), f"the label '{label}' has no tables", "add them, or remove the label")
    fields = dict.fromkeys([*REQUIRED, *(f for tables in findings.findings.values() for f in tables)])
    for label, tables in findings.findings.items():
        if label not in labels:
            what = f"'{label}' is not in labels.yaml"
            yield at.problem(("findings", label), what, "add it there, or correct its spelling")
        for field in fields:
            if field not in tables:
                what = f"'{label}' has no field '{field}'"
                yield at.problem(("findings", label), what, "add it: all labels need the same fields")
        for field, table in tables.items():
            yield from _table(label, field, table, at, values)


def _table(
    label: str, field: str, table: Mapping[str, float], at: LocatedYaml, values: ValuesFile | None
) -> Iterator[Problem]:
    place = ("findings", label, field)
    if field in RESERVED:
        yield at.problem(place, f"no field may be called '{field}'", "remove it: red flags stand in labels.yaml")
        return
    if not table:
        yield at.problem(place, f"'{label}' has no values for '{field}'", "give at least one, with its weight")
    for value, weight in table.items():
        if not math.isfinite(weight):
            yield at.problem((*place, value), f"the weight of '{value}' is {weight}", "give a finite number")
    if values is None:
        return
    if field not in values.values:
        yield at.problem(place, f"the field '{field}' is not in values.yaml", "add it there, or correct its spelling")
        return
    for value in table:
        if value not in values.values[field]:
            what = f"'{value}' is no value of '{field}' in values.yaml"
            yield at.problem((*place, value), what, "add it there, or correct its spelling")


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
                what = f"the red flag '{flag}' of '{label.name}' is no value of '{ALARM}'"
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
