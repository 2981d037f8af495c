"""Your own tables of questions about pictures, and scenarios of questions as one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

from consult.scenarios.case import LETTERS, QuestionForm
from consult.scenarios.importing.headers import meant_by, without
from consult.scenarios.importing.pictures import Picture, Pictures
from consult.scenarios.importing.question_files import (
    SUFFIXES,
    Located,
    cell_of,
    files_of,
    folder_of,
    question_of,
    read_rows,
    records_of,
    source_of,
    whole,
)
from consult.scenarios.importing.question_row import (
    QuestionRow,
    Questions,
    options_of,
    specialty_of,
    split_in,
    yes_no,
)
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.jsonl_cases import FILE as CASES
from consult.scenarios.scenario import UnknownNameError

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "question_id", "qid", "index"),
    "question": ("question", "query"),
    "options": ("options", "choices"),
    "answer": ("answer", "gt_answer", "label"),
    "image": ("image", "image_path", "img_name", "images", "file", "picture"),
    "dataset": ("dataset", "source"),
    "modality": ("modality", "modality_type"),
    "type": ("type", "question_type", "content_type", "category"),
    "specialty": ("specialty", "department"),
    "split": ("split",),
}
"""Field → its possible columns; the first existing one is used."""


def read_questions(source: Path, mapping: Mapping[str, str]) -> Questions:
    """Read your own table of questions: CSV, TSV, JSON, JSON lines or parquet; or scenarios of questions, as one.

    Args:
        source: The file, a folder of such files or of scenario folders, or a data set's id on the hub.
        mapping: Field → column, empty for none; other fields are found by their usual names.

    Raises:
        UserError: The source cannot be read, or the mapping names a field or a column that does not exist.
    """
    unknown = next((name for name in mapping if name not in FIELDS), None)
    if unknown is not None:
        raise UnknownNameError("field", unknown, list(FIELDS))
    root = source_of(source, [f"*{suffix}" for suffix in SUFFIXES])
    scenarios = sorted(path.with_name(CASES) for path in root.rglob("scenario.yaml") if path.with_name(CASES).is_file())
    files = scenarios or files_of(root, SUFFIXES, "a table of questions")
    needed = list(dict.fromkeys(filter(None, mapping.values())))
    records = records_of(files, needed, partial(_check_own, mapping=mapping))
    pictures = Pictures(folder_of(root))
    return read_rows(records, lambda one: _own(one, mapping, pictures))


def _check_own(path: Path, columns: Iterable[str], mapping: Mapping[str, str]) -> None:
    """Refuse a file without a column for the question, or without one that the mapping names.

    Raises:
        UserError: It is one.
    """
    there = [str(name) for name in columns]
    missing = next((column for column in mapping.values() if column and column not in there), None)
    if missing is not None:
        raise UnknownNameError("column", missing, there)
    known = {name.strip().lower() for name in there}
    if mapping.get("question") or ("question" not in mapping and not known.isdisjoint(FIELDS["question"])):
        return
    usual = {name for field, names in FIELDS.items() for name in names}
    meant = meant_by("question", [name for name in there if name.strip().lower() not in usual]) or "COLUMN"
    raise without(path, "question", there, f"give --map {shlex.quote(f'question={meant}')}")


def _own(one: Located, mapping: Mapping[str, str], pictures: Pictures) -> QuestionRow:
    fields = whole(one)
    lower = {str(name).strip().lower(): str(name) for name in fields}
    usual = {field: next((lower[n] for n in names if n in lower), "") for field, names in FIELDS.items()}
    columns = {field: column for field, column in (usual | dict(mapping)).items() if column}
    if "question" not in columns:
        raise UnusableRow("there is no question", f"there are: {', '.join(map(str, fields))}"[:200])
    told = {name: cell_of(fields, column) for name, column in columns.items() if name not in ("options", "image")}
    options = options_of(fields.get(columns["options"])) if "options" in columns else _in_columns(fields)
    answer = told.get("answer", "")
    if not options and yes_no(answer):
        options, answer = yes_no(answer), answer.lower()
    modality = told.get("modality", "")
    return QuestionRow(
        question=question_of(told),
        answer=answer,
        options=options,
        pictures=_own_pictures(fields, columns.get("image", ""), pictures, one.file.parent),
        id=told.get("id", ""),
        dataset=told.get("dataset", ""),
        modality=modality,
        type=told.get("type", ""),
        specialty=told.get("specialty", "") or specialty_of(modality),
        split=told.get("split", "") or split_in(one.file.stem),
        form=next((form for form in get_args(QuestionForm) if form == fields.get("form")), None),
    )


def _in_columns(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Read options from columns of their own: `option_A`, `A`."""
    lower = {str(name).strip().lower(): name for name in fields}
    for form in ("option_{}", "option {}", "{}"):
        names = [lower.get(form.format(letter).lower()) for letter in LETTERS]
        if names[0] is not None and names[1] is not None:
            return tuple(text for name in names if name is not None and (text := cell_of(fields, str(name))))
    return ()


def _own_pictures(fields: Mapping[str, Any], column: str, pictures: Pictures, beside: Path) -> tuple[Picture, ...]:
    """Return the pictures of a row; paths are relative to the source's folder, or to the row's file."""
    cells = [fields.get(column)] if column else []
    numbered = sorted(str(name) for name in fields if re.fullmatch(r"image_?\d", str(name).lower()))
    cells += [fields[name] for name in numbered if name != column]
    base = pictures.root
    folders = () if beside == base or not beside.is_relative_to(base) else (beside.relative_to(base).as_posix(),)
    found: list[Picture] = []
    for cell in cells:
        several = cell if isinstance(cell, list) else [cell]
        if isinstance(cell, str) and cell.strip().startswith("["):
            several = list(options_of(cell))
        found += [picture for one in several for picture in pictures.embedded(one, column or "image", folders)]
    return tuple(found)
