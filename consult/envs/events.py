"""Events of a run, as `--json` prints them and as people see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from consult.agents.acts import Act, Opinion
from consult.envs.consultation import Consultation
from consult.scenarios import Case
from consult.scenarios.correct import Correct, is_known, is_right, naming, plurality

Event = dict[str, Any]
"""One JSON object; `event` names its kind: run, turn, opinion, consultation, summary."""

Listener = Callable[[Event], None]


def demonstration(case: Case) -> str:
    """Return the disclaimer for a conclusion of the starter on a case from outside."""
    about = "complaint" if case.photograph is None else "photograph"
    return f"demonstration model trained on drawings; not a finding about this {about}"


def turn_event(consultation_id: str, idx: int, act: Act) -> Event:
    """Describe a turn."""
    return {
        "event": "turn",
        "consultation": consultation_id,
        "idx": idx,
        "speaker": act.speaker,
        "action": act.action,
        "text": act.text,
        "topic": act.topic,
        "specialty": act.specialty,
        "urgency": act.urgency,
        "diagnosis": act.diagnosis,
        "diagnosis_words": act.diagnosis_words,
        "confidence": act.confidence,
        "stated_confidence": act.stated_confidence,
        "differential": list(act.differential),
        "findings": act.findings,
        "thought": act.thought,
        "accepts": act.accepts,
        "facts": list(act.facts),
        "source": act.source,
        "draft": asdict(act.draft) if act.draft else None,
        "tokens_in": act.usage.tokens_in,
        "tokens_out": act.usage.tokens_out,
        "seconds": round(act.usage.seconds, 4),
    }


def opinion_event(consultation_id: str, idx: int, opinion: Opinion) -> Event:
    """Describe an opinion; `idx` is the member's number in the panel."""
    return {
        "event": "opinion",
        "consultation": consultation_id,
        "idx": idx,
        "specialty": opinion.specialty,
        "diagnosis": opinion.diagnosis,
        "confidence": opinion.confidence,
        "stated_confidence": opinion.stated_confidence,
        "differential": list(opinion.differential),
        "urgency": opinion.urgency,
        "findings": opinion.findings,
        "reason": opinion.reason,
        "source": opinion.source,
        "usable": opinion.usable,
    }


def consultation_event(
    consultation_id: str,
    consultation: Consultation,
    status: str,
    error: str | None,
    *,
    decided: Correct,
    judgement: Event | None = None,
    demo: bool = False,
) -> Event:
    """Describe a consultation that has ended.

    Args:
        consultation_id: Its id.
        consultation: The played consultation.
        status: finished, unfinished or failed.
        error: Why it failed.
        decided: Whether the consultation is right.
        judgement: A judge's verdict on its diagnosis: `judge`, `verdict` and `why`.
        demo: Whether its conclusion is a demonstration and not a finding; a disclaimer then says so.
    """
    plan, acts, truth = consultation.plan, consultation.acts, consultation.case.truth
    concluded, triaged = consultation.conclusion, consultation.triaged
    diagnosis = concluded.diagnosis if concluded else None
    disclosed, facts = consultation.disclosed
    opinions = consultation.consulted.opinions if consultation.consulted else ()
    name = naming(consultation.scenario)
    # The truth's spelling comes first, as in reports.
    name(truth.diagnosis)
    vote = plurality((opinion.diagnosis for opinion in opinions), name)
    known = is_known(truth.diagnosis, consultation.scenario)

    def right(said: str | None) -> bool:
        return is_right(said, truth.diagnosis, consultation.scenario, diagnosis, decided)

    def is_open(said: str | None) -> bool:
        return said is not None and decided.by == "unjudged" and name(said) == name(diagnosis)

    return {
        "event": "consultation",
        "consultation": consultation_id,
        "case": plan.case,
        "temperament": plan.temperament,
        "strategy": plan.strategy,
        "team": plan.team,
        "seed": plan.seed,
        "status": status,
        "error": error,
        "specialty": triaged.specialty if triaged else None,
        "urgency": triaged.urgency if triaged else None,
        "final_urgency": concluded.urgency if concluded else None,
        "alarm_told": consultation.alarm_told,
        "diagnosis": diagnosis,
        "diagnosis_words": concluded.diagnosis_words if concluded else None,
        "truth": truth.diagnosis,
        "demo": demo,
        "disclaimer": demonstration(consultation.case) if demo else None,
        "correct": decided.correct,
        "correct_by": decided.by,
        "judgement": judgement,
        "true_specialty": truth.specialty,
        "true_urgency": truth.urgency,
        "opinions_right": sum(right(o.diagnosis) for o in opinions) if known else None,
        "opinions": len(opinions),
        "plurality": vote,
        "plurality_unjudged": is_open(vote) if known and opinions else None,
        "plurality_right": right(vote) if known and opinions else None,
        "expert": list(consultation.expert),
        "facts_disclosed": disclosed,
        "facts": facts,
        "style": consultation.case.style,
        "question_form": consultation.case.question.form if consultation.case.question else None,
        "skin_type": consultation.case.card.skin_type,
        "turns": len(acts),
        "tokens_in": sum(act.usage.tokens_in for act in acts),
        "tokens_out": sum(act.usage.tokens_out for act in acts),
        "seconds": round(sum(act.usage.seconds for act in acts), 4),
    }


def _has_triage(ended: Event) -> bool:
    """Return whether a consultation had a triage, also one that named no specialty, which counts as wrong."""
    return ended["specialty"] is not None or (ended["team"] == "panel" and ended["status"] == "finished")


def summary_event(run: str, ended: list[Event], wall_seconds: float) -> Event:
    """Describe a run that has ended."""
    judged = [e for e in ended if e["correct"] is not None]
    voted = [e for e in judged if e["opinions"]]
    triaged = [e for e in ended if e["true_specialty"] is not None and _has_triage(e)]
    count = {status: sum(e["status"] == status for e in ended) for status in ("finished", "unfinished", "failed")}
    return {
        "event": "summary",
        "run": run,
        "consultations": len(ended),
        **count,
        "correct": sum(e["correct"] for e in judged),
        "with_truth": len(judged),
        "unjudged": sum(e["correct_by"] == "unjudged" for e in judged),
        "accuracy": sum(e["correct"] for e in judged) / len(judged) if judged else None,
        "plurality_correct": sum(e["plurality_right"] for e in voted),
        "plurality_unjudged": sum(e["plurality_unjudged"] for e in voted),
        "voted": len(voted),
        "triage_correct": sum(e["specialty"] == e["true_specialty"] for e in triaged),
        "triaged": len(triaged),
        "turns": sum(e["turns"] for e in ended),
        "tokens_in": sum(e["tokens_in"] for e in ended),
        "tokens_out": sum(e["tokens_out"] for e in ended),
        "wall_seconds": round(wall_seconds, 2),
    }
