"""The acts of a consultation, their lines in the transcript, and each side's view.

An agent passes an `Act` to the environment. A view is everything that one side may know when it acts. Prompts are built
only from views, which hides the card from the doctors and the true diagnosis from everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from consult.agents.choices import Action, Rationale, Speaker
from consult.scenarios import Card, Fact, Photograph, Question, Urgency
from consult.scenarios.conditional import Known

Source = Literal["model", "program", "human"]
"""Source of an act or a text."""

NOT_MY_FIELD = "not my field"


@dataclass(frozen=True)
class Usage:
    """Cost of an act."""

    tokens_in: int = 0
    """Prompt tokens without padding."""
    tokens_out: int = 0
    seconds: float = 0.0
    """The act's share of the time of its requests' batches."""
    answers: int = 0
    """Answers that were asked for, without retries and without topics of questions, which may be *unsure*."""
    unusable: int = 0
    """Number of these whose first reply could not be used."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.seconds + other.seconds,
            self.answers + other.answers,
            self.unusable + other.unusable,
        )


@dataclass(frozen=True)
class Draft:
    """Check of a patient's line, or of an attending's advice that is compared with the scenario's."""

    backed: bool
    """Whether the first draft stated the required facts or advice, and no others."""
    leaked: bool
    """Whether the first draft named a diagnosis."""
    attempts: int
    fallback: bool
    """Whether no draft passed, so that the program stated the facts or the scenario's advice plainly."""
    said_backed: bool = True
    """Whether the final line states what was required, and no more."""
    said_leaked: bool = False
    """Whether the final line names a diagnosis."""


@dataclass(frozen=True)
class Opinion:
    """One specialist's opinion."""

    specialty: str
    diagnosis: str | None
    """None for *not my field* and for an unusable answer."""
    confidence: float | None
    """0 to 1: the normalised probability of the label if the backend gives it, else the stated confidence."""
    reason: str
    source: Literal["model", "human", "synthetic"] = "model"
    usable: bool = True
    first_usable: bool | None = None
    """Whether the first reply could be used; None if that is not known."""
    findings: str = ""
    """What it saw and noted before it reasoned; empty if its format has no place for that."""
    differential: tuple[str, ...] = ()
    """At most three other diagnoses, the most likely first."""
    urgency: Urgency | None = None
    """How soon it would have the patient seen, if it says so."""
    stated_confidence: float | None = None
    """0 to 1, as it stated; `confidence` may be the label's probability instead."""


@dataclass(frozen=True)
class Act:
    """One utterance or act of one agent."""

    speaker: Speaker
    action: Action
    text: str = ""
    topic: str | None = None
    """`ask`: the topic of the question; `examine`: the examination; a question back: its kind; `triage` of a question
    about pictures: `question`."""
    facts: tuple[str, ...] = ()
    """`open` and `answer` of the patient: ids of the facts that the line states."""
    specialty: str | None = None
    urgency: Urgency | None = None
    """`triage`: the triage doctor's urgency; `conclude`: the final urgency."""
    diagnosis: str | None = None
    """`conclude`: the final diagnosis, None for an abstention."""
    diagnosis_words: str | None = None
    """`conclude`: the doctor's own words for the diagnosis, even if they could not be read as one."""
    confidence: float | None = None
    """0 to 1: the normalised probability of the label if the backend gives it, else the stated confidence."""
    stated_confidence: float | None = None
    """`conclude`: 0 to 1, as the attending stated."""
    differential: tuple[str, ...] = ()
    """`conclude`: at most three diagnoses, the first being the final one."""
    findings: str = ""
    """Private: what a doctor saw and noted before it reasoned."""
    thought: str = ""
    """Private: never heard by another agent."""
    accepts: bool | None = None
    """`satisfied`: whether the patient accepts the plan."""
    opinions: tuple[Opinion, ...] = ()
    source: Source = "model"
    draft: Draft | None = None
    usage: Usage = field(default_factory=Usage)
    seed: int = 0


@dataclass(frozen=True)
class Line:
    """The audible part of an act."""

    speaker: Speaker
    action: Action
    text: str
    topic: str | None = None
    quotes: tuple[tuple[str, str], ...] = ()
    """(topic, clause) of each fact that the text states word for word."""
    absences: tuple[str, ...] = ()
    """Topics of the quoted facts that state an absence."""


@dataclass(frozen=True)
class Person:
    """The patient's data on file, which doctors can read."""

    name: str = ""
    age: int | None = None
    """Years."""
    sex: str | None = None


@dataclass(frozen=True)
class DoctorView:
    """Everything that a doctor may know."""

    lines: tuple[Line, ...]
    labels: tuple[str, ...]
    """The closed list, in the scenario's order; empty for open diagnoses."""
    specialties: tuple[str, ...]
    topics: Mapping[str, str]
    examinations: Mapping[str, str]
    photograph: Photograph | None = None
    """The first picture; None if there is none or the strategy withholds them."""
    further: tuple[Photograph, ...] = ()
    """The other pictures that the doctor's model takes; without the first, none is shown."""
    unshown: int = 0
    """Number of pictures beyond those that the doctor's model takes."""
    question: Question | None = None
    """The question about pictures that is asked instead of a patient's consultation."""
    specialty: str | None = None
    """The triaged specialty."""
    urgency: Urgency | None = None
    """The triaged urgency; after the decision, the attending's if it states one."""
    triage_urgency: Urgency | None = None
    """The triaged urgency, also after the decision."""
    opinions: tuple[Opinion, ...] = ()
    known: Known = field(default_factory=dict)
    """Topic, or `sex` → names of the findings that the doctor has learned; only for programs, not shown in prompts."""
    asked: tuple[str, ...] = ()
    """Topics that were asked about or volunteered, and examinations done."""
    offers: tuple[Action, ...] = ()
    turns_left: int = 0
    diagnosis: str | None = None
    """The diagnosis, after the decision."""
    thought: str = ""
    interviews: bool = True
    """Whether the doctor may ask the patient."""
    thinks: bool = False
    """Whether a private thought is requested before each line."""
    expert: tuple[str, ...] = ()
    """An image classifier's predictions for the photograph, most likely first; empty without a classifier."""
    rationale: Rationale = "before"
    """Where the attending's reason goes, as its model was trained."""
    patient: Person = field(default_factory=Person)
    """The patient's data on file."""
    findings: tuple[str, ...] = ()
    """Possible descriptions of a photograph, in the scenario's words and order; empty if the scenario lists none."""
    seen: str = ""
    """This doctor's own description of the photograph; empty if it gave none."""
    own_order: tuple[str, ...] = ()
    """The labels in the order in which this panel member reads them; empty for the scenario's order."""
    worded: Mapping[str, str] = field(default_factory=dict)
    """Sentence of the scenario's advice → the doctor's wording of it."""
    where: tuple[str, ...] = ()
    """Where to go with the alarms that the patient has told, in square brackets if the card does not say; only for the
    program's own words, never in a prompt."""

    @property
    def photographs(self) -> tuple[Photograph, ...]:
        """Return the pictures that are shown, in their order."""
        return () if self.photograph is None else (self.photograph, *self.further)

    def showing(self, most: int | None) -> DoctorView:
        """Return the view with at most so many pictures; None for all."""
        shown = self.photographs
        if most is None or len(shown) <= most:
            return self
        kept = shown[:most]
        return replace(self, photograph=kept[0] if kept else None, further=kept[1:], unshown=len(shown) - len(kept))


@dataclass(frozen=True)
class PatientView:
    """Everything that the patient may know."""

    card: Card
    temperament: str
    lines: tuple[Line, ...]
    topics: Mapping[str, str]
    offers: tuple[Action, ...] = ()
    urgency: Urgency | None = None
    """The triage doctor's urgency; an emergency leaves no time for questions."""
    told: tuple[str, ...] = ()
    """Ids of the facts that were stated so far."""


@dataclass(frozen=True)
class PatientTask:
    """The patient's next task: what to put into words."""

    kind: Literal["open", "answer", "unknown", "ask", "satisfied", "reluctant"]
    facts: tuple[Fact, ...] = ()
    about: str = ""
    """`ask`: the kind of question back."""


@dataclass(frozen=True)
class AssessorView:
    """Everything that an assessor may know: the spoken lines, the photograph, and the truth."""

    lines: tuple[Line, ...]
    diagnosis: str | None
    """The true diagnosis; None if there is none."""
    photograph: Photograph | None = None
    """The first picture; present even if the doctors did not see it."""
    urgency: Urgency | None = None
    """The true urgency."""
    concluded: str | None = None
    """The attending's recorded diagnosis; None if there is none."""
    further: tuple[Photograph, ...] = ()
    """The other pictures."""

    @property
    def photographs(self) -> tuple[Photograph, ...]:
        """Return all pictures, in their order."""
        return () if self.photograph is None else (self.photograph, *self.further)
