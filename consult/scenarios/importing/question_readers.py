"""Readers of questions about pictures: the data sets of the field, each on its own columns.

Each takes a file, a folder or a data set's id on the hub, and yields its questions in the order of the files.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from consult.errors import UserError
from consult.scenarios.case import LETTERS, MOST_PHOTOGRAPHS, QuestionForm
from consult.scenarios.importing.on_disk import OnDisk
from consult.scenarios.importing.own_questions import read_questions
from consult.scenarios.importing.parquet import SUFFIX as PARQUET
from consult.scenarios.importing.pictures import Picture, Pictures
from consult.scenarios.importing.question_files import (
    JSON,
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
    by_letter,
    options_of,
    specialty_of,
    split_in,
    text_of,
    yes_no,
)
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.scenario import UnknownNameError

MEDICAL = (
    "Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine", "Pharmacy", "Public_Health",
)  # fmt: skip
"""MMMU's medical subjects."""
LANGUAGE = "en"
# -- the data sets -----------------------------------------------------------------------------------------------------


def read_vqa_rad(source: Path) -> Questions:
    """Read VQA-RAD: the hub's parquet files, or the original JSON list beside a folder of images.

    Raises:
        UserError: The source cannot be read, or lacks a column.
    """
    root = source_of(source, ["*.parquet"])
    files = files_of(root, (PARQUET, JSON), "the parquet files of VQA-RAD, or its JSON file")
    if files[0].suffix == JSON:
        beside = Pictures(folder_of(root), ("VQA_RAD Image Folder", "images"))
        return read_rows(
            records_of(files, ("image_name", "question", "answer")), lambda one: _vqa_rad_json(one, beside)
        )
    return _pairs(files, "vqa-rad", root)


def _vqa_rad_json(one: Located, pictures: Pictures) -> QuestionRow:
    fields = whole(one)
    answer = cell_of(fields, "answer")
    stated = cell_of(fields, "answer_type").lower()
    form: QuestionForm | None = "closed" if stated == "closed" else "open" if stated == "open" else None
    return QuestionRow(
        question=question_of(fields),
        answer=answer.lower() if yes_no(answer) else answer,
        options=yes_no(answer) if form != "open" else (),
        pictures=(pictures.found(cell_of(fields, "image_name")),),
        id=cell_of(fields, "qid"),
        dataset="vqa-rad",
        type=cell_of(fields, "question_type").lower(),
        specialty="radiology",
        split="test" if cell_of(fields, "phrase_type").startswith("test") else "train",
        form=form,
    )


def read_pathvqa(source: Path) -> Questions:
    """Read PathVQA's parquet files.

    Raises:
        UserError: The source cannot be read, or lacks a column.
    """
    root = source_of(source, ["*.parquet"])
    return _pairs(files_of(root, (PARQUET,), "the parquet files of PathVQA"), "pathvqa", root)


_OF_EMBEDDED = {"vqa-rad": ("", "radiology"), "pathvqa": ("pathology", "pathology")}
"""Data set → modality and specialty of all its pictures."""


def _pairs(files: Sequence[Path], dataset: str, root: Path) -> Questions:
    """Read parquet files of picture, question and answer."""
    pictures = Pictures(folder_of(root))
    records = records_of(files, ("image", "question", "answer"))
    return read_rows(records, lambda one: _embedded_row(one, dataset, pictures))


def _embedded_row(one: Located, dataset: str, pictures: Pictures) -> QuestionRow:
    fields = whole(one)
    answer = cell_of(fields, "answer")
    options = yes_no(answer)
    modality, specialty = _OF_EMBEDDED[dataset]
    return QuestionRow(
        question=question_of(fields),
        answer=answer.lower() if options else answer,
        options=options,
        pictures=pictures.embedded(fields.get("image"), "image"),
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
    return _in_language(records_of(files, needed), Pictures(folder_of(root), ("imgs",)), language)


def _in_language(records: Iterator[Located], pictures: Pictures, language: str) -> Questions:
    """Read the questions of a language; others are left out."""
    spoken: set[str] = set()

    def row(one: Located) -> QuestionRow | None:
        spoken.add(str(whole(one)["q_lang"])[:20])
        return _slake(one, pictures, language)

    yield from read_rows(records, row)
    if language not in spoken:
        raise UnknownNameError("language", language, sorted(spoken))


def _slake(one: Located, pictures: Pictures, language: str) -> QuestionRow | None:
    fields = whole(one)
    if fields["q_lang"] != language:
        return None
    answer, modality = cell_of(fields, "answer"), cell_of(fields, "modality")
    options = yes_no(answer)
    closed = cell_of(fields, "answer_type").upper() == "CLOSED"
    return QuestionRow(
        question=question_of(fields),
        answer=answer.lower() if options else answer,
        options=options,
        pictures=(pictures.found(cell_of(fields, "img_name")),),
        id=f"slake-{cell_of(fields, 'qid')}" if cell_of(fields, "qid") else "",
        dataset="slake",
        modality=modality,
        type=cell_of(fields, "content_type").lower(),
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
    pictures = Pictures(_above(root, "Images"), ("Images",))
    records = records_of(files, ("image_path", "question", "gt_answer", "option_A"))
    return read_rows(records, lambda one: _omnimedvqa(one, pictures))


def _omnimedvqa(one: Located, pictures: Pictures) -> QuestionRow:
    fields = whole(one)
    options = tuple(text for letter in LETTERS if (text := cell_of(fields, f"option_{letter}")))
    modality = cell_of(fields, "modality_type")
    return QuestionRow(
        question=question_of(fields),
        answer=cell_of(fields, "gt_answer"),
        options=options,
        pictures=(pictures.found(cell_of(fields, "image_path")),),
        id=cell_of(fields, "question_id"),
        dataset="omnimedvqa",
        modality=modality,
        type=cell_of(fields, "question_type").lower(),
        specialty=specialty_of(modality),
    )


def _above(root: Path, name: str) -> Path:
    """Return the folder, at or above a source, that holds a folder of that name."""
    base = folder_of(root).resolve()
    return next((one for one in (base, *base.parents[:3]) if (one / name).is_dir()), base)


def read_mmmu(source: Path) -> Questions:
    """Read the medical subjects of MMMU's parquet files; questions of other subjects are left out.

    Raises:
        UserError: The source cannot be read, lacks a column, or has no medical subject.
    """
    root = source_of(source, [f"{subject}/*.parquet" for subject in MEDICAL])
    files = files_of(root, (PARQUET,), "the folder of MMMU's subjects")
    named = [path for path in files if any(subject in path.as_posix() for subject in MEDICAL)]
    pictures = Pictures(folder_of(root))
    records = records_of(named or files, ("id", "question", "options", "answer", "image_1"))
    return read_rows(records, lambda one: _mmmu(one, pictures))


def _mmmu(one: Located, pictures: Pictures) -> QuestionRow | None:
    fields = whole(one)
    stated = cell_of(fields, "id")
    split, _, rest = stated.partition("_")
    subject = next((name for name in MEDICAL if name in (rest.rpartition("_")[0], one.file.parent.name)), "")
    if not subject and rest:
        return None
    found = {n: pictures.embedded(fields.get(f"image_{n}"), f"image_{n}") for n in range(1, MOST_PHOTOGRAPHS + 1)}
    places = {number: place for place, number in enumerate((n for n, each in found.items() if each), 1)}
    options = options_of(_marked(fields.get("options"), places))
    answers = _listed(fields.get("answer"))
    return QuestionRow(
        question=text_of(_marked(fields.get("question"), places), "question") or question_of(fields),
        answer=by_letter(answers[0], options),
        also=() if options else answers[1:],
        options=options,
        pictures=tuple(picture for each in found.values() for picture in each),
        id=stated,
        dataset="mmmu",
        modality=_listed(fields.get("img_type"))[0],
        type=cell_of(fields, "subfield").lower() or subject.replace("_", " ").lower(),
        specialty=specialty_of(_listed(fields.get("img_type"))[0], cell_of(fields, "subfield")),
        split={"dev": "train"}.get(split) or split_in(split) or split_in(one.file.stem),
    )


def _marked(value: Any, places: Mapping[int, int]) -> Any:
    """Write MMMU's `<image 2>` so that it is no markup, with the picture's place among those that there are.

    Args:
        value: A text, or a list of texts.
        places: Number in the source → place.

    Raises:
        UnusableRow: It names a picture that is not there.
    """

    def place(mark: re.Match[str]) -> str:
        if int(mark[1]) not in places:
            raise UnusableRow("the question names a picture that is not there", mark[0])
        return f"(picture {places[int(mark[1])]})"

    if isinstance(value, list):
        return [_marked(each, places) for each in value]
    return re.sub(r"<\s*image\s*(\d+)\s*>", place, value) if isinstance(value, str) else value


def _listed(value: Any) -> tuple[str, ...]:
    """Return the entries of a list that is written as text, or the text itself, which may be empty."""
    listed = options_of(value) if isinstance(value, list) or str(value or "").strip().startswith("[") else ()
    return listed or (text_of(value, "answer"),)


def read_gmai(source: Path) -> Questions:
    """Read GMAI-MMBench's tables, whose pictures are written in base64; the test table has no answers.

    Raises:
        UserError: The source cannot be read, or lacks a column.
    """
    root = source_of(source, ["*.tsv"])
    files = files_of(root, (".tsv", ".csv"), "the TSV file of GMAI-MMBench")
    return _of_gmai(records_of(files, ("index", "image", "question", "A", "B")))


def _of_gmai(records: Iterator[Located]) -> Questions:
    with OnDisk() as pictures:
        yield from read_rows(records, lambda one: _gmai(one, pictures))


MOST_INDEX = 64
"""Most characters of an image cell that names the row whose picture it shares, instead of holding one."""


def _gmai(one: Located, pictures: OnDisk) -> QuestionRow:
    fields = whole(one)
    index, modality = cell_of(fields, "index"), cell_of(fields, "modality")
    cell = _shared(str(fields.get("image") or "").strip(), index, one, pictures)
    split = {"val": "validation"}.get(cell_of(fields, "split"), cell_of(fields, "split")) or split_in(one.file.stem)
    options = tuple(text for letter in LETTERS if (text := cell_of(fields, letter)))
    return QuestionRow(
        question=question_of(fields),
        answer=by_letter(cell_of(fields, "answer"), options),
        options=options,
        pictures=(Picture(f"{index}.png", _decoded(cell)),),
        # Each file numbers its own rows.
        id="-".join(filter(None, ("gmai", one.name and split, index))) if index else "",
        dataset="gmai",
        modality=modality,
        type=cell_of(fields, "clinical vqa task").lower() or cell_of(fields, "category").lower(),
        specialty=specialty_of(modality, cell_of(fields, "department")),
        split=split,
    )


def _shared(cell: str, index: str, one: Located, pictures: OnDisk) -> str:
    """Return the picture in a cell, in base64: its own, or that of the earlier row of its file that the cell names.

    Raises:
        UnusableRow: There is no such row.
    """
    if not 0 < len(cell) <= MOST_INDEX:
        pictures.add(f"{one.file}/{index}", cell)
        return cell
    there = pictures.get(f"{one.file}/{cell}")
    if there is None:
        raise UnusableRow("no earlier row has the picture that the image cell names", cell)
    return there


def _decoded(cell: str) -> bytes:
    if not cell:
        raise UnusableRow("there is no picture")
    try:
        return base64.b64decode(cell.partition("base64,")[2] or cell, validate=True)
    except (binascii.Error, ValueError):
        raise UnusableRow("the picture is not written in base64", cell[:20]) from None


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
