"""The data of each consultation that the metrics need, streamed from the store: no text of a turn is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from sys import intern
from typing import Any

from consult.envs.store.figures import EndedConsultation, ended_consultations, judge_failures, panel_diagnoses
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
    """The doctor's own words for its diagnosis, also if the consultation is unfinished or no label was read."""
    diagnosis: str | None
    """The label that was read; None for an abstention and if the consultation did not finish."""
    truth: str | None
    true_specialty: str | None
    true_urgency: str | None
    style: str | None
    skin_type: int | None
    demo: bool
    confidence: float | None
    """The attending's confidence, 0 to 1."""
    differential: tuple[str, ...]
    """Labels, most likely first."""
    opinions: tuple[str | None, ...]
    """A label for each member of the panel; None for *not my field*."""
    vote: str | None
    """Plurality of the opinions."""
    turns: int
    tokens_in: int
    tokens_out: int
    seconds: float
    final_urgency: str | None = None
    """The attending's urgency; also None, like the two below, if the consultation was played before this was stored."""
    red_flag: str | None = None
    """The case's red flag; `none` if it has none, None if that is not known."""
    alarm_told: str | None = None
    """How the patient told the red flag: opening, asked or volunteered; None if it was not told."""
    error: str | None = None
    correct: bool | None = None
    """Whether the diagnosis is right, as decided and stored; None if there is no truth."""
    correct_by: CorrectBy | None = None
    """What decided it; `unjudged` counts as wrong."""
    questions: int = 0
    """Number of questions that the attending asked the patient."""
    judge_failed: bool = False
    """Whether the diagnosis is unjudged although a judge was asked."""
    dataset: str | None = None
    """Of a question about pictures, the data set that it comes from; like the four below, None for a patient."""
    modality: str | None = None
    question_type: str | None = None
    question_form: str | None = None
    """closed or open"""
    domain: str | None = None
    """in or out"""

    @property
    def has_alarm(self) -> bool | None:
        """Return whether the case has a red flag; None if that is not known."""
        return None if self.red_flag is None else self.red_flag != NO_RED_FLAG

    def is_right(self, said: str | None) -> bool:
        """Return whether a label named by somebody else is right: it is the truth, or the right final diagnosis."""
        return said is not None and (said == self.truth or (bool(self.correct) and said == self.diagnosis))

    def is_unjudged(self, said: str | None) -> bool:
        """Return whether a label is the final diagnosis, which nobody has judged."""
        return said is not None and self.correct_by == "unjudged" and said == self.diagnosis


def outcomes(store: Store, run: str, scenario: Scenario) -> Iterator[Outcome]:
    """Stream a run's consultations that have ended, in order.

    Args:
        store: The run's store.
        run: The run's id.
        scenario: The scenario whose labels and aliases the answers are read with.
    """
    reader = _Reader(naming(scenario))
    failures = judge_failures(store, run)
    panels = groupby(panel_diagnoses(store, run), key=itemgetter(0))
    panel = next(panels, None)
    for row in ended_consultations(store, run):
        members: tuple[str | None, ...] = ()
        if panel is not None and panel[0] == row.ordinal:
            members = tuple(diagnosis for _, diagnosis in panel[1])
            panel = next(panels, None)
        one = reader.outcome(row, members)
        yield replace(one, judge_failed=True) if row.ordinal in failures else one


class _Reader:
    """Reads rows; values that many consultations share are parsed and stored once."""

    def __init__(self, name: Naming) -> None:
        self.name = name
        self.ranked = lru_cache(maxsize=50_000)(self._ranked)
        self.panel = lru_cache(maxsize=50_000)(self._panel)

    def outcome(self, row: EndedConsultation, members: tuple[str | None, ...]) -> Outcome:
        # The truth's spelling comes first.
        truth = self.name(row.truth)
        opinions, vote = self.panel(members)
        return Outcome(
            id=row.id,
            case=intern(row.case_id),
            temperament=intern(row.temperament),
            repeat=row.repeat,
            status=intern(row.status),
            specialty=_shared(row.specialty),
            urgency=_shared(row.urgency),
            words=_shared(row.words),
            diagnosis=self.name(row.diagnosis) if row.status == "finished" else None,
            truth=truth,
            correct=None if row.correct is None else bool(row.correct),
            correct_by=row.correct_by,
            true_specialty=_shared(row.true_specialty),
            true_urgency=_shared(row.true_urgency),
            final_urgency=_shared(row.final_urgency),
            red_flag=_shared(row.red_flag),
            alarm_told=_shared(row.alarm_told),
            style=_shared(row.style),
            skin_type=row.skin_type,
            demo=bool(row.demo),
            # In 32 bits the sixth digit depends on the rest of the batch, which differs after a kill.
            confidence=None if row.confidence is None else round(row.confidence, 3),
            differential=self.ranked(row.differential or "[]"),
            opinions=opinions,
            vote=vote,
            turns=row.turns,
            tokens_in=int(row.tokens_in),
            tokens_out=int(row.tokens_out),
            seconds=row.seconds,
            error=row.error,
            questions=int(row.questions),
            dataset=_shared(row.dataset),
            modality=_shared(row.modality),
            question_type=_shared(row.question_type),
            question_form=_shared(row.question_form),
            domain=_shared(row.domain),
        )

    def _ranked(self, differential: str) -> tuple[str, ...]:
        named = (self.name(one) for one in json.loads(differential))
        return tuple(dict.fromkeys(one for one in named if one is not None))

    def _panel(self, members: tuple[str | None, ...]) -> tuple[tuple[str | None, ...], str | None]:
        """Return the members' opinions as labels, and their plurality."""
        said = tuple(self.name(one) for one in members)
        return said, plurality(said, self.name)


def _shared(text: Any) -> str | None:
    """Keep one copy of a text that many consultations share."""
    return None if text is None else intern(text)
