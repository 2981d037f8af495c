"""A case: one patient, their card of atomic facts, their photograph, and the hidden truth.

What the patient may say lies on the `Card`; what the doctors see lies in the `Photograph`; what nobody in the
consultation may see lies in the `Truth`. The three are separate objects so that an agent can be handed one of them
without the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

Urgency = Literal["routine", "soon", "urgent", "emergency"]
URGENCIES: tuple[Urgency, ...] = ("routine", "soon", "urgent", "emergency")
"""From the least to the most pressing."""

ALARM = "alarm"
"""The topic of red flags."""
NO_RED_FLAG = "none"
"""Stands in a store for the red flag of a case that has none."""

Style = Literal["in-style", "held-out"]
"""Whether a case is worded and drawn as the training cases are, or in a way that occurs in test cases only."""


Origin = Literal["tables", "file", "own"]
"""Where a case is from: drawn from a scenario's tables, written in its files, or brought by the user."""


@dataclass(frozen=True)
class Fact:
    """One atomic finding: what a patient can say in one clause, or what one examination shows."""

    id: str
    """Unique on its card."""
    topic: str
    """What a question must be about to get this fact, e.g. `duration`."""
    text: str
    """A clause in the first person without a full stop, e.g. "it itches badly at night"."""
    value: str = ""
    """The value's key in the scenario's tables, empty for cases written by hand."""
    none: bool = False
    """True for the absence of something ("I have not tried anything")."""
    urgency: Urgency | None = None
    """An alarm: how urgent it makes the case, where that is known."""
    where: str = ""
    """An alarm: where to go with it, a doctor's sentence, e.g. "Have an eye doctor look at it today."."""


@dataclass(frozen=True)
class Photograph:
    """A handle on a picture: the pixels are drawn or read only when someone looks."""

    id: str
    load: Callable[[], Image] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Card:
    """All that a patient knows of their trouble, and what examinations would show."""

    complaint: Fact
    facts: tuple[Fact, ...]
    """Everything the patient can be asked, apart from the complaint."""
    examinations: tuple[Fact, ...] = ()
    """Results that only an examination brings out; the topic is the examination's name."""
    opening: tuple[str, ...] = ()
    """Ids of facts that the patient states with the complaint, e.g. what frightens them."""
    name: str = ""
    age: int | None = None
    """Years."""
    sex: str | None = None
    skin_type: int | None = None
    """Fitzpatrick, 1 to 6."""

    @property
    def alarms(self) -> tuple[Fact, ...]:
        """The red flags that the patient can tell."""
        return tuple(f for f in self.facts if f.topic == ALARM and not f.none)

    def about(self, topic: str) -> tuple[Fact, ...]:
        """Return the facts of one topic, the complaint's among them."""
        return tuple(f for f in (self.complaint, *self.facts) if f.topic == topic)

    def examination(self, topic: str) -> tuple[Fact, ...]:
        """Return the results of one examination; empty if the record has none."""
        return tuple(f for f in self.examinations if f.topic == topic)


@dataclass(frozen=True)
class Truth:
    """What only the environment knows."""

    diagnosis: str | None
    specialty: str | None
    urgency: Urgency | None
    red_flag: str | None = None
    morphology: str | None = None
    """What the photograph was drawn to show, where it was drawn."""


@dataclass(frozen=True)
class Case:
    """One patient with everything that is known of them."""

    id: str
    card: Card
    truth: Truth
    photograph: Photograph | None = None
    split: str = "test"
    style: Style | None = "in-style"
    """None if nobody can tell."""
    origin: Origin = "tables"
