"""What stands in the files of a scenario folder, as models that refuse unknown keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from consult.scenarios.case import Urgency

MOST_CASES = 1_000_000
"""Cases of one split."""
Weight = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class FileModel(BaseModel):
    """Base of all file models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HeldOut(FileModel):
    """What occurs in test cases only."""

    phrasings: Share = 0.2
    """Share of each fact's phrasings, from the end of its list."""
    drawing_style: str = "window"
    cases: Share = 0.25
    """Share of the test cases that use them."""


class ScenarioFile(FileModel):
    """`scenario.yaml`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: Text
    description: str = ""
    topics: dict[str, Text]
    """Topic → what a question about it asks for."""
    examinations: dict[str, Text] = {}
    specialties: list[Text] = []
    """Clinics of single cases that are no label's own."""
    aliases: dict[str, list[Text]] = {}
    """Open diagnosis → other names for it; with `labels.yaml` they stand there."""
    seed: int = 0
    splits: dict[Literal["train", "validation", "test", "alarms"], Annotated[int, Field(ge=0, le=MOST_CASES)]] = {}
    """`alarms`: pairs of patients, with a late alarm and without it."""
    atypical: Annotated[float, Field(ge=0, le=0.15)] = 0.0
    """Share of the story's facts that come from the population instead of the diagnosis's own tables."""
    several: list[str] = []
    """Fields of which a patient can have several values at once."""
    held_out: HeldOut = HeldOut()
    drawing_styles: list[str] = ["clinic", "phone", "flash", "window"]


Conditions = dict[str, list[Text]]


def _listed(given: Any) -> Any:
    """Read one entry as a list of one."""
    return given if isinstance(given, list) else [given]


def _said(given: Any) -> Any:
    """Read a sentence as advice for everybody."""
    return {"say": given} if isinstance(given, str) else given


class AdviceSpec(FileModel):
    """A sentence of a plan that depends on the patient."""

    say: Text
    when: Annotated[list[Conditions], BeforeValidator(_listed)] = []
    """Topic, or `sex` → values. All topics of one mapping must hold; of a list of mappings, one."""
    urgency: Urgency | None = None
    """How soon such a patient must be seen, where that is sooner than the label says."""
    unless: Annotated[list[Conditions], BeforeValidator(_listed)] = []


Step = Annotated[AdviceSpec, BeforeValidator(_said)]
"""A sentence for everybody, or one that depends on the patient."""


class LabelSpec(FileModel):
    """One entry of `labels.yaml`."""

    aliases: list[Text] = []
    specialty: Text | None
    """Null where nobody knows it; triage is then not scored."""
    second_specialty: str | None = None
    urgency: Urgency | None = "routine"
    """Null where nobody knows it; it is then not scored."""
    look_alikes: list[str] = []
    red_flags: dict[str, Share] = {}
    explanation: str = ""
    cause: str = ""
    contagious: str = ""
    outlook: str = ""
    serious: str = ""
    plan: list[Step] = []
    safety_net: Annotated[list[Step], BeforeValidator(_listed)] = []


class LabelsFile(FileModel):
    """`labels.yaml`."""

    labels: dict[str, LabelSpec]


class ValueSpec(FileModel):
    """One value of one topic in `values.yaml`."""

    phrasings: list[Text] = []
    child: list[Text] = []
    """Phrasings of a patient under 12."""
    items: list[Text] = []
    view: str | None = None
    views: list[str] = []
    sites: list[str] = []
    ages: list[str] = []
    sexes: list[Literal["female", "male"]] = []
    none: bool = False
    finding: str = ""
    unit: Literal["hours", "days", "weeks", "months", "years", ""] = ""
    low: Annotated[int, Field(ge=0)] = 0
    high: Annotated[int, Field(ge=0)] = 0
    urgency: Urgency | None = None
    where: str = ""
    """Alarms: where to go with it, in a doctor's sentence."""


class ValuesFile(FileModel):
    """`values.yaml`."""

    values: dict[str, dict[str, ValueSpec]]
    duration_phrasings: list[Text]
    age_phrasings: list[Text]
    child_duration_phrasings: list[Text] = []
    child_age_phrasings: list[Text] = []


class RuleSpec(FileModel):
    """One entry of `rules.yaml`; each mapping names one field with some of its values."""

    when: Conditions
    never: Conditions = {}
    only: Conditions = {}
    needs: Conditions = {}
    because: Text


class RulesFile(FileModel):
    """`rules.yaml`: which values cannot stand on one card."""

    rules: list[RuleSpec]


class FindingsFile(FileModel):
    """`findings.yaml`: label → field → value → clinical frequency; of several-valued fields, share."""

    population: dict[str, dict[str, Weight]] = {}
    """Field → value → weight (several-valued fields: share) among all patients, whatever they have."""
    findings: dict[str, dict[str, dict[str, Weight]]]


class NamesFile(FileModel):
    """`names.yaml`."""

    names: dict[Literal["female", "male"], list[Text]]


class FactSpec(FileModel):
    """One fact of a case that was written by hand."""

    topic: Text
    text: Text
    id: str | None = None
    none: bool = False
    value: str = ""
    """Name of the finding, which conditions of a plan refer to."""


class CaseSpec(FileModel):
    """One line of `cases.jsonl`."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    complaint: Text
    facts: list[FactSpec] = []
    examinations: list[FactSpec] = []
    diagnosis: str | None = None
    specialty: str | None = None
    urgency: Urgency | None = None
    image: str | None = None
    name: str = ""
    age: Annotated[int, Field(ge=0, le=120)] | None = None
    sex: str | None = None
    skin_type: Annotated[int, Field(ge=1, le=6)] | None = None
    split: Literal["train", "validation", "test"] = "test"
