"""docs/api.md: its blocks run, and it names all that the package offers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import consult

TEXT = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(<!-- \w+ -->\n)?```python\n(.*?)\n```", TEXT, re.DOTALL)


@pytest.mark.slow
def test_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for mark, body in BLOCKS:
        if not mark:
            exec(body, names)
    assert capsys.readouterr().out == "run r1 is already finished; view it with: consult show r1 --db api.db\n"
    assert names["run"].accuracy == 1.0 and names["report"].page.is_file() and names["summary"]["items"]
    values = {cell["model"]: cell["value"] for cell in names["compared"].summary["cells"]}
    assert values["bayes:derm34"] > values["random:derm34"]


def test_all_that_is_offered_is_described() -> None:
    for name in consult.__all__:
        assert re.search(rf"\b{name}\b", TEXT), name


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", TEXT):
        assert (Path(__file__).parents[1] / "docs" / target).exists(), target
