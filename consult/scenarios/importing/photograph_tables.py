"""Data sets of photographs with a table beside them: PAD-UFES-20, HAM10000, Fitzpatrick17k, DDI and Derm1M.

Most of them ship no split. `split_of` makes one from what belongs to one patient, so that no patient and no lesion is
in two splits: the patient of PAD-UFES-20, the lesion of HAM10000, the photograph of Fitzpatrick17k and Derm1M, which
name no patient. DDI names none either, and is a set for evaluation: all its cases are in `test`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from consult.errors import UserError
from consult.scenarios.importing.cleaning import as_text
from consult.scenarios.importing.headers import lacking
from consult.scenarios.importing.mdbench import split_of
from consult.scenarios.importing.pictures import Pictures
from consult.scenarios.importing.records import Table, rows_from
from consult.scenarios.importing.row import Passage, Row, Rows, UnusableRow
from consult.scenarios.scenario import Label

SUFFIX = ".csv"
UNKNOWN = frozenset({"", "unk", "unknown", "nan", "none", "n/a", "na", "-1", "-1.0"})
"""Cells, in lower case, that say that a value is not known."""

SPOT = "there is a spot on my skin"
"""Complaint of the patients of HAM10000 and PAD-UFES-20, which state none; every case is a single lesion."""

_HAM10000: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "akiec": ("actinic keratosis or Bowen's disease", ("actinic keratosis", "Bowen's disease", "solar keratosis")),
    "bcc": ("basal cell carcinoma", ("basalioma",)),
    "bkl": ("benign keratosis", ("seborrheic keratosis", "seborrhoeic keratosis", "solar lentigo")),
    "df": ("dermatofibroma", ("histiocytoma",)),
    "mel": ("melanoma", ("malignant melanoma",)),
    "nv": ("melanocytic naevus", ("melanocytic nevus", "naevus", "nevus", "mole")),
    "vasc": ("vascular lesion", ("angioma", "haemangioma", "hemangioma", "angiokeratoma", "pyogenic granuloma")),
}
"""Code of HAM10000 → its label, and other names of what it holds."""
_PAD_UFES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ack": ("actinic keratosis", ("solar keratosis",)),
    "bcc": ("basal cell carcinoma", ("basalioma",)),
    "mel": ("melanoma", ("malignant melanoma",)),
    "nev": ("melanocytic naevus", ("melanocytic nevus", "naevus", "nevus", "mole")),
    "scc": ("squamous cell carcinoma", ("Bowen's disease",)),
    "sek": ("seborrheic keratosis", ("seborrhoeic keratosis",)),
}
"""Code of PAD-UFES-20 → its label, and other names."""
_SITES = {"upper extremity": "arm", "lower extremity": "leg", "acral": "hand or foot", "genital": "genitals"}
_SAID: Mapping[str, tuple[str, str, str]] = {
    "itch": ("sensation", "it itches", "it does not itch"),
    "hurt": ("sensation", "it hurts", "it does not hurt"),
    "grew": ("course", "it has grown", "it has not grown"),
    "changed": ("course", "it has changed its look", "it has not changed its look"),
    "bleed": ("symptoms", "it bleeds", "it does not bleed"),
    "elevation": ("symptoms", "it is raised", "it is not raised"),
    "smoke": ("social", "I smoke", "I do not smoke"),
    "drink": ("social", "I drink alcohol", "I do not drink alcohol"),
    "pesticide": ("social", "I have been in contact with pesticides", "I have had no contact with pesticides"),
    "skin_cancer_history": ("history", "I have had skin cancer before", "I have never had skin cancer"),
    "cancer_history": ("history", "I have had cancer before", "I have never had cancer"),
}
"""Column of PAD-UFES-20 → the fact's topic, and how a yes and a no are said."""

_WRONG = "3 wrongly labelled"
"""Verdict of Fitzpatrick17k's own check of a sample."""
_NO_DIAGNOSIS = ("no definitive diagnosis",)

RowOf = Callable[[Mapping[str, Any], Pictures], Row]


def known_ham10000() -> Mapping[str, Label]:
    """Return HAM10000's seven labels with other names."""
    return _labels(_HAM10000)


def known_pad_ufes() -> Mapping[str, Label]:
    """Return PAD-UFES-20's six labels with other names."""
    return _labels(_PAD_UFES)


def _labels(codes: Mapping[str, tuple[str, tuple[str, ...]]]) -> Mapping[str, Label]:
    return {name: Label(name, "", None, (*aliases, code.upper())) for code, (name, aliases) in codes.items()}


def read_ham10000(source: Path) -> Rows:
    """Read HAM10000: `HAM10000_metadata.csv` (or without `.csv`) beside the folders of its photographs.

    Raises:
        UserError: The table cannot be read, or lacks a column.
    """
    needed = ("lesion_id", "image_id", "dx", "age", "sex", "localization")
    return rows_of(table_in(source, ("HAM10000_metadata.csv", "HAM10000_metadata")), needed, _ham10000)


def _ham10000(fields: Mapping[str, Any], pictures: Pictures) -> Row:
    image, site = _cell(fields, "image_id"), _cell(fields, "localization").lower()
    parts = [f"{name}_images_part_{n}" for name in ("HAM10000", "ham10000") for n in (1, 2)]
    return Row(
        id=image,
        diagnosis=_named(_HAM10000, fields, "dx"),
        complaint=SPOT,
        told=_at(_SITES.get(site, site)),
        age=_cell(fields, "age"),
        sex=_cell(fields, "sex"),
        split=split_of(_key(fields, "lesion_id")),
        **_picture(image, pictures, (*parts, "images")),
    )


def read_pad_ufes(source: Path) -> Rows:
    """Read PAD-UFES-20: `metadata.csv` beside `imgs_part_1` to `imgs_part_3` (folders or ZIP files) or `images`.

    Raises:
        UserError: The table cannot be read, or lacks a column.
    """
    needed = ("patient_id", "lesion_id", "age", "gender", "region", "diagnostic", "img_id")
    return rows_of(table_in(source, ("metadata.csv",)), needed, _pad_ufes)


def _pad_ufes(fields: Mapping[str, Any], pictures: Pictures) -> Row:
    image = _cell(fields, "img_id")
    parts = [f"imgs_part_{n}" for n in (1, 2, 3)]
    return Row(
        id=image.removesuffix(".png"),
        diagnosis=_named(_PAD_UFES, fields, "diagnostic"),
        complaint=SPOT,
        told=(*_at(_cell(fields, "region").lower()), *_answers(fields)),
        found=_diameters(fields),
        age=_cell(fields, "age"),
        sex=_cell(fields, "gender"),
        skin_type=_whole(_cell(fields, "fitspatrick")),
        split=split_of(_key(fields, "patient_id")),
        **_picture(image, pictures, (*parts, *(f"{part}/{part}" for part in parts), "images")),
    )


def _answers(fields: Mapping[str, Any]) -> Iterator[Passage]:
    for column, (topic, yes, no) in _SAID.items():
        answer = _cell(fields, column).lower()
        if answer in ("true", "yes", "1", "1.0"):
            yield Passage(yes, topic)
        elif answer in ("false", "no", "0", "0.0"):
            yield Passage(no, topic, none=True)
        elif answer:
            raise UnusableRow(f"'{column}' is neither true nor false", answer)


def _diameters(fields: Mapping[str, Any]) -> tuple[Passage, ...]:
    sizes = [size for name in ("diameter_1", "diameter_2") if (size := _cell(fields, name))]
    return (Passage(f"it measures {' by '.join(sizes)} mm", "skin examination"),) if sizes else ()


def read_fitzpatrick17k(source: Path) -> Rows:
    """Read Fitzpatrick17k: `fitzpatrick17k.csv`, and photographs `<md5hash>.jpg` if there are any, else addresses.

    Raises:
        UserError: The table cannot be read, or lacks a column.
    """
    needed = ("md5hash", "fitzpatrick_scale", "label", "qc", "url")
    return rows_of(table_in(source, ("fitzpatrick17k.csv",)), needed, _fitzpatrick17k)


def _fitzpatrick17k(fields: Mapping[str, Any], pictures: Pictures) -> Row:
    hashed = _cell(fields, "md5hash")
    if _cell(fields, "qc").lower() == _WRONG:
        raise UnusableRow("the data set's check says that it is wrongly labelled", hashed)
    row = Row(
        id=hashed,
        diagnosis=_required(fields, "label"),
        skin_type=_whole(_cell(fields, "fitzpatrick_scale")),
        split=split_of(_key(fields, "md5hash")),
    )
    try:
        return replace(row, **_picture(hashed, pictures, ("images", "data/finalfitz17k", "finalfitz17k")))
    except UnusableRow:
        address = _cell(fields, "url")
        if not address:
            raise
        return replace(row, address=address)


def read_ddi(source: Path) -> Rows:
    """Read DDI: `ddi_metadata.csv` beside its photographs.

    Raises:
        UserError: The table cannot be read, or lacks a column.
    """
    needed = ("DDI_file", "skin_tone", "malignant", "disease")
    return rows_of(table_in(source, ("ddi_metadata.csv",)), needed, _ddi)


def _ddi(fields: Mapping[str, Any], pictures: Pictures) -> Row:
    image, tone = _required(fields, "DDI_file"), _whole(_cell(fields, "skin_tone"))
    if tone not in ("", "12", "34", "56"):
        raise UnusableRow("the skin tone is not one of 12, 34, 56", tone)
    return Row(
        id=Path(image).stem,
        diagnosis=_required(fields, "disease").replace("-", " "),
        found=(Passage(f"the skin is of type {tone[0]} or {tone[1]}", "skin examination"),) if tone else (),
        split="test",
        **_picture(image, pictures, ("images",)),
    )


def read_derm1m(source: Path) -> Rows:
    """Read Derm1M: a table of captions and labels beside the folders of its photographs.

    Raises:
        UserError: The table cannot be read, or lacks a column.
    """
    path = table_in(source, ("Derm1M_v2_pretrain.csv", "Derm1M.csv"))
    return rows_of(path, ("filename", "truncated_caption", "label"), _derm1m)


def _derm1m(fields: Mapping[str, Any], pictures: Pictures) -> Row:
    image, label = _required(fields, "filename"), _cell(fields, "label")
    caption = _cell(fields, "truncated_caption")
    return Row(
        diagnosis="" if label.lower() in _NO_DIAGNOSIS else label,
        about=caption,
        found=(Passage(caption, "skin examination"),) if caption else (),
        split=split_of(_key(fields, "filename")),
        **_picture(image, pictures, ("images",)),
    )


# -- what they share ---------------------------------------------------------------------------------------------------


def table_in(source: Path, names: Sequence[str]) -> Path:
    """Return a data set's table: the source itself, the file of a known name in it, or the only table in it.

    Raises:
        UserError: There is none, or there are several.
    """
    if source.is_file():
        return source
    if not source.is_dir():
        raise UserError(f"there is no file or folder '{source}'; give {names[0]} or its folder")
    known = next((source / name for name in names if (source / name).is_file()), None)
    tables = sorted(source.glob(f"*{SUFFIX}"))
    if known is None and len(tables) != 1:
        there = "several tables" if tables else "no table"
        raise UserError(f"'{source}' holds {there} and no {names[0]}; give the path of the table itself")
    return known or tables[0]


def rows_of(path: Path, needed: Sequence[str], row: RowOf) -> Rows:
    """Read a table row by row; its header is checked before the first row.

    Args:
        path: The table.
        needed: Columns that it must have.
        row: Makes a row from its fields and the pictures of the table's folder.

    Raises:
        UserError: The header cannot be read, or lacks a column.
    """
    table = Table(path)
    lacking(path, table.columns, needed)
    pictures = Pictures(path.parent)
    return rows_from(table, lambda fields: row(fields, pictures))


def _cell(fields: Mapping[str, Any], name: str) -> str:
    """Return a cell; empty if it says that the value is not known."""
    text = as_text(fields.get(name), name)
    return "" if text.lower() in UNKNOWN else text


def _required(fields: Mapping[str, Any], name: str) -> str:
    text = _cell(fields, name)
    if not text:
        raise UnusableRow(f"there is no '{name}'")
    return text


def _key(fields: Mapping[str, Any], name: str) -> bytes:
    """Return what the split is made from; a row without it could be in the wrong split."""
    return _required(fields, name).encode()


def _named(codes: Mapping[str, tuple[str, tuple[str, ...]]], fields: Mapping[str, Any], column: str) -> str:
    code = _required(fields, column)
    if code.lower() not in codes:
        raise UnusableRow(f"'{column}' is not one of {', '.join(codes)}", code)
    return codes[code.lower()][0]


def _at(site: str) -> tuple[Passage, ...]:
    return (Passage(f"it is on my {site}", "site"),) if site else ()


def _whole(number: str) -> str:
    """Return a whole number without the decimals that pandas writes ("3.0")."""
    return re.sub(r"\.0+$", "", number)


def _picture(name: str, pictures: Pictures, folders: Sequence[str]) -> dict[str, Any]:
    """Find a photograph by its name, with or without its ending, beside the table or in a folder there.

    Raises:
        UnusableRow: There is none.
    """
    if not name:
        raise UnusableRow("the row names no image")
    ways = [name] if Path(name).suffix else [f"{name}{ending}" for ending in (".jpg", ".jpeg", ".png")]
    for way in ways:
        try:
            picture = pictures.found(way, folders)
        except UnusableRow as unusable:
            if "outside" in unusable.reason or way == ways[-1]:
                raise UnusableRow(unusable.reason, ways[0]) from None
            continue
        return {"image": picture.name, "picture": picture.content}
    raise AssertionError(name)


READERS: Mapping[str, Callable[[Path], Rows]] = {
    "pad-ufes-20": read_pad_ufes,
    "ham10000": read_ham10000,
    "fitzpatrick17k": read_fitzpatrick17k,
    "ddi": read_ddi,
    "derm1m": read_derm1m,
}
"""Kind → its reader."""
