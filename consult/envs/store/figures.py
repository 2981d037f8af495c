"""Counts for the metrics of a run: the database adds up, so that no turn and no line is held in memory.

Counts of assessments are in `consult.envs.store.assessments`, those of judges in `consult.envs.store.judgements`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

from consult.envs.store.rows import Row
from consult.envs.store.write import Store
from consult.scenarios.correct import CorrectBy

Sum = tuple[float, float]
"""The sum over turns, and the number of turns with a value."""


class Hits(NamedTuple):
    """A number of hits among the counted items."""

    hits: int
    n: int


class AnswerCount(NamedTuple):
    """Answers of one speaker or one specialty of the panel."""

    role: str
    """A speaker, or `specialist=SPECIALTY`."""
    hits: int | None
    """Answers whose first reply could not be used; None, like `n`, if that was not counted."""
    n: int | None
    """Number of answers."""


class EndedConsultation(NamedTuple):
    """A consultation that has ended, with sums over its turns; the columns are the store's unless noted."""

    ordinal: int
    id: str
    case_id: str
    temperament: str
    repeat: int
    status: str
    specialty: str | None
    urgency: str | None
    diagnosis: str | None
    words: str | None
    """The doctor's own words for its diagnosis, else the diagnosis."""
    truth: str | None
    correct: int | None
    correct_by: CorrectBy | None
    true_specialty: str | None
    true_urgency: str | None
    final_urgency: str | None
    red_flag: str | None
    alarm_told: str | None
    style: str | None
    skin_type: int | None
    demo: int | None
    error: str | None
    turns: int
    """Number of turns."""
    tokens_in: float
    tokens_out: float
    seconds: float
    confidence: float | None
    """The attending's confidence in its conclusion; so is the differential."""
    differential: str | None
    """As JSON."""
    questions: float
    """Number of questions that the attending asked the patient."""
    dataset: str | None
    modality: str | None
    question_type: str | None
    question_form: str | None
    domain: str | None


_ENDED = """
SELECT c.ordinal, c.id, c.case_id, c.temperament, c.repeat, c.status, c.specialty, c.urgency, c.diagnosis,
  coalesce(c.diagnosis_words, c.diagnosis), c.truth, c.correct, c.correct_by,
  c.true_specialty, c.true_urgency, c.final_urgency, c.red_flag, c.alarm_told, c.style, c.skin_type, c.demo, c.error,
  count(t.idx), total(t.tokens_in), total(t.tokens_out), total(t.seconds),
  max(CASE WHEN t.action = 'conclude' THEN t.confidence END),
  max(CASE WHEN t.action = 'conclude' THEN t.differential END),
  total(t.speaker = 'attending' AND t.action = 'ask'),
  c.dataset, c.modality, c.question_type, c.question_form, c.domain
FROM consultations c LEFT JOIN turns t ON t.consultation_id = c.id
WHERE c.run_id = ? AND c.status != 'running' GROUP BY c.ordinal ORDER BY c.ordinal
"""
_OPINIONS = """
SELECT c.ordinal, o.diagnosis FROM consultations c JOIN opinions o ON o.consultation_id = c.id
WHERE c.run_id = ? AND c.status != 'running' ORDER BY c.ordinal, o.idx
"""
_JUDGE_FAILURES = """
SELECT DISTINCT c.ordinal FROM consultations c JOIN judgements j ON j.consultation_id = c.id
WHERE c.run_id = ? AND c.correct_by = 'unjudged' AND j.verdict IS NULL
"""


def ended_consultations(store: Store, run: str) -> Iterator[EndedConsultation]:
    """Stream a run's consultations that have ended, in order."""
    return map(EndedConsultation._make, store.stream(_ENDED, run))


def panel_diagnoses(store: Store, run: str) -> Iterator[tuple[int, str | None]]:
    """Stream ordinal and diagnosis of each opinion in a run's consultations that have ended, panel by panel."""
    return ((ordinal, diagnosis) for ordinal, diagnosis in store.stream(_OPINIONS, run))


def judge_failures(store: Store, run: str) -> set[int]:
    """Return the ordinals of a run's consultations that are unjudged although a judge was asked."""
    return {ordinal for (ordinal,) in store.stream(_JUDGE_FAILURES, run)}


# -- lines -------------------------------------------------------------------------------------------------------------

_ANSWER = "t.speaker = 'patient' AND t.action = 'answer' AND t.facts != '[]'"
_WORDS = "length(trim(t.text)) - length(replace(trim(t.text), ' ', '')) + 1"
PatientMeasure = Literal["facts volunteered", "words", "accepts"]
"""Measures of an answer or of the patient's last line: facts beyond the one that was asked for, words, or whether the
patient accepts the plan."""
_PATIENT_MEASURES: dict[PatientMeasure, str] = {
    "facts volunteered": f"CASE WHEN {_ANSWER} THEN json_array_length(t.facts) - 1 END",
    "words": f"CASE WHEN {_ANSWER} THEN {_WORDS} END",
    "accepts": "CASE WHEN t.speaker = 'patient' AND t.action = 'satisfied' THEN t.accepts END",
}
"""Measure → its SQL value for a turn; null for a turn without one."""


class LineSums(NamedTuple):
    """Sums over the lines of one consultation."""

    case_id: str
    temperament: str
    facts_disclosed: float
    facts: float
    asked: int
    """Whether the patient asked the doctor, 0 or 1."""
    concluded: int
    """Whether the doctor concluded and nobody stated an emergency; 0 or 1."""
    checks: list[Sum]
    """In the order in which they were requested, like `measures`."""
    measures: list[Sum]


def line_sums(
    store: Store, run: str, checks: Sequence[tuple[str, str]], measures: Sequence[PatientMeasure]
) -> Iterator[LineSums]:
    """Stream the sums over the lines of each consultation of a run, including failed and running ones.

    Args:
        store: The run's store.
        run: The run's id.
        checks: Speaker and column of `turns` with the result of the check of its lines.
        measures: Additional measures of the patient's lines.
    """
    values = [f"CASE WHEN t.speaker = '{speaker}' THEN t.{column} END" for speaker, column in checks]
    values += [_PATIENT_MEASURES[name] for name in measures]
    statement = f"""
SELECT c.case_id, c.temperament, total(c.facts_disclosed) / count(*), total(c.facts) / count(*),
  max(t.speaker = 'patient' AND t.action = 'ask'),
  max(t.action = 'conclude') AND c.urgency IS NOT 'emergency' AND c.final_urgency IS NOT 'emergency',
  {", ".join(f"total({value}), count({value})" for value in values)}
FROM consultations c JOIN turns t ON t.consultation_id = c.id WHERE c.run_id = ? GROUP BY c.ordinal
"""
    for case, mood, disclosed, facts, asked, concluded, *sums in store.stream(statement, run):
        pairs = list(zip(sums[::2], sums[1::2], strict=True))
        yield LineSums(case, mood, disclosed, facts, asked, concluded, pairs[: len(checks)], pairs[len(checks) :])


def count_checks(store: Store, run: str, speaker: str, columns: Collection[str]) -> dict[str, Hits]:
    """Count the results of the check of a speaker's lines: column of `turns` → lines for which it is true.

    Args:
        store: The run's store.
        run: The run's id; lines of failed and running consultations are included.
        speaker: patient or attending.
        columns: Columns of `turns` with values 0, 1 or null; null is not counted.
    """
    counted = ", ".join(f"coalesce(sum({c}), 0) AS {c}, count({c}) AS {c}_n" for c in columns)
    row = store.query(
        f"SELECT {counted} FROM turns t JOIN consultations c ON c.id = t.consultation_id "
        "WHERE c.run_id = ? AND t.speaker = ?",
        run,
        speaker,
    )[0]
    return {column: Hits(row[column], row[f"{column}_n"]) for column in columns}


def count_facts(store: Store, run: str) -> Hits:
    """Count the facts of the cards that were told, over the consultations of a run that have ended."""
    row = store.query(
        "SELECT coalesce(sum(facts_disclosed), 0) AS hits, coalesce(sum(facts), 0) AS n "
        "FROM consultations WHERE run_id = ?",
        run,
    )[0]
    return Hits(**row)


def count_unusable(store: Store, run: str) -> list[AnswerCount]:
    """Count the answers of a run and those whose first reply could not be used, by speaker and panel's specialty."""
    turns = store.query(
        "SELECT t.speaker AS role, sum(t.unusable) AS hits, sum(t.answers) AS n FROM turns t "
        "JOIN consultations c ON c.id = t.consultation_id WHERE c.run_id = ? GROUP BY t.speaker",
        run,
    )
    opinions = store.query(
        "SELECT 'specialist=' || o.specialty AS role, sum(1 - o.first_usable) AS hits, count(o.first_usable) AS n "
        "FROM opinions o JOIN consultations c ON c.id = o.consultation_id "
        "WHERE c.run_id = ? AND o.source = 'model' GROUP BY o.specialty",
        run,
    )
    return [AnswerCount(**row) for row in (*turns, *opinions)]


# -- decisions ---------------------------------------------------------------------------------------------------------

Decision = Literal["diagnosis", "specialty", "urgency", "opinion", "own opinion", "finished"]
"""Aspects of a consultation that are counted; `own opinion` is that of the specialist for the case's field."""
_OPINION = "JOIN opinions o ON o.consultation_id = c.id"
_DECISIONS: dict[Decision, tuple[str, str]] = {
    "diagnosis": ("c.correct", ""),
    "specialty": ("c.specialty IS c.true_specialty", ""),
    "urgency": ("c.urgency IS c.true_urgency", ""),
    "opinion": ("o.diagnosis IS c.truth", _OPINION),
    "own opinion": ("o.diagnosis IS c.truth", f"{_OPINION} AND o.specialty = c.true_specialty"),
    "finished": ("c.status = 'finished'", ""),
}
"""Aspect → its SQL value for a consultation, and the join that it needs."""


def count_decisions(store: Store, run: str, decision: Decision) -> Hits:
    """Count the consultations of a run, or their opinions, for which an aspect is true."""
    hit, joined = _DECISIONS[decision]
    row: Row = store.query(
        f"SELECT coalesce(sum({hit}), 0) AS hits, count({hit}) AS n FROM consultations c {joined} WHERE c.run_id = ?",
        run,
    )[0]
    return Hits(**row)
