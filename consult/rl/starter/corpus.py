"""The starter's training examples: prompts of the `starter` format with the answers of an ideal, limited speaker.

Everything is made from train cases. If an answer names a diagnosis, a specialty, an urgency or the next act, the target
is not one answer but the posterior over all answers given exactly what the prompt shows, computed from the scenario's
tables; so the model learns calibrated confidence. The wording comes from the prompt format's word banks.

Deliberate simplifications: the two general practitioners use a generalist's tables (`generalist`), and specialists use
the clinical tables of their own field; each member of a panel has its own habit. The opinions in the attending's
examples are those that ideal specialists would give (`panel`), not opinions that real ones gave. The specialty of most
cases is withheld from the triage doctor, and the diagnosis of most from the attending, so that later training can
improve both.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Line, Opinion, PatientTask, PatientView, Person
from consult.agents.prompt_formats.prompt_format import ActionOutput
from consult.agents.prompt_formats.questions import said_about
from consult.agents.prompt_formats.starter import HABITS, StarterDialect
from consult.agents.prompt_formats.starter_doctor import may_be_pregnant
from consult.agents.prompt_formats.starter_tags import SLOTS, TOPIC_TAGS, tag
from consult.agents.prompt_formats.wording import (
    THOUGHTS,
    frames,
    more_frames,
    patient_frames,
    rewordings,
    taught_questions,
)
from consult.agents.temperament import temperaments
from consult.rl.starter.evidence import Evidence, Knowledge
from consult.rl.starter.example import SHARES, Example, Shares, Soft, Withheld, draw
from consult.rl.starter.information_gain import InformationGain
from consult.rl.starter.panel import drawn_field, panel, specialist, weigh, with_expert
from consult.scenarios import Card, Fact, Photograph, Scenario, Urgency
from consult.scenarios.case_generator import Grammar
from consult.scenarios.tables import Table

DIALECT = StarterDialect()

ENOUGH = {3: 0.25, 4: 0.4, 5: 0.6, 6: 0.75}
"""Number of known facts → probability of consulting next for a doctor who is half sure; 0 below, 0.9 above."""
UNASKED = 0.12
"""Factor on this probability while nobody has asked about alarms."""
ALARMED = 0.3
"""Share of the doctors' examples whose patient has an alarm."""
UNFILED = 0.05
"""Share of them without the patient's name, age and sex on file."""
CHILDREN = 0.15
"""Share of the patient's examples in which a child speaks."""
INTERVIEWS = (3, 0, 1, 1, 2, 3, 3, 2, 1, 1)
"""Weight of each number of told facts, from 0, in an example of a specialist or a decision."""


@dataclass
class Corpus:
    """Examples from the train cases of a scenario with tables."""

    scenario: Scenario
    grammar: Grammar
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    shares: Shares = field(default_factory=lambda: SHARES)
    triage_labels: int | None = None
    """Number of train cases, from the first, with the specialty as target; None for all."""
    decision_labels: int | None = None
    """Number of train cases, from the first, with the attending's final diagnosis as target; None for all."""
    shared: Knowledge | None = None
    """The shared data of all examples, if another corpus of the same tables has computed it."""

    @property
    def topics(self) -> list[str]:
        """Return the topics that the starter's prompt format can ask about."""
        return [topic for topic in self.scenario.topics if topic in TOPIC_TAGS]

    @cached_property
    def knowledge(self) -> Knowledge:
        """Return the shared data of all examples."""
        return self.shared or Knowledge(self.grammar)

    @cached_property
    def information_gain(self) -> InformationGain:
        """Return the weights of what is worth asking."""
        return InformationGain(self.grammar.tables)

    def example(self, task: str | None = None) -> Example:
        """Make one example; its task is drawn by share unless one is named."""
        task = task or draw(self.shares, self.rng)
        make: dict[str, Callable[[], Example]] = {
            "patient": self.patient,
            "free": self.free,
            "topic": self.topic,
            "look": self.look,
            "triage": self.triage,
            "action": self.action,
            "wording": self.wording,
            "opinion": self.opinion,
            "decision": self.decision,
            "rewording": self.rewording,
            "explanation": self.explanation,
            "reply": self.reply,
        }
        return make[task]()

    def evidence(self) -> Evidence:
        """Draw a random train case for examples."""
        number = self.rng.randrange(self.grammar.splits["train"])
        return Evidence(self.knowledge, number, self.rng)

    def doctors_evidence(self) -> Evidence:
        """Draw a random train case; those with an alarm are more frequent than by chance."""
        evidence = self.evidence()
        if self.rng.random() < ALARMED:
            evidence = Evidence(self.knowledge, self.rng.choice(self.knowledge.alarmed), self.rng)
        evidence.filed = self.rng.random() > UNFILED
        return evidence

    # -- patient ---------------------------------------------------------------------------------------------------

    def patient(self) -> Example:
        """Word 1 to 3 facts, or none, as a temperament would."""
        temperament, child = self.rng.choice(list(temperaments())), self.rng.random() < CHILDREN
        kinds = ["open", "answer", "unknown", "ask", "satisfied", "reluctant"]
        kind = self.rng.choices(kinds, [2, 6, 0.6, 1.4, 1.0, 0.8])[0]
        count, about = 0, ""
        if kind == "ask":
            about, child = self.rng.choice(["contagious", "outlook", "serious", "cause"]), False
        elif kind in ("open", "answer"):
            count = self.rng.choices([1, 2, 3], [6, 3, 1.5] if kind == "answer" else [8, 2, 0])[0]
        topic = self.rng.choice(["site", "sensation", "trigger"])
        facts = tuple(Fact(str(i), topic, "", none=self.rng.random() < 0.3) for i in range(count))
        task = PatientTask(kind, facts, about)  # type: ignore[arg-type]
        view = _patient_view(self.scenario, temperament, child=child)
        text = self._line(temperament, task, child=child)
        return Example("patient", DIALECT.patient_line(view, task, temperaments()[temperament]), (text,))

    def _line(self, temperament: str, task: PatientTask, *, child: bool) -> str:
        said = [self.rng.choice(patient_frames(temperament, task, child=child))]
        more = more_frames(temperament, child=child)
        said += self.rng.sample(more, max(0, len(task.facts) - 1))
        return " ".join(frame.replace(SLOTS[0], slot) for frame, slot in zip(said, SLOTS, strict=False))

    def free(self) -> Example:
        """Answer a question, or react to the conclusion, without an instruction what to say."""
        name = self.rng.choice(list(temperaments()))
        temperament = temperaments()[name]
        if self.rng.random() < 0.25:
            return self._free_reaction(name)
        question, about = self._question()
        view = _patient_view(self.scenario, name, question)
        prompt = DIALECT.free_line(view, temperament)
        if about is None:
            return Example("free", prompt, ("<unsure>", self.rng.choice(frames("patient", name, "unknown"))))
        others = [tag(t) for t in self.topics if t != about]
        chances = temperament.volunteers
        more = self.rng.sample(others, self.rng.choices(range(len(chances)), chances)[0])
        sure = Soft(tag(about), {tag(about): 1.0})
        facts = tuple(Fact(str(i), "site", "") for i in range(1 + len(more)))
        line = self._line(name, PatientTask("answer", facts), child=False)
        return Example("free", prompt, (sure, "".join(more), line))

    def _free_reaction(self, name: str) -> Example:
        temperament = temperaments()[name]
        again = self.rng.random() < 0.4
        asks = 0.0 if again else temperament.asks_back
        content = (1 - asks) * temperament.accepts
        weights = {"<ask>": asks, "<satisfied>": content, "<reluctant>": 1 - asks - content}
        chosen = draw(weights, self.rng)
        about = self.rng.choice(["contagious", "outlook", "serious", "cause"])
        said = (
            f"{about}: {self.rng.choice(frames('patient', name, 'ask_back', about))}"
            if chosen == "<ask>"
            else self.rng.choice(frames("patient", name, chosen.strip("<>")))
        )
        lines = (Line("patient", "ask", "?"),) if again else (Line("attending", "conclude", ""),)
        view = replace(_patient_view(self.scenario, name), lines=lines, offers=("ask", "satisfied"))
        return Example("free", DIALECT.free_line(view, temperament), (Soft(chosen, weights), said))

    def _question(self) -> tuple[str, str | None]:
        """Draw a doctor's line and the topic that it asks about, in any known wording."""
        if self.rng.random() < 0.1:
            return self.rng.choice([line for key in ASIDE for line in frames("doctor", key)]), None
        about = self.rng.choice(self.topics)
        question = self.rng.choice(said_about("questions")[about])
        if self.rng.random() < 0.4:
            question = f"{self.rng.choice(frames('doctor', 'acknowledge'))} {question}"
        return question, about

    def topic(self) -> Example:
        """Name the topic of a question; a line that asks about no topic is *unsure*."""
        question, about = self._question()
        answer = tag(about) if about else "<unsure>"
        prompt = DIALECT.topic(question, _patient_view(self.scenario, "sanguine"))
        return Example("topic", prompt, (Soft(answer, {answer: 1.0}),))

    # -- doctors ---------------------------------------------------------------------------------------------------

    def look(self) -> Example:
        """Name what the photograph shows."""
        evidence = self.evidence()
        prompt = DIALECT.look(self._view(evidence, (), seen=True))
        assert prompt is not None, "the tables of drawn cases list what a photograph shows"
        return Example("look", prompt, (Soft(evidence.finding, {evidence.finding: 1.0}),), evidence.number)

    def triage(self) -> Example:
        """Name the clinic, the urgency and the reason."""
        evidence = self.doctors_evidence()
        seen = self.rng.random() < 0.88
        view = self._view(evidence, evidence.opening(), seen, thinks=self.rng.random() < 0.25)
        belief = with_expert(evidence.general(seen), view.expert)
        clinics: dict[str, float] = {}
        for label, p in belief.items():
            clinics[self.grammar.labels[label].specialty] = clinics.get(self.grammar.labels[label].specialty, 0.0) + p
        urgencies = self._urgencies(evidence, belief)
        clinic = draw(clinics, self.rng)
        taught = self.triage_labels is None or evidence.number < self.triage_labels
        kind = "alarm" if evidence.alarmed else "seen" if seen else "told"
        # The clinic is a slot: a reason that names it would reveal what is withheld.
        quoted = {"alarm": tag("alarm"), "told": tag("complaint")}.get(kind, "")
        answer = (
            *(self._thought(belief) if view.thinks else ()),
            Soft(clinic, clinics) if taught else Withheld(clinic),
            ", ",
            Soft(draw(urgencies, self.rng), urgencies),
            f". {quoted} {self.rng.choice(frames('doctor', 'triage', kind))}".replace("  ", " "),
        )
        number = evidence.number if seen else None
        return Example(
            "triage",
            DIALECT.triage(view),
            answer,
            number,
            evidence.posterior_targets(seen, 1),
            evidence.line_targets(1),
        )

    def _thought(self, posterior: Mapping[str, float]) -> tuple[str | Soft, ...]:
        """Think of two diagnoses before speaking."""
        first = draw(posterior, self.rng)
        rest = {label: p for label, p in posterior.items() if label != first}
        total = sum(rest.values())
        if total <= 0:
            return ("<think>I think of ", Soft(first, posterior), ".</think>")
        rest = {label: p / total for label, p in rest.items()}
        second = Soft(draw(rest, self.rng), rest)
        return ("<think>I think of ", Soft(first, posterior), ", or of ", second, ".</think>")

    def _urgencies(self, evidence: Evidence, posterior: Mapping[str, float]) -> dict[str, float]:
        weights: dict[str, float] = {}
        for label, p in posterior.items():
            urgency = evidence.urgency(label)
            weights[urgency] = weights.get(urgency, 0.0) + p
        return weights

    def _urgency_at_first(self, evidence: Evidence, seen: bool) -> Urgency:
        """Draw the urgency that a triage doctor would name after the opening.

        It is not the true one and knows nothing of an alarm that is told later, or a decision would learn to copy it.
        """
        return draw(self._urgencies(evidence, evidence.general(seen)), self.rng)  # type: ignore[return-value]

    def action(self) -> Example:
        """Ask about what is not known yet; consult when enough is known, conclude after the panel's opinions."""
        evidence = self.doctors_evidence()
        solo = self.rng.random() < 0.15
        consulted = not solo and self.rng.random() < 0.15
        lines = evidence.opening()
        belief, urgency = evidence.general(True), self._urgency_at_first(evidence, True)
        lines += evidence.interview(self.rng.choices(range(10), [3, 3, 3, 3, 3, 3, 2, 2, 1, 1])[0])
        opinions = (Opinion("", None, None, ""),) if consulted else ()
        offers = ("ask", "examine", "conclude") if solo or consulted else ("ask", "examine", "consult", "conclude")
        thinks = self.rng.random() < 0.2
        seen = self.rng.random() < 0.88
        view = self._view(evidence, lines, seen, opinions=opinions, offers=offers, thinks=thinks)
        view = view if solo else replace(view, specialty=self._clinic(evidence, belief), urgency=urgency)
        posterior = evidence.posterior(seen)
        closing = "<conclude>" if solo or consulted or evidence.alarmed else "<consult>"
        enough = 0.97 if evidence.alarmed else self._enough(evidence, posterior)
        closes = 1.0 if consulted else enough
        weights = self._next(evidence, posterior, closing, closes)
        chosen = draw(weights, self.rng)
        answer = (*(self._thought(posterior) if thinks else ()), *_acts(chosen, weights))
        return Example("action", DIALECT.action(view), answer, evidence.number if seen else None)

    def _enough(self, evidence: Evidence, posterior: Mapping[str, float]) -> float:
        known = len(evidence.told)
        base = 0.0 if known < min(ENOUGH) else ENOUGH.get(known, 0.9)
        unasked = 1.0 if "alarm" in evidence.told else UNASKED
        return min(0.95, base * (0.5 + max(posterior.values()))) * unasked

    def _next(
        self, evidence: Evidence, posterior: Mapping[str, float], closing: str, enough: float
    ) -> dict[str, float]:
        open_ = [t for t in TOPIC_TAGS if t not in evidence.told and _possible(t, evidence.case.card)]
        left = self.information_gain.weights(posterior, open_, len(evidence.told))
        total = sum(left.values())
        weights = {closing: enough if left else 1.0}
        for topic, weight in left.items():
            act = "<examine>" if topic in self.scenario.examinations else "<ask>"
            weights[act + tag(topic)] = (1 - weights[closing]) * weight / total
        return {act: p for act, p in weights.items() if p > 0}

    def wording(self) -> Example:
        """Word a chosen act so that it follows from the patient's last line."""
        rng = self.rng
        acts = [*(("ask", t) for t in self.topics), *(("examine", t) for t in self.scenario.examinations)]
        act, topic = rng.choice([*acts, ("consult", None), ("consult", None)])
        temperament = rng.choice(list(temperaments()))
        first, evidence = act != "consult" and rng.random() < 0.2, self.evidence()
        fact = evidence.facts["complaint" if first else rng.choice(self.topics)][0]
        line = Line("patient", "open" if first else "answer", "", fact.topic, ((fact.topic, fact.text),))
        heard = [] if rng.random() < 0.1 else [evidence.aloud(line, temperament)]
        lines = (*(() if first else (Line("attending", "ask", "?"),)), *heard)
        person = Person(evidence.case.card.name if rng.random() < 0.85 else "")
        word = ActionOutput(act, topic, "")  # type: ignore[arg-type]
        prompt = DIALECT.wording(DoctorView(lines, (), (), {}, {}, patient=person), word)
        assert prompt is not None
        kind = "questions" if act == "ask" else "examinations"
        said = rng.choice(frames("doctor", "consult") if topic is None else taught_questions(kind, topic))
        lead_in = self._lead_in(first, temperament, heard=bool(heard), named=bool(person.name))
        return Example("wording", prompt, (lead_in + said,))

    def _lead_in(self, first: bool, temperament: str, *, heard: bool, named: bool) -> str:
        if first:
            return f"{self.rng.choice(frames('doctor', 'greeting' if named else 'greeting_plain'))} "
        if not heard or self.rng.random() > 0.55:
            return ""
        kinds = {"melancholic": "acknowledge_worried", "choleric": "acknowledge_angry"}
        fitting = kinds.get(temperament, "acknowledge") if self.rng.random() < 0.5 else "acknowledge"
        return f"{self.rng.choice(frames('doctor', fitting))} "

    def opinion(self) -> Example:
        """Name a diagnosis with the knowledge of a specialist's own field and the habit of its place in the panel."""
        evidence, member = self.doctors_evidence(), self.rng.randrange(HABITS)
        own = self.grammar.labels[evidence.case.truth.diagnosis or ""].specialty
        specialty = own if self.rng.random() < 0.75 else self.rng.choice(self.scenario.specialties)
        seen = self.rng.random() < 0.85
        lines = evidence.opening()
        urgency = self._urgency_at_first(evidence, seen)
        lines += evidence.interview(self.rng.choices(range(10), INTERVIEWS)[0])
        view = self._view(evidence, lines, seen, specialty=specialty, urgency=urgency)
        belief, passes = specialist(evidence, seen, specialty, member)
        weights = {label: (1 - passes) * float(p) for label, p in zip(self.scenario.labels, belief, strict=True)}
        weights[NOT_MY_FIELD] = passes
        label = draw(weights, self.rng)
        return Example(
            "opinion",
            DIALECT.opinion(view, specialty, member),
            (Soft(label, weights), ".", *self._reason(evidence, label, seen)),
            evidence.number if seen else None,
            evidence.posterior_targets(seen, 2),
            evidence.line_targets(2),
        )

    def _reason(self, evidence: Evidence, label: str, seen: bool) -> tuple[str | Soft, ...]:
        """Quote findings that are present and support the diagnosis."""
        if label == NOT_MY_FIELD:
            return (f" {self.rng.choice(frames('doctor', 'specialist', 'outside'))}",)
        support = evidence.support(label)
        sight = seen and evidence.sight_supports(label)
        if sight:
            kind = "seen_told" if support and self.rng.random() < 0.7 else "seen"
        else:
            kind = ("neither", "told", "told_two")[min(len(support), 2)]
            kind = "told" if kind == "told_two" and self.rng.random() < 0.4 else kind
        count = {"seen_told": 1, "told": 1, "told_two": 2}.get(kind, 0)
        frame = self.rng.choice(frames("doctor", "specialist", kind))
        return (" ", *self._topics(support, count), f" {frame}" if count else frame)

    def _topics(self, support: Mapping[str, float], count: int) -> tuple[Soft, ...]:
        """Draw topics to quote; more informative ones are more likely."""
        found, left = [], {tag(topic): ratio**2 for topic, ratio in support.items()}
        for _ in range(count):
            total = sum(left.values())
            topics = {topic: weight / total for topic, weight in left.items()}
            found.append(Soft(draw(topics, self.rng), topics))
            del left[found[-1].chosen]
        return tuple(found)

    def _copied(self, text: str) -> tuple[str | Soft, ...]:
        """Split a text at the names of diagnoses, which are copied from the prompt and matter most."""
        parts = self._names.split(text)
        return tuple(Soft(part, {part: 1.0}) if i % 2 else part for i, part in enumerate(parts) if part)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        longest_first = sorted((*self.scenario.labels, NOT_MY_FIELD), key=len, reverse=True)
        return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)")

    def decision(self) -> Example:
        """Weigh facts and opinions, and state the urgency."""
        evidence = self.doctors_evidence()
        seen = self.rng.random() < 0.88
        lines = evidence.opening()
        at_first, urgency_at_first = evidence.general(seen), self._urgency_at_first(evidence, seen)
        lines += evidence.interview(self.rng.choices(range(10), INTERVIEWS)[0])
        # Often alone: else what the layers know of evidence, which specialists need, is a general practitioner's, too.
        heard = self.rng.random() < (0.35 if evidence.alarmed else 0.6)
        specialty = self._clinic(evidence, at_first)
        opinions = panel(evidence, seen, specialty, 3) if heard else ()
        view = self._view(evidence, lines, seen, opinions=opinions)
        posterior = weigh(with_expert(evidence.general(seen), view.expert), opinions)
        label = draw(posterior, self.rng)
        triaged = heard or self.rng.random() < 0.5
        if triaged:
            view = replace(view, specialty=specialty, urgency=urgency_at_first)
        taught = self.decision_labels is None or evidence.number < self.decision_labels
        others = sorted((d for d in posterior if d != label), key=lambda d: -posterior[d])[:2]
        urgency = evidence.urgency(label)
        answer = (
            "<think>",
            *self._weighing(evidence, label, seen, opinions),
            "</think><answer>",
            Soft(label, posterior) if taught else Withheld(label),
            "</answer> ",
            Soft(urgency, {urgency: 1.0}),
            f". {', '.join(others)}" if taught else ".",
        )
        number = evidence.number if seen else None
        heads = 2 if triaged else 1
        posteriors, by_line = evidence.posterior_targets(seen, heads), evidence.line_targets(heads)
        return Example("decision", DIALECT.decision(view), answer, number, posteriors, by_line, cut=not taught)

    def _weighing(
        self, evidence: Evidence, label: str, seen: bool, opinions: Sequence[Opinion]
    ) -> tuple[str | Soft, ...]:
        support = evidence.support(label)
        noted = self._topics(support, min(len(support), self.rng.choice([1, 2, 2])))
        parts: list[str | Soft] = []
        if seen and evidence.sight_supports(label):
            parts.append(THOUGHTS[0])
        if noted:
            parts += [" I noted " if parts else "I noted ", noted[0]]
            parts += [" and ", noted[1]] if len(noted) > 1 else []
            parts.append(".")
        if not parts:
            parts.append(THOUGHTS[1])
        if opinions:
            names = ", ".join(opinion.diagnosis or NOT_MY_FIELD for opinion in opinions)
            parts += self._copied(f" Colleagues: {names}.")
        return tuple(parts)

    def _clinic(self, evidence: Evidence, belief: Table) -> str:
        """Send the patient where the triage doctor would, or sometimes to a random clinic."""
        if self.rng.random() < 0.1:
            return self.rng.choice(self.scenario.specialties)
        return drawn_field(evidence, belief, self.rng)

    def rewording(self) -> Example:
        """Reword a sentence of the scenario's advice."""
        sentence = self.rng.choice(list(rewordings()))
        return Example("rewording", DIALECT.rewording(sentence), (self.rng.choice(rewordings()[sentence]),))

    def explanation(self) -> Example:
        """Word a frame around the advice."""
        kinds = ["seen_told", "seen", "told", "plain", "alarm", "emergency"]
        kind = self.rng.choices(kinds, [4, 2, 2, 1, 2, 2])[0]
        lines = (Line("patient", "answer", "", "alarm", (("alarm", "it is bad"),)),) if kind == "alarm" else ()
        seen, told = "I see it.", 'I noted "it itches".'
        view = DoctorView(
            lines, (), (), {}, {},
            photograph=Photograph("", _nothing),
            thought={"seen_told": f"{seen} {told}", "seen": seen, "told": told}.get(kind, ""),
            urgency="emergency" if kind == "emergency" else "urgent",
            where=("Go there.",) if kind == "alarm" else (),
        )  # fmt: skip
        frame = self.rng.choice(frames("doctor", "explain", kind))
        return Example("explanation", DIALECT.explanation(view), (frame,))

    def reply(self) -> Example:
        """Word a frame around the scenario's answer to a question back."""
        view, question = DoctorView((), (), (), {}, {}), Line("patient", "ask", "Is it?", "serious")
        return Example("reply", DIALECT.reply(view, question), (self.rng.choice(frames("doctor", "reply")),))

    def _view(self, evidence: Evidence, lines: Sequence[Line], seen: bool, **more: Any) -> DoctorView:
        if seen and lines and self.rng.random() < 0.08:
            more["expert"] = evidence.by_sight()
        card = evidence.case.card
        return DoctorView(
            lines=tuple(lines),
            labels=tuple(self.scenario.labels),
            specialties=self.scenario.specialties,
            topics=self.scenario.topics,
            examinations=self.scenario.examinations,
            photograph=evidence.case.photograph if seen else None,
            asked=tuple(evidence.told),
            patient=Person(card.name, card.age, card.sex) if evidence.filed else Person(),
            findings=self.scenario.findings,
            **more,
        )


ASIDE = ("acknowledge", "acknowledge_worried", "acknowledge_angry", "consult", "greeting_plain")
"""Lists of doctor's lines that ask nothing."""


def _possible(topic: str, card: Card) -> bool:
    """Return whether the prompt format allows a question about a topic."""
    if topic in ("complaint", "age"):
        return False
    return topic != "pregnancy" or may_be_pregnant(card.age, card.sex)


def _nothing() -> Any:
    raise RuntimeError("an explanation's prompt shows no photograph")


def _acts(chosen: str, weights: Mapping[str, float]) -> tuple[str | Soft, ...]:
    """Split acts such as `<ask><site>` into their two tags, each with its own weights."""
    first = chosen.partition(">")[0] + ">"
    acts: dict[str, float] = {}
    within: dict[str, float] = {}
    for act, p in weights.items():
        head = act.partition(">")[0] + ">"
        acts[head] = acts.get(head, 0.0) + p
        if head == first and act != head:
            within[act[len(head) :]] = p
    if not within:
        return (Soft(first, acts),)
    total = sum(within.values())
    return Soft(first, acts), Soft(chosen[len(first) :], {t: p / total for t, p in within.items()})


def _patient_view(scenario: Scenario, temperament: str, question: str = "", *, child: bool = False) -> PatientView:
    lines = (Line("attending", "ask", question),) if question else ()
    card = Card(Fact("complaint", "complaint", ""), (), age=8 if child else None)
    return PatientView(card, temperament, lines, scenario.topics, offers=("answer",))
