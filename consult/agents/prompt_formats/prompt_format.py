"""A prompt format: the prompts of each role, and the parsing of its replies.

A model has one prompt format: `plain` is for any instruction-tuned model, `starter` for the tiny model in the package.
The roles' rules (what may be said, how often a request is retried) are in `consult.agents`, their words are here.
A `read_…` method returns None for a reply that cannot be used; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from consult.agents.acts import AssessorView, DoctorView, Line, PatientTask, PatientView
from consult.agents.assessors.rubric import Verdict
from consult.agents.choices import Action
from consult.agents.models.model import Choice, Prompt
from consult.agents.temperament import Temperament
from consult.scenarios import Scenario, Urgency


@dataclass(frozen=True)
class TriageOutput:
    """A triage doctor's answer."""

    specialty: str
    urgency: Urgency | None
    why: str
    thought: str = ""
    findings: str = ""


@dataclass(frozen=True)
class FreeOutput:
    """A reply of a patient that decides for itself."""

    action: Action
    """`open`, `answer`, `ask` or `satisfied`."""
    text: str
    facts: tuple[str, ...] | None = None
    """Ids of the facts that a program put into the text; None if only the words can tell."""
    topic: str | None = None
    """`ask`: the kind of question back, if it is stated."""
    accepts: bool | None = None
    """`satisfied`: whether the patient accepts the plan."""


@dataclass(frozen=True)
class ActionOutput:
    """An attending's next act."""

    action: Action
    topic: str | None
    text: str
    """Empty if the prompt format asks for the words separately; see `Dialect.wording`."""
    thought: str = ""


@dataclass(frozen=True)
class OpinionOutput:
    """A specialist's answer."""

    diagnosis: str | None
    """None for *not my field*."""
    confidence: float | None
    """The stated confidence, 0 to 1."""
    reason: str
    findings: str = ""
    differential: tuple[str, ...] = ()
    """At most three other diagnoses."""
    urgency: Urgency | None = None
    """None if none is stated."""


@dataclass(frozen=True)
class DecisionOutput:
    """An attending's decision."""

    diagnosis: str | None
    """None if its words name no label, or several: such an answer cannot be used, but its words are kept."""
    differential: tuple[str, ...]
    thought: str
    urgency: Urgency | None = None
    """None if none is stated."""
    words: str = ""
    """The attending's own words for the diagnosis; empty if they equal the label."""
    findings: str = ""
    confidence: float | None = None
    """The stated confidence, 0 to 1."""


class Dialect(Protocol):
    """A way to prompt and to parse."""

    name: str
    slots: bool
    """Whether the model is too small to be trusted: its patient writes slots that a program fills with the facts, and
    its advice to the patient is checked against the scenario's."""
    in_words: bool
    """Whether its prompts are instructions in words: a second try says what was wrong, and no line may repeat one."""

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Ask the patient to put a task into words."""

    def read_patient_line(self, text: str, task: PatientTask, view: PatientView) -> str | None:
        """Parse the line, with slots filled."""

    def free_line(self, view: PatientView, temperament: Temperament) -> Prompt:
        """Ask a patient who decides for itself what to say and whether to ask back."""

    def read_free_line(self, text: str, view: PatientView) -> FreeOutput | None:
        """Parse its reply."""

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a doctor's question is about."""

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic; None for *unsure*."""

    def look(self, view: DoctorView) -> Prompt | None:
        """Ask what the photograph shows, before anything else; None if the format does not ask for it separately."""

    def read_look(self, text: str, view: DoctorView) -> str:
        """Read what the photograph shows."""

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for specialty, urgency and why."""

    def read_triage(self, text: str, view: DoctorView) -> TriageOutput | None:
        """Read them."""

    def plain_triage(self, word: TriageOutput, view: DoctorView) -> str:
        """Word a triage's reason without a model; empty if a triage needs none."""

    def action(self, view: DoctorView) -> Prompt:
        """Ask the attending for its next act among `view.offers`."""

    def read_action(self, text: str, view: DoctorView) -> ActionOutput | None:
        """Parse the act; plain text is a question without a topic."""

    def wording(self, view: DoctorView, word: ActionOutput) -> Prompt | None:
        """Ask for the words of a chosen act; None if the act includes its words, or needs none."""

    def read_wording(self, text: str, view: DoctorView, word: ActionOutput) -> str | None:
        """Read the words; None if they do not fit the act."""

    def reasons(
        self, view: DoctorView, role: str, *, outside: bool = False, given: Sequence[str] = ()
    ) -> Choice | None:
        """List the allowed reasons for a retry; None if the reason is free.

        Args:
            view: The doctor's view.
            role: `triage` or `specialist`.
            outside: Whether a specialist said that the case is not of its field.
            given: Colleagues' reasons, whose words are left out.
        """

    def opinion(self, view: DoctorView, specialty: str, member: int) -> Prompt:
        """Ask one specialist.

        Args:
            view: The specialist's view.
            specialty: The specialist's field.
            member: The specialist's number in the panel, from 0.
        """

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionOutput | None:
        """Read its opinion."""

    def plain_opinion(self, word: OpinionOutput, view: DoctorView) -> str:
        """Word an opinion's reason without a model; empty if an opinion needs none."""

    def decision(self, view: DoctorView) -> Prompt:
        """Ask the attending for thought, diagnosis, differential and, if the format has it, urgency."""

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionOutput | None:
        """Read them."""

    def confidence(self, probability: float | None, view: DoctorView) -> float | None:
        """Return an attending's confidence, 0 to 1, from the probability of the diagnosis that it chose."""

    def advice(self, view: DoctorView, scenario: Scenario) -> tuple[str, ...]:
        """List the sentences of the scenario's advice that are worded one by one, before they are put into a frame."""

    def reply_sentence(self, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Return the scenario's answer to a question back, if it is worded separately."""

    def rewording(self, sentence: str) -> Prompt:
        """Ask the doctor to reword a sentence of the scenario's advice."""

    def read_rewording(self, text: str, sentence: str) -> str | None:
        """Parse the reworded sentence; None if it does not say the same."""

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask the attending to tell the patient the diagnosis, the reason, and what to do."""

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
            ValueError: The answer cannot be used; the message gives the reason in one line.
        """


def transcript(view: DoctorView | PatientView) -> str:
    """Render the lines so far, one per line, with the names of the speakers."""
    if not view.lines:
        return "(nothing has been said yet)"
    return "\n".join(f"{line.speaker.capitalize()}: {line.text}" for line in view.lines)
