"""Checks of a folder with tables: settings, shapes of values, and whether every patient can be drawn."""

from __future__ import annotations

from collections.abc import Iterator

from consult.scenarios.drawing import MORPHOLOGIES, STYLES
from consult.scenarios.files import FindingsFile, ScenarioFile, ValuesFile, ValueSpec
from consult.scenarios.grammar import EXAMINATIONS, NOT_SAID, Grammar, TooFewCardsError
from consult.scenarios.located_yaml import LocatedYaml, Place, Problem
from consult.scenarios.references import setting_references
from consult.scenarios.scenario import nearest_first
from consult.scenarios.tables import CHILDREN_OF, FindingTables

VIEWS = tuple(dict.fromkeys(view for views in MORPHOLOGIES.values() for view in views))
OLDEST = 120
"""Years."""


# -- scenario.yaml -------------------------------------------------------------------------------------------------


def setting_problems(
    spec: ScenarioFile, at: LocatedYaml, findings: FindingsFile | None, values: ValuesFile | None
) -> Iterator[Problem]:
    """Check `scenario.yaml` against the tables; what cannot be read of them is left out."""
    if not spec.splits:
        yield at.problem(("splits",), "there are no splits", "say how many cases each has, e.g. `test: 100`")
    for name, size in spec.splits.items():
        if not size:
            yield at.problem(("splits", name), f"the split '{name}' is empty", "give it cases, or remove it")
    yield from _style_problems(spec, at)
    if findings is not None:
        fields = [*dict.fromkeys(f for tables in findings.findings.values() for f in tables), "default"]
        for key in spec.overlap:
            if key not in fields:
                mend = f"choose from: {', '.join(nearest_first(key, fields))}"
                yield at.problem(("overlap", key), f"there is no field '{key}' that could overlap", mend)
    if values is not None:
        yield from _topic_problems(spec, at, values)


def _style_problems(spec: ScenarioFile, at: LocatedYaml) -> Iterator[Problem]:
    held_out = spec.held_out.drawing_style
    for i, style in enumerate(spec.drawing_styles):
        if style not in STYLES:
            mend = f"choose from: {', '.join(STYLES)}"
            yield at.problem(("drawing_styles", i), f"there is no drawing style '{style}'", mend)
    if held_out not in spec.drawing_styles:
        what = f"the held-out drawing style '{held_out}' is not among drawing_styles"
        yield at.problem(("held_out", "drawing_style"), what, "add it there, or choose one of them")
    yield from setting_references(spec, at)


def _topic_problems(spec: ScenarioFile, at: LocatedYaml, values: ValuesFile) -> Iterator[Problem]:
    for key in ("topics", "examinations"):
        for topic in getattr(spec, key):
            if topic not in values.values:
                mend = "add it there, or correct its spelling"
                yield at.problem((key, topic), f"'{topic}' is not in values.yaml", mend)
    for topic in spec.examinations:
        if topic not in EXAMINATIONS:
            mend = f"drawn cases have only: {', '.join(EXAMINATIONS)}"
            yield at.problem(("examinations", topic), f"the examination '{topic}' cannot be drawn", mend)
    for topic in values.values:
        if topic not in (*spec.topics, *spec.examinations, *NOT_SAID):
            kind = "examinations" if topic in EXAMINATIONS else "topics"
            what = f"'{topic}' has values, but nobody can ask about it"
            yield at.problem((kind,), what, f"add it to {kind}, or remove it from values.yaml")


# -- values.yaml ---------------------------------------------------------------------------------------------------


def shape_problems(values: ValuesFile, at: LocatedYaml) -> Iterator[Problem]:
    """Check what values demand of views and ages, and the ranges of numbers."""
    bands = values.values.get("age", {})
    for topic, entries in values.values.items():
        for key, spec in entries.items():
            place = ("values", topic, key)
            yield from _demand_problems(spec, at, place, list(bands))
            if topic == "morphology":
                yield from _morphology_problems(key, spec, at, place)
            elif topic == "age" and spec.high > OLDEST:
                yield at.problem((*place, "high"), f"the age band '{key}' ends at {spec.high}", f"{OLDEST} is the most")
            elif topic == "age" and not spec.high:
                yield at.problem(place, f"the age band '{key}' has no years", "give it `low` and `high`")
            elif topic == "duration":
                yield from _duration_problems(key, spec, at, place)


def _demand_problems(spec: ValueSpec, at: LocatedYaml, place: Place, bands: list[str]) -> Iterator[Problem]:
    for i, view in enumerate([spec.view] if spec.view else spec.views):
        if view not in VIEWS:
            here = (*place, "view") if spec.view else (*place, "views", i)
            yield at.problem(here, f"there is no view '{view}'", f"choose from: {', '.join(VIEWS)}")
    for i, age in enumerate(spec.ages):
        if age not in bands:
            mend = f"choose from: {', '.join(bands)}"
            yield at.problem((*place, "ages", i), f"there is no age band '{age}'", mend)


def _morphology_problems(key: str, spec: ValueSpec, at: LocatedYaml, place: Place) -> Iterator[Problem]:
    if key not in MORPHOLOGIES:
        mend = f"choose from: {', '.join(nearest_first(key, list(MORPHOLOGIES)))}"
        yield at.problem(place, f"nothing draws the morphology '{key}'", mend)
        return
    if not spec.finding:
        yield at.problem(place, f"the morphology '{key}' has no finding", "add what a doctor says of it")
    if not spec.views and not spec.view:
        mend = f"choose from: {', '.join(MORPHOLOGIES[key])}"
        yield at.problem(place, f"the morphology '{key}' does not name its views", mend)
    for view in [spec.view] if spec.view else spec.views:
        if view in VIEWS and view not in MORPHOLOGIES[key]:
            mend = f"choose from: {', '.join(MORPHOLOGIES[key])}"
            yield at.problem((*place, "views"), f"'{key}' cannot be drawn in the view '{view}'", mend)


def _duration_problems(key: str, spec: ValueSpec, at: LocatedYaml, place: Place) -> Iterator[Problem]:
    if not spec.unit:
        yield at.problem(place, f"the duration '{key}' has no unit", "give it hours, days, weeks, months or years")
    if not spec.low:
        yield at.problem(place, f"the duration '{key}' begins at 0", "give it `low` and `high`, from 1 on")


# -- findings.yaml -------------------------------------------------------------------------------------------------


def table_problems(tables: FindingTables, at: LocatedYaml, at_values: LocatedYaml) -> Iterator[Problem]:
    """Find diagnoses of which some patient could not be drawn; the files' references must hold."""
    for label in tables.labels:
        yield from _site_problems(tables, label, at)
        yield from _age_problems(tables, label, at)
    yield from _too_long(tables, at_values)


def _site_problems(tables: FindingTables, label: str, at: LocatedYaml) -> Iterator[Problem]:
    # A site that look-alikes lend is dropped where it does not fit; a site of the label's own must fit.
    for site in tables.clinical[label]["site"]:
        view = tables.view_of(site)
        for child in CHILDREN_OF:
            if tables.mixed[label]["site"][site] > 0 and not tables.table(label, child, view=view):
                what = f"'{label}' has no {child} for the site '{site}', which is seen in the view '{view}'"
                mend = f"add a {child} that admits this view, or remove the site"
                yield at.problem(("findings", label, "site", site), what, mend)


def _age_problems(tables: FindingTables, label: str, at: LocatedYaml) -> Iterator[Problem]:
    views = list(tables.view_table(label))
    for age in tables.table(label, "age"):
        for field in tables.fields:
            for view in views if field in CHILDREN_OF else [None]:
                # What fits no age at all is said of the site already.
                fits_some = tables.table(label, field, view=view)
                if field not in ("age", "site") and fits_some and not tables.table(label, field, view=view, age=age):
                    within = f" in the view '{view}'" if view else ""
                    what = f"'{label}' has no value of '{field}'{within} for the age band '{age}'"
                    mend = "add a value that admits it, or remove the age from the label and its look-alikes"
                    yield at.problem(("findings", label, field), what, mend)


def _too_long(tables: FindingTables, at: LocatedYaml) -> Iterator[Problem]:
    """Find durations in years that an age band with this duration cannot have lived."""
    for key, span in tables.values["duration"].items():
        for age, band in tables.values["age"].items():
            together = any(
                key in tables.table(label, "duration", age=age) and age in tables.table(label, "age")
                for label in tables.labels
            )
            if span.unit == "years" and together and (span.low > band.high or band.low < 2):
                what = f"the duration '{key}' begins at {span.low} years, the age band '{age}' at {band.low}"
                mend = "list the `ages` that admit the duration; nobody is ill for longer than they have lived"
                yield at.problem(("values", "duration", key), what, mend)


def card_problems(grammar: Grammar, at: LocatedYaml) -> Iterator[Problem]:
    """Find diagnoses whose tables are too small for every split to have cards of its own."""
    for split in grammar.splits:
        for number, label in enumerate(grammar.labels):
            try:
                grammar.make(split, number)
            except TooFewCardsError as error:
                yield at.problem(("findings", label), str(error), "add values, so that there are more cards")
