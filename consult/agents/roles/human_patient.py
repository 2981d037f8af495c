"""A patient played by a person, or by nobody: a person's words go to the doctors unchanged, and nothing is invented.

No answer means that the patient does not know; a program says so, and the line is marked as the program's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from consult.agents.acts import Act, PatientView
from consult.agents.grounding.facts import plainly, stated
from consult.agents.models.model import Message, Prompt
from consult.agents.prompt_formats.clean import clean
from consult.agents.roles.client import RequestContext, RoleClient

UNKNOWN = "I can't tell you more about that."
LEAVE = "Thank you, doctor."
FIRST_HINT = "(Answer in your own words. Enter alone: you do not know. Ctrl-C interrupts; what was said is kept.)"
LEAVE_HINT = "(Ask back with a question mark, or leave: with a last word, or Enter alone.)"
LAST_HINT = "(Leave with a last word, or Enter alone.)"

_KINDS = {
    "contagious": r"catch|contag|infect|pass (?:it|this) on|spread to|give (?:it|this) to",
    "serious": r"danger|serious|bad|worr|harm|cancer|afraid",
    "outlook": r"how long|when will|last\b|heal|go away|clear up|get better|gone",
    "cause": r"\bwhy\b|cause|come from|how did|get (?:it|this) from",
}
"""Kind of a question back → its pattern, tried in this order; see `QUESTIONS_BACK`."""


@dataclass(frozen=True)
class HumanPatient:
    """One patient, played by a person or by nobody."""

    client: RoleClient
    own: bool
    """Whether the complaint is the person's own, and not from a card that a program reads out."""

    async def open(self, view: PatientView, context: RequestContext) -> Act:
        """Open with the complaint, which was given in advance."""
        complaint = view.card.complaint
        text = complaint.text if self.own else plainly((complaint,))
        seed = self.client.seed("open", context)
        return Act(
            "patient", "open", text, "complaint", (complaint.id,),
            source="human" if self.own else "program", seed=seed,
        )  # fmt: skip

    async def answer(self, view: PatientView, context: RequestContext) -> Act:
        """Answer the doctor's last question."""
        topic, seed = view.lines[-1].topic, self.client.seed("answer", context)
        said = await self._said("answer", _first_hint(view), context)
        if not said:
            return Act("patient", "answer", UNKNOWN, topic, source="program", seed=seed)
        facts = tuple(fact.id for fact in stated(said, view.card.facts))
        return Act("patient", "answer", said, topic, facts, source="human", seed=seed)

    async def react(self, view: PatientView, context: RequestContext) -> Act:
        """Ask back with a question mark, or take leave, which ends the consultation."""
        seed, may_ask = self.client.seed("react", context), "ask" in view.offers
        said = await self._said("react", LEAVE_HINT if may_ask else LAST_HINT, context)
        if not said:
            return Act("patient", "satisfied", LEAVE, source="program", seed=seed)
        if may_ask and "?" in said:
            return Act("patient", "ask", said, kind_of(said), source="human", seed=seed)
        return Act("patient", "satisfied", said, source="human", seed=seed)

    async def _said(self, task: str, hint: str, context: RequestContext) -> str:
        exchange = await self.client.generate(Prompt((Message("user", hint),), 0), task, context)
        return clean(exchange.answer.text)


def kind_of(question: str) -> str | None:
    """Return the kind of a question back; None if it is another."""
    return next((kind for kind, words in _KINDS.items() if re.search(words, question, re.IGNORECASE)), None)


def _first_hint(view: PatientView) -> str:
    answered = any(line.speaker == "patient" and line.action == "answer" for line in view.lines)
    if answered:
        return ""
    card = "".join(f"\n- {fact.text}" for fact in view.card.facts)
    return FIRST_HINT + (f"\nWhat you know:{card}" if card else "")
