"""The consultation as an environment: `reset`, `step`, and the view of the next actor.

It contains the rules and no model. The graph, a person at the terminal and a trainer drive it in the same way: read the
observation, let its actor act, pass the act to `step`. The acts determine all of its state, so a consultation is
resumed by restoring the stored acts.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from consult.agents.acts import Act, DoctorView, Line, PatientView, Person
from consult.agents.choices import STRATEGY_RULES, TALK, Action, Speaker, StrategyRules
from consult.agents.grounding.human_words import danger_in, denies
from consult.agents.prompt_formats.questions import topic_of
from consult.agents.roles.advice import AT_ONCE, SEEN_TODAY
from consult.agents.roles.client import derive_seed
from consult.counts import count_of
from consult.envs.config import Plan, Status
from consult.envs.free_talk import talk_node, talk_offers, talk_status
from consult.scenarios import Card, Case, Fact, Question, Scenario
from consult.scenarios.case import ALARM
from consult.scenarios.conditional import known_facts
from consult.scenarios.normalised import has_clause

AlarmTold = Literal["opening", "asked", "volunteered"]
"""How a patient told an alarm: with the complaint, when asked about it, or unasked in another answer."""
Node = Literal["open", "triage", "attend", "answer", "panel", "conclude", "react", "reply", "extract", "end"]
ACTORS: Mapping[Node, Speaker] = {
    "open": "patient",
    "triage": "triage",
    "attend": "attending",
    "answer": "patient",
    "panel": "attending",
    "conclude": "attending",
    "react": "patient",
    "reply": "attending",
    "extract": "attending",
}
"""Node → whose turn it is."""
ONLY_ACT: Mapping[Node, Action] = {"open": "open", "triage": "triage", "answer": "answer", "reply": "answer"}
"""Nodes with a single act."""

NO_RECORD = "the record holds no result of this"


class RuleError(ValueError):
    """An act that the rules do not allow at this point."""


@dataclass(frozen=True)
class Observation:
    """The next actor, the expected act, and the actor's view."""

    node: Node
    """The clinical act that is due."""
    actor: Speaker | None
    """None at the end."""
    offers: tuple[Action, ...]
    view: PatientView | DoctorView | None
    """The information available to the actor."""
    turn: int
    """Index of the turn that the act will be."""
    status: Status


class Consultation:
    """The rules and the record of one consultation: of a patient, or about a question, which nobody asks back about."""

    def __init__(self, scenario: Scenario, case: Case, plan: Plan, *, max_turns: int = 14, panel_size: int = 3) -> None:
        self.scenario, self.case, self.plan = scenario.for_case(case), case, plan
        self.max_turns, self.panel_size = max_turns, panel_size
        self.acts: list[Act] = []
        self.lines: list[Line] = []
        self.expert: tuple[str, ...] = ()
        """An image classifier's predictions for the photograph, which the doctors see."""

    def reset(self) -> Observation:
        """Start from the beginning."""
        self.acts, self.lines = [], []
        return self.observe()

    def step(self, act: Act) -> Observation:
        """Apply one act.

        Raises:
            RuleError: It is another side's turn, or the act is not allowed.
        """
        _, actor, offers = self._due()
        if act.speaker != actor or act.action not in offers:
            raise RuleError(f"{act.speaker} cannot '{act.action}' now: {actor} may {', '.join(offers) or 'nothing'}")
        if act.action == "consult" and len(act.opinions) != self.panel_size:
            raise RuleError(f"a panel of {self.panel_size} gave {count_of(len(act.opinions), 'opinion')}")
        if act.action == "examine":
            act = replace(act, text=self._examined(act))
        self._apply(act)
        return self.observe()

    def restore(self, acts: Iterable[Act]) -> Observation:
        """Start from the beginning and apply recorded acts unchanged."""
        self.reset()
        for act in acts:
            self._apply(act)
        return self.observe()

    def _apply(self, act: Act) -> None:
        self.acts.append(act)
        self.lines.append(to_line(act, self.case))

    def observe(self) -> Observation:
        """Return the next actor and its view."""
        node, actor, offers = self._due()
        view: PatientView | DoctorView | None = None
        if actor == "patient":
            view = self._patient_view(offers)
        elif actor is not None and actor != "question":
            view = self._doctor_view(offers)
        return Observation(node, actor, offers, view, len(self.acts), self.status if node == "end" else "running")

    def _due(self) -> tuple[Node, Speaker | None, tuple[Action, ...]]:
        """Return the act that is due, its actor and the acts on offer."""
        node = self._node()
        if node == "end":
            return node, None, ()
        offers = talk_offers(node) if self.talks else self._offers(node)
        asked_by_program = node == "open" and self.case.question is not None
        return node, "question" if asked_by_program else ACTORS[node], offers

    # -- rules -----------------------------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """Return running, finished or unfinished.

        It is finished when the patient is satisfied, or the question answered; unfinished if the turn limit was
        reached first.
        """
        if self.talks:
            return talk_status(self.acts, interviews=self._rules.interviews)
        ends = "satisfied" if self.case.question is None else "conclude"
        if self.acts and self.acts[-1].action == ends:
            return "finished"
        return "running" if self._node() != "end" else "unfinished"

    @property
    def talks(self) -> bool:
        """Return whether doctor and patient talk freely, as in 3MDBench."""
        return self.plan.protocol == TALK

    @property
    def turns_left(self) -> int:
        """Return the number of doctor turns left."""
        return self.max_turns - sum(act.speaker == "attending" for act in self.acts)

    @property
    def conclusion(self) -> Act | None:
        """Return the attending's conclusion."""
        return next((act for act in self.acts if act.action == "conclude"), None)

    @property
    def triaged(self) -> Act | None:
        """Return the triage doctor's act."""
        return next((act for act in self.acts if act.action == "triage"), None)

    @property
    def consulted(self) -> Act | None:
        """Return the act with the panel's opinions."""
        return next((act for act in self.acts if act.action == "consult"), None)

    @property
    def must_consult(self) -> bool:
        """Return whether the panel must be asked before the conclusion; after an alarm there is no time for it."""
        return self._can_consult and not self.alarms_told and not self._alarms_in_own_words

    @property
    def _can_consult(self) -> bool:
        """Return whether the team has a panel that has not been asked yet."""
        return self.plan.team != "solo" and self.consulted is None

    @property
    def alarms_told(self) -> tuple[Fact, ...]:
        """Return the red flags that the patient told before the conclusion."""
        told = {fact_id for act in self._before_conclusion for fact_id in act.facts}
        return tuple(fact for fact in self.case.card.alarms if fact.id in told)

    @property
    def alarm_told(self) -> AlarmTold | None:
        """Return how the first red flag was told; None if none was told, or the case has none."""
        alarms = {fact.id for fact in self.case.card.alarms}
        told = (i for i, act in enumerate(self._before_conclusion) if alarms & set(act.facts))
        first = next(told, None)
        if first is None:
            return None
        if self.acts[first].action == "open":
            return "opening"
        return "asked" if _asks_for_alarms(self.acts[first - 1], self.acts[first]) else "volunteered"

    @property
    def _alarms_in_own_words(self) -> tuple[str, ...]:
        """Return what a human patient told of alarms before the conclusion; it is on no card."""
        lines = self.lines[: len(self._before_conclusion)]
        heard = (line for act, line in zip(self.acts, lines, strict=False) if _is_a_persons(act, self.case))
        return tuple(
            clause for line in heard for topic, clause in line.quotes if topic == ALARM and topic not in line.absences
        )

    @property
    def _where(self) -> tuple[str, ...]:
        """Return where to go with the alarms that were told; a program's sentence if the card has none."""
        told, own = [fact.where or SEEN_TODAY for fact in self.alarms_told], self._alarms_in_own_words
        if own and not told:
            told.append(AT_ONCE if any(map(danger_in, own)) else SEEN_TODAY)
        return tuple(dict.fromkeys(told))

    @property
    def _before_conclusion(self) -> list[Act]:
        concluded = self.conclusion
        return self.acts if concluded is None else self.acts[: self.acts.index(concluded)]

    @property
    def panel(self) -> tuple[str, ...]:
        """Return the specialties of the panel's members: the triaged one, or a mix if nobody triaged."""
        triaged = self.triaged.specialty if self.triaged else None
        menu = self.scenario.specialties or ("general medicine",)
        if triaged is not None:
            return (triaged,) * self.panel_size
        again = (self.plan.repeat,) if self.plan.repeat else ()
        rng = random.Random(derive_seed(self.plan.seed, self.case.id, "panel", *again))
        rounds = -(-self.panel_size // len(menu))
        return tuple(s for _ in range(rounds) for s in rng.sample(menu, len(menu)))[: self.panel_size]

    def _node(self) -> Node:
        if self.talks:
            return talk_node(self.acts, self.turns_left, interviews=self._rules.interviews)
        if not self.acts:
            return "open"
        if self.case.question is not None:
            return self._node_of_question()
        last = self.acts[-1]
        if last.action == "satisfied":
            return "end"
        if last.speaker == "patient" and last.action == "ask":
            return "reply" if self.turns_left > 0 else "end"
        if self.conclusion is not None:
            return "react"
        if last.action == "open" and self.plan.team == "panel":
            return "triage"
        if last.action == "ask":
            return "answer"
        offers = self._offers("attend")
        if not offers:
            return "end"
        return "conclude" if offers == ("conclude",) else "attend"

    def _node_of_question(self) -> Node:
        """Return the next act about a question: triage, panel and decision, each once."""
        if self.conclusion is not None:
            return "end"
        if self.plan.team == "panel" and self.triaged is None:
            return "triage"
        return "panel" if self._can_consult else "conclude"

    def _offers(self, node: Node) -> tuple[Action, ...]:
        if node in ONLY_ACT:
            return (ONLY_ACT[node],)
        if node == "react":
            asks_back = self.turns_left > 0 and not self._emergency
            return ("ask", "satisfied") if asks_back else ("satisfied",)
        if self.case.question is not None:
            return ("consult",) if node == "panel" else ("conclude",)
        return self._leading()

    def _leading(self) -> tuple[Action, ...]:
        left = self.turns_left
        if left <= 0:
            return ()
        if left == 1:
            return ("conclude",)
        closing: tuple[Action, ...] = ("consult", "conclude") if self._can_consult else ("conclude",)
        # An emergency ends with directions, not with more questions.
        silent = not self._rules.interviews or self._emergency
        if silent or left == 2:
            return closing
        examine: tuple[Action, ...] = ("examine",) if set(self.scenario.examinations) - set(self._asked) else ()
        return ("ask", *examine, *closing)

    @property
    def _rules(self) -> StrategyRules:
        return STRATEGY_RULES[self.plan.strategy]

    @property
    def _emergency(self) -> bool:
        return any(act is not None and act.urgency == "emergency" for act in (self.triaged, self.conclusion))

    @property
    def _asked(self) -> tuple[str, ...]:
        """Return the topics asked about or volunteered, and the examinations done, in order; none needs a question."""
        topics: list[str] = []
        for line in self.lines:
            if line.speaker == "attending" and line.action in ("ask", "examine") and line.topic:
                topics.append(line.topic)
            topics += [topic for topic, _ in line.quotes if topic in self.scenario.topics]
        return tuple(dict.fromkeys(topics))

    # -- views -----------------------------------------------------------------------------------------------------

    def _patient_view(self, offers: tuple[Action, ...]) -> PatientView:
        return PatientView(
            card=self.case.card,
            temperament=self.plan.temperament,
            lines=tuple(self.lines),
            topics=self.scenario.topics,
            offers=offers,
            urgency=self.triaged.urgency if self.triaged else None,
            told=tuple(dict.fromkeys(fact_id for act in self.acts for fact_id in act.facts)),
        )

    def _doctor_view(self, offers: tuple[Action, ...]) -> DoctorView:
        conclusion = self.conclusion
        return DoctorView(
            lines=tuple(self.lines),
            labels=self.scenario.answers,
            specialties=self.scenario.specialties,
            topics=self.scenario.topics,
            examinations=self.scenario.examinations,
            photograph=self.case.photograph if self._rules.shows_photograph else None,
            further=self.case.further,
            question=self.case.question,
            specialty=self.triaged.specialty if self.triaged else None,
            urgency=self.triaged.urgency if self.triaged else None,
            triage_urgency=self.triaged.urgency if self.triaged else None,
            opinions=self.consulted.opinions if self.consulted else (),
            known=known_facts((*self.learned, *self.case.card.about("age")), self.case.card.sex),
            asked=self._asked,
            offers=offers,
            turns_left=self.turns_left,
            diagnosis=conclusion.diagnosis if conclusion else None,
            thought=conclusion.thought if conclusion else "",
            interviews=self._rules.interviews,
            thinks=self._rules.thinks,
            expert=self.expert,
            patient=Person(self.case.card.name, self.case.card.age, self.case.card.sex),
            findings=self.scenario.findings,
            where=self._where,
        )

    @property
    def learned(self) -> tuple[Fact, ...]:
        """Return the facts of the card that the patient has told or an examination has shown."""
        card = self.case.card
        told = {fact_id for act in self.acts for fact_id in act.facts}
        done = {act.topic for act in self.acts if act.action == "examine"}
        facts = (fact for fact in (card.complaint, *card.facts) if fact.id in told)
        return (*facts, *(fact for fact in card.examinations if fact.topic in done))

    def _examined(self, act: Act) -> str:
        results = [fact.text for fact in self.case.card.examination(act.topic or "")]
        return f"{act.text} [{act.topic}: {'; '.join(results) or NO_RECORD}]".strip()

    @property
    def disclosed(self) -> tuple[int, int]:
        """Return the number of facts that the patient has stated, and the number on the card."""
        card: Card = self.case.card
        ids = {fact.id for fact in card.facts}
        said = {fact_id for act in self.acts for fact_id in act.facts}
        return len(said & ids), len(ids)


def asked(question: Question) -> Act:
    """Return the act by which a program puts a question about pictures to the doctors."""
    return Act("question", "open", question.in_words, source="program")


def _asks_for_alarms(question: Act, answer: Act) -> bool:
    """Return whether a question is about red flags: as stated, as the patient understood it, or by its words."""
    topic = question.topic or answer.topic or topic_of(question.text, "questions")
    return topic == ALARM


def to_line(act: Act, case: Case) -> Line:
    """Return the line of an act, with the facts of the case's card that its text states word for word."""
    if act.source == "human" and act.action == "answer" and act.topic:
        # A person's words have no card behind them: they are all that is known on the topic.
        quotes: tuple[tuple[str, str], ...] = ((act.topic, act.text),)
        absences: tuple[str, ...] = (act.topic,) if denies(act.text) else ()
    else:
        facts = _quoted(act, case.card)
        quotes = tuple((fact.topic, fact.text) for fact in facts)
        absences = tuple(fact.topic for fact in facts if fact.none)
    danger = danger_in(act.text) if _is_a_persons(act, case) else ""
    if danger and all(topic != ALARM for topic, _ in quotes):
        quotes = (*quotes, (ALARM, danger))
    return Line(act.speaker, act.action, act.text, act.topic, quotes, absences)


def _is_a_persons(act: Act, case: Case) -> bool:
    """Return whether an act contains what a person told about themselves, and not facts of a card."""
    return (
        act.action in ("open", "answer")
        and act.speaker == "patient"
        and (act.source == "human" or case.origin == "own")
    )


def _quoted(act: Act, card: Card) -> tuple[Fact, ...]:
    if act.action == "examine":
        return card.examination(act.topic or "")
    facts = {fact.id: fact for fact in (card.complaint, *card.facts)}
    stated = (facts[fact_id] for fact_id in act.facts if fact_id in facts)
    return tuple(fact for fact in stated if _stands_in(fact, act.text))


def _stands_in(fact: Fact, text: str) -> bool:
    return has_clause(text.replace("\u2019", "'"), fact.text.rstrip(".").replace("\u2019", "'"))
