"""Labelled lines of patients, to measure a check: one JSON object per line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from consult.agents.grounding.claims import Grounds
from consult.errors import UserError
from consult.reading import MEDIUM, FileError, MissingFileError, read_text
from consult.scenarios.json_lines import Parsed, parse_line, whole_file_mistake

FIELDS = "facts, unsaid, doctor, told_by_doctor, line, faithful, kind"
LONGEST_KIND = 80
"""Most characters of a kind."""


class LabelledError(UserError):
    """A file of labelled lines that cannot be read; the message is one sentence with the fix."""


class LabelledLine(BaseModel):
    """A line with what it was asked to state, and whether it is faithful; other fields are ignored."""

    model_config = ConfigDict(frozen=True)

    facts: tuple[StrictStr, ...]
    """To be stated."""
    unsaid: tuple[StrictStr, ...] = ()
    """Other facts of the card, not to be said now."""
    doctor: StrictStr
    """The doctor's last sentence."""
    told_by_doctor: StrictStr | None = None
    """What the doctor said before."""
    line: StrictStr
    faithful: StrictBool
    """Whether the line states every fact and adds no medical content."""
    kind: StrictStr = Field(default="", max_length=LONGEST_KIND, pattern=r"^[^\r\n]*$")

    @property
    def grounds(self) -> Grounds:
        """Return what the line may rest on."""
        return Grounds(self.facts, self.unsaid, self.doctor, self.told_by_doctor or "")


_WRONG = {
    "bool_type": "is not true or false; write one of them without quotation marks",
    "tuple_type": "is not a list of texts; write one in square brackets",
    "string_pattern_mismatch": "has a line break; remove it",
    "string_unicode": "is not valid Unicode; correct it",
    "string_too_long": f"is longer than {LONGEST_KIND} characters; shorten it",
}
"""Pydantic's type of a mistake → what is wrong."""


def read_labelled(path: Path) -> list[LabelledLine]:
    """Read a file of labelled lines.

    Raises:
        LabelledError: The file cannot be read, has no lines, or one of them is not a labelled line.
    """
    found = [_labelled(path, number, text) for number, text in _texts(path)]
    if not found:
        raise LabelledError(f"{path}: has no lines; write one JSON object per line, with {FIELDS}")
    return found


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = read_text(path, MEDIUM, pipe=True)
    except MissingFileError:
        raise LabelledError(
            f"there is no file '{path}'; give a file of labelled lines, one JSON object per line"
        ) from None
    except FileError as error:
        raise LabelledError(str(error)) from None
    yield from ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _labelled(path: Path, number: int, text: str) -> LabelledLine:
    parsed = parse_line(text)
    if parsed.what:
        raise LabelledError(_unreadable(path, number, text, parsed))
    if not isinstance(parsed.data, dict):
        raise LabelledError(f"{path}:{number}: is not a JSON object; write one with {FIELDS}")
    try:
        return LabelledLine.model_validate(parsed.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "missing":
            raise LabelledError(f"{path}:{number}: '{where}' is missing; a line has {FIELDS}") from None
        what = _WRONG.get(first["type"], "is not a text; write one in quotation marks")
        raise LabelledError(f"{path}:{number}: '{where}' {what}") from None


def _unreadable(path: Path, number: int, text: str, parsed: Parsed) -> str:
    whole = whole_file_mistake(path, text)
    if whole is not None and number == 1:
        what, _ = whole
        return f"{path}: {what}; write one JSON object per line, with {FIELDS}"
    return f"{path}:{number}: {parsed.what}; {parsed.fix}"
