"""A reader's result for one question about pictures, and the parts that several readers share."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from consult.foreign_text import without_controls
from consult.reading import parse_json
from consult.scenarios.case import LETTERS, QuestionForm
from consult.scenarios.importing.cleaning import as_text, without_markup
from consult.scenarios.importing.pictures import Picture
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.normalised import normalised

YES_NO = ("yes", "no")
UNKNOWN = ("", "?", "-", "n/a")
"""Answers that stand for none: some data sets withhold those of their test split."""

_LETTERED = re.compile(r"\s*\(?([A-Za-z])[).:]\s+(\S.*)", re.DOTALL)
_SPECIALTIES = (
    ("ophthalmology", r"fundus|ophthalm|retina|\boct\b|optical coherence|slit.?lamp|infrared reflectance"),
    ("dermatology", r"dermo?scop|dermato|\bskin\b"),
    ("surgery", r"endoscop|colonoscop|laparoscop|gastroscop|\bsurg"),
    ("pathology", r"microscop|histo|patholog|cytolog|blood smear"),
    ("radiology", r"x.?ray|\bct\b|\bcta\b|tomograph|\bmri?\b|magnetic|ultraso|radio|mammogra|\bpet\b|angiogra|scintig"),
    ("oncology", r"oncolog"),
    ("endocrinology", r"endocrin"),
)
"""Specialty → words in a modality or a department that belong to it; the first that fits counts."""


@dataclass(frozen=True)
class QuestionRow:
    """One question, in the source's words."""

    question: str
    answer: str = ""
    """Empty if it is unknown."""
    also: tuple[str, ...] = ()
    """Other right answers to an open question."""
    options: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    id: str = ""
    dataset: str = ""
    modality: str = ""
    type: str = ""
    specialty: str = ""
    split: str = ""
    form: QuestionForm | None = None
    """Stated form of the answer; None if the options decide."""


class ReadQuestion(NamedTuple):
    """A question, or the reason why the row is not one."""

    number: int
    """1-based number of its record among those of all files."""
    row: QuestionRow | UnusableRow
    line: int
    """1-based line of its file if that is a table or has JSON lines, else its number there."""
    file: str = ""
    """Its file; empty if there is only one."""


Questions = Iterator[ReadQuestion]


def text_of(value: Any, name: str) -> str:
    """Return a cell as one line of text, without markup; signs at its beginning stay.

    Raises:
        UnusableRow: It is no text.
    """
    return " ".join(without_markup(without_controls(as_text(value, name))).split())


def options_of(value: Any) -> tuple[str, ...]:
    """Read options: a list, a list written as JSON or Python, or texts with bars or line ends between them.

    Raises:
        UnusableRow: They cannot be read.
    """
    if isinstance(value, str):
        value = _listed(value.strip())
    elif isinstance(value, Mapping):
        value = list(value.values())
    elif value is None or value != value:  # NaN is how pandas writes a missing value
        value = []
    if not isinstance(value, list | tuple):
        raise UnusableRow("the options cannot be read", str(value)[:60])
    return unlettered([text for one in value if (text := text_of(one, "options"))])


def _listed(text: str) -> Any:
    if text[:1] not in ("[", "(", "{"):
        return re.split(r"\s*[|\n]\s*", text) if text else []
    for read in (parse_json, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        return list(found.values()) if isinstance(found, dict) else found
    raise UnusableRow("the options cannot be read", text[:60])


def unlettered(options: Sequence[str]) -> tuple[str, ...]:
    """Remove the letters before options ("A. liver") if all have their own."""
    found = [_LETTERED.fullmatch(option) for option in options]
    if options and all(one and one[1].upper() == letter for one, letter in zip(found, LETTERS, strict=False)):
        return tuple(one[2].strip() for one in found if one)
    return tuple(options)


def answered(answer: str, options: Sequence[str]) -> str:
    """Return the option that an answer means: by its text, or by its letter; empty if the answer is withheld.

    Raises:
        UnusableRow: It is none of the options.
    """
    if answer.casefold() in UNKNOWN and answer not in options:
        return ""
    if not options or answer in options:
        return answer
    named = [option for option in options if normalised(option) == normalised(answer)]
    if len(named) == 1:
        return named[0]
    letter = re.fullmatch(r"\(?([A-Za-z])\)?[.:]?", answer)
    place = LETTERS.index(letter[1].upper()) if letter else len(options)
    if place < len(options):
        return options[place]
    lettered = _LETTERED.fullmatch(answer)
    if lettered is not None:
        return answered(lettered[2].strip(), options)
    raise UnusableRow("the answer is none of the options", answer)


def by_letter(answer: str, options: Sequence[str]) -> str:
    """Return the option that a letter names, in a data set whose answers are letters; any other answer as it is.

    An option may itself be a letter: among "B" and "A", the answer A is B.
    """
    place = LETTERS.find(answer) if len(answer) == 1 else -1
    return options[place] if 0 <= place < len(options) else answer


def yes_no(answer: str) -> tuple[str, ...]:
    """Return the options of a question whose answer is yes or no; none for any other."""
    return YES_NO if normalised(answer) in YES_NO else ()


def specialty_of(*described: str) -> str:
    """Return the specialty that a modality or a department belongs to; empty if none of the seven does."""
    for text in described:
        for specialty, words in _SPECIALTIES:
            if re.search(words, text, re.IGNORECASE):
                return specialty
    return ""


def split_in(name: str) -> str:
    """Return the split that a file's or a folder's name states; empty if it states none."""
    for part in reversed(re.split(r"[^a-z]+", name.lower())):
        for split, words in _SPLITS.items():
            if part in words:
                return split
    return ""


_SPLITS = {
    "train": ("train", "training", "trainset", "dev"),
    "validation": ("validation", "validate", "valid", "val"),
    "test": ("test", "testing", "testset"),
}
