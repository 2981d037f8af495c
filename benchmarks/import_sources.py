"""Made sources of any length for each kind of import, with every hundredth row broken in one of several ways."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

EVERY = 100
TEXT = (
    "He states that it began {n} weeks ago. It itches badly at night. It is on his left arm. He has a history "
    "of asthma. His mother had the same. He denies fever. On examination, scaly plaques are seen."
)
Fields = dict[str, Any]


class Made(NamedTuple):
    """A source, and the lines of its broken rows."""

    source: Path
    broken: list[int]


class Kind(NamedTuple):
    """How the source of a kind is written."""

    file: str
    """Name of its table; the ending decides the format."""
    row: Callable[[int], Fields]
    """Makes a row that can be a case."""
    broken: Sequence[Fields]
    """What is put into a row that cannot be one."""
    picture: Callable[[Fields], str] | None = None
    """Returns the path of a row's picture, if each has a file of its own."""


def png() -> bytes:
    """Return a small picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), "brown").save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = png()
SHARED = "shared.png"
OUTSIDE = "../../etc/passwd"
_LACKS: Sequence[Fields] = ({"question": ""}, {"question": "x" * 30_000})


def make(kind: str, folder: Path, rows: int) -> Made:
    """Write a source of a kind.

    Args:
        kind: One of `KINDS`.
        folder: Where; it must exist.
        rows: How many; the fiftieth of each hundred is broken.
    """
    what = KINDS[kind]
    path = folder / what.file
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / SHARED).write_bytes(PICTURE)
    if what.picture is not None:
        for n in range(rows):
            (folder / what.picture(what.row(n))).symlink_to(SHARED)
    made = _rows(what, rows)
    lines = _WRITERS[path.suffix](path, made)
    if kind == "scin":
        _scin_labels(folder / "scin_labels.csv", rows)
    return Made(folder if path.suffix in (".json", ".parquet") or kind == "scin" else path, lines)


def _rows(kind: Kind, rows: int) -> Iterator[tuple[Fields, bool]]:
    for n in range(rows):
        bad = n % EVERY == EVERY // 2
        change = kind.broken[n // EVERY % len(kind.broken)] if bad else {}
        yield {**kind.row(n), **change}, bad


def _write_table(path: Path, rows: Iterator[tuple[Fields, bool]], delimiter: str = ",") -> list[int]:
    """Write a table; every second broken row is no row of the table at all."""
    first, bad = next(rows)
    lines: list[int] = []
    with path.open("wb") as stream:
        stream.write(_cells(list(first), delimiter))
        stream.write(_cells(list(first.values()), delimiter))
        for line, (fields, bad) in enumerate(rows, 3):
            text = _cells([fields[name] for name in first], delimiter)
            if bad:
                lines.append(line)
                ways = (text, b"too,few\n", text, b'"' + text, text, text.replace(b"1", b"\xff1"))
                text = ways[len(lines) % len(ways)]
            stream.write(text)
    return lines


def _cells(cells: Sequence[Any], delimiter: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()


def _write_json(path: Path, rows: Iterator[tuple[Fields, bool]]) -> list[int]:
    lines: list[int] = []
    with path.open("w", encoding="utf-8") as stream:
        for line, (fields, bad) in enumerate(rows, 1):
            if bad:
                lines.append(line)
            one: Any = 7 if bad and len(lines) % 3 == 0 else fields
            stream.write(("[" if line == 1 else ",\n") + json.dumps(one))
        stream.write("]")
    return lines


def _write_parquet(path: Path, rows: Iterator[tuple[Fields, bool]]) -> list[int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    lines: list[int] = []
    batch: list[Fields] = []
    writer: Any = None

    def flush() -> None:
        nonlocal writer
        schema = pa.schema([(name, image if name.startswith("image") else pa.string()) for name in batch[0]])
        writer = writer or pq.ParquetWriter(path, schema)
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
        batch.clear()

    for line, (fields, bad) in enumerate(rows, 1):
        lines += [line] if bad else []
        batch.append(fields)
        if len(batch) == 1_000:
            flush()
    if batch:
        flush()
    if writer is not None:
        writer.close()
    return lines


_WRITERS: Mapping[str, Callable[[Path, Iterator[tuple[Fields, bool]]], list[int]]] = {
    ".csv": _write_table,
    ".tsv": lambda path, rows: _write_table(path, rows, "\t"),
    ".json": _write_json,
    ".parquet": _write_parquet,
}


# -- the rows of each kind ---------------------------------------------------------------------------------------------


def _case(n: int) -> Fields:
    told = {"id": f"case-{n}", "complaint": "I have a rash", "text": TEXT.format(n=n % 9 + 2)}
    return {
        **told,
        "diagnosis": f"illness {n % 34}x",
        "age": 20 + n % 60,
        "sex": "male",
        "urgency": "soon",
        "image": "",
    }


def _mdbench(n: int) -> Fields:
    told = {"general_complaint": "My skin itches.", "complaints": f"It began {n % 9 + 2} weeks ago. It is on my arms."}
    image = {"bytes": PICTURE, "path": "p.png"}
    return {**told, "diagnosis": ("eczema", "hives", "stye")[n % 3], "personality": "choleric", "image": image}


def _embedded(n: int) -> Fields:
    answer = ("Yes", "no", "the left lung")[n % 3]
    return {"image": {"bytes": PICTURE, "path": "p.png"}, "question": f"Is it {n}?", "answer": answer}


def _slake(n: int) -> Fields:
    asked = {"img_name": SHARED, "question": f"Which organ is {n}?", "answer": "Lung", "q_lang": "en", "qid": n}
    return {**asked, "modality": "CT", "answer_type": "OPEN", "content_type": "Organ"}


def _omnimedvqa(n: int) -> Fields:
    asked = {"question_id": f"q-{n}", "image_path": SHARED, "question": f"What is {n}?", "gt_answer": "a cyst"}
    return {**asked, "option_A": "a cyst", "option_B": "none", "modality_type": "CT", "question_type": "Disease"}


def _mmmu(n: int) -> Fields:
    asked = {"id": f"validation_Pharmacy_{n}", "question": f"What is {n} <image 1>?", "options": "['a cyst', 'none']"}
    return {**asked, "answer": "A", "image_1": {"bytes": PICTURE, "path": "p.png"}, "subfield": "Pharmacology"}


def _gmai(n: int) -> Fields:
    asked = {"index": n, "image": base64.b64encode(PICTURE).decode(), "question": f"What is {n}?", "A": "a cyst"}
    return {**asked, "B": "none", "answer": "A", "modality": "CT", "department": "surgery", "split": "val"}


def _vqa(n: int) -> Fields:
    asked = {"id": f"q-{n}", "question": f"What is {n}?", "options": "a cyst|none|both", "answer": "B"}
    return {**asked, "image": SHARED, "dataset": "own", "modality": "CT", "split": "test"}


def _scin(n: int) -> Fields:
    told = {"case_id": f"-{n}1", "age_group": "AGE_30_TO_39", "sex_at_birth": "FEMALE", "fitzpatrick_skin_type": "FST3"}
    told |= {"textures_raised_or_bumpy": "YES", "body_parts_arm": "YES", "condition_symptoms_itching": "YES"}
    return {**told, "related_category": "RASH", "condition_duration": "ONE_DAY", "image_1_path": SHARED}


def _scin_labels(path: Path, rows: int) -> None:
    with path.open("wb") as stream:
        stream.write(b"case_id,weighted_skin_condition_label\n")
        for n in range(rows):
            stream.write(_cells([f"-{n}1", f"{{'Tinea': 0.33, 'Eczema {n % 50}': 0.67}}"], ","))


def _pad(n: int) -> Fields:
    told = {"patient_id": f"PAT_{n // 2}", "lesion_id": n, "age": "41.0", "gender": "FEMALE", "fitspatrick": "3.0"}
    told |= {"region": "ARM", "diameter_1": "6.0", "diameter_2": "5.0", "diagnostic": "NEV", "itch": "True"}
    return {**told, "grew": "UNK", "hurt": "False", "img_id": f"PAT_{n}.png"}


def _ham(n: int) -> Fields:
    told = {"lesion_id": f"HAM_{n // 2}", "image_id": f"ISIC_{n:07}", "dx": "bkl", "dx_type": "histo"}
    return {**told, "age": "80.0", "sex": "male", "localization": "back"}


def _fitz(n: int) -> Fields:
    told = {"md5hash": f"{n:032x}", "fitzpatrick_scale": "3", "label": f"illness {n % 114}x", "qc": ""}
    return {**told, "url": "https://localhost/none.jpg"}


def _ddi(n: int) -> Fields:
    return {
        "DDI_ID": n,
        "DDI_file": f"{n:06}.png",
        "skin_tone": "56",
        "malignant": "True",
        "disease": "melanoma-in-situ",
    }


def _derm1m(n: int) -> Fields:
    return {"filename": SHARED, "truncated_caption": f"Plaques on the elbow, {n} of them.", "label": "psoriasis"}


_PICTURES: Sequence[Fields] = (
    {"image": {"bytes": b"no picture", "path": "p.png"}},
    {"question": ""},
    {"image": {"bytes": None, "path": OUTSIDE}},
)
KINDS: Mapping[str, Kind] = {
    "csv": Kind(
        "source.csv",
        _case,
        [
            {"complaint": "", "text": ""},
            {"urgency": "whenever"},
            {"image": OUTSIDE},
            {"diagnosis": "=1+1"},
            {"complaint": "x" * 30_000},
        ],
    ),
    "3mdbench": Kind(
        "test.parquet",
        _mdbench,
        [
            {"diagnosis": ""},
            {"personality": "jolly"},
            {"image": {"bytes": b"?", "path": "p"}},
        ],
    ),
    "vqa-rad": Kind("data/test.parquet", _embedded, _PICTURES),
    "pathvqa": Kind("data/test.parquet", _embedded, _PICTURES),
    "slake": Kind("test.json", _slake, [*_LACKS, {"img_name": "none.png"}, {"img_name": OUTSIDE}]),
    "omnimedvqa": Kind("QA_information/a.json", _omnimedvqa, [*_LACKS, {"image_path": "none.png"}, {"option_B": ""}]),
    "mmmu": Kind(
        "Pharmacy/validation.parquet",
        _mmmu,
        [{"question": ""}, {"options": "['a cyst']"}, {"image_1": {"bytes": b"no picture", "path": "p.png"}}],
    ),
    "gmai": Kind("gmai.tsv", _gmai, [*_LACKS, {"image": "!" * 80}, {"B": "a cyst"}]),
    "vqa": Kind("questions.csv", _vqa, [*_LACKS, {"image": OUTSIDE}, {"split": "never"}, {"options": "a|a"}]),
    "scin": Kind("scin_cases.csv", _scin, [{"case_id": ""}, {"image_1_path": ""}, {"image_1_path": OUTSIDE}]),
    "pad-ufes-20": Kind(
        "metadata.csv",
        _pad,
        [{"diagnostic": "XYZ"}, {"itch": "perhaps"}, {"img_id": "none.png"}],
        lambda row: row["img_id"],
    ),
    "ham10000": Kind(
        "HAM10000_metadata.csv",
        _ham,
        [{"dx": "xyz"}, {"lesion_id": ""}, {"image_id": OUTSIDE}],
        lambda row: f"{row['image_id']}.jpg",
    ),
    "fitzpatrick17k": Kind(
        "fitzpatrick17k.csv",
        _fitz,
        [{"label": ""}, {"qc": "3 Wrongly labelled"}, {"md5hash": "none"}],
        lambda row: f"{row['md5hash']}.jpg",
    ),
    "ddi": Kind(
        "ddi_metadata.csv",
        _ddi,
        [{"disease": ""}, {"skin_tone": "99"}, {"DDI_file": "none.png"}],
        lambda row: row["DDI_file"],
    ),
    "derm1m": Kind("Derm1M.csv", _derm1m, [{"filename": ""}, {"filename": "none.png"}, {"filename": OUTSIDE}]),
}
"""Kind → its source."""
