"""The assessor: judges a consultation that is over by the rubric, from transcript, photograph and true diagnosis."""

from __future__ import annotations

from dataclasses import dataclass, replace

from consult.agents.acts import AssessorView
from consult.agents.doctors import ask_twice
from consult.agents.rubric import Verdict, not_scored
from consult.agents.voice import Place, Voice

TASK = "assess"
UNUSABLE = "unusable answer: "
"""How the reason begins where both answers could not be used."""


@dataclass(frozen=True)
class Assessor:
    """A judge with a model behind it."""

    voice: Voice

    async def assess(self, view: AssessorView, place: Place) -> dict[str, Verdict]:
        """Judge; two unusable answers leave every item None, with the reason.

        Raises:
            Exception: Whatever the backend raised for this request.
        """
        dialect, refusals = self.voice.dialect, [""]

        def read(text: str) -> dict[str, Verdict] | None:
            try:
                return dialect.read_assessment(text)
            except ValueError as error:
                refusals.append(str(error))
                return None

        prompt = dialect.assessment(view if self.voice.info.sees else replace(view, photograph=None))
        verdicts, _, _ = await ask_twice(self.voice, prompt, TASK, place, read)
        return not_scored(UNUSABLE + refusals[-1]) if verdicts is None else verdicts
