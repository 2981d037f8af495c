"""Check a folder with tables: settings, shapes of values, and whether every patient can be drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from consult.scenarios.case import ALARM
from consult.scenarios.case_generator import ALARMS, CHILDHOOD, NOT_SAID, Grammar, TooFewCardsError
from consult.scenarios.drawing import MORPHOLOGIES, STYLES
from consult.scenarios.files import ScenarioFile, ValuesFile, ValueSpec
from consult.scenarios.located_yaml import LocatedYaml, Place, Problem
from consult.scenarios.references import NOT_WORDED, setting_references, several_references
from consult.scenarios.rules import Drawn
from consult.scenarios.scenario import nearest_first
from consult.scenarios.tables import EXAMINATIONS, VOCABULARY, FindingTables

VIEWS = tuple(dict.fromkeys(view for views in MORPHOLOGIES.values() for view in views))
SEEN = ("morphology", "complaint")
"""Fields that need at least one value for every site."""
OLDEST = 120
"""Years."""
TRIED = 60
"""Patients drawn per diagnosis, to test whether every patient can be drawn."""


# -- scenario.yaml -------------------------------------------------------------------------------------------------


def setting_problems(spec: ScenarioFile, at: LocatedYaml, values: ValuesFile | None) -> Iterator[Problem]:
    """Check `scenario.yaml` against the tables; unreadable parts are skipped."""
    if not spec.splits:
        yield at.problem(("splits",), "there are no splits", "say how many cases each has, e.g. `test: 100`")
    for name, size in spec.splits.items():
        if not size:
            yield at.problem(("splits", name), f"the split '{name}' is empty", "give it cases, or remove it")
        if name == ALARMS and size % 2:
            what = f"the split '{name}' has pairs of cases, and {size} is odd"
            yield at.problem(("splits", name), what, "give it an even number")
    yield from _style_problems(spec, at)
    yield from several_references(spec, at, values)
    if values is not None:
        yield from _topic_problems(spec, at, values)


def _style_problems(spec: ScenarioFile, at: LocatedYaml) -> Iterator[Problem]:
    held_out = spec.held_out.drawing_style
    for i, style in enumerate(spec.drawing_styles):
        if style not in STYLES:
            fix = f"choose from: {', '.join(STYLES)}"
            yield at.problem(("drawing_styles", i), f"there is no drawing style '{style}'", fix)
    if held_out not in spec.drawing_styles:
        what = f"the held-out drawing style '{held_out}' is not among drawing_styles"
        yield at.problem(("held_out", "drawing_style"), what, "add it there, or choose one of them")
    yield from setting_references(spec, at)


def _topic_problems(spec: ScenarioFile, at: LocatedYaml, values: ValuesFile) -> Iterator[Problem]:
    for key in ("topics", "examinations"):
        for topic in getattr(spec, key):
            if topic not in values.values:
                fix = "add it there, or correct its spelling"
                yield at.problem((key, topic), f"'{topic}' is not in values.yaml", fix)
    for topic in spec.examinations:
        if topic not in EXAMINATIONS:
            fix = f"drawn cases have only: {', '.join(EXAMINATIONS)}"
            yield at.problem(("examinations", topic), f"the examination '{topic}' cannot be drawn", fix)
    for topic in values.values if spec.topics else ():
        if topic not in (*VOCABULARY, *spec.topics, *spec.examinations, *NOT_SAID):
            kind = "examinations" if topic in EXAMINATIONS else "topics"
            what = f"'{topic}' has values, but nobody can ask about it"
            yield at.problem((kind,), what, f"add it to {kind}, or remove it from values.yaml")


# -- values.yaml ---------------------------------------------------------------------------------------------------


def shape_problems(values: ValuesFile, at: LocatedYaml) -> Iterator[Problem]:
    """Check the values' requirements on views and ages, and the ranges of numbers."""
    bands, sites = values.values.get("age", {}), values.values.get("site", {})
    for topic, entries in values.values.items():
        for key, spec in entries.items():
            place = ("values", topic, key)
            yield from _demand_problems(spec, at, place, list(bands), list(sites))
            if topic == "morphology":
                yield from _morphology_problems(key, spec, at, place)
            elif topic == "age" and spec.high > OLDEST:
                yield at.problem((*place, "high"), f"the age band '{key}' ends at {spec.high}", f"at most {OLDEST}")
            elif topic == "age" and not spec.high:
                yield at.problem(place, f"the age band '{key}' has no years", "give it `low` and `high`")
            elif topic == "duration":
                yield from _duration_problems(key, spec, at, place)


def _demand_problems(
    spec: ValueSpec, at: LocatedYaml, place: Place, bands: list[str], sites: list[str]
) -> Iterator[Problem]:
    for i, view in enumerate([spec.view] if spec.view else spec.views):
        if view not in VIEWS:
            here = (*place, "view") if spec.view else (*place, "views", i)
            yield at.problem(here, f"there is no view '{view}'", f"choose from: {', '.join(VIEWS)}")
    for i, age in enumerate(spec.ages):
        if age not in bands:
            fix = f"choose from: {', '.join(bands)}"
            yield at.problem((*place, "ages", i), f"there is no age band '{age}'", fix)
    for i, site in enumerate(spec.sites):
        if site not in sites:
            fix = f"choose from: {', '.join(nearest_first(site, sites))}"
            yield at.problem((*place, "sites", i), f"there is no site '{site}'", fix)


def _morphology_problems(key: str, spec: ValueSpec, at: LocatedYaml, place: Place) -> Iterator[Problem]:
    if key not in MORPHOLOGIES:
        fix = f"choose from: {', '.join(nearest_first(key, list(MORPHOLOGIES)))}"
        yield at.problem(place, f"nothing draws the morphology '{key}'", fix)
        return
    if not spec.finding:
        yield at.problem(place, f"the morphology '{key}' has no finding", "add what a doctor says of it")
    if not spec.views and not spec.view:
        fix = f"choose from: {', '.join(MORPHOLOGIES[key])}"
        yield at.problem(place, f"the morphology '{key}' does not name its views", fix)
    for view in [spec.view] if spec.view else spec.views:
        if view in VIEWS and view not in MORPHOLOGIES[key]:
            fix = f"choose from: {', '.join(MORPHOLOGIES[key])}"
            yield at.problem((*place, "views"), f"'{key}' cannot be drawn in the view '{view}'", fix)


def _duration_problems(key: str, spec: ValueSpec, at: LocatedYaml, place: Place) -> Iterator[Problem]:
    if not spec.unit:
        yield at.problem(place, f"the duration '{key}' has no unit", "give it hours, days, weeks, months or years")
    if not spec.low:
        yield at.problem(place, f"the duration '{key}' begins at 0", "give it `low` and `high`, starting at 1")


# -- findings.yaml -------------------------------------------------------------------------------------------------


def table_problems(tables: FindingTables, at: LocatedYaml, at_values: LocatedYaml) -> Iterator[Problem]:
    """Find diagnoses for which some patients could not be drawn; the files' references must be valid."""
    for label in tables.labels:
        yield from _site_problems(tables, label, at)
        yield from _age_problems(tables, label, at)
    yield from _too_long(tables, at_values)


def _site_problems(tables: FindingTables, label: str, at: LocatedYaml) -> Iterator[Problem]:
    for site in tables.clinical[label]["site"]:
        view = tables.view_of(site)
        for child in SEEN:
            if not tables.table(label, child, {"site": site, "view": view}):
                what = f"'{label}' has no {child} for the site '{site}', which is seen in the view '{view}'"
                fix = f"add a {child} that admits this view, or remove the site"
                yield at.problem(("findings", label, "site", site), what, fix)


def _age_problems(tables: FindingTables, label: str, at: LocatedYaml) -> Iterator[Problem]:
    for age in tables.table(label, "age"):
        for name in tables.fields:
            # A value without any suitable age is reported elsewhere.
            single = name not in (*tables.several, "age")
            if single and tables.table(label, name) and not tables.table(label, name, {"age": age}):
                what = f"'{label}' has no value of '{name}' for the age band '{age}'"
                yield at.problem(("findings", label), what, "add a value that admits it, or remove the age")


def _too_long(tables: FindingTables, at: LocatedYaml) -> Iterator[Problem]:
    """Find durations in years that exceed the ages of an age band."""
    for key, span in tables.values["duration"].items():
        for age, band in tables.values["age"].items():
            together = any(
                key in tables.table(label, "duration", {"age": age}) and age in tables.table(label, "age")
                for label in tables.labels
            )
            if span.unit == "years" and together and (span.low > band.high or band.low < 2):
                what = f"the duration '{key}' begins at {span.low} years, the age band '{age}' at {band.low}"
                fix = "list the `ages` that admit the duration; nobody is ill for longer than they have lived"
                yield at.problem(("values", "duration", key), what, fix)


def flag_problems(tables: FindingTables, at: LocatedYaml) -> Iterator[Problem]:
    """Find red flags that no patient with the diagnosis can have."""
    for label, flags in tables.red_flags.items():
        for flag in flags:
            begun = _begun(tables, label, tables.fields[: tables.fields.index(ALARM)], {})
            if not any(flag in tables.table(label, ALARM, drawn) for drawn in begun):
                what = f"no patient with '{label}' can have the red flag '{flag}'"
                fix = "remove it, or change what its views, sites, ages, sexes and rules admit"
                yield at.problem(("labels", label, "red_flags", flag), what, fix)


def _begun(tables: FindingTables, label: str, names: Sequence[str], drawn: Drawn) -> Iterator[Drawn]:
    """Yield every combination of values that can be drawn for some fields of a diagnosis."""
    if not names:
        yield drawn
        return
    for value in tables.table(label, names[0], drawn):
        view = {"view": tables.view_of(value)} if names[0] == "site" else {}
        yield from _begun(tables, label, names[1:], {**drawn, names[0]: value, **view})


def child_problems(tables: FindingTables, at: LocatedYaml) -> Iterator[Problem]:
    """Find values that children can have but only adults have words for; none in files without `child`."""
    if not any(spec.child for entries in tables.values.values() for spec in entries.values()):
        return
    bands = [age for age, band in tables.values["age"].items() if band.low < CHILDHOOD]
    for topic, entries in tables.values.items():
        for key, spec in entries.items():
            if topic in (*NOT_WORDED, *EXAMINATIONS) or spec.child:
                continue
            age = next((age for age in bands if tables.admits(topic, key, {"age": age})), None)
            if age is not None:
                what = f"'{topic}.{key}' has no `child` phrasings, and the age band '{age}' can have it"
                yield at.problem(("values", topic, key), what, "say how a child words it, or list the `ages` that can")


def card_problems(grammar: Grammar, at: LocatedYaml) -> Iterator[Problem]:
    """Find diagnoses for which a patient cannot be drawn, or whose tables cannot give each split its own cards."""
    impossible = list(undrawable(grammar, at))
    yield from impossible
    if impossible:
        return
    for split in grammar.splits:
        for number in range(2 * len(grammar.alarming) if split == ALARMS else len(grammar.labels)):
            try:
                grammar.draw_for(split, number)
            except TooFewCardsError as error:
                place = ("findings", grammar.label_of(split, number))
                yield at.problem(place, error.what, error.fix)


def undrawable(grammar: Grammar, at: LocatedYaml) -> Iterator[Problem]:
    """Find diagnoses for which a patient cannot be drawn."""
    for label in grammar.labels:
        yield from _undrawable(grammar, label, at)


def _undrawable(grammar: Grammar, label: str, at: LocatedYaml) -> Iterator[Problem]:
    rng = random.Random(f"check {label}")
    try:
        for _ in range(TRIED):
            grammar.draw(label, rng)
    except TooFewCardsError as error:
        yield at.problem(("findings", label), error.what, error.fix)
