"""Acts, opinions and verdicts as rows of the store, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from consult.agents.acts import Act, Draft, Opinion, Usage
from consult.agents.assessors.judge import Judgement
from consult.envs.config import Plan

Row = dict[str, Any]


def consultation_id(run: str, ordinal: int) -> str:
    """Name a consultation, e.g. `r3.17`."""
    return f"{run}.{ordinal}"


def planned_row(run: str, plan: Plan, truth: Row) -> Row:
    """Return the row of a consultation before it is played."""
    return {
        "id": consultation_id(run, plan.ordinal),
        "run_id": run,
        "ordinal": plan.ordinal,
        "case_id": plan.case,
        "temperament": plan.temperament,
        "strategy": plan.strategy,
        "team": plan.team,
        "seed": plan.seed,
        "repeat": plan.repeat,
        "status": "running",
        **truth,
    }


def turn_row(consultation: str, idx: int, act: Act) -> Row:
    """Return the row of a turn."""
    draft = act.draft
    return {
        "consultation_id": consultation,
        "idx": idx,
        "speaker": act.speaker,
        "action": act.action,
        "text": act.text,
        "topic": act.topic,
        "facts": json.dumps(act.facts),
        "specialty": act.specialty,
        "urgency": act.urgency,
        "diagnosis": act.diagnosis,
        "diagnosis_words": act.diagnosis_words,
        "confidence": act.confidence,
        "stated_confidence": act.stated_confidence,
        "differential": json.dumps(act.differential),
        "findings": act.findings,
        "thought": act.thought,
        "accepts": act.accepts,
        "source": act.source,
        "draft_backed": draft.backed if draft else None,
        "draft_leaked": draft.leaked if draft else None,
        "draft_attempts": draft.attempts if draft else None,
        "draft_fallback": draft.fallback if draft else None,
        "said_backed": draft.said_backed if draft else None,
        "said_leaked": draft.said_leaked if draft else None,
        "tokens_in": act.usage.tokens_in,
        "tokens_out": act.usage.tokens_out,
        "seconds": act.usage.seconds,
        "answers": act.usage.answers,
        "unusable": act.usage.unusable,
        "seed": act.seed,
    }


def judgement_row(consultation: str, judge: str, judgement: Judgement) -> Row:
    """Return the row of a judge's verdict."""
    return {"consultation_id": consultation, "judge": judge, "verdict": judgement.relation, "why": judgement.why}


def opinion_row(consultation: str, idx: int, opinion: Opinion) -> Row:
    """Return the row of an opinion; `idx` is the member's number in the panel."""
    return {
        "consultation_id": consultation,
        "idx": idx,
        "specialty": opinion.specialty,
        "diagnosis": opinion.diagnosis,
        "confidence": opinion.confidence,
        "reason": opinion.reason,
        "source": opinion.source,
        "usable": opinion.usable,
        "first_usable": opinion.first_usable,
        "findings": opinion.findings,
        "differential": json.dumps(opinion.differential),
        "urgency": opinion.urgency,
        "stated_confidence": opinion.stated_confidence,
    }


def acts_of(turns: Sequence[Row], opinions: Sequence[Row]) -> list[Act]:
    """Return the acts of a consultation, in order, from the rows of its turns and opinions."""
    panel = tuple(_opinion(row) for row in opinions)
    return [_act(row, panel if row["action"] == "consult" else ()) for row in turns]


def _opinion(row: Row) -> Opinion:
    names = (
        "specialty", "diagnosis", "confidence", "reason", "source", "findings", "urgency", "stated_confidence",
    )  # fmt: skip
    first = None if row["first_usable"] is None else bool(row["first_usable"])
    return Opinion(
        **{name: row[name] for name in names},
        usable=bool(row["usable"]),
        first_usable=first,
        differential=tuple(json.loads(row["differential"])),
    )


def _act(row: Row, opinions: tuple[Opinion, ...]) -> Act:
    draft = None
    if row["draft_attempts"] is not None:
        draft = Draft(
            backed=bool(row["draft_backed"]),
            leaked=bool(row["draft_leaked"]),
            attempts=row["draft_attempts"],
            fallback=bool(row["draft_fallback"]),
            said_backed=bool(row["said_backed"]),
            said_leaked=bool(row["said_leaked"]),
        )
    plain = (
        "speaker", "action", "text", "topic", "specialty", "urgency", "diagnosis", "diagnosis_words", "confidence",
        "stated_confidence", "thought", "findings",
    )  # fmt: skip
    return Act(
        **{name: row[name] for name in plain},
        facts=tuple(json.loads(row["facts"])),
        differential=tuple(json.loads(row["differential"])),
        accepts=None if row["accepts"] is None else bool(row["accepts"]),
        opinions=opinions,
        source=row["source"],
        draft=draft,
        usage=Usage(row["tokens_in"], row["tokens_out"], row["seconds"], row["answers"] or 0, row["unusable"] or 0),
        seed=row["seed"],
    )
