"""The plot that compares conditions: figures with their intervals, side by side on scales of 0 to 100 %."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from consult.foreign_text import as_html, shown

Data = Mapping[str, Any]

WIDTH, GAP = 150, 36
"""Of a column, and between two of them."""
LETTER, LINE = 6.2, 13
"""Room for a letter and for a line of text, at the size of 10."""
MOST_LETTERS = 44
"""Of a line of a label; a longer label takes several lines."""
TOP, BOTTOM = 34, 22


class Column(NamedTuple):
    """One figure of every condition."""

    title: str
    rows: Sequence[tuple[str, Data | None]]
    """Label and figure; one without a value has no dot."""


def forest(columns: Sequence[Column], differing: str) -> str:
    """Draw conditions below each other, each with a dot and an interval in every column.

    Args:
        columns: With the same labels in the same order.
        differing: What the labels tell apart, e.g. `model, team`.
    """
    labels = [wrapped(shown(label)) for label, _ in columns[0].rows]
    left = LETTER * max(len(line) for lines in [*labels, [differing]] for line in lines) + 16
    tops = [TOP]
    for lines in labels:
        tops.append(tops[-1] + max(LINE * len(lines) + 7, 20))
    middles = [(top + below) / 2 for top, below in pairwise(tops)]
    width, height = left + len(columns) * (WIDTH + GAP), tops[-1] + BOTTOM
    names = "".join(_label(left, middle, lines) for middle, lines in zip(middles, labels, strict=True))
    heading = f'<text class="axis" x="{left - 10:.0f}" y="{TOP - 18}" text-anchor="end">{as_html(differing)}</text>'
    drawn = "".join(
        _column(left + number * (WIDTH + GAP), column, middles, tops[-1]) for number, column in enumerate(columns)
    )
    title = f"{_listed([column.title for column in columns])}, with 95 % intervals, by {differing or 'run'}"
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" font-size="10" role="img" aria-label="{as_html(title)}"'
    style = f'style="min-width:{width:.0f}px;max-width:{1.4 * width:.0f}px"'
    svg = f"<svg {box} {style}>{heading}{names}{drawn}</svg>"
    return f'<figure class="forest"><div class="wide">{svg}</div><figcaption>{as_html(title)}.</figcaption></figure>'


def wrapped(label: str, most: int = MOST_LETTERS) -> list[str]:
    """Break a label into lines, between its parts where that is possible."""
    lines = [""]
    for number, part in enumerate(label.split(" · ")):
        joined = part if number == 0 else f" · {part}"
        if lines[-1] and len(lines[-1]) + len(joined) > most:
            lines.append(f"· {part}")
        else:
            lines[-1] += joined
    return [line[at : at + most] for line in lines for at in range(0, max(1, len(line)), most)]


def _listed(titles: Sequence[str]) -> str:
    text = ", ".join(titles)
    return text[:1].upper() + text[1:]


def _label(left: float, middle: float, lines: Sequence[str]) -> str:
    first = middle - LINE * (len(lines) - 1) / 2 + 4
    return "".join(
        f'<text x="{left - 10:.0f}" y="{first + LINE * number:.1f}" text-anchor="end">{as_html(line)}</text>'
        for number, line in enumerate(lines)
    )


def _column(left: float, column: Column, middles: Sequence[float], bottom: float) -> str:
    ticks = "".join(
        f'<line class="grid" x1="{left + v * WIDTH:.0f}" x2="{left + v * WIDTH:.0f}" y1="{TOP - 8}" y2="{bottom:.0f}"/>'
        f'<text x="{left + v * WIDTH:.0f}" y="{bottom + 14:.0f}" text-anchor="middle">{v:.0%}</text>'
        for v in (0, 0.5, 1)
    )
    at = f'x="{left + WIDTH / 2:.0f}" y="{TOP - 18}"'
    title = f'<text class="axis" {at} text-anchor="middle">{as_html(column.title)}</text>'
    dots = "".join(
        _dot(left, middle, label, data)
        for middle, (label, data) in zip(middles, column.rows, strict=True)
        if data is not None and data["value"] is not None
    )
    return ticks + title + dots


def _dot(left: float, y: float, label: str, data: Data) -> str:
    low, high = (data["value"] if end is None else end for end in (data["low"], data["high"]))
    x, x1, x2 = (left + share * WIDTH for share in (data["value"], low, high))
    told = f"{as_html(shown(label))}: {data['value']:.1%} of {data['n']:,}"
    return (
        f'<line class="whisker" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{told}</title></circle>'
    )
