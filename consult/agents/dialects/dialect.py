"""A dialect: how each role is asked, and how its answer is read.

A model speaks one dialect: `plain` is for any instruction-tuned model, `starter` for the tiny model in the package. The
roles' rules (what may be said, how often is asked again) live in `consult.agents`, their words live here.
A `read_…` method returns None for an answer that cannot be used; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from consult.agents.acts import Action, DoctorView, PatientTask, PatientView, Source
from consult.agents.models.model import Prompt
from consult.agents.temperament import Temperament
from consult.scenarios import Scenario, Urgency


@dataclass(frozen=True)
class TriageWord:
    """What a triage doctor answered."""

    specialty: str
    urgency: Urgency | None
    why: str


@dataclass(frozen=True)
class ActionWord:
    """What an attending wants to do next."""

    action: Action
    topic: str | None
    text: str
    source: Source = "model"
    """Who worded it."""


@dataclass(frozen=True)
class OpinionWord:
    """What a specialist answered."""

    diagnosis: str | None
    """None for *not my field*."""
    confidence: float | None
    """As stated, 0 to 1."""
    reason: str


@dataclass(frozen=True)
class DecisionWord:
    """What an attending decided."""

    diagnosis: str
    differential: tuple[str, ...]
    thought: str


class Dialect(Protocol):
    """One way to ask and to read."""

    name: str
    slots: bool
    """Whether the model is too small to be believed: its patient writes slots that a program fills with the facts, and
    its advice to the patient is held against the scenario's."""

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Ask the patient to put a task into words."""

    def read_patient_line(self, text: str, task: PatientTask) -> str | None:
        """Read the line, slots filled."""

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a doctor's question is about."""

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic; None for *unsure*."""

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for specialty, urgency and why."""

    def read_triage(self, text: str, view: DoctorView) -> TriageWord | None:
        """Read them."""

    def action(self, view: DoctorView) -> Prompt:
        """Ask the attending for its next act among `view.offers`."""

    def read_action(self, text: str, view: DoctorView) -> ActionWord | None:
        """Read it; plain text is a question without a topic."""

    def opinion(self, view: DoctorView, specialty: str) -> Prompt:
        """Ask one specialist."""

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionWord | None:
        """Read its opinion."""

    def decision(self, view: DoctorView) -> Prompt:
        """Ask the attending for thought, diagnosis and differential."""

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionWord | None:
        """Read them."""

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask the attending to tell the patient what it found, why, and what to do."""

    def reply(self, view: DoctorView, question: str) -> Prompt:
        """Ask the attending to answer the patient's question back."""

    def read_speech(self, text: str, view: DoctorView) -> str | None:
        """Read an explanation or a reply."""


def transcript(view: DoctorView | PatientView) -> str:
    """Render the lines so far, one a line, speakers named."""
    if not view.lines:
        return "(nothing has been said yet)"
    return "\n".join(f"{line.speaker.capitalize()}: {line.text}" for line in view.lines)
