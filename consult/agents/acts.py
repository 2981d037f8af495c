"""What is done and seen in a consultation: acts, the lines they leave, and each side's view.

An `Act` is what an agent hands to the environment. A view is all that one side may know when it acts: building prompts
from views alone is what keeps the card from the doctors and the diagnosis from everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from consult.agents.choices import Rationale
from consult.scenarios import Card, Fact, Photograph, Urgency
from consult.scenarios.conditional import Known

Speaker = Literal["patient", "triage", "attending"]
Action = Literal["open", "triage", "ask", "answer", "examine", "consult", "conclude", "satisfied"]
Source = Literal["model", "program", "human"]
"""Who decided or wrote it."""

NOT_MY_FIELD = "not my field"


@dataclass(frozen=True)
class Usage:
    """What an act cost."""

    tokens_in: int = 0
    """Real prompt tokens, padding not counted."""
    tokens_out: int = 0
    seconds: float = 0.0
    """The act's share of the time of the batches that its requests went in."""
    answers: int = 0
    """Asked for, a second asking not counted; a question's topic is none: a patient may be unsure of it."""
    unusable: int = 0
    """Of these, the ones whose first reply could not be used."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Draft:
    """How a line came about: a patient's, or advice of an attending whose words are checked against the scenario."""

    backed: bool
    """The first draft said the facts, or the advice, that it was to say, and no others."""
    leaked: bool
    """The first draft named a diagnosis."""
    attempts: int
    fallback: bool
    """No draft passed, and the program said the facts, or the scenario's advice, plainly."""
    said_backed: bool = True
    """The line that was said in the end says what it was to say, and no more."""
    said_leaked: bool = False
    """The line that was said in the end names a diagnosis."""


@dataclass(frozen=True)
class Opinion:
    """One specialist's opinion."""

    specialty: str
    diagnosis: str | None
    """None for *not my field* and for an unusable answer."""
    confidence: float | None
    """0 to 1: the normalised probability of the label where the backend gives it, else what the specialist states."""
    reason: str
    source: Literal["model", "human", "synthetic"] = "model"
    usable: bool = True
    first_usable: bool | None = None
    """Whether the first reply could be used; None if that is not known."""


@dataclass(frozen=True)
class Act:
    """One utterance or act of one agent."""

    speaker: Speaker
    action: Action
    text: str = ""
    topic: str | None = None
    """`ask`: what the question is about; `examine`: the examination; a question back: its kind."""
    facts: tuple[str, ...] = ()
    """`open` and `answer` of the patient: ids of the facts that the line states."""
    specialty: str | None = None
    urgency: Urgency | None = None
    """`triage`: the triage doctor's; `conclude`: the final one."""
    diagnosis: str | None = None
    """`conclude`: the final diagnosis, None for an abstention."""
    diagnosis_words: str | None = None
    """`conclude`: the doctor's own words for it, also where they could not be read as a diagnosis."""
    confidence: float | None = None
    differential: tuple[str, ...] = ()
    """`conclude`: at most three diagnoses, the first being the final one."""
    thought: str = ""
    """Private: never heard by another agent."""
    accepts: bool | None = None
    """`satisfied`: whether the patient takes to the plan."""
    opinions: tuple[Opinion, ...] = ()
    source: Source = "model"
    draft: Draft | None = None
    usage: Usage = field(default_factory=Usage)
    seed: int = 0


@dataclass(frozen=True)
class Line:
    """One act as the others can hear it."""

    speaker: Speaker
    action: Action
    text: str
    topic: str | None = None
    quotes: tuple[tuple[str, str], ...] = ()
    """(topic, clause) of each fact that the text states word by word."""
    absences: tuple[str, ...] = ()
    """Topics of the quoted facts that say that something is not there."""


@dataclass(frozen=True)
class Person:
    """Who the patient is, as a doctor reads it on the file."""

    name: str = ""
    age: int | None = None
    """Years."""
    sex: str | None = None


@dataclass(frozen=True)
class DoctorView:
    """All that a doctor may know."""

    lines: tuple[Line, ...]
    labels: tuple[str, ...]
    """The closed list, in the scenario's order; empty for open diagnoses."""
    specialties: tuple[str, ...]
    topics: Mapping[str, str]
    examinations: Mapping[str, str]
    photograph: Photograph | None = None
    """None if there is none or the strategy withholds it."""
    specialty: str | None = None
    """As triaged."""
    urgency: Urgency | None = None
    """As triaged; after the decision, where the attending states one, as decided."""
    opinions: tuple[Opinion, ...] = ()
    known: Known = field(default_factory=dict)
    """Topic, or `sex` → names of the findings that the doctor has learned; programs read it, prompts do not show it."""
    asked: tuple[str, ...] = ()
    """Topics asked or told unasked, and examinations done."""
    offers: tuple[Action, ...] = ()
    turns_left: int = 0
    diagnosis: str | None = None
    """After the decision: what was concluded."""
    thought: str = ""
    thinks: bool = False
    """Whether a private thought is wanted before each line."""
    expert: tuple[str, ...] = ()
    """What an image classifier takes the photograph for, likeliest first; empty if none was asked."""
    rationale: Rationale = "before"
    """Where the attending's reason is to stand, as its model was trained."""
    patient: Person = field(default_factory=Person)
    """Who the patient is."""
    findings: tuple[str, ...] = ()
    """What a photograph may show, in the scenario's words and order; empty if the scenario lists none."""
    seen: str = ""
    """What this doctor sees in the photograph, in its own description; empty if it gave none."""
    worded: Mapping[str, str] = field(default_factory=dict)
    """A sentence of the scenario's advice → how the doctor words it."""
    where: tuple[str, ...] = ()
    """Where to go with the alarms that the patient has told, in square brackets where the card does not say; for the
    program's own words alone, never in a prompt."""


@dataclass(frozen=True)
class PatientView:
    """All that the patient may know."""

    card: Card
    temperament: str
    lines: tuple[Line, ...]
    topics: Mapping[str, str]
    offers: tuple[Action, ...] = ()
    urgency: Urgency | None = None
    """What the triage doctor said; an emergency leaves no time for questions."""
    told: tuple[str, ...] = ()
    """Ids of the facts that were stated so far."""


@dataclass(frozen=True)
class PatientTask:
    """What the patient is to put into words now."""

    kind: Literal["open", "answer", "unknown", "ask", "satisfied", "reluctant"]
    facts: tuple[Fact, ...] = ()
    about: str = ""
    """`ask`: the kind of question back."""


@dataclass(frozen=True)
class AssessorView:
    """All that an assessor may know: what was heard, the photograph, and the truth."""

    lines: tuple[Line, ...]
    diagnosis: str | None
    """The true one; None if there is none."""
    photograph: Photograph | None = None
    """Also where the doctors did not see it."""
    urgency: Urgency | None = None
    """The true one."""
    concluded: str | None = None
    """The diagnosis that the attending came to, as recorded; None if it came to none."""
