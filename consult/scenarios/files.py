"""What stands in the files of a scenario folder, as models that refuse unknown keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from consult.scenarios.case import Urgency

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
    seed: int = 0
    splits: dict[Literal["train", "validation", "test"], Annotated[int, Field(ge=0)]] = {}
    overlap: dict[str, Share] = {}
    """Share of each table that is lent by look-alikes, per field; `default` for the rest."""
    held_out: HeldOut = HeldOut()
    redrawn: list[str] = []
    """Ids of cases to draw anew, where two splits shared what a patient can say."""
    drawing_styles: list[str] = ["clinic", "phone", "flash", "window"]


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
    plan: list[Text] = []
    safety_net: str = ""


class LabelsFile(FileModel):
    """`labels.yaml`."""

    labels: dict[str, LabelSpec]


class ValueSpec(FileModel):
    """One value of one topic in `values.yaml`."""

    phrasings: list[Text] = []
    items: list[Text] = []
    view: str | None = None
    views: list[str] = []
    ages: list[str] = []
    none: bool = False
    finding: str = ""
    unit: Literal["hours", "days", "weeks", "months", "years", ""] = ""
    low: Annotated[int, Field(ge=0)] = 0
    high: Annotated[int, Field(ge=0)] = 0
    urgency: Urgency | None = None


class ValuesFile(FileModel):
    """`values.yaml`."""

    values: dict[str, dict[str, ValueSpec]]
    duration_phrasings: list[Text]
    age_phrasings: list[Text]


class FindingsFile(FileModel):
    """`findings.yaml`: label → field → value → clinical frequency."""

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
