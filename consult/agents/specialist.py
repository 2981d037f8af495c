"""A specialist: one independent opinion from transcript and photograph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from consult.agents.acts import DoctorView, Opinion, Usage
from consult.agents.doctors import ask_twice
from consult.agents.voice import Place, Voice
from consult.scenarios import Scenario
from consult.scenarios.normalised import normalised


def plurality(diagnoses: Iterable[str | None]) -> str | None:
    """Return the diagnosis that most members of a panel name, the first named of equals; None where none names one.

    It is the baseline that an attending has to beat: a panel that votes needs no attending.
    """
    named = [diagnosis for diagnosis in diagnoses if diagnosis is not None]
    counts = Counter(map(normalised, named))
    most = counts.most_common(1)[0][0] if counts else None
    return next((diagnosis for diagnosis in named if normalised(diagnosis) == most), None)


@dataclass(frozen=True)
class Specialist:
    """One member of a panel."""

    voice: Voice
    specialty: str
    member: int
    """0-based number in the panel; part of the seed, so that members differ."""

    async def opinion(self, view: DoctorView, scenario: Scenario, place: Place) -> tuple[Opinion, Usage]:
        """Give an opinion; two unusable answers are an abstention."""
        dialect = self.voice.dialect
        word, reply, cost = await ask_twice(
            self.voice,
            dialect.opinion(view, self.specialty, self.member),
            "opinion",
            place,
            lambda text: dialect.read_opinion(text, view, scenario),
            self.member,
        )
        if word is None:
            return Opinion(self.specialty, None, None, "", usable=False, first_usable=False), cost
        confidence = word.confidence if reply.probability is None else reply.probability
        first = cost.unusable == 0
        return Opinion(self.specialty, word.diagnosis, confidence, word.reason, first_usable=first), cost
