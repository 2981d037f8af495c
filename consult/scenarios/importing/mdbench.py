"""3MDBench's cases (arXiv 2504.13861; hub data set univanxx/3mdbench): a complaint, symptoms, a temperament, a picture.

The data set has one split, `test`. `split_of` makes three from it: by the hash of a case's photograph, so that one
photograph is never in two splits, whatever the order of the rows and however the photographs are stored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from consult.scenarios.importing.cleaning import as_text
from consult.scenarios.importing.headers import lacking
from consult.scenarios.importing.parquet import ParquetTable, picture_in
from consult.scenarios.importing.question_files import source_of
from consult.scenarios.importing.row import Passage, Read, Row, Rows, UnusableRow
from consult.scenarios.importing.topics import topic_of
from consult.scenarios.scenario import Label

HUB_ID = "univanxx/3mdbench"
NEEDED = ("general_complaint", "complaints", "diagnosis", "personality", "image")
TENTHS: Mapping[str, int] = {"train": 7, "validation": 1, "test": 2}
"""Split → its share of the cases, in tenths."""
Split = Literal["train", "validation", "test"]

_LISTED = re.compile(r"\s*[,;]\s*(?:and\s+)?")
_FINITE = re.compile(
    r"\b(?:I|my|me|it|is|are|was|were|has|have|had|do|does|did|but|because|when|which)\b", re.IGNORECASE
)
MOST_WORDS = 4
"""Most words of an entry in a list of symptoms."""


def read_3mdbench(source: Path, *, own_split: bool = False) -> Rows:
    """Read the data set's parquet files.

    Args:
        source: A parquet file, a folder of them, or the data set's id on the hub, from where it is fetched.
        own_split: Whether all cases stay in the split `test`, as in the data set.

    Raises:
        UserError: The source cannot be read, or lacks a column.
    """
    folder = source_of(source, ["*.parquet"])
    return _rows(
        ParquetTable(folder, partial(lacking, needed=NEEDED)), folder if folder.is_dir() else folder.parent, own_split
    )


def known_labels() -> Mapping[str, Label]:
    """Return the data set's 34 labels with aliases, clinics and look-alikes, which are derm34's.

    Their urgency is left out: it depends on what a patient tells, and the data set does not state it.
    """
    return _known()


@cache
def _known() -> Mapping[str, Label]:
    from consult.scenarios.loading import load_scenario

    labels = load_scenario("derm34").labels
    return {
        name: Label(name, one.specialty, None, one.aliases, one.second_specialty, one.look_alikes)
        for name, one in labels.items()
    }


def split_of(content: bytes) -> Split:
    """Return a case's split: its place among ten is the hash of the content modulo ten.

    Args:
        content: The photograph's file, or the case's words if it has none.
    """
    place = int.from_bytes(hashlib.sha256(content).digest()[:8], "big") % sum(TENTHS.values())
    if place < TENTHS["train"]:
        return "train"
    return "validation" if place < TENTHS["train"] + TENTHS["validation"] else "test"


def case_id(index: int) -> str:
    """Return the id of the case in a row of the data set, from 0; 3MDBench's result files have the same number."""
    return f"case-{index:04}"


def index_of(id: str) -> int | None:
    """Return the row of a case of the data set; None for other ids."""
    found = re.fullmatch(r"case-(\d{4,9})", id)
    return int(found[1]) if found else None


def _rows(table: ParquetTable, root: Path, own_split: bool) -> Iterator[Read]:
    for number, fields in table:
        assert not isinstance(fields, UnusableRow)
        try:
            yield Read(number, _row(number, fields, root, own_split))
        except UnusableRow as unusable:
            yield Read(number, unusable)


def _row(number: int, fields: Mapping[str, Any], root: Path, own_split: bool) -> Row:
    complaint, diagnosis = (as_text(fields[name], name) for name in ("general_complaint", "diagnosis"))
    if not diagnosis:
        raise UnusableRow("there is no diagnosis")
    told = tuple(_symptoms(fields["complaints"]))
    picture = picture_in(fields["image"], root, "image")
    words = "\0".join((complaint, *(one.text for one in told))).encode()
    return Row(
        id=case_id(number - 1),
        complaint=complaint,
        diagnosis=diagnosis.lower(),
        told=told,
        temperament=as_text(fields["personality"], "personality"),
        image=_name(fields["image"], number) if picture else "",
        picture=picture,
        split="test" if own_split else split_of(picture or words),
    )


def _symptoms(value: Any) -> Iterator[Passage]:
    """Split symptoms: sentences stay whole, the entries of a list without verbs are one passage each."""
    for line in as_text(value, "complaints").splitlines():
        parts = [part for part in _LISTED.split(line.strip().rstrip(".")) if part]
        listed = len(parts) > 1 and all(len(p.split()) <= MOST_WORDS and not _FINITE.search(p) for p in parts)
        yield from (map(_entry, parts) if listed else [Passage(line)])


def _entry(symptom: str) -> Passage:
    topic = topic_of(symptom)
    return Passage(symptom[0].lower() + symptom[1:], "symptoms" if topic == "history" else topic)


def _name(value: Any, number: int) -> str:
    path = value.get("path") if isinstance(value, Mapping) else value
    return path if isinstance(path, str) and path else f"row {number}"
