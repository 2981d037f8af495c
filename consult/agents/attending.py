"""The attending physician: leads the interview, weighs the opinions, decides, explains, and answers questions back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from consult.agents.acts import Act, DoctorView
from consult.agents.doctors import ask_twice
from consult.agents.voice import Place, Voice
from consult.scenarios import Scenario

CONSULT = "Let me ask my colleagues what they think."
"""Said where the model chose to consult and said nothing."""


@dataclass(frozen=True)
class Attending:
    """A general practitioner in charge."""

    voice: Voice
    scenario: Scenario

    async def act(self, view: DoctorView, place: Place) -> Act:
        """Choose the next act among `view.offers`; two unusable answers are an abstention (`conclude` with None)."""
        dialect = self.voice.dialect
        word, _, cost = await ask_twice(
            self.voice, dialect.action(view), "action", place, lambda text: dialect.read_action(text, view)
        )
        seed = self.voice.seed("action", place)
        if word is None:
            return Act("attending", "conclude", source="program", usage=cost, seed=seed)
        text = word.text or (CONSULT if word.action == "consult" else "")
        return Act("attending", word.action, text, word.topic, usage=cost, seed=seed)

    async def conclude(self, view: DoctorView, place: Place) -> Act:
        """Decide and tell the patient; two unusable answers are an abstention (diagnosis None)."""
        dialect = self.voice.dialect
        word, reply, cost = await ask_twice(
            self.voice,
            dialect.decision(view),
            "decision",
            place,
            lambda text: dialect.read_decision(text, view, self.scenario),
        )
        decided = replace(view, diagnosis=word.diagnosis if word else None, thought=word.thought if word else "")
        speech, _, spoken = await ask_twice(
            self.voice,
            dialect.explanation(decided),
            "explanation",
            place,
            lambda text: dialect.read_speech(text, decided),
        )
        return Act(
            speaker="attending",
            action="conclude",
            text=speech or "",
            diagnosis=decided.diagnosis,
            confidence=reply.probability if word else None,
            differential=word.differential if word else (),
            thought=decided.thought,
            usage=cost + spoken,
            seed=self.voice.seed("decision", place),
        )

    async def reply(self, view: DoctorView, place: Place) -> Act:
        """Answer the patient's question back."""
        dialect, question = self.voice.dialect, view.lines[-1].text
        speech, _, cost = await ask_twice(
            self.voice,
            dialect.reply(view, question),
            "reply",
            place,
            lambda text: dialect.read_speech(text, view),
        )
        return Act("attending", "answer", speech or "", usage=cost, seed=self.voice.seed("reply", place))
