"""Rows and files with the columns of 3MDBench's hub data set, made up."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

DIAGNOSES = ("eczema", "psoriasis", "mycosis", "shingles", "stye", "caries", "ingrown nail", "hives")
TEMPERAMENTS = ("sanguine", "choleric", "melancholic", "phlegmatic")
SYMPTOMS = "It began 3 weeks ago. It is on my arms.\nRedness, dry skin, and itching"


def picture(index: int) -> bytes:
    """Return a tiny PNG whose colour is the row's."""
    file = io.BytesIO()
    Image.new("RGB", (20, 16), (index * 6 % 256, index * 31 % 256, 90)).save(file, "PNG")
    return file.getvalue()


def mdbench_rows(count: int = 40) -> list[dict[str, Any]]:
    """Return rows with embedded pictures."""
    return [
        {
            "general_complaint": f"My skin itches, doctor (patient {i}).",
            "complaints": SYMPTOMS,
            "diagnosis": DIAGNOSES[i % len(DIAGNOSES)],
            "personality": TEMPERAMENTS[i % 4],
            "image": {"bytes": picture(i), "path": f"{i}.png"},
        }
        for i in range(count)
    ]


def write_mdbench(folder: Path, *, rows: int = 40, pictures: str = "bytes", files: int = 1) -> Path:
    """Write parquet files as the hub has them, and return their folder.

    Args:
        folder: Is made if absent.
        rows: How many.
        pictures: `bytes`, or `paths` to files beside the table.
        files: Into how many files the rows are divided.
    """
    folder.mkdir(exist_ok=True)
    made = mdbench_rows(rows)
    if pictures == "paths":
        for row in made:
            (folder / row["image"]["path"]).write_bytes(row["image"]["bytes"])
            row["image"] = {"bytes": None, "path": row["image"]["path"]}
    size = -(-rows // files)
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    names = ("general_complaint", "complaints", "diagnosis", "personality")
    schema = pa.schema([*((name, pa.string()) for name in names), ("image", image)])
    for nth in range(files):
        part = made[nth * size : (nth + 1) * size]
        pq.write_table(pa.Table.from_pylist(part, schema=schema), folder / f"test-{nth}.parquet")
    return folder
