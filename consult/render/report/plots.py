"""The plots of a report, as small SVG that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consult.counts import count_of
from consult.foreign_text import as_html

Data = Mapping[str, Any]

SIDE, LEFT, BOTTOM = 240, 44, 40
"""Of the square that is drawn in, and the room beside and below it for words."""
WIDE, CELL = 150, 13
"""Of the confusion matrix: room for names, and the side of a cell."""
MOST_LABELS = 80
"""Above this many names a matrix cannot be read."""


def reliability(curve: Sequence[Data]) -> str:
    """Draw the share of right diagnoses over confidence; a dot's area is its number of consultations."""
    most = max(one["n"] for one in curve)
    points = [(one["confidence"], one["right"]) for one in curve]
    path = " ".join(f"{_x(c):.1f},{_y(r):.1f}" for c, r in points)
    dots = "".join(
        f'<circle class="dot" cx="{_x(one["confidence"]):.1f}" cy="{_y(one["right"]):.1f}" '
        f'r="{2 + 6 * (one["n"] / most) ** 0.5:.1f}"><title>{count_of(one["n"], "consultation")}: '
        f"said {one['confidence']:.0%}, right {one['right']:.0%}</title></circle>"
        for one in curve
    )
    diagonal = f'<line class="ideal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    body = (
        f'{diagonal}<polyline class="curve" points="{path}"/>{dots}{_ticks_below([(v, f"{v:.0%}") for v in _FIFTHS])}'
    )
    return _framed(body, "confidence of the attending", "right", "Reliability: share of right diagnoses by confidence")


def accuracy_by_s(rows: Sequence[Data]) -> str:
    """Draw the accuracy of the final diagnosis, with its interval, for each number of right opinions."""
    step = 1 / len(rows)
    bars = "".join(_bar((i + 0.5) * step, step, one["accuracy"]) for i, one in enumerate(rows))
    names = [((i + 0.5) * step, f"{one['right']}/{one['members']}") for i, one in enumerate(rows)]
    title = "Final diagnosis right by the number of right opinions"
    return _framed(bars + _ticks_below(names), "right opinions of the panel", "final diagnosis right", title)


def confusion_matrix(rows: Sequence[Data]) -> str:
    """Draw what was said for each truth: the darker a cell, the larger its share of the row.

    Args:
        rows: Objects with `truth`, `said` and `n`.
    """
    truths = sorted({one["truth"] for one in rows})
    said = [*truths, *sorted({one["said"] for one in rows} - set(truths))]
    if len(said) > MOST_LABELS:
        return ""
    total = {truth: sum(one["n"] for one in rows if one["truth"] == truth) for truth in truths}
    cells = "".join(
        f'<rect class="{"hit" if one["truth"] == one["said"] else "miss"}" '
        f'x="{WIDE + CELL * said.index(one["said"])}" y="{WIDE + CELL * truths.index(one["truth"])}" '
        f'width="{CELL - 1}" height="{CELL - 1}" fill-opacity="{0.15 + 0.85 * one["n"] / total[one["truth"]]:.2f}">'
        f"<title>{as_html(one['truth'])}, said {as_html(one['said'])}: {one['n']:,} of {total[one['truth']]:,}"
        "</title></rect>"
        for one in rows
    )
    rows_ = "".join(
        f'<text x="{WIDE - 4}" y="{WIDE + CELL * i + 10}" text-anchor="end">{as_html(name)}</text>'
        for i, name in enumerate(truths)
    )
    columns = "".join(
        f'<text transform="translate({WIDE + CELL * i + 10} {WIDE - 4}) rotate(-90)">{as_html(name)}</text>'
        for i, name in enumerate(said)
    )
    title = "Confusion matrix: truth downwards, what was concluded across"
    box = f'viewBox="0 0 {WIDE + CELL * len(said)} {WIDE + CELL * len(truths)}" role="img" aria-label="{title}"'
    drawn = f"<svg {box}>{cells}{rows_}{columns}</svg>"
    return f'<figure class="broad matrix">{drawn}<figcaption>{title}.</figcaption></figure>'


_FIFTHS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def _bar(middle: float, step: float, data: Data) -> str:
    if data["value"] is None:
        return ""
    width, x = 0.6 * step * SIDE, _x(middle)
    top = _y(data["value"])
    bar = f'<rect class="bar" x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_y(0) - top:.1f}">'
    whisker = (
        f'<line class="whisker" x1="{x:.1f}" y1="{_y(data["low"]):.1f}" x2="{x:.1f}" y2="{_y(data["high"]):.1f}"/>'
        if data["low"] is not None
        else ""
    )
    return f"{bar}<title>{data['value']:.1%} of {data['n']:,}</title></rect>{whisker}"


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return 8 + (1 - share) * SIDE


def _ticks_below(ticks: Sequence[tuple[float, str]]) -> str:
    return "".join(f'<text x="{_x(v):.1f}" y="{SIDE + 24}" text-anchor="middle">{name}</text>' for v, name in ticks)


def _framed(body: str, below: str, beside: str, title: str) -> str:
    lines = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{LEFT + SIDE}" y1="{_y(v):.1f}" y2="{_y(v):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(v) + 4:.1f}" text-anchor="end">{v:.0%}</text>'
        for v in _FIFTHS
    )
    width, height = LEFT + SIDE + 24, SIDE + BOTTOM + 8
    return (
        f'<figure><svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">{lines}{body}'
        f'<text x="{_x(0.5):.0f}" y="{height - 6}" text-anchor="middle">{below}</text></svg>'
        f"<figcaption>{title} ({beside}, upwards).</figcaption></figure>"
    )
