"""`sft`: each accepted reply of a model with its prompt, as parquet in the form that TRL's SFTTrainer takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consult.envs.prompts import StoredPrompt, prompts_of, refuse_without_prompts
from consult.errors import UserError
from consult.render.export.exported import Exported, One, Written, picture_type
from consult.render.export.parquet import picture_column


def write_sft(run: Exported, out: Path) -> Written:
    """Write the accepted replies of a run's consultations that did not fail, with `prompt`, `completion` and `images`.

    The columns `role`, `task`, `consultation` and `correct` select what a model is to learn.

    Raises:
        NoPromptsError: The run's prompts were not stored.
        UserError: There is no accepted reply.
    """
    import pyarrow
    import pyarrow.parquet

    refuse_without_prompts(run.run)
    schema, written = _schema(), Written()
    with pyarrow.parquet.ParquetWriter(out, schema) as writer:
        for one in run.ended():
            asked = prompts_of(run.store, one.row["id"]) if one.row["status"] != "failed" else []
            rows = [_row(run, one, prompt) for prompt in asked if prompt.outcome == "accepted" and prompt.reply]
            written.left_out += not rows
            written.consultations += len(rows)
            if rows:
                writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
    if not written.consultations:
        raise UserError(f"run {run.run['id']} has no accepted reply of a model; export it as jsonl")
    return written


def _row(run: Exported, one: One, prompt: StoredPrompt) -> Mapping[str, Any]:
    shown = [image for message in prompt.messages for image in message.images]
    pictures = [picture for image in shown if (picture := _picture(run, one, image)) is not None]
    # A picture that is no longer there must not be announced.
    announced = len(pictures) == len(shown)
    messages = [
        {"role": message.role, "content": [*_places(message.images if announced else ()), _text(message.content)]}
        for message in prompt.messages
    ]
    name = f"{one.row['case_id']}."
    return {
        "prompt": messages,
        "completion": [{"role": "assistant", "content": [_text(prompt.reply or "")]}],
        "images": [{"bytes": p, "path": name + picture_type(p)} for p in pictures] if announced else [],
        "role": prompt.role,
        "task": prompt.task,
        "consultation": one.row["id"],
        "correct": None if one.row["correct"] is None else bool(one.row["correct"]),
    }


def _picture(run: Exported, one: One, image: str) -> bytes | None:
    """Return a picture of a prompt, as wide as it was sent."""
    width = image.rpartition("@")[2]
    narrow = int(width) if "@" in image and width.isdecimal() else None
    return run.photograph(one.row["case_id"], narrow)


def _places(images: tuple[str, ...]) -> list[dict[str, str | None]]:
    return [{"type": "image", "text": None} for _ in images]


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _schema() -> Any:
    import pyarrow as pa

    text = pa.string()
    part = pa.struct([("type", text), ("text", text)])
    messages = pa.list_(pa.struct([("role", text), ("content", pa.list_(part))]))
    columns = [("prompt", messages), ("completion", messages), ("images", pa.list_(picture_column()))]
    columns += [(name, text) for name in ("role", "task", "consultation")]
    return pa.schema([*columns, ("correct", pa.bool_())])
