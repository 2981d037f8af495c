"""`parquet`: the consultations as a table with their photographs, and a data set card, as the hub takes them."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from consult.agents.prompt import fill
from consult.counts import count_of
from consult.foreign_text import without_controls
from consult.render.export.exported import Exported, Written, picture_type

FILE, CARD = "consultations.parquet", "README.md"
ROWS_AT_ONCE = 64
_TEXTS = ("consultation", "run", "scenario", "case", "split", "temperament", "strategy", "team", "protocol", "status",
          "error", "diagnosis", "diagnosis_words", "truth", "specialty", "true_specialty", "urgency", "final_urgency",
          "true_urgency")  # fmt: skip


def write_parquet(run: Exported, out: Path) -> Written:
    """Write a run's consultations and their card into a folder."""
    import pyarrow
    import pyarrow.parquet

    schema, written, rows = _schema(), Written(), list[dict[str, Any]]()
    with pyarrow.parquet.ParquetWriter(out / FILE, schema) as writer:
        for one in run.ended():
            picture = run.photograph(one.row["case_id"])
            name = f"{one.row['case_id']}.{picture_type(picture)}" if picture else None
            record = run.record(one)
            rows.append({**record, **_packed(record), "image": {"bytes": picture, "path": name} if picture else None})
            written.consultations += 1
            if len(rows) >= ROWS_AT_ONCE:
                writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
                rows = []
        writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
    if run.scenario is None:
        written.notes.append(
            f"the scenario '{run.config.scenario}' cannot be read in the version that was played, so no photograph is "
            "in the table"
        )
    (out / CARD).write_text(_card(run, written), encoding="utf-8")
    return written


def features(*pictures: str, several: bool = False) -> dict[bytes, bytes]:
    """Return the metadata by which the library datasets knows columns of pictures."""
    image: Any = {"_type": "Image"}
    named = {name: [image] if several else image for name in pictures}
    return {b"huggingface": json.dumps({"info": {"features": named}}).encode()}


def picture_column() -> Any:
    """Return the type of a picture: the hub's."""
    import pyarrow as pa

    return pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def _schema() -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    turn = pa.struct(
        [
            *[(name, text) for name in ("speaker", "action", "text", "topic", "diagnosis", "thought", "source")],
            *[(name, pa.list_(text)) for name in ("facts", "differential")],
            *[(name, pa.int64()) for name in ("idx", "tokens_in", "tokens_out")],
            ("confidence", number),
        ]
    )
    opinion = pa.struct(
        [("turn", pa.int64()), ("confidence", number)]
        + [(name, text) for name in ("specialty", "diagnosis", "reason", "source")]
    )
    return pa.schema(
        [
            *[(name, text) for name in _TEXTS],
            ("seed", text),
            ("repeat", pa.int64()),
            ("correct", pa.bool_()),
            ("models", text),
            ("turns", pa.list_(turn)),
            ("opinions", pa.list_(opinion)),
            ("assessments", text),
            ("image", picture_column()),
        ]
    )


def _packed(record: dict[str, Any]) -> dict[str, str]:
    """Write as JSON what has other keys in each run, and as text a number that can be larger than 64 bits hold."""
    packed = {name: json.dumps(record[name], ensure_ascii=False) for name in ("models", "assessments")}
    return {**packed, "seed": str(record["seed"])}


def _card(run: Exported, written: Written) -> str:
    config, template = run.config, (files("consult.render.export") / "card.md").read_text(encoding="utf-8")
    played = {
        "scenario": f"`{without_controls(config.scenario)}`",
        **{name: str(getattr(config, name)) for name in ("split", "strategy", "team", "protocol", "seed")},
    }
    return fill(
        template,
        run=str(run.run["id"]),
        file=FILE,
        consultations=count_of(written.consultations, "consultation"),
        played=", ".join(f"{name} {value}" for name, value in played.items()),
        models="\n".join(f"- {role}: `{without_controls(model)}`" for role, model in run.models.items()),
    )
