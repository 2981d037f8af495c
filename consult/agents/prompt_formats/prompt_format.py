"""A dialect: how each role is asked, and how its answer is read.

A model speaks one dialect: `plain` is for any instruction-tuned model, `starter` for the tiny model in the package. The
roles' rules (what may be said, how often is asked again) live in `consult.agents`, their words live here.
A `read_…` method returns None for an answer that cannot be used; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from consult.agents.acts import Action, AssessorView, DoctorView, Line, PatientTask, PatientView
from consult.agents.assessors.rubric import Verdict
from consult.agents.models.model import Choice, Prompt
from consult.agents.temperament import Temperament
from consult.scenarios import Scenario, Urgency


@dataclass(frozen=True)
class TriageOutput:
    """What a triage doctor answered."""

    specialty: str
    urgency: Urgency | None
    why: str
    thought: str = ""


@dataclass(frozen=True)
class FreeOutput:
    """What a patient who decides for itself said."""

    action: Action
    """`open`, `answer`, `ask` or `satisfied`."""
    text: str
    facts: tuple[str, ...] | None = None
    """Ids of the facts that a program put into the text; None if the words alone can tell."""
    topic: str | None = None
    """`ask`: the kind of question back, where it is stated."""
    accepts: bool | None = None
    """`satisfied`: whether the patient takes to the plan."""


@dataclass(frozen=True)
class ActionOutput:
    """What an attending wants to do next."""

    action: Action
    topic: str | None
    text: str
    """Empty where the dialect asks for the words apart, see `Dialect.wording`."""
    thought: str = ""


@dataclass(frozen=True)
class OpinionOutput:
    """What a specialist answered."""

    diagnosis: str | None
    """None for *not my field*."""
    confidence: float | None
    """As stated, 0 to 1."""
    reason: str


@dataclass(frozen=True)
class DecisionOutput:
    """What an attending decided."""

    diagnosis: str | None
    """None if its words name no label, or several: such an answer cannot be used, and its words are kept."""
    differential: tuple[str, ...]
    thought: str
    urgency: Urgency | None = None
    """None if none is stated."""
    words: str = ""
    """Its own words for the diagnosis; empty if they are the label."""


class Dialect(Protocol):
    """One way to ask and to read."""

    name: str
    slots: bool
    """Whether the model is too small to be trusted: its patient writes slots that a program fills with the facts, and
    its advice to the patient is checked against the scenario's."""

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Ask the patient to put a task into words."""

    def read_patient_line(self, text: str, task: PatientTask, view: PatientView) -> str | None:
        """Read the line, slots filled."""

    def free_line(self, view: PatientView, temperament: Temperament) -> Prompt:
        """Ask a patient who decides for itself what to say and whether to ask back."""

    def read_free_line(self, text: str, view: PatientView) -> FreeOutput | None:
        """Read what it said."""

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a doctor's question is about."""

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic; None for *unsure*."""

    def look(self, view: DoctorView) -> Prompt | None:
        """Ask what the photograph shows, before anything else; None if the dialect does not ask for it apart."""

    def read_look(self, text: str, view: DoctorView) -> str:
        """Read what the photograph shows."""

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for specialty, urgency and why."""

    def read_triage(self, text: str, view: DoctorView) -> TriageOutput | None:
        """Read them."""

    def plain_triage(self, word: TriageOutput, view: DoctorView) -> str:
        """Word a triage's reason without a model; empty if a triage may go without one."""

    def action(self, view: DoctorView) -> Prompt:
        """Ask the attending for its next act among `view.offers`."""

    def read_action(self, text: str, view: DoctorView) -> ActionOutput | None:
        """Read it; plain text is a question without a topic."""

    def wording(self, view: DoctorView, word: ActionOutput) -> Prompt | None:
        """Ask for the words of a chosen act; None if the act came with its words, or needs none."""

    def read_wording(self, text: str, view: DoctorView, word: ActionOutput) -> str | None:
        """Read the words; None if they do not fit the act."""

    def reasons(
        self, view: DoctorView, role: str, *, outside: bool = False, given: Sequence[str] = ()
    ) -> Choice | None:
        """List what a reason is held to where it is asked for once more; None if it is free.

        Args:
            view: What the doctor knows.
            role: `triage` or `specialist`.
            outside: Whether a specialist said that the case is not of its field.
            given: Colleagues' reasons, whose words are left out.
        """

    def opinion(self, view: DoctorView, specialty: str, member: int) -> Prompt:
        """Ask one specialist.

        Args:
            view: What it may know.
            specialty: Its field.
            member: Its number in the panel, from 0.
        """

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionOutput | None:
        """Read its opinion."""

    def plain_opinion(self, word: OpinionOutput, view: DoctorView) -> str:
        """Word an opinion's reason without a model; empty if an opinion may go without one."""

    def decision(self, view: DoctorView) -> Prompt:
        """Ask the attending for thought, diagnosis, differential and, where the dialect has it, urgency."""

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionOutput | None:
        """Read them."""

    def confidence(self, probability: float | None, view: DoctorView) -> float | None:
        """Return an attending's confidence, 0 to 1, from the probability of the diagnosis that it chose."""

    def advice(self, view: DoctorView, scenario: Scenario) -> tuple[str, ...]:
        """List the sentences of the scenario's advice to be worded one by one, before they are put into a frame."""

    def reply_sentence(self, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Return the scenario's answer to a question back, where it is to be worded apart."""

    def rewording(self, sentence: str) -> Prompt:
        """Ask for a sentence of the scenario's advice in other words."""

    def read_rewording(self, text: str, sentence: str) -> str | None:
        """Read it; None if it does not say the same."""

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask the attending to tell the patient what it found, why, and what to do."""

    def reply(self, view: DoctorView, question: Line) -> Prompt:
        """Ask the attending to answer the patient's question back."""

    def read_explanation(self, text: str, view: DoctorView, scenario: Scenario) -> str | None:
        """Read the explanation."""

    def read_reply(self, text: str, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Read the answer."""

    def assessment(self, view: AssessorView) -> Prompt:
        """Ask the assessor for a verdict on each item of the rubric."""

    def read_assessment(self, text: str) -> dict[str, Verdict]:
        """Read all verdicts.

        Raises:
            ValueError: The answer cannot be used; the message says why, in a line.
        """


def transcript(view: DoctorView | PatientView) -> str:
    """Render the lines so far, one a line, speakers named."""
    if not view.lines:
        return "(nothing has been said yet)"
    return "\n".join(f"{line.speaker.capitalize()}: {line.text}" for line in view.lines)
