"""A table of a report, and how its figures are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]

UNKNOWN = "—"
PAIRED = "Accuracy in percentage points, paired by case; n are cases. Holm corrects for all rows of this table."
DIFFERENCE = ("points", "better : worse", "p", "p, Holm", "test")


@dataclass(frozen=True)
class Cell:
    """Text, and where in the page the consultations behind it are listed."""

    text: str
    link: str = ""
    detail: str = ""
    """Said in small print below the text: the interval, and what is missing."""


@dataclass(frozen=True)
class Table:
    """A titled table; the first column names, the others hold figures."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""


def figure(data: Data, *, points: bool = False, plain: bool = False) -> str:
    """Write a figure with its interval, n and what is missing.

    Args:
        data: As in report.json.
        points: As a difference in percentage points.
        plain: As a number rather than a share.
    """
    if data["value"] is None:
        return UNKNOWN
    number = _points if points else _plain if plain else share
    sure = f" ({number(data['low'])} to {number(data['high'])})" if data["low"] is not None else " (no interval)"
    return f"{number(data['value'])}{sure}, n {data['n']:,}{missing(data)}"


def small(data: Data | None, link: str = "", *, n: int | None = None, plain: bool = False) -> Cell:
    """Write a figure as a cell of a wide table: the value, and below it the interval.

    Args:
        data: As in report.json; None if the run has no such figure.
        link: Where its consultations are listed.
        n: The row's; a figure's own is told where it is another.
        plain: As a number rather than a share.
    """
    if data is None or data["value"] is None:
        return Cell(UNKNOWN, detail="" if data is None else missing(data).removeprefix(", "))
    number = _plain if plain else share
    sure = f"{number(data['low']).removesuffix(' %')} to {number(data['high'])}" if data["low"] is not None else ""
    own = f"n {data['n']:,}" if data["n"] != n else ""
    details = [part for part in (sure, own, missing(data).removeprefix(", ")) if part]
    return Cell(number(data["value"]), link, ", ".join(details))


def missing(data: Data) -> str:
    """Say what a figure lacks: failed and unjudged consultations, and missing verdicts."""
    lost = f", {data['failed']:,} failed" if data.get("failed") else ""
    if data.get("unjudged"):
        lost += f", {data['unjudged']:,} unjudged"
        return f"{lost}, judge failed on {data['judge_failed']:,}" if data.get("judge_failed") else lost
    return f"{lost}, assessor failed on {data['judge_failed']:,}" if data.get("judge_failed") else lost


def share(value: float) -> str:
    """Write a share as a percentage."""
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"


def difference(data: Data) -> tuple[Cell, ...]:
    """Write a paired difference, as the columns `DIFFERENCE`."""
    corrected = UNKNOWN if data["p_holm"] is None else f"{data['p_holm']:.2g}"
    texts = (f"{data['won']} : {data['lost']}", f"{data['p']:.2g}", corrected, data["test"])
    return (Cell(figure(data["figure"], points=True)), *map(Cell, texts))


def legacy(data: Data) -> str:
    """Write what 3MDBench's own scorer would give."""
    if data["f1"] is None:
        return f"none: {data['why']}"
    answers = "answer" if data["predictions"] == 1 else "answers"
    return f"{share(data['f1'])}, {data['predictions']:,} {answers}, {share(data['dropped'])} dropped"


def place(run: str, title: str) -> str:
    """Return the fragment of an address where the consultations behind a figure are listed.

    Args:
        run: Its id.
        title: What the figure is about, e.g. `diagnosis acne`.
    """
    return f"{run}-{''.join(c if c.isalnum() else '-' for c in title.lower())}"
