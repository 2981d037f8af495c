"""A specialist: one independent opinion from transcript and photograph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Opinion, Usage
from consult.agents.doctors import ask_twice, look, reason_again
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
            reason, more = await self._reason(word.diagnosis, view, scenario, place)
            cost += more
            word = replace(word, reason=reason or dialect.plain_opinion(word, view))
        confidence = word.confidence if reply.probability is None else reply.probability
        first = cost.unusable == 0
        return Opinion(self.specialty, word.diagnosis, confidence, word.reason, first_usable=first), cost

    async def in_other_words(
        self, opinion: Opinion, given: Sequence[str], view: DoctorView, scenario: Scenario, place: Place
    ) -> tuple[Opinion, Usage]:
        """Give the reason again, in none of the words of colleagues' reasons; as it was where that fails."""
        view, looked = await look(self.voice, view, place, self.member)
        reason, cost = await self._reason(opinion.diagnosis, view, scenario, place, given)
        return replace(opinion, reason=reason or opinion.reason), looked + cost

    async def _reason(
        self, diagnosis: str | None, view: DoctorView, scenario: Scenario, place: Place, given: Sequence[str] = ()
    ) -> tuple[str, Usage]:
        """Ask for the reason alone, after the diagnosis, as a choice."""
        dialect = self.voice.dialect

        def read(text: str) -> str:
            word = dialect.read_opinion(text, view, scenario)
            return word.reason if word else ""

        return await reason_again(
            self.voice, dialect.opinion(view, self.specialty, self.member), f"{diagnosis or NOT_MY_FIELD}.",
            dialect.reasons(view, "specialist", outside=diagnosis is None, given=given), "opinion", place,
            read, self.member, 2 if given else 1,
        )  # fmt: skip
