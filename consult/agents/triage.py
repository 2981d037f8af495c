"""The triage doctor: sees complaint and photograph, and names a specialty, an urgency and why."""

from __future__ import annotations

from dataclasses import dataclass

from consult.agents.acts import Act, DoctorView
from consult.agents.doctors import ask_twice
from consult.agents.voice import Place, Voice


@dataclass(frozen=True)
class TriageDoctor:
    """A general practitioner at the door."""

    voice: Voice

    async def act(self, view: DoctorView, place: Place) -> Act:
        """Send the patient on; an unusable answer leaves specialty and urgency None."""
        dialect = self.voice.dialect
        prompt = dialect.triage(view)
        word, reply, cost = await ask_twice(
            self.voice, prompt, "triage", place, lambda text: dialect.read_triage(text, view)
        )
        return Act(
            speaker="triage",
            action="triage",
            text=word.why if word else "",
            specialty=word.specialty if word else None,
            urgency=word.urgency if word else None,
            thought=word.thought if word else "",
            confidence=reply.probability if word else None,
            usage=cost,
            seed=self.voice.seed("triage", place),
        )
