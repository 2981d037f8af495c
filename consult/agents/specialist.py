"""A specialist: one independent opinion from transcript and photograph."""

from __future__ import annotations

from dataclasses import dataclass, replace

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Opinion, Usage
from consult.agents.doctors import ask_twice, look, reason_again
from consult.agents.voice import Place, Voice
from consult.scenarios import Scenario


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
        view, looked = await look(self.voice, view, place, self.member)
        prompt = dialect.opinion(view, self.specialty, self.member)
        word, reply, cost = await ask_twice(
            self.voice,
            prompt,
            "opinion",
            place,
            lambda text: dialect.read_opinion(text, view, scenario),
            self.member,
        )
        cost += looked
        if word is None:
            return Opinion(self.specialty, None, None, "", usable=False, first_usable=False), cost
        if not word.reason and dialect.slots:
            again, more = await reason_again(
                self.voice, prompt, f"{word.diagnosis or NOT_MY_FIELD}.", "opinion", place,
                lambda text: dialect.read_opinion(text, view, scenario), self.member,
            )  # fmt: skip
            cost += more
            word = replace(word, reason=(again.reason if again else "") or dialect.plain_opinion(word, view))
        confidence = word.confidence if reply.probability is None else reply.probability
        first = cost.unusable == 0
        return Opinion(self.specialty, word.diagnosis, confidence, word.reason, first_usable=first), cost
