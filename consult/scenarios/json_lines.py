"""Read JSON lines as data, with their syntax errors in words."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from consult.counts import count_of
from consult.reading import MEDIUM, DataError, FileError, parse_json, read_text

UNDECODABLE = re.compile(r"[\udc80-\udcff]")
"""Characters that `surrogateescape` makes of bytes that are not UTF-8."""
_PYTHON = ("None", "True", "False")
_SINGLE, _CURLY = "'\u2018\u2019", "\u201c\u201d\u201e"


class Parsed(NamedTuple):
    """One line: its data, or the reason why it has none."""

    data: Any
    doubled: tuple[str, ...] = ()
    """Keys that appear twice in one object; the last one counts."""
    what: str = ""
    """The syntax error; empty if the line can be read."""
    fix: str = ""


def parse_line(line: str) -> Parsed:
    """Read one line of JSON."""
    at = UNDECODABLE.search(line)
    if at is not None:
        around = UNDECODABLE.sub("\ufffd", line[max(0, at.start() - 20) : at.end() + 10]).strip()
        return Parsed(None, (), f"is not UTF-8 at '{around}'", "save the file as UTF-8")
    doubled: list[str] = []

    def as_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            doubled.extend(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return found

    try:
        data = parse_json(line, as_dict)
    except json.JSONDecodeError as error:
        why, fix = _reason(error)
        return Parsed(None, (), f"is not valid JSON at character {error.pos + 1}: {why}", fix)
    except DataError as error:
        return Parsed(None, (), f"is not valid JSON: it {error.what}", error.fix)
    return Parsed(data, tuple(doubled))


def whole_file_mistake(path: Path, first: str) -> tuple[str, str] | None:
    """Detect a file that does not have one object per line, which would give the same mistake for every line.

    Args:
        path: The file.
        first: Its first non-empty line that cannot be read.

    Returns:
        What is wrong and how to fix it; None if the line alone is broken.
    """
    if not first.lstrip().startswith(tuple("{[\"'")) and re.search(r"\w[,;\t]\s*\w", first):
        fix = "save it as a .csv file outside this folder, and run: consult scenarios import csv FILE --out FOLDER"
        return "contains a table instead of one JSON object per line", fix
    try:
        text = read_text(path, MEDIUM).strip()
        data, end = json.JSONDecoder().raw_decode(text)
    except (FileError, ValueError, RecursionError):
        return None
    if "\n" not in text[:end]:
        return None
    if isinstance(data, list):
        fix = "remove the outer brackets, and write each case on a line of its own without a comma after it"
        return f"contains one JSON list over several lines, of {count_of(len(data), 'entry', 'entries')}", fix
    return "contains objects over several lines", "write each case on one line of its own"


def _reason(error: json.JSONDecodeError) -> tuple[str, str]:
    """Describe why a line is not JSON, and how to fix it."""
    rest = error.doc[error.pos :].lstrip()
    before, found = error.doc[: error.pos].rstrip(), rest[:1]
    if found and found in _SINGLE:
        return "it uses single quotation marks", 'use double ones (")'
    if found and found in _CURLY:
        return "it uses typographic quotation marks", 'use straight ones (")'
    if error.msg == "Extra data" and found == ",":
        return "a comma follows the object", "remove it"
    if error.doc.lstrip().startswith(("#", "//")):
        return "it is a comment", "remove the line"
    if error.msg == "Extra data":
        return "something follows the object", "write one object per line"
    if error.msg.startswith("Unterminated string"):
        return "a text has no quotation mark at its end", "add it"
    if error.msg.startswith("Invalid control character"):
        return "a text contains a tab or another control character", "write a space instead"
    if error.msg.startswith("Invalid \\"):
        return "a backslash does not begin a known character", "write two for one, or / in the path of an image"
    if found in ("", "\n") or not rest:
        return "the line ends before the object does", "write each object on one line, up to its closing bracket"
    if before.endswith(",") and found in ("}", "]"):
        return "there is a comma before a closing bracket", "remove it"
    if rest.startswith(_PYTHON):
        return "it uses a word of Python", "write null, true or false"
    if error.msg.startswith("Expecting property name"):
        return "a key lacks its quotation marks", 'put it in double ones (")'
    if error.msg.startswith("Expecting ',' delimiter"):
        return "a comma is missing, or a quotation mark inside a text lacks its backslash", 'add a comma, or write \\"'
    if error.msg.startswith("Expecting ':' delimiter"):
        return "a key lacks its colon", "add it"
    return "a value is missing, or lacks its quotation marks", "add it, or put it in double ones"
