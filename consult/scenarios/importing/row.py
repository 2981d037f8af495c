"""A reader's result for one row of a source, before it becomes a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class UnusableRow(Exception):
    """A row that cannot be a case; the message is the reason, short enough to be counted by."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Passage:
    """Text of a source: one or more sentences."""

    text: str
    topic: str = ""
    """Its topic, or the examination that shows it; empty if the words must decide."""
    heading: str = ""
    """Its heading, put before each of its sentences ("cranial nerves")."""
    none: bool = False
    """Whether the source marks it as the absence of something."""


@dataclass(frozen=True)
class Row:
    """One patient, in the source's words."""

    id: str = ""
    complaint: str = ""
    diagnosis: str = ""
    """Empty if it is unknown."""
    told: tuple[Passage, ...] = ()
    """What the patient can say; sentences that only an examination can show are moved out later."""
    found: tuple[Passage, ...] = ()
    """Findings of examinations and tests."""
    about: str = ""
    """Text that states age and sex ("35-year-old woman")."""
    age: str = ""
    sex: str = ""
    name: str = ""
    skin_type: str = ""
    image: str = ""
    """A path inside the source's folder; the name of `picture` if there is one."""
    picture: bytes = b""
    """The photograph's file, if the source holds it."""
    further: tuple[str, ...] = ()
    """Paths of the case's other photographs, in their order."""
    address: str = ""
    """Address of the photograph, if the source holds none; it is fetched only if the user asks for it."""
    address_optional: bool = False
    """Whether the row can be a case without what its address names."""
    temperament: str = ""
    """The patient's own temperament; empty if the source states none."""
    specialty: str = ""
    urgency: str = ""
    split: str = ""
    unread: tuple[str, ...] = ()
    """Columns that no field was read from."""
    rights: Mapping[str, str] = field(default_factory=dict)
    """Licence and attribution, if the source states them, and what else is only noted beside the case."""


class Read(NamedTuple):
    """A row, or the reason why it is not one."""

    line: int
    """1-based line at which the row begins in its file."""
    row: Row | UnusableRow


Rows = Iterator[Read]
