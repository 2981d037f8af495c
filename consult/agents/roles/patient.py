"""The grounded patient: a program decides which facts of the card are told, the model words them, a program checks.

(a) The doctor's question is mapped to a topic: the question states it, or its words name it (in place of a tiny model),
or the model chooses among the topics and *unsure*. (b) The facts of that topic are given, and the temperament decides
how many more are volunteered. (c) The model words only those facts. (d) If a line leaks a diagnosis or is not backed,
it is requested again, with the reason; after the last try, the facts are stated plainly.

The free patient, for comparison, is 3MDBench's (arXiv 2504.13861): it gets its whole card and decides itself what to
say. Its lines are checked in the same way, but what the check finds is recorded and not corrected.

A model that fills slots composes known sentences, which are checked word by word (`grounding.facts`). A line in a
model's own words is checked as language: rules veto first (`grounding.claims`), then a checker decides, if there is
one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from consult.agents.acts import Act, Draft, PatientTask, PatientView, Usage
from consult.agents.choices import Action
from consult.agents.grounding.claims import Grounds
from consult.agents.grounding.facts import check_line, plainly, stated
from consult.agents.grounding.verdict import UNREAD, Verdict, check_free_line
from consult.agents.models.model import Prompt
from consult.agents.prompt_formats.clean import clean
from consult.agents.prompt_formats.prompt_format import FreeOutput
from consult.agents.prompt_formats.questions import topic_by_words, topic_of
from consult.agents.prompt_formats.talk import patient_talk_prompt, read_patient_talk
from consult.agents.roles.checker import Checker
from consult.agents.roles.client import ATTEMPTS, RequestContext, RoleClient, usage
from consult.agents.roles.doctors import generate_with_retry
from consult.agents.temperament import Temperament, temperaments
from consult.scenarios import Fact, Scenario
from consult.scenarios.case_generator import CHILDHOOD

QUESTIONS_BACK = {
    "contagious": "whether others can catch it",
    "outlook": "how long it will last",
    "serious": "whether it is dangerous",
    "cause": "where it comes from",
}
"""Kind of a question back → its subject."""

PLAIN_QUESTIONS = {
    "contagious": "Can others catch it?",
    "outlook": "How long will it last?",
    "serious": "Is it dangerous?",
    "cause": "Where does it come from?",
}
MOST_FACTS = 3
"""Most facts in one line, so that it can be followed."""
TRIES = 3
"""Number of attempts at a line in a model's own words; each after the first is told why the one before was refused."""
LONGEST_QUOTED = 300
"""Most characters of a refused line that the next prompt quotes."""

_ASKS = re.compile(
    r"\?|\b(?:wonder(?:ing|ed)?|ask|know|tell me|explain|worried|afraid|curious|unsure|sure)\b", re.IGNORECASE
)
"""What shows that a line asks something, also without a question mark."""


@dataclass(frozen=True)
class Patient:
    """A grounded patient."""

    client: RoleClient
    scenario: Scenario
    checker: Checker | None = None
    """Decides on lines in the model's own words that the rules accept; None leaves it to the rules."""

    async def open(self, view: PatientView, context: RequestContext) -> Act:
        """Open with the main complaint, and with frightening symptoms."""
        card = view.card
        facts = (card.complaint, *(fact for fact in card.facts if fact.id in card.opening))[:MOST_FACTS]
        return await self._line(view, context, PatientTask("open", facts), topic="complaint")

    async def answer(self, view: PatientView, context: RequestContext) -> Act:
        """Answer the doctor's last question."""
        question = view.lines[-1]
        topic, cost = await self._topic(question.topic, question.text, view, context)
        known = view.card.about(topic) if topic else ()
        # A repeated question about a topic gets the facts that were not told yet.
        asked = tuple(fact for fact in known if fact.id not in view.told) or known
        if not asked:
            act = await self._line(view, context, PatientTask("unknown"), topic=topic)
        else:
            facts = (*asked, *self._volunteered(view, context, asked))[:MOST_FACTS]
            act = await self._line(view, context, PatientTask("answer", facts), topic=topic)
        return _with_cost(act, cost)

    async def react(self, view: PatientView, context: RequestContext) -> Act:
        """Ask back, or be satisfied, which ends the consultation; accept the plan or not."""
        rng = self._rng(context, "react")
        temperament = temperaments()[view.temperament]
        asks = "ask" in view.offers and not _has_asked(view)
        if asks and not self._is_too_young(view) and rng.random() < temperament.asks_back:
            kind = rng.choice(list(QUESTIONS_BACK))
            task = PatientTask("ask", about=kind if self.client.dialect.slots else QUESTIONS_BACK[kind])
            return await self._line(view, context, task, topic=kind)
        accepts = rng.random() < temperament.accepts
        act = await self._line(view, context, PatientTask("satisfied" if accepts else "reluctant"), topic=None)
        return replace(act, accepts=accepts)

    def _is_too_young(self, view: PatientView) -> bool:
        """Return whether a model without a child's questions would speak as an adult."""
        return self.client.dialect.slots and view.card.age is not None and view.card.age < CHILDHOOD

    # -- (a) the topic -----------------------------------------------------------------------------------------------

    async def _topic(
        self, carried: str | None, question: str, view: PatientView, context: RequestContext
    ) -> tuple[str | None, Usage]:
        if carried is not None or not view.topics:
            return carried, Usage()
        # A tiny model mistakes one question for another too often to overrule the words.
        named = self._named(question, view) if self.client.dialect.slots else None
        if named is not None:
            return named, Usage()
        reply = (await self.client.generate(self.client.dialect.topic(question, view), "topic", context)).answer
        return self.client.dialect.read_topic(reply.text, view), usage(reply)

    def _named(self, question: str, view: PatientView) -> str | None:
        learned = topic_of(question, "questions")
        return learned if learned in view.topics else topic_by_words(question, view.topics)

    # -- (b) the facts -----------------------------------------------------------------------------------------------

    def _volunteered(self, view: PatientView, context: RequestContext, asked: Sequence[Fact]) -> list[Fact]:
        # The age is on the doctor's file; nobody volunteers it.
        left = [f for f in view.card.facts if f not in asked and f.id not in view.told and not f.none]
        left = [f for f in left if f.topic != "age" or view.card.age is None]
        rng = self._rng(context, "volunteer")
        chances = temperaments()[view.temperament].volunteers
        count = rng.choices(range(len(chances)), chances)[0]
        return rng.sample(left, min(count, len(left)))

    def _rng(self, context: RequestContext, what: str) -> random.Random:
        return random.Random(self.client.seed(what, context))

    # -- (c) and (d) the words ---------------------------------------------------------------------------------------

    async def _line(self, view: PatientView, context: RequestContext, task: PatientTask, topic: str | None) -> Act:
        temperament = temperaments()[view.temperament]
        cost, first, why, text = Usage(answers=1), None, "", ""
        tries = ATTEMPTS if self.client.dialect.slots else TRIES
        for attempt in range(tries):
            prompt = self._prompt(view, task, temperament, text, why)
            instructions = _instructions(prompt, view, text) if self.client.dialect.in_words else ""
            exchange = await self.client.generate(prompt, task.kind, context, attempt)
            cost += usage(exchange.answer)
            text = exchange.answer.text
            line = self.client.dialect.read_patient_line(text, task, view)
            cost += Usage(unusable=int(line is None and attempt == 0))
            verdict, spent = await self._verdict(line, view, task, instructions, context, attempt)
            cost += spent
            first = first or verdict
            if line is not None and verdict.sound:
                draft = Draft(first.backed, first.leaked, attempts=attempt + 1, fallback=False)
                return self._act(task, topic, line, context, draft, cost)
            exchange.refuse(verdict.reason)
            why = exchange.why
        assert first is not None
        plain = self._plain(task, temperament)
        said = self._check(plain, view, task)
        draft = Draft(first.backed, first.leaked, tries, True, said.backed, said.leaked)
        return self._act(task, topic, plain, context, draft, cost)

    def _prompt(self, view: PatientView, task: PatientTask, temperament: Temperament, answer: str, why: str) -> Prompt:
        """Ask for the line; after a refused answer, say what was wrong with it."""
        prompt = self.client.dialect.patient_line(view, task, temperament)
        if not why or not self.client.dialect.in_words:
            return prompt
        *before, last = prompt.messages
        again = self.client.texts.fill("patient_again", answer=_quoted(answer), why=why)
        messages = (*before, replace(last, text=f"{last.text}\n\n{again}"))
        # Where the reason does not fit into the context, the request is repeated as it was.
        return replace(prompt, messages=messages, shorter=(prompt.messages,))

    async def _verdict(
        self,
        line: str | None,
        view: PatientView,
        task: PatientTask,
        instructions: str,
        context: RequestContext,
        tried: int,
    ) -> tuple[Verdict, Usage]:
        """Check a line by rules, then by the checker."""
        verdict = self._check(line, view, task, instructions)
        if line is None or not verdict.sound or self.checker is None or self.client.dialect.slots:
            return verdict, Usage()
        grounds = _grounds(view, task.facts, _left(view, task))
        findings, cost = await self.checker.check(line, grounds, context, tried)
        return verdict if findings is None else Verdict.of(findings), cost

    def _check(self, line: str | None, view: PatientView, task: PatientTask, instructions: str = "") -> Verdict:
        if line is None:
            return UNREAD
        if self.client.dialect.slots:
            others = [fact for fact in view.card.facts if fact not in task.facts and not fact.none]
            return _by_words(line, task.facts, others, self.scenario)
        grounds = _grounds(view, task.facts, _left(view, task), instructions)
        verdict = check_free_line(line, grounds, self.scenario, (fact.text for fact in view.card.facts))
        if verdict.sound and task.kind == "ask" and not _ASKS.search(line):
            return Verdict(backed=False, leaked=False, reason="it asks nothing")
        return verdict

    def _plain(self, task: PatientTask, temperament: Temperament) -> str:
        if task.kind == "unknown":
            return "I don't know."
        if task.kind == "ask":
            kinds = {**PLAIN_QUESTIONS, **{QUESTIONS_BACK[k]: q for k, q in PLAIN_QUESTIONS.items()}}
            return kinds[task.about]
        if task.kind == "reluctant":
            return "I am not sure about that. I will think it over."
        return "Thank you, doctor." if task.kind == "satisfied" else plainly(task.facts)

    def _act(
        self, task: PatientTask, topic: str | None, line: str, context: RequestContext, draft: Draft, cost: Usage
    ) -> Act:
        actions: dict[str, Action] = {"unknown": "answer", "reluctant": "satisfied"}
        return Act(
            speaker="patient",
            action=actions.get(task.kind) or task.kind,  # type: ignore[arg-type]
            text=line,
            topic=topic,
            facts=tuple(fact.id for fact in task.facts),
            source="program" if draft.fallback else "model",
            draft=draft,
            usage=cost,
            seed=self.client.seed(task.kind, context),
        )


@dataclass(frozen=True)
class FreePatient:
    """A patient that decides for itself what to say; its lines are not corrected.

    If two replies of a model cannot be used, the patient does not know the answer, or takes its leave.
    """

    client: RoleClient
    scenario: Scenario
    talks: bool = False
    """Whether it chats freely and ends the talk itself; a tiny model cannot."""

    async def open(self, view: PatientView, context: RequestContext) -> Act:
        """Open with the main complaint."""
        complaint = (view.card.complaint,)
        return await self._act(view, context, "open", complaint, "complaint", plainly(complaint))

    async def answer(self, view: PatientView, context: RequestContext) -> Act:
        """Answer the doctor's last question."""
        topic = view.lines[-1].topic
        asked = view.card.about(topic) if topic else ()
        return await self._act(view, context, "answer", asked, topic, "I don't know.")

    async def react(self, view: PatientView, context: RequestContext) -> Act:
        """Ask back, or be satisfied, which ends the consultation."""
        return await self._act(view, context, "satisfied", (), None, "Thank you, doctor.")

    async def _act(
        self,
        view: PatientView,
        context: RequestContext,
        due: Action,
        asked: Sequence[Fact],
        topic: str | None,
        plain: str,
    ) -> Act:
        dialect, usable = self.client.dialect, list[bool]()

        def read(text: str) -> FreeOutput | None:
            word = read_patient_talk(text, view) if self.talks else dialect.read_free_line(text, view)
            usable.append(word is not None and word.action in view.offers)
            return word if usable[-1] else None

        temperament, texts = temperaments()[view.temperament], self.client.texts
        chat = partial(patient_talk_prompt, view, temperament, texts)
        prompt = chat() if self.talks else dialect.free_line(view, temperament)
        word, _, cost = await generate_with_retry(self.client, prompt, "free", context, read)
        seed = self.client.seed("free", context)
        if word is None:
            draft = Draft(False, False, ATTEMPTS, fallback=True, said_backed=due != "answer" or not asked)
            facts = (view.card.complaint.id,) if due == "open" else ()
            return Act("patient", due, plain, topic, facts, source="program", draft=draft, usage=cost, seed=seed)
        card = (view.card.complaint, *view.card.facts)
        said = [f for f in card if f.id in word.facts] if word.facts is not None else stated(word.text, card)
        verdict = self._check(word.text, view, [*dict.fromkeys((*asked, *said))], prompt)
        found = (verdict.backed, verdict.leaked)
        first = found if usable[0] else (False, False)
        return Act(
            speaker="patient",
            action=word.action,
            text=word.text,
            topic=(word.topic if word.topic in QUESTIONS_BACK else None) if word.action == "ask" else topic,
            facts=tuple(fact.id for fact in said),
            accepts=word.accepts,
            draft=Draft(*first, len(usable), False, *found),
            usage=cost,
            seed=seed,
        )

    def _check(self, line: str, view: PatientView, facts: Sequence[Fact], prompt: Prompt) -> Verdict:
        """Check a line, which may rest on the whole card."""
        if self.client.dialect.slots:
            return _by_words(line, facts, (), self.scenario)
        card = [fact.text for fact in (view.card.complaint, *view.card.facts)]
        grounds = _grounds(view, facts, (), _instructions(prompt, view) if self.client.dialect.in_words else "")
        grounds = replace(grounds, told=" . ".join((grounds.told, *card)))
        return check_free_line(line, grounds, self.scenario, card)


def _by_words(line: str, facts: Sequence[Fact], others: Sequence[Fact], scenario: Scenario) -> Verdict:
    """Check a line that a program has filled with facts."""
    backing = check_line(line, facts, others, scenario)
    leaked = bool(backing.leaked)
    why = ["it names a diagnosis"] * leaked + ["it is not backed by the card"] * (not backing.backed)
    return Verdict(backing.backed, leaked, " and ".join(why))


def _grounds(view: PatientView, facts: Sequence[Fact], unsaid: Sequence[Fact], instructions: str = "") -> Grounds:
    """Return what a line may rest on; a doctor's question states nothing, unless it is the last."""
    spoken = [i for i, line in enumerate(view.lines) if line.speaker != "patient"]
    last = spoken[-1] if spoken else None
    told = [_stated(line.text) for i, line in enumerate(view.lines) if i != last]
    known = [fact.text for fact in (view.card.complaint, *view.card.facts) if fact.id in view.told]
    return Grounds(
        facts=tuple(fact.text for fact in facts),
        unsaid=tuple(fact.text for fact in unsaid),
        doctor="" if last is None else view.lines[last].text,
        told=" . ".join((*told, *known)),
        instructions=instructions,
    )


def _left(view: PatientView, task: PatientTask) -> list[Fact]:
    """List the facts that were not told and are not to be told now."""
    return [f for f in view.card.facts if f not in task.facts and f.id not in view.told and not f.none]


def _instructions(prompt: Prompt, view: PatientView, refused: str = "") -> str:
    """Return a prompt's text without what was said and the refused answer that it quotes, which may be repeated."""
    text = "\n".join(message.text for message in prompt.messages)
    quoted = _quoted(refused)
    if quoted:
        # Only the quote: the refused answer may itself be a sentence of the instructions.
        before, _, after = text.rpartition(quoted)
        text = f"{before} {after}"
    for line in view.lines:
        text = text.replace(line.text, " ") if line.text else text
    return text


def _stated(text: str) -> str:
    return " ".join(one for one in re.findall(r"[^.!?]+[.!?]*", text) if "?" not in one)


def _quoted(answer: str) -> str:
    return clean(answer).replace('"', "'")[:LONGEST_QUOTED]


def _has_asked(view: PatientView) -> bool:
    return any(line.speaker == "patient" and line.action == "ask" for line in view.lines)


def _with_cost(act: Act, cost: Usage) -> Act:
    return replace(act, usage=act.usage + cost)
