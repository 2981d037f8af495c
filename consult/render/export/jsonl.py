"""`jsonl`: one JSON object a consultation."""

from __future__ import annotations

import json
from pathlib import Path

from consult.render.export.exported import Exported, Written


def write_jsonl(run: Exported, out: Path) -> Written:
    """Write a run's consultations."""
    written = Written()
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for one in run.ended():
            file.write(json.dumps(run.record(one), ensure_ascii=False) + "\n")
            written.consultations += 1
    return written
