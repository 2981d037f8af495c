"""What the measures need to know of each consultation, streamed from the store: no text of a turn is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from sys import intern
from typing import Any

from consult.envs.store.write import Store
from consult.scenarios import Scenario
from consult.scenarios.case import NO_RED_FLAG
from consult.scenarios.correct import CorrectBy, Naming, naming, plurality


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
    words: str | None
    """The doctor's own words for its diagnosis, also of an unfinished consultation, and where no label was read."""
    diagnosis: str | None
    """The label that was read; None for an abstention and where the consultation did not finish."""
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
    final_urgency: str | None = None
    """The attending's; also None if it was played before this was stored, like the two below."""
    red_flag: str | None = None
    """The case's; `none` where it has none, None if that is not known."""
    alarm_told: str | None = None
    """How the patient told it: opening, asked or volunteered; None if it was not told."""
    error: str | None = None
    correct: bool | None = None
    """As it was decided and stored; None if there is no truth."""
    correct_by: CorrectBy | None = None
    """What decided it; `unjudged` counts as wrong."""
    questions: int = 0
    """That the attending asked the patient."""
    judge_failed: bool = False
    """Whether it is unjudged although a judge was asked."""

    @property
    def has_alarm(self) -> bool | None:
        """Whether the case has a red flag; None if that is not known."""
        return None if self.red_flag is None else self.red_flag != NO_RED_FLAG

    def is_right(self, said: str | None) -> bool:
        """Return whether a label that somebody else named is right: it is the truth, or the right final diagnosis."""
        return said is not None and (said == self.truth or (bool(self.correct) and said == self.diagnosis))

    def is_unjudged(self, said: str | None) -> bool:
        """Return whether a label that somebody named is the final diagnosis, which nobody has judged."""
        return said is not None and self.correct_by == "unjudged" and said == self.diagnosis


_CONSULTATIONS = """
SELECT c.ordinal, c.id, c.case_id, c.temperament, c.repeat, c.status, c.specialty, c.urgency, c.diagnosis,
  coalesce(c.diagnosis_words, c.diagnosis), c.truth, c.correct, c.correct_by,
  c.true_specialty, c.true_urgency, c.final_urgency, c.red_flag, c.alarm_told, c.style, c.skin_type, c.demo, c.error,
  count(t.idx), total(t.tokens_in), total(t.tokens_out), total(t.seconds),
  max(CASE WHEN t.action = 'conclude' THEN t.confidence END),
  max(CASE WHEN t.action = 'conclude' THEN t.differential END),
  total(t.speaker = 'attending' AND t.action = 'ask')
FROM consultations c LEFT JOIN turns t ON t.consultation_id = c.id
WHERE c.run_id = ? AND c.status != 'running' GROUP BY c.ordinal ORDER BY c.ordinal
"""
_OPINIONS = """
SELECT c.ordinal, o.diagnosis FROM consultations c JOIN opinions o ON o.consultation_id = c.id
WHERE c.run_id = ? AND c.status != 'running' ORDER BY c.ordinal, o.idx
"""
_FAILURES = """
SELECT DISTINCT c.ordinal FROM consultations c JOIN judgements j ON j.consultation_id = c.id
WHERE c.run_id = ? AND c.correct_by = 'unjudged' AND j.verdict IS NULL
"""


def outcomes(store: Store, run: str, scenario: Scenario) -> Iterator[Outcome]:
    """Stream a run's consultations that have ended, in their order.

    Args:
        store: Where the run is.
        run: Its id.
        scenario: Whose labels and aliases the answers are read with.
    """
    reader = _Reader(naming(scenario))
    failures = {ordinal for (ordinal,) in store.stream(_FAILURES, run)}
    panels = groupby(store.stream(_OPINIONS, run), key=itemgetter(0))
    panel = next(panels, None)
    for ordinal, *row in store.stream(_CONSULTATIONS, run):
        members: tuple[str | None, ...] = ()
        if panel is not None and panel[0] == ordinal:
            members = tuple(diagnosis for _, diagnosis in panel[1])
            panel = next(panels, None)
        one = reader.outcome(row, members)
        yield replace(one, judge_failed=True) if ordinal in failures else one


class _Reader:
    """Reads rows; what many consultations have alike is read once and kept once."""

    def __init__(self, name: Naming) -> None:
        self.name = name
        self.ranked = lru_cache(maxsize=50_000)(self._ranked)
        self.panel = lru_cache(maxsize=50_000)(self._panel)

    def outcome(self, row: Sequence[Any], members: tuple[str | None, ...]) -> Outcome:
        (id_, case, mood, repeat, status, specialty, urgency, answer, words, truth, correct, correct_by,
         true_specialty, true_urgency, final_urgency, red_flag, alarm_told, style, skin, demo, error, turns, tokens_in,
         tokens_out, seconds, confidence, differential, questions) = row  # fmt: skip
        # The truth's spelling comes first.
        truth = self.name(truth)
        opinions, vote = self.panel(members)
        return Outcome(
            id=id_,
            case=intern(case),
            temperament=intern(mood),
            repeat=repeat,
            status=intern(status),
            specialty=_shared(specialty),
            urgency=_shared(urgency),
            words=_shared(words),
            diagnosis=self.name(answer) if status == "finished" else None,
            truth=truth,
            correct=None if correct is None else bool(correct),
            correct_by=correct_by,
            true_specialty=_shared(true_specialty),
            true_urgency=_shared(true_urgency),
            final_urgency=_shared(final_urgency),
            red_flag=_shared(red_flag),
            alarm_told=_shared(alarm_told),
            style=_shared(style),
            skin_type=skin,
            demo=bool(demo),
            # In 32 bits the sixth digit depends on what else was in the batch: after a kill, on other consultations.
            confidence=None if confidence is None else round(confidence, 3),
            differential=self.ranked(differential or "[]"),
            opinions=opinions,
            vote=vote,
            turns=turns,
            tokens_in=int(tokens_in),
            tokens_out=int(tokens_out),
            seconds=seconds,
            error=error,
            questions=int(questions),
        )

    def _ranked(self, differential: str) -> tuple[str, ...]:
        named = (self.name(one) for one in json.loads(differential))
        return tuple(dict.fromkeys(one for one in named if one is not None))

    def _panel(self, members: tuple[str | None, ...]) -> tuple[tuple[str | None, ...], str | None]:
        """Return what the members said as labels, and its plurality."""
        said = tuple(self.name(one) for one in members)
        return said, plurality(said, self.name)


def _shared(text: Any) -> str | None:
    """Keep one copy of a text that many consultations have."""
    return None if text is None else intern(text)
