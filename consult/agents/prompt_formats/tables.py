"""The format of doctors that know a scenario's tables: the view as JSON, and the answer as JSON.

Such a doctor is a program (`consult.agents.models.tables`): it reads no words. It receives the names of the findings,
so it measures a scenario, not a model. It also plays the patient, whose facts it states unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from consult.agents.acts import NOT_MY_FIELD, AssessorView, DoctorView, Line, PatientTask, PatientView
from consult.agents.assessors.rubric import Verdict
from consult.agents.grounding.facts import plainly
from consult.agents.models.model import Message, Prompt
from consult.agents.prompt_formats.prompt_format import (
    ActionOutput,
    DecisionOutput,
    FreeOutput,
    OpinionOutput,
    TriageOutput,
)
from consult.agents.prompt_formats.whole import WholeAnswers
from consult.agents.roles.advice import plain_explanation, plain_reply
from consult.agents.temperament import Temperament
from consult.scenarios import Scenario

CANNOT_ASSESS = "a doctor who knows the tables cannot assess; give --assessor rules, starter or another model"
SAID = {
    "unknown": "I don't know.",
    "ask": "Is it serious?",
    "satisfied": "Thank you, doctor.",
    "reluctant": "I am not sure about that. I will think it over.",
}


class TablesDialect(WholeAnswers):
    """Views and answers as JSON."""

    name = "tables"
    slots = False
    in_words = False

    # -- patient ---------------------------------------------------------------------------------------------------

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Pass the facts that the patient should say."""
        return _asked({"say": SAID.get(task.kind) or plainly(task.facts)})

    def read_patient_line(self, text: str, task: PatientTask, view: PatientView) -> str | None:
        """Read the line."""
        return _read(text).get("say")

    def free_line(self, view: PatientView, temperament: Temperament) -> Prompt:
        """Pass a free patient's lines: its complaint, then nothing more."""
        kind = view.offers[0] if view.offers else "satisfied"
        said = (
            plainly((view.card.complaint,)) if kind == "open" else SAID["unknown" if kind == "answer" else "satisfied"]
        )
        return _asked({"say": said})

    def read_free_line(self, text: str, view: PatientView) -> FreeOutput | None:
        """Read the line."""
        kind = view.offers[0] if view.offers and view.offers[0] in ("open", "answer") else "satisfied"
        said = _read(text).get("say")
        return FreeOutput(kind, said) if said else None

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a question is about; the program cannot tell."""
        return _asked({"question": question})

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic: always *unsure*."""
        return None

    # -- doctors ---------------------------------------------------------------------------------------------------

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for specialty, urgency and why."""
        return _of(view)

    def read_triage(self, text: str, view: DoctorView) -> TriageOutput | None:
        """Read them."""
        said = _read(text)
        return TriageOutput(said["specialty"], said["urgency"], said["why"]) if "specialty" in said else None

    def action(self, view: DoctorView) -> Prompt:
        """Ask for the next act."""
        return _of(view)

    def read_action(self, text: str, view: DoctorView) -> ActionOutput | None:
        """Read it."""
        said = _read(text)
        if said.get("action") not in view.offers:
            return None
        topic = said.get("topic", "")
        text = ""
        if topic in view.examinations:
            text = f"I would like to examine you: {view.examinations[topic]}."
        elif topic in view.topics:
            text = f"Please tell me about the following: {view.topics[topic]}."
        return ActionOutput(said["action"], said.get("topic"), text)

    def wording(self, view: DoctorView, word: ActionOutput) -> Prompt | None:
        """Ask for nothing: an act includes its words."""
        return None

    def read_wording(self, text: str, view: DoctorView, word: ActionOutput) -> str | None:
        """Read words; never asked for."""
        return None

    def opinion(self, view: DoctorView, specialty: str, member: int) -> Prompt:
        """Ask one specialist."""
        return _of(view, specialty=specialty)

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionOutput | None:
        """Read its opinion."""
        said = _read(text)
        if "diagnosis" not in said:
            return None
        named = None if said["diagnosis"] == NOT_MY_FIELD else said["diagnosis"]
        return OpinionOutput(named, said["confidence"], said["why"])

    def decision(self, view: DoctorView) -> Prompt:
        """Ask for diagnosis, differential and urgency."""
        return _of(view)

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionOutput | None:
        """Read them."""
        said = _read(text)
        if "diagnosis" not in said:
            return None
        return DecisionOutput(said["diagnosis"], tuple(said["differential"]), said["why"], said["urgency"])

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask for the conclusion in words."""
        return _of(view)

    def read_explanation(self, text: str, view: DoctorView, scenario: Scenario) -> str | None:
        """Give the scenario's own advice that applies according to what was learned."""
        return plain_explanation(view.diagnosis, view.urgency, scenario, view.known, view.where)

    def reply(self, view: DoctorView, question: Line) -> Prompt:
        """Ask for an answer to the patient."""
        return _of(view)

    def read_reply(self, text: str, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Say the scenario's own answer."""
        return plain_reply(view.diagnosis, question.topic, scenario)

    # -- assessor --------------------------------------------------------------------------------------------------

    def assessment(self, view: AssessorView) -> Prompt:
        """Refuse.

        Raises:
            ValueError: Always.
        """
        raise ValueError(CANNOT_ASSESS)

    def read_assessment(self, text: str) -> dict[str, Verdict]:
        """Refuse.

        Raises:
            ValueError: Always.
        """
        raise ValueError(CANNOT_ASSESS)


def _of(view: DoctorView, **more: str) -> Prompt:
    # The patient's data count once they were told, as for every other doctor.
    told = {topic for line in view.lines for topic, _ in line.quotes}
    seen = {topic: values for topic, values in view.known.items() if topic in told or topic not in ("age", "sex")}
    known = {topic: sorted(values) for topic, values in seen.items()}
    return _asked(
        {
            "known": known,
            "asked": list(view.asked),
            "topics": [*view.topics, *view.examinations],
            "examinations": list(view.examinations),
            "specialties": list(view.specialties),
            "offers": list(view.offers),
            "turns_left": view.turns_left,
            **more,
        },
        view,
    )


def _asked(data: Mapping[str, Any], view: DoctorView | None = None) -> Prompt:
    photographs = (view.photograph,) if view and view.photograph else ()
    return Prompt((Message("user", json.dumps(data), photographs),), 256)


def _read(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
