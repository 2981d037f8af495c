"""The consultations behind the figures: each with its verdict."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consult.envs.metrics import Outcome

HEADINGS = (
    "consultation", "run", "case", "temperament", "status", "truth", "diagnosis", "diagnosis_words", "verdict",
    "correct", "correct_by", "confidence", "true_specialty", "specialty", "true_urgency", "urgency", "final_urgency",
    "red_flag", "alarm_told", "opinions_right", "opinions", "vote", "skin_type", "style", "turns", "tokens_in",
    "tokens_out", "seconds", "demo", "dataset", "modality", "question_type", "question_form", "domain", "error",
)  # fmt: skip

FORMULA = ("=", "+", "-", "@")
"""What a formula begins with."""
PIECE = 5_000
"""Lines that are written together."""


def verdict(one: Outcome) -> str:
    """Return in a word what came of a consultation: right, wrong, no truth, unjudged, unfinished or failed."""
    return result_of(one.status, one.correct, one.correct_by)


def result_of(status: str, correct: bool | None, correct_by: str | None) -> str:
    """Return the word for what was decided on a consultation."""
    if status != "finished":
        return status
    if correct_by == "unjudged":
        return "unjudged"
    return {True: "right", False: "wrong", None: "no truth"}[correct]


def table_of(run: str, played: Sequence[Outcome]) -> Iterator[str]:
    """Yield the lines of consultations.csv about a run, in pieces."""
    for start in range(0, len(played), PIECE):
        yield csv_lines(_row(run, one) for one in played[start : start + PIECE])


def _row(run: str, one: Outcome) -> tuple[object, ...]:
    right = None if one.truth is None else sum(map(one.is_right, one.opinions))
    decided = None if one.correct is None else int(one.correct)
    return (
        one.id, run, one.case, one.temperament, one.status, one.truth, one.diagnosis, one.words, verdict(one),
        decided, one.correct_by, one.confidence, one.true_specialty, one.specialty, one.true_urgency, one.urgency,
        one.final_urgency, one.red_flag, one.alarm_told, right, len(one.opinions), one.vote, one.skin_type, one.style,
        one.turns, one.tokens_in, one.tokens_out, f"{one.seconds:.3f}", int(one.demo),
        one.dataset, one.modality, one.question_type, one.question_form, one.domain, one.error,
    )  # fmt: skip


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as lines of a CSV file, in which no text is a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    # A spreadsheet is kept from reading text of a case or of a model as a formula.
    writer.writerows([f"'{c}" if isinstance(c, str) and c.startswith(FORMULA) else c for c in row] for row in rows)
    return buffer.getvalue()


HEADINGS_LINE = csv_lines([HEADINGS])
