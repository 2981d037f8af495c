"""Exports of a run: one file here a format, and a table of them.

A format is a function that writes a stored run to a place, which was checked before anything was read. A file or
folder appears whole or not at all.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from consult.errors import UserError
from consult.render.export.exported import Exported, Written
from consult.render.export.inspect_log import SUFFIX as INSPECT_SUFFIX
from consult.render.export.inspect_log import write_inspect
from consult.render.export.jsonl import write_jsonl
from consult.render.export.mdbench import write_3mdbench
from consult.render.export.openai_chat import write_openai_chat
from consult.render.export.parquet import write_parquet
from consult.render.export.sft import write_sft
from consult.whole_files import check_writable, drafted

__all__ = ["FORMATS", "Exported", "Format", "Written", "check_place", "export_run"]


@dataclass(frozen=True)
class Format:
    """One format."""

    write: Callable[[Exported, Path], Written]
    """Writes a run to a draft of the file or folder."""
    kind: Literal["file", "folder"]
    what: str
    """What it holds, in words."""


FORMATS: Mapping[str, Format] = {
    "jsonl": Format(write_jsonl, "file", "one JSON object a consultation, with turns, opinions and verdicts"),
    "parquet": Format(write_parquet, "folder", "the same as a table with the photographs, and a data set card"),
    "openai-chat": Format(write_openai_chat, "file", "the conversations as chat messages, one JSON object each"),
    "sft": Format(write_sft, "file", "the models' prompts and replies as parquet, as TRL's SFTTrainer takes them"),
    "3mdbench": Format(write_3mdbench, "folder", "3MDBench's result files, which its own scripts score"),
    "inspect": Format(write_inspect, "file", "a log of Inspect, for its viewer: an .eval file"),
}
"""Name → format."""


def check_place(to: str, out: Path) -> None:
    """Check, before anything is read, that a format can be written to a place.

    Raises:
        UserError: The place is taken by something that must not be replaced, or cannot be written.
    """
    folder = FORMATS[to].kind == "folder"
    if folder and out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"'{out}' already exists and is not empty; give another --out for the folder of {to}")
    if not folder and out.is_dir():
        raise UserError(f"'{out}' is a folder; name a file in it for {to}, such as {out / f'run.{_suffix(to)}'}")
    if to == "inspect" and out.suffix != INSPECT_SUFFIX:
        named = f"{out.stem}{INSPECT_SUFFIX}"
        raise UserError(f"'{out}' does not end in {INSPECT_SUFFIX}, by which Inspect knows its logs; name it {named}")
    if not out.resolve().parent.is_dir():
        raise UserError(f"there is no folder '{out.resolve().parent}'; make it first")
    check_writable(out)


def export_run(run: Exported, to: str, out: Path) -> Written:
    """Write a run in a format.

    Raises:
        UserError: The run cannot be written in this format.
        OSError: The disk is full, for example; nothing has changed then.
    """
    chosen = FORMATS[to]
    with drafted(out) if chosen.kind == "file" else _drafted_folder(out) as draft:
        return chosen.write(run, draft)


@contextmanager
def _drafted_folder(out: Path) -> Iterator[Path]:
    """Give an empty folder beside the target, which takes its place if the block ends without an error."""
    target = out.resolve()
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name[:40]}-exporting-"))
    try:
        yield draft
        draft.chmod(0o755)
        if target.exists():
            target.rmdir()
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _suffix(to: str) -> str:
    return {"sft": "parquet", "inspect": "eval"}.get(to, "jsonl")
