"""Readers of questions about pictures: the data sets of the field, and your own tables.

Each takes a file, a folder or a data set's id on the hub, and yields its questions in the order of the files.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from consult.errors import UserError
from consult.scenarios.case import LETTERS, QuestionForm
from consult.scenarios.importing.parquet import SUFFIX as PARQUET
from consult.scenarios.importing.question_files import (
    JSON,
    SUFFIXES,
    TABLES,
    Located,
    embedded,
    files_of,
    found,
    records_of,
    source_of,
)
from consult.scenarios.importing.question_row import (
    Picture,
    QuestionRow,
    Questions,
    ReadQuestion,
    options_of,
    specialty_of,
    split_in,
    text_of,
    yes_no,
)
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.jsonl_cases import FILE as CASES
from consult.scenarios.scenario import UnknownNameError

MEDICAL = (
    "Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine", "Pharmacy", "Public_Health",
)  # fmt: skip
"""MMMU's medical subjects."""
LANGUAGE = "en"
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

Row = Callable[[Located], QuestionRow | None]


def _read(records: Iterator[Located], row: Row) -> Questions:
    """Read records as questions; None leaves a record out without counting it."""
    for number, record in enumerate(records, 1):
        try:
            if isinstance(record.fields, UnusableRow):
                raise record.fields
            made = row(record)
        except UnusableRow as unusable:
            yield ReadQuestion(number, unusable, record.line, record.name)
        else:
            if made is not None:
                yield ReadQuestion(number, made, record.line, record.name)


def _cell(fields: Mapping[str, Any], name: str) -> str:
    return text_of(fields.get(name), name)


def _question(fields: Mapping[str, Any], name: str = "question") -> str:
    text = _cell(fields, name)
    if not text:
        raise UnusableRow("there is no question")
    return text


# -- the data sets -----------------------------------------------------------------------------------------------------


def read_vqa_rad(source: Path) -> Questions:
    """Read VQA-RAD: the hub's parquet files, or the original JSON list beside a folder of images.

    Raises:
        UserError: The source cannot be read, or lacks a column.
    """
    root = source_of(source, ["*.parquet"])
    files = files_of(root, (PARQUET, JSON), "the parquet files of VQA-RAD, or its JSON file")
    base = _folder(root)
    if files[0].suffix == JSON:
        return _read(records_of(files, ("image_name", "question", "answer")), lambda one: _vqa_rad_json(one, base))
    return _read(records_of(files, ("image", "question", "answer")), lambda one: _embedded_row(one, "vqa-rad", base))


def _vqa_rad_json(one: Located, base: Path) -> QuestionRow:
    fields = _whole(one)
    answer = _cell(fields, "answer")
    stated = _cell(fields, "answer_type").lower()
    form: QuestionForm | None = "closed" if stated == "closed" else "open" if stated == "open" else None
    return QuestionRow(
        question=_question(fields),
        answer=answer.lower() if yes_no(answer) else answer,
        options=yes_no(answer) if form != "open" else (),
        pictures=(found(_cell(fields, "image_name"), base, ("VQA_RAD Image Folder", "images")),),
        id=_cell(fields, "qid"),
        dataset="vqa-rad",
        type=_cell(fields, "question_type").lower(),
        specialty="radiology",
        split="test" if _cell(fields, "phrase_type").startswith("test") else "train",
        form=form,
    )


def read_pathvqa(source: Path) -> Questions:
    """Read PathVQA's parquet files.

    Raises:
        UserError: The source cannot be read, or lacks a column.
    """
    root = source_of(source, ["*.parquet"])
    files = files_of(root, (PARQUET,), "the parquet files of PathVQA")
    base = _folder(root)
    return _read(records_of(files, ("image", "question", "answer")), lambda one: _embedded_row(one, "pathvqa", base))


_OF_EMBEDDED = {"vqa-rad": ("", "radiology"), "pathvqa": ("pathology", "pathology")}
"""Data set → modality and specialty of all its pictures."""


def _embedded_row(one: Located, dataset: str, base: Path) -> QuestionRow:
    fields = _whole(one)
    answer = _cell(fields, "answer")
    options = yes_no(answer)
    modality, specialty = _OF_EMBEDDED[dataset]
    return QuestionRow(
        question=_question(fields),
        answer=answer.lower() if options else answer,
        options=options,
        pictures=embedded(fields.get("image"), base, "image"),
        id=f"{dataset}-{one.file.stem.split('-')[0]}-{one.line:06}",
        dataset=dataset,
        modality=modality,
        type="yes-no" if options else "",
        specialty=specialty,
        split=split_in(one.file.stem),
    )


def read_slake(source: Path, language: str = LANGUAGE) -> Questions:
    """Read SLAKE: `train.json`, `validation.json` and `test.json` beside `imgs` or `imgs.zip`.

    Args:
        source: The folder, one of the files, or the data set's id on the hub.
        language: Code of the questions that are read; SLAKE has `en` and `zh`.

    Raises:
        UserError: The source cannot be read, lacks a key, or has no question in that language.
    """
    root = source_of(source, ["*.json", "*.zip"])
    files = [path for path in files_of(root, (JSON,), "SLAKE's folder with train.json and imgs")]
    if root.is_dir():
        files = [path for path in files if split_in(path.stem)] or files
    needed = ("img_name", "question", "answer", "q_lang")
    return _in_language(records_of(files, needed), _folder(root), language)


def _in_language(records: Iterator[Located], base: Path, language: str) -> Questions:
    """Read the questions of a language; others are left out."""
    spoken: set[str] = set()

    def row(one: Located) -> QuestionRow | None:
        spoken.add(str(_whole(one)["q_lang"])[:20])
        return _slake(one, base, language)

    yield from _read(records, row)
    if language not in spoken:
        raise UnknownNameError("language", language, sorted(spoken))


def _slake(one: Located, base: Path, language: str) -> QuestionRow | None:
    fields = _whole(one)
    if fields["q_lang"] != language:
        return None
    answer, modality = _cell(fields, "answer"), _cell(fields, "modality")
    options = yes_no(answer)
    closed = _cell(fields, "answer_type").upper() == "CLOSED"
    return QuestionRow(
        question=_question(fields),
        answer=answer.lower() if options else answer,
        options=options,
        pictures=(found(_cell(fields, "img_name"), base, ("imgs",)),),
        id=f"slake-{_cell(fields, 'qid')}" if _cell(fields, "qid") else "",
        dataset="slake",
        modality=modality,
        type=_cell(fields, "content_type").lower(),
        specialty=specialty_of(modality),
        split=split_in(one.file.stem),
        form="closed" if closed or options else "open",
    )


def read_omnimedvqa(source: Path) -> Questions:
    """Read OmniMedVQA: the JSON lists in `QA_information`, with paths from the folder above it.

    Raises:
        UserError: The source cannot be read, or lacks a key.
    """
    root = source_of(source, ["*.json", "*.zip", "Images/*"])
    files = files_of(root, (JSON,), "OmniMedVQA's folder, or a JSON file of its QA_information")
    return _read(
        records_of(files, ("image_path", "question", "gt_answer", "option_A")), lambda one: _omnimedvqa(one, root)
    )


def _omnimedvqa(one: Located, root: Path) -> QuestionRow:
    fields = _whole(one)
    options = tuple(text for letter in LETTERS if (text := _cell(fields, f"option_{letter}")))
    modality = _cell(fields, "modality_type")
    return QuestionRow(
        question=_question(fields),
        answer=_cell(fields, "gt_answer"),
        options=options,
        pictures=(found(_cell(fields, "image_path"), _above(root, "Images"), ("Images",)),),
        id=_cell(fields, "question_id"),
        dataset="omnimedvqa",
        modality=modality,
        type=_cell(fields, "question_type").lower(),
        specialty=specialty_of(modality),
    )


def _above(root: Path, name: str) -> Path:
    """Return the folder, at or above a source, that holds a folder of that name."""
    base = _folder(root).resolve()
    return next((one for one in (base, *base.parents[:3]) if (one / name).is_dir()), base)


def read_mmmu(source: Path) -> Questions:
    """Read the medical subjects of MMMU's parquet files; questions of other subjects are left out.

    Raises:
        UserError: The source cannot be read, lacks a column, or has no medical subject.
    """
    root = source_of(source, [f"{subject}/*.parquet" for subject in MEDICAL])
    files = files_of(root, (PARQUET,), "the folder of MMMU's subjects")
    named = [path for path in files if any(subject in path.as_posix() for subject in MEDICAL)]
    return _read(
        records_of(named or files, ("id", "question", "options", "answer", "image_1")),
        lambda one: _mmmu(one, _folder(root)),
    )


def _mmmu(one: Located, base: Path) -> QuestionRow | None:
    fields = _whole(one)
    stated = _cell(fields, "id")
    split, _, rest = stated.partition("_")
    subject = next((name for name in MEDICAL if name in (rest.rpartition("_")[0], one.file.parent.name)), "")
    if not subject and rest:
        return None
    written = options_of(fields.get("options"))
    marked = tuple(re.sub(r"<\s*image\s*(\d)\s*>", r"picture \1", str(option)) for option in written)
    pictures = [embedded(fields.get(f"image_{number}"), base, f"image_{number}") for number in range(1, 8)]
    return QuestionRow(
        question=text_of(_marked(fields.get("question")), "question") or _question(fields),
        answer=_first(fields.get("answer")) if not marked else _cell(fields, "answer"),
        options=marked,
        pictures=tuple(picture for each in pictures for picture in each),
        id=stated,
        dataset="mmmu",
        modality=_first(fields.get("img_type")),
        type=_cell(fields, "subfield").lower() or subject.replace("_", " ").lower(),
        specialty=specialty_of(_first(fields.get("img_type")), _cell(fields, "subfield")),
        split={"dev": "train"}.get(split) or split_in(split) or split_in(one.file.stem),
    )


def _marked(value: Any) -> Any:
    """Write MMMU's `<image 1>` so that it is no markup."""
    return re.sub(r"<\s*image\s*(\d)\s*>", r"(picture \1)", value) if isinstance(value, str) else value


def _first(value: Any) -> str:
    """Return the first of a list that is written as text."""
    listed = options_of(value) if isinstance(value, str) and value.strip().startswith("[") else ()
    return listed[0] if listed else text_of(value, "answer")


def read_gmai(source: Path) -> Questions:
    """Read GMAI-MMBench's table, whose pictures are written in base64.

    Raises:
        UserError: The source cannot be read, or lacks a column.
    """
    root = source_of(source, ["*.tsv"])
    files = files_of(root, (".tsv", ".csv"), "the TSV file of GMAI-MMBench")
    pictures = dict[str, Picture]()
    return _read(
        records_of(files, ("index", "image", "question", "A", "B", "answer")), lambda one: _gmai(one, pictures)
    )


MOST_INDEX = 64
"""Most characters of an image cell that names the row whose picture it shares."""
MOST_SHARED = 200
"""Pictures kept for rows that share them."""


def _gmai(one: Located, pictures: dict[str, Picture]) -> QuestionRow:
    fields = _whole(one)
    index, modality = _cell(fields, "index"), _cell(fields, "modality")
    options = tuple(text for letter in LETTERS if (text := _cell(fields, letter)))
    cell = str(fields.get("image") or "").strip()
    if 0 < len(cell) <= MOST_INDEX and cell in pictures:
        picture = pictures[cell]
    else:
        picture = Picture(f"{index}.png", _decoded(cell))
        if len(pictures) < MOST_SHARED:
            pictures[index] = picture
    return QuestionRow(
        question=_question(fields),
        answer=_cell(fields, "answer"),
        options=options,
        pictures=(picture,),
        id=f"gmai-{index}" if index else "",
        dataset="gmai",
        modality=modality,
        type=_cell(fields, "clinical vqa task").lower() or _cell(fields, "category").lower(),
        specialty=specialty_of(modality, _cell(fields, "department")),
        split={"val": "validation"}.get(_cell(fields, "split"), _cell(fields, "split")) or split_in(one.file.stem),
    )


def _decoded(cell: str) -> bytes:
    if not cell:
        raise UnusableRow("there is no picture")
    try:
        return base64.b64decode(cell.partition("base64,")[2] or cell, validate=True)
    except (binascii.Error, ValueError):
        raise UnusableRow("the picture is not written in base64", cell[:20]) from None


# -- your own tables ---------------------------------------------------------------------------------------------------


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
    needed = [mapping.get("question", "") or "question", *filter(None, mapping.values())]
    if "question" not in mapping and files[0].suffix.lower() not in TABLES:
        needed = needed[1:]
    records = records_of(files, list(dict.fromkeys(needed)))
    return _read(records, lambda one: _own(one, mapping, _folder(root)))


def _own(one: Located, mapping: Mapping[str, str], base: Path) -> QuestionRow:
    fields = _whole(one)
    lower = {str(name).strip().lower(): str(name) for name in fields}
    usual = {field: next((lower[n] for n in names if n in lower), "") for field, names in FIELDS.items()}
    columns = {field: column for field, column in (usual | dict(mapping)).items() if column}
    told = {name: _cell(fields, column) for name, column in columns.items() if name not in ("options", "image")}
    options = options_of(fields.get(columns["options"])) if "options" in columns else _in_columns(fields)
    answer = told.get("answer", "")
    if not options and yes_no(answer):
        options, answer = yes_no(answer), answer.lower()
    modality = told.get("modality", "")
    return QuestionRow(
        question=_question(told),
        answer=answer,
        options=options,
        pictures=_own_pictures(fields, columns.get("image", ""), base, one.file.parent),
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
            return tuple(text for name in names if name is not None and (text := _cell(fields, str(name))))
    return ()


def _own_pictures(fields: Mapping[str, Any], column: str, base: Path, beside: Path) -> tuple[Picture, ...]:
    """Return the pictures of a row; paths are relative to the source's folder, or to the row's file."""
    cells = [fields.get(column)] if column else []
    numbered = sorted(str(name) for name in fields if re.fullmatch(r"image_?\d", str(name).lower()))
    cells += [fields[name] for name in numbered if name != column]
    folders = () if beside == base or not beside.is_relative_to(base) else (beside.relative_to(base).as_posix(),)
    pictures: list[Picture] = []
    for cell in cells:
        several = cell if isinstance(cell, list) else [cell]
        if isinstance(cell, str) and cell.strip().startswith("["):
            several = list(options_of(cell))
        pictures += [picture for one in several for picture in embedded(one, base, column or "image", folders)]
    return tuple(pictures)


def _whole(one: Located) -> Mapping[str, Any]:
    assert not isinstance(one.fields, UnusableRow)
    return one.fields


def _folder(source: Path) -> Path:
    return source if source.is_dir() else source.parent


Reader = Callable[[Path, Mapping[str, str], str], Questions]
READERS: Mapping[str, Reader] = {
    "vqa-rad": lambda source, mapping, language: read_vqa_rad(source),
    "slake": lambda source, mapping, language: read_slake(source, language),
    "pathvqa": lambda source, mapping, language: read_pathvqa(source),
    "omnimedvqa": lambda source, mapping, language: read_omnimedvqa(source),
    "mmmu": lambda source, mapping, language: read_mmmu(source),
    "gmai": lambda source, mapping, language: read_gmai(source),
    "vqa": lambda source, mapping, language: read_questions(source, mapping),
}
"""Kind → its reader."""
IN_DOMAIN = ("vqa-rad", "slake", "pathvqa")
"""MMedAgent-RL's in-domain data sets."""


def refuse_language(kind: str, language: str | None) -> None:
    """Refuse a language for a kind that has only one.

    Raises:
        UserError: It has.
    """
    if language is not None and kind != "slake":
        raise UserError(f"the questions of {kind} are read in their only language; leave --language out")
