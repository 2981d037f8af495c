"""The files of a scenario folder, as models that refuse unknown keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from consult.scenarios.case import LETTERS, MOST_PHOTOGRAPHS, QuestionForm, Temperament, Urgency

Sex = Literal["female", "male"]
MOST_CASES = 1_000_000
"""Most cases of one split."""
Weight = Annotated[float, Field(gt=0, description="a number above 0, without quotes")]
Share = Annotated[float, Field(ge=0, le=1, description="a share from 0 to 1, without quotes")]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Size = Annotated[
    int, Field(ge=0, le=MOST_CASES, description=f"a whole number from 0 to {MOST_CASES:,}, without quotes or comma")
]
NAME = "a name of small letters, figures, dashes and underscores, beginning with a letter or figure"
ID = "an id of letters, figures, dots, dashes and underscores, beginning with a letter or figure"
FACTS = 'such as [{"topic": "site", "text": "it is on my arm"}]'
FACT = 'an entry such as {"topic": "site", "text": "it is on my arm"}'
Count = Annotated[int, Field(ge=0, description="a whole number from 0 on, without quotes")]


class FileModel(BaseModel):
    """Base of all file models; a field's description completes "write …" in the words of a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HeldOut(FileModel):
    """Styles that occur only in test cases."""

    phrasings: Share = 0.2
    """Share of each fact's phrasings, from the end of its list."""
    drawing_style: str = "window"
    cases: Share = 0.25
    """Share of the test cases that use them."""


class ScenarioFile(FileModel):
    """`scenario.yaml`."""

    kind: Annotated[
        Literal["consultation", "vqa"], Field(description="vqa for questions, or leave it out for patients")
    ] = "consultation"
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description=NAME)]
    title: Annotated[Text, Field(description="a title in words")]
    description: str = ""
    topics: Annotated[dict[str, Text], Field(description="each topic with a colon and what it asks for")]
    """Topic → what a question about it asks for."""
    examinations: dict[str, Text] = {}
    specialties: list[Text] = []
    """Clinics of single cases that are not the clinic of a label."""
    aliases: dict[str, list[Text]] = {}
    """Open diagnosis → other names for it; with `labels.yaml` they are there."""
    labels_without_cases: bool = False
    """Whether labels may have no case: the cases are some of a data set's, and the labels all of its."""
    seed: int = 0
    splits: dict[Literal["train", "validation", "test", "alarms"], Size] = {}
    """`alarms`: pairs of patients with and without a late alarm."""
    atypical: Annotated[float, Field(ge=0, le=0.15, description="a share from 0 to 0.15, without quotes")] = 0.0
    """Share of the story's facts that come from the population instead of the diagnosis's own tables."""
    several: list[str] = []
    """Fields of which a patient can have several values at once."""
    held_out: HeldOut = HeldOut()
    drawing_styles: list[str] = ["clinic", "phone", "flash", "window"]


class QuestionsFile(ScenarioFile):
    """`scenario.yaml` of questions about pictures."""

    topics: Annotated[dict[str, Text], Field(description="nothing")] = {}
    in_domain: list[Text] = []
    """Data sets that count as in-domain."""


PATIENTS_ONLY = (
    "topics", "examinations", "labels_without_cases", "seed", "splits", "atypical", "several", "held_out",
    "drawing_styles",
)  # fmt: skip
"""Settings that have no effect on questions."""

Conditions = Annotated[
    dict[str, list[Text]], Field(description="a topic with a colon and a list of its values: {sensation: [itch]}")
]


def _listed(given: Any) -> Any:
    """Read one entry as a list of one."""
    return given if isinstance(given, list) or given is None else [given]


def _said(given: Any) -> Any:
    """Read a sentence as advice for every patient."""
    return {"say": given} if isinstance(given, str) else given


class AdviceSpec(FileModel):
    """A sentence of a plan that depends on the patient."""

    say: Text
    when: Annotated[list[Conditions], BeforeValidator(_listed)] = []
    """Topic, or `sex` → values. All topics of a mapping must hold; in a list, one of the mappings must hold."""
    urgency: Urgency | None = None
    """How soon such a patient must be seen, if that is sooner than the label says."""
    unless: Annotated[list[Conditions], BeforeValidator(_listed)] = []


Step = Annotated[
    AdviceSpec, BeforeValidator(_said), Field(description="a sentence, or say: and the sentence, with when: or unless:")
]
"""A sentence for every patient, or one that depends on the patient."""


class LabelSpec(FileModel):
    """One entry of `labels.yaml`."""

    aliases: list[Text] = []
    specialty: Annotated[Text | None, Field(description="the name of a clinic, or null if it is unknown")]
    """Null if it is unknown; triage is then not scored."""
    second_specialty: str | None = None
    urgency: Urgency | None = "routine"
    """Null if it is unknown; it is then not scored."""
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

    labels: Annotated[
        dict[str, Annotated[LabelSpec, Field(description="the label's keys below it, such as specialty: dermatology")]],
        Field(description="each label with a colon and its keys below it"),
    ]


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
    sexes: list[Sex] = []
    none: bool = False
    finding: str = ""
    unit: Literal["hours", "days", "weeks", "months", "years", ""] = ""
    low: Count = 0
    high: Count = 0
    urgency: Urgency | None = None
    where: str = ""
    """For alarms: where to go, in a doctor's sentence."""


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
    """`rules.yaml`: values that cannot be on the same card."""

    rules: list[RuleSpec]


class FindingsFile(FileModel):
    """`findings.yaml`: label → field → value → clinical frequency; for several-valued fields, share."""

    population: dict[str, dict[str, Weight]] = {}
    """Field → value → weight (several-valued fields: share) among all patients, whatever their diagnosis."""
    findings: dict[str, dict[str, dict[str, Weight]]]


Every = Annotated[int, Field(ge=2, le=1_000, description="a whole number from 2 to 1,000, without quotes")]


class OffListFile(FileModel):
    """`off_list.yaml`: diagnoses that cases have although they are none of the labels."""

    every: Every = 20
    """Of drawn cases, each such one is off the list."""
    labels: Annotated[
        dict[str, Annotated[LabelSpec, Field(description="its keys below it, such as specialty: dermatology")]],
        Field(description="each diagnosis with a colon and its keys below it"),
    ]
    values: dict[str, dict[str, ValueSpec]] = {}
    """Values that only these diagnoses have, beside those of `values.yaml`."""
    findings: dict[str, dict[str, dict[str, Weight]]] = {}
    """As in `findings.yaml`; needed if cases are drawn."""


class NamesFile(FileModel):
    """`names.yaml`."""

    names: dict[Sex, list[Text]]


Years = Annotated[int, Field(strict=True, ge=0, le=120, description="whole years from 0 to 120, without quotes")]
SkinType = Annotated[int, Field(strict=True, ge=1, le=6, description="a whole number from 1 to 6, without quotes")]
Yes = Annotated[bool, Field(strict=True)]


class FactSpec(FileModel):
    """One fact of a case that was written by hand."""

    topic: Annotated[Text, Field(description="a topic or examination of scenario.yaml")]
    text: Annotated[Text, Field(description="what is said or found, one clause without a full stop")]
    id: Text | None = None
    none: Yes = False
    value: Annotated[str, Field(max_length=2_000)] = ""
    """Name of the finding, which conditions of a plan refer to."""


ImagePath = Annotated[str, Field(min_length=1, description="the path of an image inside the folder")]
Images = Annotated[
    list[ImagePath],
    Field(max_length=MOST_PHOTOGRAPHS, description=f"a list of at most {MOST_PHOTOGRAPHS} paths inside the folder"),
]
CaseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description=ID)]
SplitId = Literal["train", "validation", "test"]


class CaseSpec(FileModel):
    """One line of `cases.jsonl`."""

    id: CaseId
    complaint: Annotated[Text, Field(description="what the patient says first, one clause without a full stop")]
    facts: list[Annotated[FactSpec, Field(description=FACT)]] = Field([], description=f"a list {FACTS}")
    examinations: list[Annotated[FactSpec, Field(description=FACT)]] = Field([], description=f"a list {FACTS}")
    diagnosis: Text | None = None
    specialty: Text | None = None
    urgency: Urgency | None = None
    image: ImagePath | None = None
    images: Images = []
    """Several images, in their order; `image` is for one."""
    name: Annotated[str, Field(max_length=2_000)] = ""
    age: Years | None = None
    sex: Sex | None = None
    skin_type: SkinType | None = None
    temperament: Temperament | None = None
    """The patient's own temperament; without it, the program assigns one."""
    split: SplitId = "test"


class QuestionSpec(FileModel):
    """One line of `cases.jsonl` in a scenario of questions."""

    id: CaseId
    question: Annotated[Text, Field(description="the question")]
    options: Annotated[
        list[Text],
        Field(max_length=len(LETTERS), description=f'a list of at most {len(LETTERS)} texts, such as ["yes", "no"]'),
    ] = []
    """Empty for an open question."""
    answer: Text | None = None
    """One of the options; None if it is unknown."""
    form: QuestionForm | None = None
    """closed or open; without it, a question with options is closed."""
    image: ImagePath | None = None
    images: Images = []
    dataset: Annotated[str, Field(max_length=200)] = ""
    modality: Annotated[str, Field(max_length=200)] = ""
    type: Annotated[str, Field(max_length=200)] = ""
    specialty: Text | None = None
    split: SplitId = "test"
