"""The attending physician: leads the interview, weighs the opinions, decides, explains, and answers questions back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from consult.agents.acts import Act, DoctorView, Draft, Source, Usage
from consult.agents.choices import Action
from consult.agents.grounding.emergency_words import urgency_of
from consult.agents.models.model import Prompt, Reply
from consult.agents.prompt_formats.prompt_format import ActionOutput, DecisionOutput
from consult.agents.prompt_formats.wording import taught_questions
from consult.agents.roles.advice import (
    announcement,
    is_sound_explanation,
    is_sound_reply,
    plain_explanation,
    plain_reply,
    referral,
    says,
)
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.doctors import generate_with_retry, look
from consult.scenarios import Scenario, Urgency
from consult.scenarios.conditional import most_urgent
from consult.scenarios.correct import naming, plurality
from consult.scenarios.scenario import REFERRAL

Together = Callable[[Sequence[Any]], Awaitable[list[Any]]]
"""Runs parallel requests and returns their results in order."""

CONSULT = "Let me ask my colleagues what they think."
"""Used if the model chose to consult but gave no text."""
NO_ANSWER = "[gives no answer]"
"""A program's text for an attending who answers a question in no usable way."""
UNSOUND = "the advice does not agree with the scenario's"
"""Reason for refusing a readable text to the patient."""


def plain_wording(action: Action, topic: str | None, scenario: Scenario) -> str:
    """Word an act without a model."""
    if action == "consult":
        return CONSULT
    said = taught_questions("questions" if action == "ask" else "examinations", topic or "")
    if said:
        return said[0]
    if action == "examine":
        return f"Let me have a look: {scenario.examinations.get(topic or '', topic)}."
    return f"May I ask about this: {scenario.topics.get(topic or '', topic)}?"


@dataclass(frozen=True)
class Attending:
    """A general practitioner in charge."""

    client: RoleClient
    scenario: Scenario
    votes: int = 1
    """Number of decisions that are requested at once; the majority counts."""
    together: Together | None = None
    """Sends several requests at once; needed for more than one vote."""

    async def act(self, view: DoctorView, context: RequestContext) -> Act:
        """Choose the next act among `view.offers`; two unusable answers are an abstention (`conclude` with None)."""
        dialect = self.client.dialect
        word, _, cost = await generate_with_retry(
            self.client, dialect.action(view), "action", context, lambda text: dialect.read_action(text, view)
        )
        seed = self.client.seed("action", context)
        if word is None:
            return Act("attending", "conclude", source="program", usage=cost, seed=seed)
        text, draft, spoken = await self._worded(word, view, context)
        by_program = draft.fallback if draft else bool(text and not word.text)
        source: Source = "program" if by_program else "model"
        return Act(
            "attending", word.action, text, word.topic,
            thought=word.thought, source=source, draft=draft, usage=cost + spoken, seed=seed,
        )  # fmt: skip

    async def _worded(
        self, word: ActionOutput, view: DoctorView, context: RequestContext
    ) -> tuple[str, Draft | None, Usage]:
        """Add an act's words: its own, or separately requested ones that are checked against the chosen topic."""
        dialect = self.client.dialect
        prompt = dialect.wording(view, word)
        if prompt is None:
            named = word.action in ("consult", "examine")
            return word.text or (plain_wording(word.action, word.topic, self.scenario) if named else ""), None, Usage()
        drafts: list[bool] = []

        def read(text: str) -> str | None:
            said = dialect.read_wording(text, view, word)
            drafts.append(said is not None)
            return said

        text, _, cost = await generate_with_retry(self.client, prompt, "wording", context, read)
        draft = Draft(backed=drafts[0], leaked=False, attempts=len(drafts), fallback=text is None)
        return text or plain_wording(word.action, word.topic, self.scenario), draft, _as_draft(cost)

    async def conclude(self, view: DoctorView, context: RequestContext) -> Act:
        """Decide and tell the patient; two unusable answers are an abstention (diagnosis None).

        Who abstains does not explain anything: the program refers the patient.

        The final urgency is the higher one of the decision and the text to the patient, or the triage's if both state
        none; it is at least that of the plan's steps in the text.
        """
        dialect = self.client.dialect
        view, looked = await look(self.client, view, context)
        word, reply, cost = await self._decide(view, context)
        refers = word is not None and word.diagnosis == REFERRAL
        if refers or ((word is None or word.diagnosis is None) and not dialect.slots):
            return self._referring(view, word, looked + cost, context)
        stated, diagnosis = (word.urgency, word.diagnosis) if word else (None, None)
        decided = replace(
            view,
            diagnosis=diagnosis,
            thought=word.thought if word else "",
            seen=(word.findings if word else "") or view.seen,
            urgency=stated or view.urgency,
        )
        worded, plainly, wording = await self._reword(dialect.advice(decided, self.scenario), context)
        decided = replace(decided, worded=worded)
        speech, draft, spoken = await self._advise(
            dialect.explanation(decided),
            "explanation",
            context,
            lambda text: dialect.read_explanation(text, decided, self.scenario),
            lambda said: is_sound_explanation(said, decided.diagnosis, decided.urgency, self.scenario, decided.known),
            lambda: plain_explanation(decided.diagnosis, decided.urgency, self.scenario, decided.known, decided.where),
            plainly,
        )
        return Act(
            speaker="attending",
            action="conclude",
            text=speech or announcement(diagnosis, decided.urgency, decided.where),
            urgency=self._final_urgency(stated, speech, decided, view.urgency),
            diagnosis=diagnosis,
            diagnosis_words=(word.words or diagnosis) if word else None,
            confidence=self._confidence(word, reply, view),
            stated_confidence=word.confidence if word else None,
            differential=word.differential if word else (),
            findings=word.findings if word else "",
            thought=decided.thought,
            source="model" if speech else "program",
            draft=draft,
            usage=looked + cost + wording + spoken,
            seed=self.client.seed("decision", context),
        )

    async def answer(self, view: DoctorView, context: RequestContext) -> Act:
        """Answer a question about pictures; two unusable answers are an abstention (diagnosis None)."""
        word, reply, cost = await self._decide(view, context)
        said = word.diagnosis if word else None
        return Act(
            speaker="attending",
            action="conclude",
            text=said or NO_ANSWER,
            diagnosis=said,
            diagnosis_words=(word.words or said) if word else None,
            confidence=self._confidence(word, reply, view),
            stated_confidence=word.confidence if word else None,
            findings=word.findings if word else "",
            thought=word.thought if word else "",
            source="program" if said is None else "model",
            usage=cost,
            seed=self.client.seed("decision", context),
        )

    def _confidence(self, word: DecisionOutput | None, reply: Reply, view: DoctorView) -> float | None:
        """Return the label's probability or, if the backend gives none, the stated confidence."""
        if word is None or word.diagnosis is None:
            return None
        given = self.client.dialect.confidence(reply.probability, view)
        return word.confidence if given is None else given

    def _referring(self, view: DoctorView, word: DecisionOutput | None, cost: Usage, context: RequestContext) -> Act:
        """Conclude without a diagnosis: a program's sentence refers the patient, in time for what was decided.

        A doctor who has decided that the patient has none of the labels has concluded, with `REFERRAL`.
        """
        decides = word is not None and word.diagnosis == REFERRAL
        urgency = most_urgent((view.urgency, word.urgency if word and decides else None))
        text = referral(view.specialty, urgency, view.where)
        return Act(
            speaker="attending",
            action="conclude",
            text=text,
            urgency=most_urgent((urgency, urgency_of(text))),
            diagnosis=REFERRAL if decides else None,
            diagnosis_words=word.words or None if word else None,
            confidence=word.confidence if word and decides else None,
            stated_confidence=word.confidence if word and decides else None,
            differential=word.differential if word and decides else (),
            findings=word.findings if word else "",
            thought=word.thought if word else "",
            source="program",
            usage=cost,
            seed=self.client.seed("decision", context),
        )

    def _final_urgency(
        self, stated: Urgency | None, speech: str, decided: DoctorView, triaged: Urgency | None
    ) -> Urgency | None:
        """Return how soon the patient must be seen, from the decision and the text to the patient."""
        label = self.scenario.labels.get(decided.diagnosis or "")
        plan = [one for one in label.plan if one.urgency and one.applies(decided.known)] if label else []
        steps: list[Urgency | None] = [one.urgency for one in plan if says(speech, one.text)]
        # A tiny model's words are the program's frames, which mention an alarm.
        steps += ["urgent"] if decided.where and self.client.dialect.slots else []
        return most_urgent((most_urgent((stated, urgency_of(speech))) or triaged, *steps))

    async def _reword(self, sentences: Sequence[str], context: RequestContext) -> tuple[dict[str, str], int, Usage]:
        """Word sentences of the scenario's advice, one request per sentence.

        Returns:
            Sentence → its wording, the number of sentences that the model could not word, and the total cost.
        """
        dialect, task = self.client.dialect, "rewording"
        asked = [
            generate_with_retry(
                self.client,
                dialect.rewording(one),
                task,
                context,
                partial(dialect.read_rewording, sentence=one),
                number,
            )
            for number, one in enumerate(sentences)
        ]
        together = self.together or _in_turn
        answers: list[tuple[str | None, Reply, Usage]] = await together(asked) if asked else []
        worded = {one: said for one, (said, _, _) in zip(sentences, answers, strict=True) if said is not None}
        cost = sum((cost for _, _, cost in answers), Usage())
        return worded, len(sentences) - len(worded), _as_draft(cost)

    async def _decide(self, view: DoctorView, context: RequestContext) -> tuple[DecisionOutput | None, Reply, Usage]:
        """Decide, by a vote if several decisions are requested; in a tie the first one wins."""
        asked = [self._decision(view, context, member) for member in range(self.votes)]
        if len(asked) == 1 or self.together is None:
            return await asked[0]
        answers: list[tuple[DecisionOutput | None, Reply, Usage]] = await self.together(asked)
        cost = sum((cost for _, _, cost in answers), Usage())
        name = naming(self.scenario)
        chosen = plurality((word.diagnosis for word, _, _ in answers if word is not None), name)
        if chosen is None:
            return answers[0][0], answers[0][1], cost
        word, reply = next((word, reply) for word, reply, _ in answers if word and name(word.diagnosis) == chosen)
        return word, reply, cost

    async def _decision(
        self, view: DoctorView, context: RequestContext, member: int
    ) -> tuple[DecisionOutput | None, Reply, Usage]:
        """Ask for one decision; after two unusable answers, keep the words of the last one that has any."""
        dialect, unread = self.client.dialect, list[DecisionOutput]()

        def read(text: str) -> DecisionOutput | None:
            word = dialect.read_decision(text, view, self.scenario)
            if word is None or word.diagnosis is not None:
                return word
            unread.append(word)
            return None

        word, reply, cost = await generate_with_retry(
            self.client, dialect.decision(view), "decision", context, read, member
        )
        return word or (unread[-1] if unread else None), reply, cost

    async def reply(self, view: DoctorView, context: RequestContext) -> Act:
        """Answer the patient's question back; without a diagnosis, a program does."""
        question, dialect = view.lines[-1], self.client.dialect
        if view.diagnosis is None and not dialect.slots:
            seed = self.client.seed("reply", context)
            return Act("attending", "answer", plain_reply(None, None, self.scenario), source="program", seed=seed)
        sentence = dialect.reply_sentence(view, question, self.scenario)
        worded, plainly, wording = await self._reword((sentence,) if sentence else (), context)
        view = replace(view, worded=worded)
        speech, draft, cost = await self._advise(
            self.client.dialect.reply(view, question),
            "reply",
            context,
            lambda text: self.client.dialect.read_reply(text, view, question, self.scenario),
            lambda said: is_sound_reply(said, view.diagnosis, question.topic, self.scenario),
            lambda: plain_reply(view.diagnosis, question.topic, self.scenario),
            plainly,
        )
        source: Source = "program" if not speech or (draft and draft.fallback) else "model"
        speech = speech or plain_reply(None, None, self.scenario)
        seed = self.client.seed("reply", context)
        return Act("attending", "answer", speech, source=source, draft=draft, usage=wording + cost, seed=seed)

    async def _advise(
        self,
        prompt: Prompt,
        task: str,
        context: RequestContext,
        read: Callable[[str], str | None],
        sound: Callable[[str], bool],
        plain: Callable[[], str],
        plainly: int,
    ) -> tuple[str, Draft | None, Usage]:
        """Ask for a text to the patient; a model too small to be trusted is checked against the scenario's advice.

        Args:
            prompt: The prompt.
            task: The task's name.
            context: The request's location in the run.
            read: Parses the reply.
            sound: Returns whether the parsed text may be used.
            plain: Words it without a model.
            plainly: Number of sentences of the advice that the program has already had to word.

        Returns:
            The text, its draft and the cost; the text is empty if a trusted model gave none that can be said.
        """
        believed, drafts = not self.client.dialect.slots, list[bool]()
        read_last = [True]

        def heard(text: str) -> str | None:
            said = read(text)
            read_last[0] = said is not None
            drafts.append(said is not None and (believed or sound(said)))
            return said if drafts[-1] else None

        speech, _, cost = await generate_with_retry(
            self.client, prompt, task, context, heard, why=lambda: UNSOUND if read_last[0] else ""
        )
        if believed:
            return speech or "", None, cost
        backed, fallback = drafts[0] and not plainly, speech is None or plainly > 0
        draft = Draft(backed=backed, leaked=False, attempts=len(drafts), fallback=fallback)
        return speech or plain(), draft, _as_draft(cost)


async def _in_turn(asked: Sequence[Any]) -> list[Any]:
    return [await one for one in asked]


def _as_draft(cost: Usage) -> Usage:
    """Leave the count of answers to the draft, which records the faults found in them."""
    return replace(cost, answers=0, unusable=0)
