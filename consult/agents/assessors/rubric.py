"""The rubric: the eight items of 3MDBench, in our own words.

Seven items are yes or no (1 or 0), the last one has three levels (0, 1, 2). An item that was not scored is None, which
is not 0: a judge that failed says nothing about the doctor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One item of the rubric."""

    key: str
    """Number in 3MDBench, e.g. `1.1`."""
    name: str
    """Name in a table's first column."""
    question: str
    """The question to an assessor."""
    levels: tuple[int, ...] = (0, 1)
    """Possible values, worst first."""


@dataclass(frozen=True)
class Verdict:
    """One assessor's verdict on one item of one consultation."""

    value: int | None
    """One of the item's levels; None if not scored."""
    why: str
    """The reason for the value, or why the item was not scored."""
    turns: tuple[int, ...] = ()
    """Indices of the turns that it is based on, if the assessor names them."""


Assessment = Mapping[str, Verdict]
"""Item's key → verdict; all eight, in the rubric's order."""

ITEMS: tuple[Item, ...] = (
    Item("1.1", "asks for history", "Did the doctor ask about the patient's medical history, past or of the family?"),
    Item(
        "1.2",
        "asks for symptoms, causes, treatments",
        "Did the doctor ask about the symptoms, what may have caused them, and what has been tried against them?",
    ),
    Item("1.3", "explains the basis", "Did the doctor tell the patient what the conclusion is based on?"),
    Item("2.1", "respect and empathy", "Was the doctor respectful and empathetic, and did it guide the patient?"),
    Item("2.2", "respects wishes", "Did the doctor take the patient's wishes and worries into account?"),
    Item("3.1", "right diagnostic plan", "Was the way to the diagnosis sound, and is the diagnosis the true one?"),
    Item(
        "3.2",
        "right treatment plan",
        "Is the advice on treatment, and on when to get help, right for the true diagnosis?",
    ),
    Item(
        "4.1",
        "overall competence",
        "How competent was the doctor over all: 0 unsatisfactory, 1 satisfactory, 2 excellent?",
        (0, 1, 2),
    ),
)
BY_KEY: Mapping[str, Item] = {item.key: item for item in ITEMS}

NOT_DECIDED = "not decided: "
"""Prefix of the reason if an assessor by design does not judge an item, as the rules do not judge empathy."""


NO_REASON = "no reason of its own: "
"""Prefix of the reason if a judge's own was a placeholder or a copy, so that its value is not a verdict."""


def not_scored(why: str) -> dict[str, Verdict]:
    """Return an assessment in which nothing was scored."""
    return {item.key: Verdict(None, why) for item in ITEMS}
