"""The triage doctor: sees complaint and photograph, and names a specialty, an urgency and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from consult.agents.acts import Act, DoctorView, Draft, Usage
from consult.agents.models.model import Prompt
from consult.agents.prompt_formats.prompt_format import TriageWord
from consult.agents.roles.client import Place, Voice
from consult.agents.roles.doctors import ask_twice, look, reason_again

NO_SPECIALTY = "[names no specialty]"
"""Said by a program for a tiny model that names none; square brackets mark it as a program's."""


@dataclass(frozen=True)
class TriageDoctor:
    """A general practitioner at the door."""

    voice: Voice

    async def act(self, view: DoctorView, place: Place) -> Act:
        """Send the patient on; an unusable answer leaves specialty and urgency None."""
        dialect = self.voice.dialect
        view, looked = await look(self.voice, view, place)
        prompt = dialect.triage(view)
        word, reply, cost = await ask_twice(
            self.voice, prompt, "triage", place, lambda text: dialect.read_triage(text, view)
        )
        draft = None
        if word and dialect.slots:
            word, draft, spoken = await self._reasoned(word, prompt, reply.text, view, place)
            cost += spoken
        return Act(
            speaker="triage",
            action="triage",
            text=word.why if word else NO_SPECIALTY if dialect.slots else "",
            specialty=word.specialty if word else None,
            urgency=word.urgency if word else None,
            thought=word.thought if word else "",
            confidence=reply.probability if word else None,
            source="program" if word is None and dialect.slots else "model",
            draft=draft,
            usage=looked + cost,
            seed=self.voice.seed("triage", place),
        )

    async def _reasoned(
        self, word: TriageWord, prompt: Prompt, text: str, view: DoctorView, place: Place
    ) -> tuple[TriageWord, Draft, Usage]:
        """Give a triage its reason: the model's, asked for once more where it cannot be used, else a program's."""
        if word.why:
            return word, Draft(backed=True, leaked=False, attempts=1, fallback=False), Usage()
        dialect, head = self.voice.dialect, f"{word.specialty}, {word.urgency}."
        why, cost = await reason_again(
            self.voice, prompt, text[: text.index(head) + len(head)], dialect.reasons(view, "triage"), "triage", place,
            lambda text: dialect.read_triage(text, view), lambda again: again.why,
        )  # fmt: skip
        draft = Draft(backed=False, leaked=False, attempts=2, fallback=not why)
        return replace(word, why=why or dialect.plain_triage(word, view)), draft, cost
