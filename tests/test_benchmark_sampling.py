"""The benchmark of sampling: it runs, and its table and its JSON say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "sampling.py"


@pytest.mark.slow
def test_a_table_and_its_json(tmp_path: Path) -> None:
    where = tmp_path / "sampling.json"
    command = [
        sys.executable,
        str(SCRIPT),
        "--rows",
        "3",
        "--vocabularies",
        "40",
        "--rounds",
        "1",
        "--json",
        str(where),
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    steps = json.loads(where.read_text(encoding="utf-8"))["steps"]
    assert [(one["logits"], one["top_p"]) for one in steps] == [
        (kind, top_p) for kind in ("peaked", "flat") for top_p in (0.9, 0.95, 1.0)
    ]
    assert len(printed) == 2 + len(steps)
    assert all(f"{one['ratio']:.2f}" in line for one, line in zip(steps, printed[2:], strict=True))
