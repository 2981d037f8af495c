"""Import ratings by people from a CSV file as assessments, beside those of models and rules."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from consult.agents.assessors.rubric import BY_KEY, Verdict
from consult.agents.prompt_formats.clean import clean
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.reading import MEDIUM, MissingFileError, read_text

REQUIRED = ("consultation", "item", "value")
OPTIONAL = ("rater", "why")
_WANTED = f"give a CSV file with the columns {', '.join(REQUIRED)}"
HUMAN = "human"
"""The assessor of a row without a rater. With a rater it is `human:` and the rater, which cannot be a model's name."""
DELIMITERS = ",;\t"
LONGEST_CELL = 131_072
"""Most characters of a cell."""
LONGEST = 60
"""Most characters of a cell that a message quotes."""
BLANKS = ("", "none", "null", "na", "n/a")
"""Values that mean not scored."""

Ratings = dict[str, dict[str, dict[str, Verdict]]]
"""Assessor → consultation → item → verdict."""


class RatingsError(UserError):
    """A file of ratings that cannot be imported; the message is one sentence with the fix."""


@dataclass
class Imported:
    """Result of importing a file."""

    kept: int = 0
    broken: list[str] = field(default_factory=list)
    """One sentence for each skipped row, starting with its line."""
    ratings: Ratings = field(default_factory=dict)


def import_ratings(path: Path, store: Store, run: str) -> Imported:
    """Import ratings of a run's consultations into the store; broken rows are skipped and listed.

    Args:
        path: A CSV file with the columns consultation, item, value, and optionally rater and why.
        store: Holds the run.
        run: Its id.

    Raises:
        RatingsError: The file cannot be read, lacks a column, or has no usable row.
    """
    known = {row["id"] for row in store.consultations(run)}
    imported = Imported()
    for line, row in _rows(path):
        try:
            if isinstance(row, str):
                raise ValueError(row)
            _keep(imported.ratings, row, known, run)
        except ValueError as error:
            imported.broken.append(f"line {line}: {error}")
        else:
            imported.kept += 1
    if not imported.kept:
        first = f"; the first: {imported.broken[0]}" if imported.broken else ""
        raise RatingsError(f"'{path}' has no usable rating{first}; fix it and import it again")
    for assessor, judged in imported.ratings.items():
        store.keep_assessments(assessor, judged.items())
    return imported


def _keep(ratings: Ratings, row: Mapping[str, str], known: set[str], run: str) -> None:
    consultation, key = row["consultation"], row["item"]
    if consultation not in known:
        raise ValueError(f"'{consultation[:LONGEST]}' is not a consultation of run {run}")
    if key not in BY_KEY:
        raise ValueError(f"'{key[:LONGEST]}' is not an item; there are: {', '.join(BY_KEY)}")
    verdict = Verdict(_value(row["value"], key), row.get("why", ""))
    rater = row.get("rater", "")
    items = ratings.setdefault(f"{HUMAN}:{rater}" if rater else HUMAN, {}).setdefault(consultation, {})
    if key in items:
        raise ValueError(f"{key} of {consultation} was rated by {rater or 'the same rater'} before")
    items[key] = verdict


def _value(written: str, key: str) -> int | None:
    if written.lower() in BLANKS:
        return None
    levels = BY_KEY[key].levels
    try:
        value = float(written) if written.isascii() else -1.0
    except ValueError:
        value = -1.0
    if value not in levels:
        raise ValueError(
            f"'{written[:LONGEST]}' is not a value of {key}; give {', '.join(map(str, levels))}, or nothing"
        )
    return int(value)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Yield each row, or what is wrong with it, with its line; cells are cleaned, and other columns are left out."""
    # The limit applies to the whole csv module, and importing cases raises it.
    csv.field_size_limit(LONGEST_CELL)
    text = _text(path)
    header = text.lstrip().partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), restval="", delimiter=max(DELIMITERS, key=header.count), strict=True)
    try:
        wanted = _columns(path, reader.fieldnames or ())
        for row in reader:
            surplus = len(row.get(None, ()))
            cells = {name: clean(row[column] or "") for name, column in wanted.items()}
            yield reader.line_num, f"{surplus} more cells than columns" if surplus else cells
    except csv.Error as error:
        if "end of data" in str(error):
            raise RatingsError(f"'{path}' has a quotation mark that is never closed; close or remove it") from None
        raise RatingsError(f"'{path}', line {reader.line_num + 1}: {error}; fix that line") from None


def _columns(path: Path, names: Iterable[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for name in names:
        if clean(name).lower() in columns:
            raise RatingsError(f"'{path}' has the column {clean(name)[:LONGEST]} twice; rename one")
        columns[clean(name).lower()] = name
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise RatingsError(f"'{path}' lacks the column {missing[0]}; its first line names: {', '.join(REQUIRED)}")
    return {name: columns[name] for name in (*REQUIRED, *OPTIONAL) if name in columns}


def _text(path: Path) -> str:
    try:
        text = read_text(path, MEDIUM, pipe=True)
    except MissingFileError:
        raise RatingsError(
            f"there is no file '{path}'; give a CSV file with the columns {', '.join(REQUIRED)}"
        ) from None
    if not text.strip():
        raise RatingsError(f"'{path}' is empty; {_WANTED}")
    return text
