"""Base of prompt formats that request each answer as a whole: nothing is seen, reasoned or worded separately."""

from __future__ import annotations

from collections.abc import Sequence

from consult.agents.acts import DoctorView, Line
from consult.agents.models.model import Choice, Prompt
from consult.agents.prompt_formats.prompt_format import OpinionOutput, TriageOutput
from consult.scenarios import Scenario


class WholeAnswers:
    """Requests nothing separately."""

    def look(self, view: DoctorView) -> Prompt | None:
        """Ask for nothing: each answer includes what is seen."""
        return None

    def read_look(self, text: str, view: DoctorView) -> str:
        """Read nothing."""
        return ""

    def plain_triage(self, word: TriageOutput, view: DoctorView) -> str:
        """Return no reason for a triage."""
        return ""

    def plain_opinion(self, word: OpinionOutput, view: DoctorView) -> str:
        """Return no reason for an opinion."""
        return ""

    def reasons(
        self, view: DoctorView, role: str, *, outside: bool = False, given: Sequence[str] = ()
    ) -> Choice | None:
        """Return no constraint: a reason is part of its answer."""
        return None

    def confidence(self, probability: float | None, view: DoctorView) -> float | None:
        """Return the probability unchanged."""
        return probability

    def advice(self, view: DoctorView, scenario: Scenario) -> tuple[str, ...]:
        """List nothing: an explanation is worded as a whole."""
        return ()

    def reply_sentence(self, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Return nothing: a reply is worded as a whole."""
        return None

    def rewording(self, sentence: str) -> Prompt:
        """Refuse: nothing is worded sentence by sentence."""
        raise NotImplementedError("this prompt format words its advice as a whole")

    def read_rewording(self, text: str, sentence: str) -> str | None:
        """Refuse: nothing is worded sentence by sentence."""
        return None
