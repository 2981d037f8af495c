"""JSON schemas of the plain format's answers, for backends that can enforce one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from consult.agents.acts import NOT_MY_FIELD, DoctorView, PatientView
from consult.scenarios import URGENCIES

Schema = dict[str, Any]

LONGEST_TEXT = 400
"""Most characters, so that an answer ends within its tokens."""
LONGEST_NAME = 80
OTHER = "other"
"""The topic of a question that is about none of the scenario's topics."""


def triage_schema(view: DoctorView) -> Schema:
    """Specialty, urgency and why."""
    return _object(specialty=_name(view.specialties), urgency=_one_of(URGENCIES), why=_text())


def action_schema(view: DoctorView) -> Schema:
    """One of the acts on offer."""
    topics = (*view.topics, OTHER) if view.topics else ()
    acts = {
        "ask": _object(action=_one_of(["ask"]), topic=_name(topics), text=_text()),
        "examine": _object(action=_one_of(["examine"]), topic=_name(tuple(view.examinations)), text=_text()),
        "consult": _object(action=_one_of(["consult"]), text=_text()),
        "conclude": _object(action=_one_of(["conclude"])),
    }
    return {"anyOf": [acts[offer] for offer in view.offers if offer in acts]}


def opinion_schema(view: DoctorView) -> Schema:
    """Diagnosis, confidence and reason."""
    named = _name((*view.labels, NOT_MY_FIELD) if view.labels else ())
    return _object(diagnosis=named, confidence={"type": "number", "minimum": 0, "maximum": 1}, reason=_text())


def reaction_schema(view: PatientView) -> Schema:
    """Whether the patient is satisfied, whether it accepts the plan, and its line."""
    satisfied: Schema = {"type": "boolean"} if "ask" in view.offers else {"const": True}
    return _object(satisfied=satisfied, accepts={"type": "boolean"}, text=_text())


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _one_of(names: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(names)}


def _name(menu: tuple[str, ...]) -> Schema:
    return _one_of(menu) if menu else _text(LONGEST_NAME)


def _text(longest: int = LONGEST_TEXT) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}
