"""What the tests of the Python API share: a doctor that is a function, and runs that take no time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import consult

PANEL = f"scripted:{Path(__file__).parents[1] / 'data' / 'panel.yaml'}"
Messages = list[dict[str, str]]


def attending(messages: Messages, images: list[Any]) -> str:
    """Consult at once, and decide on eczema."""
    task = messages[-1]["content"]
    if '{"action": "conclude"}' in task:
        return json.dumps({"action": "consult" if '"consult"' in task else "conclude", "text": "One moment."})
    if "<differential>" in task:
        return "<think>A rash.</think><answer>eczema</answer><urgency>soon</urgency>"
    return "I think that it is eczema."


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> consult.Run:
    """Three consultations with the attending above."""
    db = tmp_path_factory.mktemp("api") / "a.db"
    return consult.simulate(cases=3, model=PANEL, attending=attending, db=db)


@pytest.fixture
def mine(tmp_path: Path) -> Callable[[str], str]:
    """Write `mine.py`, and return its path."""

    def write(source: str) -> str:
        path = tmp_path / "mine.py"
        path.write_text(source, encoding="utf-8")
        return str(path)

    return write
