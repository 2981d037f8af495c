"""What is shown of a turn and of an opinion: one view model, which the terminal and the pages render.

A view model holds plain, cleaned text. Nothing in it is styled, and nothing is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consult.agents.roles.triage import QUESTION
from consult.foreign_text import shown
from consult.scenarios.normalised import normalised

Event = dict[str, Any]


@dataclass(frozen=True)
class OpinionView:
    """One specialist's opinion."""

    specialty: str
    diagnosis: str
    """Empty if there is none; `missing` then says why."""
    missing: str
    confidence: str
    """Such as `83%`; empty if there is no diagnosis or no confidence."""
    source: str
    """What gave the opinion, if not a model: `synthetic`, for example."""
    reason: str


@dataclass(frozen=True)
class TriageView:
    """Where triage sends the patient."""

    specialty: str
    """Empty if the answer could not be used."""
    urgency: str
    """Empty if the answer could not be used, or none was asked for."""
    asks_urgency: bool = True
    """Whether an urgency was asked for; a question about pictures has none."""


@dataclass(frozen=True)
class ConclusionView:
    """What the attending concludes."""

    diagnosis: str
    """Empty if there is none."""
    confidence: str
    """Such as `83%`; empty if there is no diagnosis or no confidence."""
    notes: tuple[str, ...]
    """The less likely diagnoses, and the doctor's own words for the diagnosis."""


@dataclass(frozen=True)
class TurnView:
    """One turn."""

    idx: int
    """Its number in the consultation, from 0."""
    speaker: str
    """patient, triage, attending or question."""
    thought: str
    """The private findings and thought before it; empty if there are none."""
    said: str
    """Empty if nothing was said."""
    marks: tuple[str, ...]
    """What is worth knowing of how the words came about."""
    result: str = ""
    """Topic and result of an examination."""
    triage: TriageView | None = None
    conclusion: ConclusionView | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was said or decided."""
        return not (self.said or self.result or self.triage or self.conclusion)


def turn_view(event: Event) -> TurnView:
    """Make the view model of a turn from its event."""
    action = event["action"]
    said, result = _examined(event) if action == "examine" else (shown(event["text"]), "")
    return TurnView(
        idx=event["idx"],
        speaker=event["speaker"],
        thought=shown(f"{event.get('findings') or ''} {event.get('thought') or ''}".strip()),
        said=said,
        marks=_marks(event),
        result=result,
        triage=_triage(event) if action == "triage" else None,
        conclusion=_conclusion(event) if action == "conclude" else None,
    )


def opinion_view(event: Event) -> OpinionView:
    """Make the view model of an opinion from its event."""
    return OpinionView(
        specialty=shown(event["specialty"]),
        diagnosis=shown(event["diagnosis"] or ""),
        missing="not my field" if event.get("usable", True) else "no usable answer",
        confidence=_confidence(event),
        source="" if event["source"] == "model" else shown(event["source"]),
        reason=shown(event["reason"]),
    )


def _triage(event: Event) -> TriageView:
    asked = event.get("topic") != QUESTION
    return TriageView(shown(event["specialty"] or ""), shown(event["urgency"] or ""), asked)


def _conclusion(event: Event) -> ConclusionView:
    others = [shown(name) for name in event["differential"] if name != event["diagnosis"]]
    notes = [f"less likely: {', '.join(others)}"] if others else []
    words = event.get("diagnosis_words") or ""
    if words and normalised(words) != normalised(event["diagnosis"] or ""):
        notes.append(f"in its own words: {shown(words)}")
    return ConclusionView(shown(event["diagnosis"] or ""), _confidence(event), tuple(notes))


def _confidence(event: Event) -> str:
    return f"{event['confidence']:.0%}" if event["diagnosis"] and event["confidence"] is not None else ""


def _examined(event: Event) -> tuple[str, str]:
    """Split an examination's text into what was said and what the record answered."""
    text, topic = shown(event["text"]), shown(event["topic"] or "")
    # The program writes the record last, so a result that the doctor itself states is a part of its words.
    said, bracket, result = text.rpartition(f"[{topic}:")
    return (said.strip(), f"{topic}: {result.strip().removesuffix(']')}") if bracket else (text, "")


def _marks(event: Event) -> tuple[str, ...]:
    """Tell how the words came about, and what is wrong with a patient's line that nobody corrected."""
    draft = event.get("draft") or {}
    patient = event["speaker"] == "patient"
    marks = {
        "said by the program": (event["source"] == "program" and event["speaker"] != "question")
        or draft.get("fallback", False),
        "second draft": draft.get("attempts", 1) > 1 and not draft.get("fallback", False),
        "not backed by the card": patient and not draft.get("said_backed", True),
        "names a diagnosis": patient and draft.get("said_leaked", False),
        "does not accept the plan": event.get("accepts") is False,
    }
    return tuple(mark for mark, applies in marks.items() if applies)
