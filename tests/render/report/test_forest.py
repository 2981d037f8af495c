"""The plot that compares conditions: names do not run over each other or out of the picture."""

from __future__ import annotations

import re
from typing import Any

import pytest

from consult.render.report.forest import LETTER, LINE, MOST_LETTERS, Column, forest, wrapped

LABELS = [
    f"scripted:run_{number}/100%_panel&co,#2.yaml · {strategy} · solo · patient Qwen/Qwen2.5-VL-7B-Instruct"
    for number in (1, 2)
    for strategy in ("dialogue", "no-dialogue", "reasoning", "text-only")
]
FIGURE: dict[str, Any] = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 12}
TEXT = re.compile(r'<text(?: class="axis")? x="([\d.-]+)" y="([\d.-]+)" text-anchor="(\w+)">([^<]*)</text>')


def boxes(svg: str) -> list[tuple[float, float, float, float, str]]:
    """Give where each text lies: left, right, top, bottom."""
    found = []
    for x, y, anchor, text in TEXT.findall(svg):
        letters = text.replace("&amp;", "&").replace("&#x27;", "'")
        wide = LETTER * len(letters)
        right = float(x) + (0 if anchor == "end" else wide / 2)
        found.append((right - wide, right, float(y) - 9, float(y) + 3, letters))
    return found


def test_eight_long_names_do_not_overlap_and_lie_within_the_picture() -> None:
    columns = [Column(title, [(label, FIGURE) for label in LABELS]) for title in ("diagnosis right", "rubric's mean")]
    svg = forest(columns, "model, strategy, team, patient")
    width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())  # type: ignore[union-attr]
    found = boxes(svg)
    assert all(left >= 0 and right <= width and top >= 0 and bottom <= height for left, right, top, bottom, _ in found)
    for number, (left, right, top, bottom, _) in enumerate(found):
        for left2, right2, top2, bottom2, text in found[number + 1 :]:
            assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top, text
    assert svg.count('class="dot"') == 16


@pytest.mark.parametrize("label", [*LABELS, "a", "x" * 200])
def test_a_wrapped_label_loses_nothing(label: str) -> None:
    lines = wrapped(label)
    assert "".join(lines).replace(" ", "") == label.replace(" ", "")
    assert all(len(line) <= MOST_LETTERS for line in lines) and LINE > 10


def test_a_condition_that_was_not_measured_has_no_dot() -> None:
    rows: list[tuple[str, Any]] = [
        ("a", FIGURE),
        ("b", None),
        ("c", FIGURE | {"value": None, "low": None, "high": None}),
    ]
    svg = forest([Column("triage", rows)], "model")
    assert svg.count('class="dot"') == 1 and all(f">{name}</text>" in svg for name in "abc")
