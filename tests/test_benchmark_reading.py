"""The study of rules against readers: its tables are what the marks give, and each edit turns its item alone."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def reading():
    spec = importlib.util.spec_from_file_location("reading", ROOT / "benchmarks" / "reading.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skip(reason="the marks are of the first edition's cases; the page is renewed with the starter")
def test_the_tables_stand_in_the_docs_as_the_marks_give_them(reading, capsys):
    reading.report(ROOT / "benchmarks" / "reading")
    told = (ROOT / "docs" / "assessment.md").read_text(encoding="utf-8")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(lines) > 40 and not [line for line in lines if line not in told]
