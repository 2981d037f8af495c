"""A case: one patient, their card of atomic facts, their photograph, and the hidden truth.

The `Card` has what the patient may say, the `Photograph` what the doctors see, and the `Truth` what nobody in the
consultation may see. They are separate objects so that an agent can receive one of them without the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from consult.counts import count_of

if TYPE_CHECKING:
    from PIL.Image import Image

Urgency = Literal["routine", "soon", "urgent", "emergency"]
URGENCIES: tuple[Urgency, ...] = ("routine", "soon", "urgent", "emergency")
"""Urgencies, from the least to the most urgent."""

ALARM = "alarm"
"""The topic of red flags."""
NO_RED_FLAG = "none"
"""Value in a store for the red flag of a case that has none."""

Temperament = Literal["sanguine", "choleric", "melancholic", "phlegmatic"]
TEMPERAMENTS: tuple[Temperament, ...] = ("sanguine", "choleric", "melancholic", "phlegmatic")
"""The names of the temperaments, in their usual order; what they mean is in `consult.agents.temperament`."""

Style = Literal["in-style", "held-out"]
"""Whether a case is worded and drawn like the training cases, or in a style that occurs only in test cases."""

QuestionForm = Literal["closed", "open"]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Letters of a question's options, in their order."""
MOST_PHOTOGRAPHS = 7
"""Most pictures of a case."""

_MONTHS = re.compile(r"\b\d{1,2} (?:month|week|day)s?\b")

Origin = Literal["tables", "file", "own"]
"""Source of a case: drawn from a scenario's tables, written in its files, or from the user."""


@dataclass(frozen=True)
class Fact:
    """One atomic finding: what a patient can say in one clause, or what one examination shows."""

    id: str
    """Unique on its card."""
    topic: str
    """Topic of the questions that elicit this fact, e.g. `duration`."""
    text: str
    """A clause in the first person without a full stop, e.g. "it itches badly at night"."""
    value: str = ""
    """The value's key in the scenario's tables; empty for cases written by hand."""
    none: bool = False
    """True for the absence of something ("I have not tried anything")."""
    urgency: Urgency | None = None
    """For an alarm: the urgency of the case, if it is known."""
    where: str = ""
    """For an alarm: where to go with it, in a doctor's sentence, e.g. "Have an eye doctor look at it today."."""


@dataclass(frozen=True)
class Photograph:
    """A reference to a picture; its pixels are drawn or read only when they are needed."""

    id: str
    load: Callable[[], Image] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Card:
    """Everything that a patient knows about their problem, and the results of examinations."""

    complaint: Fact
    facts: tuple[Fact, ...]
    """Everything the patient can be asked, apart from the complaint."""
    examinations: tuple[Fact, ...] = ()
    """Results of examinations; the topic is the examination's name."""
    opening: tuple[str, ...] = ()
    """Ids of facts that the patient states with the complaint, e.g. frightening symptoms."""
    name: str = ""
    age: int | None = None
    """Years."""
    sex: str | None = None
    skin_type: int | None = None
    """Fitzpatrick skin type, 1 to 6."""

    @property
    def alarms(self) -> tuple[Fact, ...]:
        """Return the red flags that the patient can tell."""
        return tuple(f for f in self.facts if f.topic == ALARM and not f.none)

    @property
    def age_in_words(self) -> str:
        """Return the age with its unit; for a child under two, the months, weeks or days that a fact states."""
        if self.age is None:
            return ""
        stated = (_MONTHS.search(fact.text) for fact in self.about("age")) if self.age < 2 else ()
        return next((found.group() for found in stated if found), count_of(self.age, "year"))

    def about(self, topic: str) -> tuple[Fact, ...]:
        """Return the facts of one topic, including the complaint's."""
        return tuple(f for f in (self.complaint, *self.facts) if f.topic == topic)

    def examination(self, topic: str) -> tuple[Fact, ...]:
        """Return the results of one examination; empty if the record has none."""
        return tuple(f for f in self.examinations if f.topic == topic)


@dataclass(frozen=True)
class Truth:
    """The truth, which only the environment knows."""

    diagnosis: str | None
    specialty: str | None
    urgency: Urgency | None
    red_flag: str | None = None
    morphology: str | None = None
    """What the photograph shows, if it was drawn."""


@dataclass(frozen=True)
class Question:
    """A question about pictures; who has one is played without a patient."""

    text: str
    options: tuple[str, ...] = ()
    """Possible answers, in their order; empty for an open question."""
    dataset: str = ""
    """Name of the data set that it comes from; empty if it is unknown."""
    modality: str = ""
    """How the pictures were made, such as `CT`; empty if it is unknown."""
    type: str = ""
    """What it asks about, such as `organ`; empty if it is unknown."""
    stated_form: QuestionForm | None = None
    """The form that its data set states; it may be closed without a list of options."""

    @property
    def form(self) -> QuestionForm:
        """Return whether the answer is one of a few; as stated, or by the options."""
        return self.stated_form or ("closed" if self.options else "open")

    @property
    def in_words(self) -> str:
        """Return the question with its options on one line."""
        listed = (f"({letter}) {option}" for letter, option in zip(LETTERS, self.options, strict=False))
        return " ".join((self.text, *listed))


@dataclass(frozen=True)
class Case:
    """One patient with all data, or one question about pictures."""

    id: str
    card: Card
    truth: Truth
    """Of a question, the diagnosis is the answer."""
    photograph: Photograph | None = None
    """The first of its pictures."""
    further: tuple[Photograph, ...] = ()
    """The other pictures, in their order."""
    question: Question | None = None
    split: str = "test"
    style: Style | None = "in-style"
    """None if it is unknown."""
    temperament: Temperament | None = None
    """Its own temperament, if its file states one."""
    origin: Origin = "tables"

    @property
    def photographs(self) -> tuple[Photograph, ...]:
        """Return all pictures, in their order."""
        return () if self.photograph is None else (self.photograph, *self.further)
