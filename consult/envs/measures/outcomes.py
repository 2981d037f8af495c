"""What the measures need to know of each consultation, streamed from the store: no text of a turn is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from sys import intern
from typing import Any

from consult.agents.acts import Opinion
from consult.agents.specialist import plurality
from consult.envs.store import Row, Store
from consult.scenarios import Scenario

Naming = Callable[[str | None], str | None]
"""Gives the label that an answer names; None for an answer that names none or several."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One consultation that has ended."""

    id: str
    case: str
    temperament: str
    repeat: int
    status: str
    """finished, unfinished or failed"""
    specialty: str | None
    urgency: str | None
    answer: str | None
    """The diagnosis as it stands in the store, of an unfinished consultation, too."""
    diagnosis: str | None
    """The label that the answer names; None for an abstention and where the consultation did not finish."""
    truth: str | None
    true_specialty: str | None
    true_urgency: str | None
    style: str | None
    skin_type: int | None
    demo: bool
    confidence: float | None
    """The attending's, 0 to 1."""
    differential: tuple[str, ...]
    """Labels, the likeliest first."""
    opinions: tuple[str | None, ...]
    """A label for each member of the panel; None for *not my field*."""
    vote: str | None
    """Plurality of the opinions."""
    turns: int
    tokens_in: int
    tokens_out: int
    seconds: float
    error: str | None = None
    in_other_words: bool | None = False
    """Whether a diagnosis that is not the truth by name is right nonetheless: never with a list of labels; with open
    diagnoses what an assessor says, and None where none has said it."""

    @property
    def correct(self) -> bool | None:
        """Whether the diagnosis is right; None where there is no truth, or nobody has judged an open diagnosis."""
        if self.truth is None:
            return None
        if self.diagnosis is None or self.diagnosis == self.truth:
            return self.diagnosis == self.truth
        return self.in_other_words


_CONSULTATIONS = """
SELECT c.id, c.ordinal, c.case_id, c.temperament, c.repeat, c.status, c.specialty, c.urgency, c.diagnosis, c.truth,
  c.true_specialty, c.true_urgency, c.style, c.skin_type, c.demo, c.error,
  count(t.idx) AS turns, total(t.tokens_in) AS tokens_in, total(t.tokens_out) AS tokens_out,
  total(t.seconds) AS seconds, max(CASE WHEN t.action = 'conclude' THEN t.confidence END) AS confidence,
  max(CASE WHEN t.action = 'conclude' THEN t.differential END) AS differential
FROM consultations c LEFT JOIN turns t ON t.consultation_id = c.id
WHERE c.run_id = ? AND c.status != 'running' GROUP BY c.ordinal ORDER BY c.ordinal
"""
_OPINIONS = """
SELECT c.ordinal, o.specialty, o.diagnosis FROM consultations c JOIN opinions o ON o.consultation_id = c.id
WHERE c.run_id = ? AND c.status != 'running' ORDER BY c.ordinal, o.idx
"""

_VERDICTS = """
SELECT c.ordinal, a.value FROM consultations c JOIN assessments a ON a.consultation_id = c.id
WHERE c.run_id = ? AND a.item = ? AND a.value IS NOT NULL ORDER BY a.id DESC
"""
RIGHT_DIAGNOSIS = "3.1"
"""The rubric's item that decides on an open diagnosis."""


def outcomes(store: Store, run: str, scenario: Scenario) -> Iterator[Outcome]:
    """Stream a run's consultations that have ended, in their order.

    Args:
        store: Where the run is.
        run: Its id.
        scenario: Whose labels and aliases the answers are read with.
    """
    name = naming(scenario)
    # Of several assessors the first one's verdict counts.
    verdicts = {} if scenario.labels else {r["ordinal"]: bool(r["value"]) for r in _verdicts(store, run)}
    panels = groupby(store.db.query(_OPINIONS, [run]), key=lambda row: row["ordinal"])
    panel = next(panels, None)
    for row in store.db.query(_CONSULTATIONS, [run]):
        members: Sequence[Row] = ()
        if panel is not None and panel[0] == row["ordinal"]:
            members, panel = list(panel[1]), None
            panel = next(panels, None)
        one = _outcome(row, members, name)
        yield one if scenario.labels else replace(one, in_other_words=verdicts.get(row["ordinal"]))


def _verdicts(store: Store, run: str) -> Iterator[Row]:
    rows: Iterator[Row] = store.db.query(_VERDICTS, [run, RIGHT_DIAGNOSIS])
    return rows


def naming(scenario: Scenario) -> Naming:
    """Give the way a scenario reads an answer: after aliases, whole words, the longest name first.

    A scenario with open diagnoses has no labels; there an answer stays as it is, in lower case.
    """

    @lru_cache(maxsize=10_000)
    def label(answer: str | None) -> str | None:
        if answer is None or answer in scenario.labels:
            return answer
        return scenario.diagnosis(answer) if scenario.labels else answer.strip().lower()

    return label


def _outcome(row: Row, members: Sequence[Row], name: Naming) -> Outcome:
    given = [Opinion(m["specialty"], name(m["diagnosis"]), None, "") for m in members]
    ranked = [name(one) for one in json.loads(row["differential"] or "[]")]
    return Outcome(
        id=row["id"],
        case=row["case_id"],
        temperament=intern(row["temperament"]),
        repeat=row["repeat"],
        status=intern(row["status"]),
        specialty=_shared(row["specialty"]),
        urgency=_shared(row["urgency"]),
        answer=_shared(row["diagnosis"]),
        diagnosis=name(row["diagnosis"]) if row["status"] == "finished" else None,
        truth=name(row["truth"]),
        true_specialty=_shared(row["true_specialty"]),
        true_urgency=_shared(row["true_urgency"]),
        style=_shared(row["style"]),
        skin_type=row["skin_type"],
        demo=bool(row["demo"]),
        confidence=row["confidence"],
        differential=tuple(dict.fromkeys(one for one in ranked if one is not None)),
        opinions=tuple(opinion.diagnosis for opinion in given),
        vote=plurality(given),
        turns=row["turns"],
        tokens_in=int(row["tokens_in"]),
        tokens_out=int(row["tokens_out"]),
        seconds=row["seconds"],
        error=row["error"],
    )


def _shared(text: Any) -> str | None:
    """Keep one copy of a text that many consultations have."""
    return None if text is None else intern(text)
