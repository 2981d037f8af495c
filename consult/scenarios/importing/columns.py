"""Find columns and keys by name, in your own tables and objects and in 3MDBench's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from consult.errors import UserError
from consult.reading import parse_json
from consult.scenarios.importing.cleaning import as_text
from consult.scenarios.importing.row import Passage, Row, UnusableRow
from consult.scenarios.scenario import UnknownNameError

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "case_id"),
    "complaint": ("complaint", "general_complaint", "chief_complaint"),
    "text": ("text", "complaints", "vignette", "case_vignette"),
    "facts": ("facts",),
    "examinations": ("examinations", "findings"),
    "diagnosis": ("diagnosis", "label"),
    "age": ("age",),
    "sex": ("sex", "gender"),
    "name": ("name",),
    "skin_type": ("skin_type", "fitzpatrick"),
    "image": ("image", "file", "photograph"),
    "specialty": ("specialty",),
    "urgency": ("urgency",),
    "temperament": ("temperament", "personality"),
    "split": ("split",),
    "licence": ("licence", "license"),
    "attribution": ("attribution",),
    "source": ("source", "source_repo"),
}
"""Field → its possible columns; the first existing one is used. `complaints` and `general_complaint` are 3MDBench's."""
MEANT: Mapping[str, str] = {
    "complaint": r"complaint|reason|presenting|symptom|problem|title|\bcc\b",
    "text": r"history|\bhpi\b|narrative|note|report|description|summary|query|question",
    "diagnosis": r"diagnos|\bdx\b|disease|condition|\bicd|ground truth|answer|label",
    "age": r"\bage\b|\byears\b",
    "sex": r"\bsex\b|\bgender\b",
    "image": r"(?<!\bn )image|\bimg\b|photo|picture|\bpath\b",
    "specialty": r"specialt|speciali[sz]ation|department|clinic\b",
    "question": r"^(?!.*\b(?:id|index|number|type|lang|language)\b).*(?:question|query|prompt)",
    "options": r"\boptions?\b|\bchoices?\b",
}
"""Field → words in the name of a column that may be meant by it."""
RIGHTS = ("licence", "attribution", "source")
MOST_PASSAGES = 200
DEEPEST = 6


class Columns:
    """Finds the fields of a record.

    Args:
        mapping: The user's field → column, empty for none; other fields are found by their usual names.
        header: The columns, if the file has a header.

    Raises:
        UserError: A field or a column does not exist, or no column describes a patient.
    """

    def __init__(self, mapping: Mapping[str, str], header: Iterable[str] | None = None) -> None:
        unknown = next((field for field in mapping if field not in FIELDS), None)
        if unknown is not None:
            raise UnknownNameError("field", unknown, list(FIELDS))
        self._mapping = dict(mapping)
        if header is None:
            return
        columns = [name for name in header if name]
        missing = next((column for column in mapping.values() if column and column not in columns), None)
        if missing is not None:
            raise UnknownNameError("column", missing, columns)
        found = self._found(columns)
        if not {"complaint", "text", "facts", "image"} & set(found):
            meant = meant_columns(columns, ("complaint", "text", "image"))
            maps = " ".join(f"--map {shlex.quote(f'{field}={column}')}" for field, column in meant.items())
            raise UserError(
                f"no column is called complaint, text, facts or image; there are: {', '.join(columns[:12])[:300]}; "
                f"rename one, or give {maps or '--map complaint=COLUMN'}"
            )

    def _found(self, columns: Iterable[str]) -> dict[str, str]:
        by_lower = {name.strip().lower(): name for name in columns}
        usual = {field: next((n for n in names if n in by_lower), None) for field, names in FIELDS.items()}
        found = {field: by_lower[name] for field, name in usual.items() if name is not None}
        return {field: column for field, column in (found | self._mapping).items() if column}

    def row(self, record: Mapping[str, Any]) -> Row:
        """Read one record.

        Raises:
            UnusableRow: A field has the wrong shape.
        """
        found = self._found(record)
        values = {field: record.get(column) for field, column in found.items()}
        facts, examinations = (_unpacked(values.pop(field, None)) for field in ("facts", "examinations"))
        text = _unpacked(values.pop("text", None))
        plain = {field: as_text(value, field) for field, value in values.items()}
        read = set(found.values())
        return Row(
            told=(*_passages(facts, "facts"), Passage(as_text(text, "text"))),
            found=tuple(_passages(examinations, "examinations")),
            rights={field: stated for field in RIGHTS if (stated := plain.pop(field, ""))},
            picture=b"",
            further=(),
            address_optional=False,
            unread=tuple(str(column) for column in record if column and column not in read),
            **plain,
        )


def meant_columns(unread: Iterable[str], fields: Iterable[str]) -> dict[str, str]:
    """Return field → the first column, of those that were not read, whose name suggests it."""
    left, meant = list(unread), dict[str, str]()
    for field in fields:
        words = re.compile(MEANT.get(field, "(?!)"), re.IGNORECASE)
        # final_diagnosis, FinalDiagnosis
        named = ((column, re.sub(r"[_\W]+|(?<=[a-z])(?=[A-Z])", " ", column)) for column in left)
        found = next((column for column, name in named if words.search(name)), None)
        if found is not None:
            meant[field] = found
            left.remove(found)
    return meant


def _unpacked(value: Any) -> Any:
    """Read a cell of a table that holds a JSON list or object."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return parse_json(value)
        except ValueError:
            return value
    return value


def _passages(value: Any, name: str) -> Iterator[Passage]:
    """Read facts or findings: text, a list of texts or `{"topic", "text", "none"}`, or an object of name → text."""
    for count, passage in enumerate(_each(value, name)):
        if count >= MOST_PASSAGES:
            raise UnusableRow(f"'{name}' has more than {MOST_PASSAGES} entries")
        yield passage


def _each(value: Any, name: str) -> Iterator[Passage]:
    if isinstance(value, Mapping):
        for topic, entry in value.items():
            yield from (replace(passage, topic=str(topic)) for passage in flattened(entry, name))
    elif isinstance(value, list):
        for entry in value:
            if isinstance(entry, Mapping):
                topic, text = as_text(entry.get("topic"), name), as_text(entry.get("text"), name)
                yield Passage(text, topic, none=entry.get("none") is True)
            else:
                yield Passage(as_text(entry, name))
    else:
        yield Passage(as_text(value, name))


def flattened(value: Any, name: str, headings: tuple[str, ...] = ()) -> Iterator[Passage]:
    """Split nested findings into passages; the names on the path are their heading.

    Raises:
        UnusableRow: They are nested too deeply.
    """
    if len(headings) > DEEPEST:
        raise UnusableRow(f"'{name}' is nested more than {DEEPEST} deep")
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from flattened(entry, name, (*headings, str(key).replace("_", " ").strip().lower()[:60]))
    elif isinstance(value, list) and any(isinstance(entry, Mapping | list) for entry in value):
        for entry in value:
            yield from flattened(entry, name, headings)
    else:
        yield Passage(as_text(value, name), heading=" ".join(headings[-2:]) if headings else "")
