from __future__ import annotations

import json
from pathlib import Path

import pytest

from consult.scenarios.checks.folder import check_folder
from consult.scenarios.importing import import_cases

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def given(tmp_path):
    """Import a source, hold the folder against the check, and give the summary and the cases by id."""

    def given(kind, source, mapping=None):
        out = tmp_path / "out"
        summary = import_cases(kind, source, out, mapping)
        assert check_folder(out) == [] if summary.kept else not out.exists()
        return summary, {c["id"]: c for c in lines(out / "cases.jsonl")} if summary.kept else {}

    return given


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def real():
    """Give the path of real data; the test is skipped where there is none."""

    def real(name):
        if not (DATA / name).exists():
            pytest.skip(f"needs the real data, which are no part of the project: {name}")
        return DATA / name

    return real
