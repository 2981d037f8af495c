"""Describe a malformed entry in words: its place in the file, its actual and its expected content.

The models of `files.py` define the expected content. Mistakes are reported without the terms of the validation library,
in sentences that a first-time author of case files can act on.
"""

from __future__ import annotations

import datetime
import difflib
import math
import operator
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from consult.scenarios.located_yaml import Place

Syntax = Literal["JSON", "YAML"]
LONGEST_SHOWN = 40
"""Most characters of a text that a message quotes."""
LIKE = 0.78
"""Least similarity at which a name counts as a misspelling of another one."""

LARGEST_SHOWN = 1e9
"""Numbers from this value on are not suggested."""
_BOUNDS = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}

KEY = "[key]"
"""The step that pydantic adds to a place if the key itself is wrong."""
OTHER_WORDS: Mapping[str, Sequence[str]] = {
    "sex": ("gender",),
    "diagnosis": ("label", "truth", "disease"),
    "image": ("photo", "picture", "photograph", "img", "image_path", "file"),
    "facts": ("symptoms", "history", "fact"),
    "complaint": ("chief_complaint", "general_complaint"),
    "examinations": ("exams", "findings", "tests"),
    "id": ("case_id",),
    "skin_type": ("fitzpatrick",),
    "specialty": ("clinic", "department", "speciality"),
    "topic": ("name", "about", "key"),
    "text": ("fact", "answer", "say"),
    "none": ("negative", "absent"),
    "aliases": ("synonyms",),
    "explanation": ("description", "definition"),
    "outlook": ("prognosis",),
    "contagious": ("infectious", "catching"),
    "serious": ("dangerous", "severity"),
    "cause": ("reason", "causes"),
    "plan": ("treatment", "management", "advice"),
    "say": ("text", "sentence"),
    "when": ("if",),
    "female": ("f", "w", "woman", "girl"),
    "male": ("m", "man", "boy"),
    "routine": ("non-urgent", "nonurgent"),
    "emergency": ("emergent",),
    "validation": ("dev", "val", "valid"),
    "train": ("training",),
    "test": ("testing", "eval"),
}
"""A name in the files → common alternatives."""


class Mistake(NamedTuple):
    """One mistake in a file's shape."""

    place: Place
    what: str
    fix: str


def written(place: Sequence[str | int], data: Any) -> Place:
    """Return a place as in the file, where a single entry may replace a list of one."""
    found: list[str | int] = []
    for step in place:
        if isinstance(step, int) and isinstance(data, dict) and step not in data:
            continue
        found.append(step)
        data = _node(data, (step,))
    return tuple(found)


def mistakes(error: ValidationError, model: type[BaseModel], data: Any, syntax: Syntax) -> list[Mistake]:
    """Describe all mistakes that a model finds in a file's data, each once."""
    details = [_Detail.of(each, model, data, syntax) for each in error.errors(include_url=False)]
    only = list(model.model_fields) if len(model.model_fields) == 1 else []
    unknown = [d for d in details if d.kind == "extra_forbidden"]
    if only and (only[0],) in [d.place for d in details if d.kind == "missing"] and unknown and not _meant(unknown):
        what = f"{field_name(unknown[0].place)} is at the top of the file"
        return [Mistake(unknown[0].place, what, f"write '{only[0]}:' above it, and indent all entries below")]
    # A misspelt key does not also count as missing, and the value of an unknown key is not checked.
    meant = _meant(unknown)
    keys = [d.place[:-1] for d in details if d.place[-1:] == (KEY,)]
    kept = (d for d in details if not (d.kind == "missing" and d.place in meant) and d.place not in keys)
    return [d.worded() for d in kept]


def _meant(unknown: Sequence[_Detail]) -> set[Place]:
    """Collect the places that misspelt keys are meant for."""
    return {(*d.place[:-1], d.suggestion) for d in unknown if d.suggestion and d.suggestion not in d.around}


def closest(name: str, menu: Sequence[str]) -> str:
    """Return the menu entry that a name means: it differs in case or signs, is a synonym, or is misspelt."""
    plain = {_plain(entry): entry for entry in menu}
    if _plain(name) in plain:
        return plain[_plain(name)]
    for entry in menu:
        if name.strip().lower() in OTHER_WORDS.get(entry, ()):
            return entry
    near = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=LIKE)
    return plain[near[0]] if near else ""


def field_name(place: Place) -> str:
    """Name an entry: keys joined by dots, entries of a list counted from 1."""
    parts: list[str] = []
    for step in place:
        if isinstance(step, int):
            parts.append(f"entry {step + 1}")
        elif step != KEY:
            if parts and parts[-1].endswith("'"):
                parts[-1] = f"{parts[-1][:-1]}.{step}'"
            else:
                parts.append(f"'{step}'")
    return " ".join(parts)


def shown(value: Any, syntax: Syntax) -> str:
    """Describe a value from its author's point of view."""
    if value is None:
        return "null" if syntax == "JSON" else "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text '{_short(value)}'" if value else "an empty text"
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number"
    if isinstance(value, int | float):
        return f"the number {_short(_digits(value))}"
    if isinstance(value, datetime.date):
        return "a date"
    if isinstance(value, list):
        return "a list"
    return "an object in curly brackets" if syntax == "JSON" else "a mapping of keys"


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _digits(number: float) -> str:
    try:
        return str(number)
    except ValueError:
        return "of thousands of digits"


@dataclass(frozen=True)
class _Spot:
    """What a model expects at a place."""

    wanted: Any
    """The type, without its annotations."""
    words: str = ""
    """The type's own description."""
    optional: bool = False
    needless: bool = False
    """Whether the entry may be left out."""
    bounds: tuple[Any, ...] = ()
    """Bounds of a number in the model."""

    def allows(self, number: float) -> bool:
        """Return whether a number is within the bounds, and short enough to be written out."""
        if abs(number) >= LARGEST_SHOWN:
            return False
        return all(
            compare(number, getattr(bound, name))
            for bound in self.bounds
            for name, compare in _BOUNDS.items()
            if hasattr(bound, name)
        )

    @property
    def keys(self) -> list[str]:
        return list(self.wanted.model_fields) if _is_model(self.wanted) else []

    @property
    def menu(self) -> list[str]:
        return [str(arg) for arg in typing.get_args(self.wanted)] if typing.get_origin(self.wanted) is Literal else []


def _is_model(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, BaseModel)


def _spot(wanted: Any, words: str = "", *, needless: bool = False, bounds: Sequence[Any] = ()) -> _Spot:
    """Return a type without its annotations."""
    optional = False
    while True:
        origin = typing.get_origin(wanted)
        if origin is typing.Annotated:
            wanted, *notes = typing.get_args(wanted)
            words = words or next((n.description for n in notes if isinstance(n, FieldInfo) and n.description), "")
            bounds = (*bounds, *(bound for n in notes if isinstance(n, FieldInfo) for bound in n.metadata))
        elif origin in (typing.Union, types.UnionType):
            optional = True
            wanted = next(arg for arg in typing.get_args(wanted) if arg is not type(None))
        else:
            return _Spot(wanted, words, optional, needless, tuple(bounds))


def _at(model: type[BaseModel], place: Place) -> _Spot:
    """Find what a model expects at a place or, if it has no such place, around it."""
    spot = _Spot(model)
    for i, step in enumerate(place):
        arguments = typing.get_args(spot.wanted)
        if _is_model(spot.wanted):
            field = spot.wanted.model_fields.get(step)
            if field is None:
                break
            needless = not field.is_required()
            spot = _spot(field.annotation, field.description or "", needless=needless, bounds=field.metadata)
        elif place[i + 1 :] == (KEY,):
            return _spot(arguments[0])
        elif typing.get_origin(spot.wanted) in (dict, list):
            spot = _spot(arguments[-1])
        else:
            break
    return spot


def _node(data: Any, place: Place) -> Any:
    for step in place:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return None
    return data


@dataclass(frozen=True)
class _Detail:
    """One pydantic error, with the data needed to describe it."""

    kind: str
    place: Place
    given: Any
    model: type[BaseModel]
    data: Any
    syntax: Syntax

    @classmethod
    def of(cls, error: Any, model: type[BaseModel], data: Any, syntax: Syntax) -> _Detail:
        return cls(error["type"], tuple(error["loc"]), error["input"], model, data, syntax)

    @property
    def where(self) -> Place:
        """Return the place as in the file."""
        return written(self.place, self.data)

    @property
    def spot(self) -> _Spot:
        return _at(self.model, self.place)

    @property
    def around(self) -> Mapping[str, Any]:
        """Return the mapping that contains an unknown key."""
        found = _node(self.data, self.where[:-1])
        return found if isinstance(found, dict) else {}

    @property
    def suggestion(self) -> str:
        """Return the known key that an unknown one means."""
        keys = _at(self.model, self.place[:-1]).keys
        if "say" in keys and self.has_colon:
            return "say"
        return closest(str(self.place[-1]), [k for k in keys if k not in self.around]) or closest(
            str(self.place[-1]), keys
        )

    @property
    def has_colon(self) -> bool:
        """Return whether an unknown key is the beginning of a sentence with a colon in it."""
        return self.syntax == "YAML" and len(self.around) == 1 and str(self.place[-1])[:1].isupper()

    def worded(self) -> Mistake:
        if self.kind == "extra_forbidden":
            return self._unknown()
        if self.kind == "missing":
            fix = f"add {self.spot.words}" if self.spot.words else "add it"
            return Mistake(self.where, f"{field_name(self.where)} is missing", fix)
        if self.place and self.place[-1] == KEY:
            return self._wrong_key()
        name = field_name(self.where) or ("the line" if self.syntax == "JSON" else "the file")
        return Mistake(self.where, f"{name} {self._what()}", self._mend())

    def _unknown(self) -> Mistake:
        keys, name, meant = _at(self.model, self.place[:-1]).keys, field_name(self.where), self.suggestion
        if "say" in keys and self.has_colon:
            what = f"{name} is read as a key, since a colon follows it"
            return Mistake(self.where, what, "put the whole sentence in quotes")
        if meant and meant in self.around:
            return Mistake(self.where, f"{name} is not known here", f"remove it, since '{meant}' is there already")
        if meant:
            return Mistake(self.where, f"{name} is not known here", f"write '{meant}' instead")
        return Mistake(self.where, f"{name} is not known here", f"remove it, or choose from: {', '.join(keys)}")

    def _wrong_key(self) -> Mistake:
        menu, given = self.spot.menu, self.given
        place, whose = self.where[:-1], field_name(self.where[:-2]) or "the file"
        if menu and isinstance(given, str):
            meant = closest(given, menu)
            fix = f"write '{meant}' instead" if meant else f"choose from: {', '.join(menu)}"
            return Mistake(place, f"{field_name(place)} is not known here", fix)
        read = f"is {shown(given, self.syntax)}"
        if isinstance(given, bool):
            read += f", which YAML makes of {'yes and on' if given else 'no and off'}"
        return Mistake(
            place, f"a key of {whose} {read}", f"choose from: {', '.join(menu)}" if menu else "put it in quotes"
        )

    def _what(self) -> str:
        if self.kind == "string_too_long":
            return f"has {len(self.given):,} characters"
        if self.kind == "string_unicode":
            return "contains half of a character"
        if isinstance(self.given, str) and self.given and not self.given.strip():
            return "has only spaces"
        if self.kind == "string_pattern_mismatch" and self.given != self.given.strip():
            return f"is the text '{_short(self.given)}', with a space at an end"
        return f"is {shown(self.given, self.syntax)}"

    def _mend(self) -> str:
        spot, given = self.spot, self.given
        fix = self._repaired() or f"write {self._wanted(spot)}"
        blank = given is None or (isinstance(given, str) and not given.strip())
        if spot.needless and blank:
            return f"leave it out, or {fix}"
        return f"{fix}, or leave it out" if spot.needless and not self._repaired() else fix

    def _repaired(self) -> str:
        """Suggest how to write what was meant; empty if that is unclear."""
        wanted, given, yaml = self.spot.wanted, self.given, self.syntax == "YAML"
        if self.kind == "string_too_long":
            return "shorten it to 2,000 at most"
        if self.kind == "string_unicode":
            return "write the character itself instead of its number"
        if self.spot.menu and isinstance(given, str):
            meant = closest(given, self.spot.menu)
            return f"write '{meant}'" if meant else ""
        if wanted is str and isinstance(given, bool) and yaml:
            return "write it out in quotes, since YAML reads a bare yes, no, on or off as true or false"
        if wanted is str and isinstance(given, bool | int | float | datetime.date) and self.kind == "string_type":
            return "put it in quotes"
        if wanted is bool and isinstance(given, str) and given.strip().lower() in ("true", "false"):
            return f"write {given.strip().lower()} without quotes"
        if wanted in (int, float) and not isinstance(given, bool):
            return self._number(given)
        if typing.get_origin(wanted) is list and isinstance(given, str) and given and yaml:
            listed = f"[{given}]" if re.fullmatch(r"\w[\w .'-]{0,40}", given) else "each entry on a line after a dash"
            return f"write a list: {listed}"
        if self.kind == "string_pattern_mismatch" and given != given.strip():
            return f"write '{given.strip()}'"
        return ""

    def _number(self, given: Any) -> str:
        """Suggest how to write a number that is a text, or that has unnecessary decimals."""
        try:
            number = float(given)
        except (TypeError, ValueError, OverflowError):
            return ""
        if self.kind not in ("int_type", "int_from_float", "float_type") or not math.isfinite(number):
            return ""
        if not self.spot.allows(number) or (self.spot.wanted is int and not number.is_integer()):
            return ""
        plain = f"{number:.0f}" if number.is_integer() else f"{number:g}"
        return f"write {plain} without quotes" if isinstance(given, str) else f"write {plain} without decimals"

    def _wanted(self, spot: _Spot) -> str:
        if spot.words:
            return spot.words
        if self.syntax == "JSON" and not self.place and isinstance(self.given, list):
            return "each of its objects on a line of its own, without the outer brackets"
        if spot.menu:
            return f"one of: {', '.join(spot.menu)}"
        return _USUAL.get(typing.get_origin(spot.wanted) or spot.wanted) or (
            "one object in curly brackets" if self.syntax == "JSON" else "a mapping: keys, each with a colon"
        )


_USUAL: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number without quotes",
    float: "a number without quotes",
    bool: "true or false, without quotes",
    list: "a list",
}
