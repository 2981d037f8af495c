"""The consultations behind the figures: each with its verdict, streamed from the store."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consult.envs.measures import Outcome
    from consult.envs.store import Store

HEADINGS = (
    "consultation", "run", "case", "temperament", "status", "truth", "diagnosis", "verdict", "confidence",
    "true_specialty", "specialty", "true_urgency", "urgency", "opinions_right", "opinions", "vote", "skin_type",
    "style", "turns", "tokens_in", "tokens_out", "seconds", "demo", "error",
)  # fmt: skip


def verdict(one: Outcome) -> str:
    """Say in a word what came of a consultation: right, wrong, no truth, not judged, unfinished or failed."""
    if one.status != "finished":
        return one.status
    unknown = "no truth" if one.truth is None else "not judged"
    return {True: "right", False: "wrong", None: unknown}[one.correct]


def csv_lines(store: Store, runs: Sequence[str]) -> Iterator[str]:
    """Give consultations.csv in pieces."""
    yield _line(HEADINGS)
    for run in runs:
        for one in read(store, run):
            yield _line(_row(run, one))


def read(store: Store, run: str) -> Iterator[Outcome]:
    """Stream the consultations of a run that have ended."""
    from consult.envs.measures import outcomes
    from consult.scenarios import load_scenario

    scenario = store.query("SELECT scenario FROM runs WHERE id = ?", run)[0]["scenario"]
    return outcomes(store, run, load_scenario(scenario))


def _row(run: str, one: Outcome) -> tuple[object, ...]:
    right = None if one.truth is None else sum(opinion == one.truth for opinion in one.opinions)
    return (
        one.id, run, one.case, one.temperament, one.status, one.truth, one.diagnosis, verdict(one), one.confidence,
        one.true_specialty, one.specialty, one.true_urgency, one.urgency, right, len(one.opinions), one.vote,
        one.skin_type, one.style, one.turns, one.tokens_in, one.tokens_out, f"{one.seconds:.3f}", int(one.demo),
        one.error,
    )  # fmt: skip


def _line(row: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(["" if cell is None else _plain(cell) for cell in row])
    return buffer.getvalue()


def _plain(cell: object) -> object:
    """Keep a spreadsheet from reading text of a case or a model as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell
