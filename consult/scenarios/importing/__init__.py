"""Import cases: convert a source, row by row, to a scenario folder that can be checked and played.

Everything in a source is data: it is cleaned, limited in size and never run. No path may leave the source's folder, and
a row that cannot be a case is dropped and reported. One row is in memory at a time.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from consult.errors import UserError
from consult.plugins import PluginError, Registry, blame, takes
from consult.scenarios.files import CaseSpec
from consult.scenarios.importing.addresses import fetched
from consult.scenarios.importing.agentclinic import read_agentclinic
from consult.scenarios.importing.card import Card, Menu, card_of
from consult.scenarios.importing.cleaning import excerpt
from consult.scenarios.importing.columns import Columns, meant_columns
from consult.scenarios.importing.craft_md import read_craft_md
from consult.scenarios.importing.mdbench import known_labels, read_3mdbench
from consult.scenarios.importing.names import Diagnoses, dumped
from consult.scenarios.importing.nejm import read_nejm
from consult.scenarios.importing.own_rows import read_csv, read_jsonl, rows_of
from consult.scenarios.importing.photograph_tables import READERS as PHOTOGRAPH_READERS
from consult.scenarios.importing.photograph_tables import known_ham10000, known_pad_ufes
from consult.scenarios.importing.picture_folder import has_table, read_folder, unlisted
from consult.scenarios.importing.question_importing import import_questions
from consult.scenarios.importing.question_readers import LANGUAGE, refuse_language
from consult.scenarios.importing.question_readers import READERS as QUESTION_READERS
from consult.scenarios.importing.records import Record
from consult.scenarios.importing.row import Row, Rows, UnusableRow
from consult.scenarios.importing.scin import read_scin
from consult.scenarios.importing.summary import Dropped, Summary, usable_id
from consult.scenarios.importing.writing import REPORT, Target
from consult.scenarios.scenario import Label, UnknownNameError
from consult.whole_files import naming

__all__ = ["IMPORTERS", "KINDS", "Dropped", "Summary", "import_cases"]

MDBENCH = "3mdbench"


def _unmapped(read: Callable[[Path], Rows], source: Path, mapping: Mapping[str, str]) -> Rows:
    """Read a data set, whose columns are known."""
    return read(source)


_DATA_SETS: Mapping[str, Callable[[Path], Rows]] = {
    MDBENCH: read_3mdbench,
    "agentclinic": read_agentclinic,
    "agentclinic-nejm": read_nejm,
    "craft-md": read_craft_md,
    "scin": read_scin,
    **PHOTOGRAPH_READERS,
}
KINDS: Mapping[str, Callable[[Path, Mapping[str, str]], Rows]] = {
    **{kind: partial(_unmapped, read) for kind, read in _DATA_SETS.items()},
    "csv": read_csv,
    "jsonl": read_jsonl,
    "folder": read_folder,
}
"""Kind → its reader."""
KNOWN: Mapping[str, Callable[[], Mapping[str, Label]]] = {
    MDBENCH: known_labels,
    "ham10000": known_ham10000,
    "pad-ufes-20": known_pad_ufes,
}
"""Kind → its labels, where the data set has a closed list of them."""
ADDRESSED = ("agentclinic-nejm", "fitzpatrick17k")
"""Kinds whose pictures can be addresses."""
MAPPED = ("csv", "jsonl", "folder", "vqa")
"""Kinds whose columns can have other names."""
MOST_UNREAD = 200
"""Most names of unread columns that are kept."""


def import_cases(
    kind: str,
    source: Path,
    out: Path,
    mapping: Mapping[str, str] | None = None,
    *,
    own_split: bool = False,
    language: str | None = None,
    fetch_images: bool = False,
) -> Summary:
    """Import a source into a scenario folder; nothing is written if no row can be kept.

    Args:
        kind: One of `KINDS`, or a plugin: a function of (source) that returns or yields dicts with the columns of a
            table (complaint, diagnosis, age, …).
        source: The source's file or folder.
        out: The folder to make; must not exist, or be empty.
        mapping: Field → column, for your own tables and JSON lines.
        own_split: Whether the cases of 3MDBench all stay in the split `test`, as in the data set, instead of being
            split by the hash of their photographs.
        language: Code of the language of the questions that are read, for a kind with several; by default `en`.
        fetch_images: Whether pictures that a source names by address are fetched.

    Raises:
        UserError: The kind is unknown, the source cannot be read, or the target is taken.
        PluginError: The plugin cannot be loaded, or it raised.
        OSError: The disk is full, for example; no partial folder is left.
    """
    reader = None if kind in QUESTION_READERS else _reader(kind)
    refuse_language(kind, language)
    if mapping and kind not in MAPPED:
        raise UserError(f"the columns of {kind} are known; leave --map out, or import it as {' or '.join(MAPPED)}")
    if own_split and kind != MDBENCH:
        raise UserError(f"the cases of {kind} keep their split in any case; leave --own-split out")
    if fetch_images and kind not in ADDRESSED:
        raise UserError(f"{kind} names no picture by address; leave --fetch-images out")
    if reader is None:
        questions = QUESTION_READERS[kind](source, mapping or {}, language or LANGUAGE)
        title = excerpt(source.resolve().name)
        with naming(out, out), Target(out) as target:
            return import_questions(questions, target, source, _name(out), title)
    rows = read_3mdbench(source, own_split=True) if own_split else reader(source, mapping or {})
    with naming(out, out), Target(out) as target:
        known = KNOWN[kind]() if kind in KNOWN else {}
        importer = _Importer(target, source if source.is_dir() else source.parent, known, fetch_images)
        for read in rows:
            importer.take(read.line, read.row)
        summary = importer.summary
        importer.suggest()
        if kind == "folder" and has_table(source):
            summary.unlisted = unlisted(source, summary.rows)
        if summary.kept:
            importer.finish(_name(out), f"{summary.kept} cases imported from {excerpt(source.resolve().name)}")
    return summary


Reader = Callable[[Path, Mapping[str, str]], Rows]


def as_importer(value: Any, reference: str) -> Reader:
    """Make a reader from a function of (source) that returns or yields dicts.

    Raises:
        PluginError: The object is not such a function.
    """
    if not callable(value) or not takes(value, "source"):
        raise PluginError(
            f"'{reference}' is not an importer; an importer is a function of (source) that yields one dict a patient"
        )

    def read(source: Path, mapping: Mapping[str, str]) -> Rows:
        yield from rows_of(_records(value, reference, source), Columns(mapping))

    return read


IMPORTERS: Registry[Reader] = Registry("importer", "consult.importers", as_importer, (*KINDS, *QUESTION_READERS))


def _records(function: Any, reference: str, source: Path) -> Iterator[Record]:
    with blame("importer", reference):
        for line, record in enumerate(function(source), 1):
            if not isinstance(record, Mapping):
                raise TypeError(f"it yielded {type(record).__name__}, not a dict")
            try:
                yield Record(line, {str(key): _value(value, str(key)) for key, value in record.items()})
            except UnusableRow as unusable:
                yield Record(line, unusable)


def _value(value: Any, name: str, *, inside: bool = False) -> Any:
    """Return text, a number, or a list or dict of these; missing values, such as None or NaN, are empty.

    Raises:
        UnusableRow: The value has another type.
    """
    if isinstance(value, list | tuple):
        return [_value(one, name, inside=True) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _value(one, name, inside=True) for key, one in value.items()}
    if isinstance(value, bool) and inside:
        return value  # such as the `none` of a fact
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value in (math.inf, -math.inf):
        raise UnusableRow(f"'{name}' is neither text nor a number", f"{type(value).__name__}: {str(value)[:40]}")
    return value


def _reader(kind: str) -> Reader:
    known = KINDS.get(kind) or IMPORTERS.find(kind)
    if known is None:
        raise UnknownNameError("kind of source", kind, [*KINDS, *QUESTION_READERS, *IMPORTERS.names()])
    return known


def _name(out: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", out.resolve().name.lower()).strip("-_")[:60] or "imported"


class _Importer:
    """Turns rows into cases, one at a time."""

    def __init__(self, target: Target, root: Path, known: Mapping[str, Label], fetch: bool) -> None:
        self.target, self.root, self.fetch = target, root, fetch
        self.summary, self.diagnoses, self.menu = Summary(), Diagnoses(known), Menu()
        self.unread: dict[str, None] = {}
        """Columns that no field was read from."""
        self.found: set[str] = set()
        """Fields that some row has."""

    def take(self, line: int, row: Row | UnusableRow) -> None:
        """Keep a row as a case, or drop it."""
        self.summary.rows += 1
        try:
            if isinstance(row, UnusableRow):
                raise row
            self._keep(line, row)
        except UnusableRow as unusable:
            self.target.drop(self.summary.drop(Dropped(line, unusable.reason, excerpt(unusable.detail))))

    def suggest(self) -> None:
        """Find the columns that may be meant by fields that no row has."""
        missing = [name for name in ("complaint", "diagnosis", "age", "sex", "image") if name not in self.found]
        texts = ["text"] if "complaint" in missing and "told" not in self.found else []
        self.summary.suggested = meant_columns(self.unread, [*missing, *texts])

    def _keep(self, line: int, row: Row) -> None:
        if len(self.unread) < MOST_UNREAD:
            self.unread.update(dict.fromkeys(row.unread[:MOST_UNREAD]))
        self.found.update(name for name in ("complaint", "diagnosis", "age", "sex", "image") if getattr(row, name))
        self.found.update(["told"] if any(passage.text for passage in row.told) else [])
        row = self._fetched(row)
        diagnosis = self.diagnoses.named(row.diagnosis)
        card = card_of(row, self._id(line, row.id), diagnosis, self.menu)
        _validated(card)
        saved = self._photographs(row)
        card.fields |= {"images": saved} if row.further else {"image": saved[0]} if saved else {}
        if not self.target.take(card.fields["id"]):
            self.target.discard(saved)
            raise UnusableRow("the id occurs twice", card.fields["id"])
        if diagnosis is not None:
            self.diagnoses.count(diagnosis, card.fields.get("specialty", ""))
        self.target.keep(card.fields, _note(line, row, card))
        self._count(card)

    def _fetched(self, row: Row) -> Row:
        """Fetch a photograph that the source only names by address, if the user asks for it."""
        if row.address and self.fetch:
            return replace(row, image=row.address, picture=fetched(row.address))
        if row.address and not row.address_optional:
            raise UnusableRow("the image is an address only; add --fetch-images", row.address)
        return row

    def _photographs(self, row: Row) -> list[str]:
        """Save a row's photographs, all or none."""
        saved: list[str] = []
        try:
            if row.picture:
                saved.append(self.target.embedded(row.picture, row.image))
            elif row.image:
                saved.append(self.target.photograph(self.root, row.image))
            for image in row.further:
                saved.append(self.target.photograph(self.root, image))
        except UnusableRow:
            self.target.discard(saved)
            raise
        return saved

    def _id(self, line: int, stated: str) -> str:
        return usable_id(stated, line)

    def _count(self, card: Card) -> None:
        summary = self.summary
        summary.kept += 1
        summary.cleaned.update(card.cleaned)
        summary.leaks += card.leaks
        summary.long += card.long
        summary.aside += len(card.aside)
        summary.facts += len(card.fields.get("facts", ()))
        summary.findings += len(card.fields.get("examinations", ()))
        summary.unknown += "diagnosis" not in card.fields

    def finish(self, name: str, title: str) -> None:
        """Write the files that depend on all rows."""
        labels = self.diagnoses.file()
        summary = self.summary
        summary.photographs = self.target.photographs
        summary.open, summary.labels = self.diagnoses.open, 0 if labels is None else len(self.diagnoses)
        if labels is not None:
            self.target.write("labels.yaml", labels)
        scenario: dict[str, Any] = {"name": name, "title": title, "topics": self.menu.topics}
        scenario |= {"labels_without_cases": self.diagnoses.some_without_cases}
        scenario |= {"examinations": self.menu.described(), "specialties": list(self.menu.clinics)}
        self.target.write("scenario.yaml", dumped({key: value for key, value in scenario.items() if value}))
        report = {**asdict(summary), "dropped": dict(summary.dropped), "cleaned": dict(summary.cleaned)}
        self.target.write(f"{REPORT}/summary.json", json.dumps(report, indent=2) + "\n")
        self.target.finish()


def _validated(card: Card) -> None:
    """Check a case against the format, so that everything that is written can be read.

    Raises:
        UnusableRow: The case breaks the format.
    """
    from pydantic import ValidationError

    try:
        CaseSpec.model_validate(card.fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UnusableRow(f"the case would break the format at '{first['loc'][0]}'", first["msg"]) from None


def _note(line: int, row: Row, card: Card) -> dict[str, Any]:
    """Describe the source of a case, and what was left out of it."""
    note = {"id": card.fields["id"], "line": line, "image": row.image, "cleaned": card.cleaned}
    note |= {"named_the_diagnosis": card.leaks, "too_long": card.long}
    note |= {"set_aside": [excerpt(sentence, 400) for sentence in card.aside]}
    note |= {name: excerpt(text, 400) for name, text in row.rights.items()}
    return {name: value for name, value in note.items() if value}
