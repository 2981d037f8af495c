"""JSON schemas of the plain format's answers, for backends that can enforce one, and the same in words for prompts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from consult.agents.acts import NOT_MY_FIELD, DoctorView, PatientView
from consult.agents.choices import Rationale
from consult.agents.models.model import Choice
from consult.agents.prompt_formats.answers import LONGEST_ANSWER
from consult.agents.prompt_formats.blanks import MEANINGS
from consult.scenarios import URGENCIES

Schema = dict[str, Any]

LONGEST_TEXT = 400
"""Most characters, so that an answer ends within its tokens."""
LONGEST_REASON = 800
"""Most characters of findings, and of reasoning; one number, since each bound takes seconds to compile."""
LONGEST_NAME = 80
MOST_OTHERS = 3
"""Most entries of a differential."""
OTHER = "other"
"""The topic of a question that is about none of the scenario's topics."""

REASONS = ("findings", "reasoning")
"""Keys of a decision's reason."""
DECISION_KEYS = (*REASONS, "diagnosis", "differential", "confidence", "urgency")
"""Keys of a decision: of the attending's, and of a specialist's opinion."""
TRIAGE_KEYS = (*REASONS, "specialty", "urgency", "why")
ANSWER_KEYS = (*REASONS, "answer", "confidence")
"""Keys of an answer to a question about pictures: of the attending's, and of a specialist's."""
REFERRAL_KEYS = (*REASONS, "specialty")
"""Keys of the triage of such a question."""

DIFFERENTIAL = ["<differential>", "<differential>"]
"""In the attending's prompts: user functions recognise a decision, and not an opinion, by `<differential>`."""


def decision_keys(rationale: Rationale = "before") -> tuple[str, ...]:
    """Return the keys of a decision in their order: its reason is before it, after it, or nowhere."""
    decided = tuple(key for key in DECISION_KEYS if key not in REASONS)
    return {"before": (*REASONS, *decided), "after": (*decided, *REASONS), "none": decided}[rationale]


def answer_keys(rationale: Rationale = "before") -> tuple[str, ...]:
    """Return the keys of an answer to a question in their order."""
    decided = tuple(key for key in ANSWER_KEYS if key not in REASONS)
    return {"before": (*REASONS, *decided), "after": (*decided, *REASONS), "none": decided}[rationale]


def keys_of_triage(view: DoctorView) -> tuple[str, ...]:
    """Return the keys of the triage doctor's answer to what a view shows."""
    return TRIAGE_KEYS if view.question is None else REFERRAL_KEYS


def keys_of_decision(view: DoctorView) -> tuple[str, ...]:
    """Return the keys of the attending's answer to what a view shows."""
    return decision_keys(view.rationale) if view.question is None else answer_keys(view.rationale)


def shape(keys: Iterable[str], **meanings: object) -> str:
    """Show an answer with these keys, for a prompt.

    Args:
        keys: The keys in their order.
        meanings: Key → what it holds, if that is not the usual thing.
    """
    told = {**MEANINGS, **meanings}
    shown = json.dumps({key: told[key] for key in keys})
    number = json.dumps(told["confidence"])
    return shown.replace(number, number.strip('"'))


def triage_schema(view: DoctorView) -> Schema:
    """What is found, the reasoning, then specialty, urgency and why."""
    return _keyed(keys_of_triage(view), {"specialty": _name(view.specialties), "why": _text()})


def decision_schema(view: DoctorView) -> Schema:
    """An attending's decision."""
    return _keyed(decision_keys(view.rationale), _diagnoses(view.labels))


def opinion_schema(view: DoctorView) -> Schema:
    """A specialist's decision, which may also be that it is another field's."""
    return _keyed(DECISION_KEYS, _diagnoses(view.labels, NOT_MY_FIELD))


def answer_schema(view: DoctorView, keys: Iterable[str] = ANSWER_KEYS) -> Schema:
    """An answer to a question about pictures, of a specialist or the attending."""
    return _keyed(keys, {"answer": _name(view.labels) if view.labels else _text(LONGEST_ANSWER)})


@lru_cache(maxsize=64)
def diagnosis_choice(labels: tuple[str, ...], key: str = "diagnosis") -> Choice | None:
    """Return the place where an answer names one of the labels, so that a backend can give the label's probability.

    None without labels, and if one is written with escapes in JSON.
    """
    if not labels or any(json.dumps(label) != f'"{label}"' for label in labels):
        return None
    return Choice(tuple(f'{label}"' for label in labels), after=f'"{key}": "')


def action_schema(view: DoctorView) -> Schema:
    """One of the acts on offer, after the reasoning if a thought is asked for."""
    topics = (*view.topics, OTHER) if view.topics else ()
    thought = {"reasoning": _text(LONGEST_REASON)} if view.thinks else {}
    acts = {
        "ask": _object(**thought, action=_one_of(["ask"]), topic=_name(topics), text=_text()),
        "examine": _object(**thought, action=_one_of(["examine"]), topic=_name(tuple(view.examinations)), text=_text()),
        "consult": _object(**thought, action=_one_of(["consult"]), text=_text()),
        "conclude": _object(**thought, action=_one_of(["conclude"])),
    }
    return {"anyOf": [acts[offer] for offer in view.offers if offer in acts]}


def reaction_schema(view: PatientView) -> Schema:
    """Whether the patient is satisfied, whether it accepts the plan, and its line."""
    satisfied: Schema = {"type": "boolean"} if "ask" in view.offers else {"const": True}
    return _object(satisfied=satisfied, accepts={"type": "boolean"}, text=_text())


def talk_schema() -> Schema:
    """Return the schema of a patient's line in a free talk: the line, and whether it ends the talk."""
    return _object(text=_text(), satisfied={"type": "boolean"})


def _keyed(keys: Iterable[str], own: Mapping[str, Schema]) -> Schema:
    """Return the schema of an answer with these keys in their order."""
    usual: dict[str, Schema] = {
        "findings": _text(LONGEST_REASON),
        "reasoning": _text(LONGEST_REASON),
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "urgency": _one_of(URGENCIES),
    }
    return _object(**{key: own[key] if key in own else usual[key] for key in keys})


def _diagnoses(labels: tuple[str, ...], *more: str) -> dict[str, Schema]:
    others: Schema = {"type": "array", "items": _name(labels), "maxItems": MOST_OTHERS}
    return {"diagnosis": _name((*labels, *more) if labels else ()), "differential": others}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _one_of(names: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(names)}


def _name(menu: tuple[str, ...]) -> Schema:
    return _one_of(menu) if menu else _text(LONGEST_NAME)


def _text(longest: int = LONGEST_TEXT) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}
