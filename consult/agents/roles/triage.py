"""The triage doctor: sees complaint and photograph, and names a specialty, an urgency and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from consult.agents.acts import Act, DoctorView, Draft, Usage
from consult.agents.models.model import Prompt
from consult.agents.prompt_formats.prompt_format import TriageOutput
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.doctors import generate_with_retry, look, reason_again

QUESTION = "question"
"""The topic of a triage that sends a question about pictures, and so states no urgency."""
NO_SPECIALTY = "[names no specialty]"
"""A program's text for a tiny model that names no specialty; square brackets mark it as a program's."""


@dataclass(frozen=True)
class TriageDoctor:
    """The general practitioner who does the triage."""

    client: RoleClient

    async def act(self, view: DoctorView, context: RequestContext) -> Act:
        """Refer the patient; after two unusable answers, specialty and urgency are None."""
        dialect = self.client.dialect
        view, looked = await look(self.client, view, context)
        prompt = dialect.triage(view)
        word, reply, cost = await generate_with_retry(
            self.client, prompt, "triage", context, lambda text: dialect.read_triage(text, view)
        )
        draft = None
        if word and dialect.slots:
            word, draft, spoken = await self._reasoned(word, prompt, reply.text, view, context)
            cost += spoken
        return Act(
            speaker="triage",
            action="triage",
            topic=None if view.question is None else QUESTION,
            text=word.why if word else NO_SPECIALTY if dialect.slots else "",
            specialty=word.specialty if word else None,
            urgency=word.urgency if word else None,
            thought=word.thought if word else "",
            findings=word.findings if word else "",
            confidence=reply.probability if word else None,
            source="program" if word is None and dialect.slots else "model",
            draft=draft,
            usage=looked + cost,
            seed=self.client.seed("triage", context),
        )

    async def _reasoned(
        self, word: TriageOutput, prompt: Prompt, text: str, view: DoctorView, context: RequestContext
    ) -> tuple[TriageOutput, Draft, Usage]:
        """Add a triage's reason: the model's, requested again if it cannot be used, else a program's."""
        if word.why:
            return word, Draft(backed=True, leaked=False, attempts=1, fallback=False), Usage()
        dialect, head = self.client.dialect, f"{word.specialty}, {word.urgency}."
        why, cost = await reason_again(
            self.client, prompt, text[: text.index(head) + len(head)], dialect.reasons(view, "triage"), "triage",
            context, lambda text: dialect.read_triage(text, view), lambda again: again.why,
        )  # fmt: skip
        draft = Draft(backed=False, leaked=False, attempts=2, fallback=not why)
        return replace(word, why=why or dialect.plain_triage(word, view)), draft, cost
