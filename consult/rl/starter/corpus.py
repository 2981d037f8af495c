"""What the starter learns from: prompts of the `starter` dialect with the answers of an ideal, limited speaker.

Everything is made from train cases. Where an answer names a diagnosis, a specialty, an urgency or the next act, the
target is not one answer but the Bayes posterior over all answers given exactly what the prompt shows, computed from the
scenario's tables: so the model learns how sure it may be. The wording comes from the banks in `wording/`.

Simplified on purpose: a specialist's prior favours its own field eightfold, which is what makes its opinion worth
asking for in its own field and misleading elsewhere; in place of opinions that real specialists gave, the attending's
lessons hold opinions whose quality follows from the confidence that they state.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Line, Opinion, PatientTask, PatientView
from consult.agents.dialects.starter import SLOTS, StarterDialect, tag
from consult.agents.temperament import temperaments
from consult.rl.starter.evidence import Evidence, OpinionLesson
from consult.rl.starter.lesson import SHARES, Lesson, Shares, Soft, draw, fewer, wording
from consult.scenarios import Fact, Scenario
from consult.scenarios.grammar import Grammar

DIALECT = StarterDialect()

INTEREST = {
    "sensation": 4.0,
    "duration": 4.0,
    "trigger": 4.0,
    "site": 3.0,
    "symptoms": 3.0,
    "history": 2.5,
    "course": 2.0,
    "treatment": 2.0,
    "family": 2.0,
    "alarm": 2.0,
    "age": 1.5,
    "palpation": 1.2,
    "temperature": 0.8,
}
"""How readily the ideal attending asks about a topic or does an examination."""

ENOUGH = {4: 0.15, 5: 0.3, 6: 0.5, 7: 0.7}
"""Number of facts known → probability of consulting next; 0 below, 0.9 above."""


@dataclass
class Corpus:
    """Lessons from the train cases of a scenario with tables."""

    scenario: Scenario
    grammar: Grammar
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    shares: Shares = field(default_factory=lambda: SHARES)
    wordings: float = 1.0
    """Share of each bank of wordings that is used, from its beginning."""

    @cached_property
    def words(self) -> dict[str, Any]:
        """The banks, `patient` and `doctor`, as far as they are used."""
        return {name: fewer(wording(name), self.wordings) for name in ("patient", "doctor")}

    def lesson(self, task: str | None = None) -> Lesson:
        """Make one lesson, of a task by its share unless one is named."""
        task = task or draw(self.shares, self.rng)
        make: dict[str, Callable[[], Lesson]] = {
            "patient": self.patient,
            "topic": self.topic,
            "triage": self.triage,
            "action": self.action,
            "opinion": self.opinion,
            "decision": self.decision,
            "explanation": self.explanation,
            "reply": self.reply,
        }
        return make[task]()

    def evidence(self) -> Evidence:
        """Take a random train case to make lessons about."""
        number = self.rng.randrange(self.grammar.splits["train"])
        return Evidence(self.grammar, number, self.rng)

    # -- patient ---------------------------------------------------------------------------------------------------

    def patient(self) -> Lesson:
        """Word one to three facts, or none, as a temperament would."""
        temperament = self.rng.choice(list(temperaments()))
        bank = self.words["patient"][temperament]
        kind = self.rng.choices(["open", "answer", "unknown", "ask", "satisfied"], [2, 6, 0.6, 1.2, 1.2])[0]
        facts: tuple[Fact, ...] = ()
        about = ""
        if kind == "ask":
            about = self.rng.choice(list(bank["ask_back"]))
            text = self.rng.choice(bank["ask_back"][about])
        elif kind in ("unknown", "satisfied"):
            text = self.rng.choice(bank[kind])
        else:
            count = self.rng.choices([1, 2, 3], [6, 3, 1.5] if kind == "answer" else [8, 2, 0])[0]
            facts = tuple(Fact(str(i), "", "") for i in range(count))
            text = self._frame(bank, kind, count)
        task = PatientTask(kind, facts, about)  # type: ignore[arg-type]
        view = _patient_view(self.scenario, temperament)
        return Lesson("patient", DIALECT.patient_line(view, task, temperaments()[temperament]), (text,))

    def _frame(self, bank: Mapping[str, Any], kind: str, count: int) -> str:
        if kind == "open":
            first = self.rng.choice(bank["open"])
            more = " " + self.rng.choice(bank["one"]).replace("{fact}", "{second}") if count == 2 else ""
            return _slots(first + more)
        return _slots(self.rng.choice(bank[{1: "one", 2: "two", 3: "three"}[count]]))

    def topic(self) -> Lesson:
        """Tell what a question is about; a line that asks nothing of the kind is *unsure*."""
        bank = self.words["doctor"]
        if self.rng.random() < 0.12:
            question, answer = self.rng.choice([*bank["acknowledge"], *bank["consult"], *bank["greeting"]]), "<unsure>"
        else:
            about = self.rng.choice(list(bank["questions"]))
            question, answer = self.rng.choice(bank["questions"][about]), tag(about)
            if self.rng.random() < 0.4:
                question = f"{self.rng.choice(bank['acknowledge'])} {question}"
        return Lesson("topic", DIALECT.topic(question, _patient_view(self.scenario, "sanguine")), (answer,))

    # -- doctors ---------------------------------------------------------------------------------------------------

    def triage(self) -> Lesson:
        """Name the clinic and the urgency."""
        evidence = self.evidence()
        seen = self.rng.random() < 0.88
        view = self._view(evidence, evidence.opening(), seen)
        posterior = evidence.posterior(seen)
        clinics: dict[str, float] = {}
        for label, p in posterior.items():
            clinics[self.grammar.labels[label].specialty] = clinics.get(self.grammar.labels[label].specialty, 0.0) + p
        urgencies = self._urgencies(evidence, posterior)
        clinic = draw(clinics, self.rng)
        frame = self.rng.choice(self.words["doctor"]["triage"]["seen" if seen else "blind"])
        why = frame.replace("{specialty}", with_article(clinic)).replace("{finding}", evidence.finding)
        answer = (Soft(clinic, clinics), ", ", Soft(draw(urgencies, self.rng), urgencies), f". {why}")
        number = evidence.number if seen else None
        return Lesson("triage", DIALECT.triage(view), answer, number, evidence.running(seen), evidence.first_line)

    def _urgencies(self, evidence: Evidence, posterior: Mapping[str, float]) -> dict[str, float]:
        flagged = evidence.flagged_urgency()
        if flagged is not None:
            return {flagged: 1.0}
        weights: dict[str, float] = {}
        for label, p in posterior.items():
            urgency = self.grammar.labels[label].urgency
            weights[urgency] = weights.get(urgency, 0.0) + p
        return weights

    def action(self) -> Lesson:
        """Ask about what is not known yet; consult when enough is known, conclude when the panel was heard."""
        evidence = self.evidence()
        solo = self.rng.random() < 0.15
        consulted = not solo and self.rng.random() < 0.2
        known = self.rng.choices(range(10), [3, 3, 3, 3, 3, 3, 2, 2, 1, 1])[0]
        lines = evidence.opening() + evidence.interview(known)
        last = evidence.aloud(lines[-1], self.rng.choice(list(temperaments())), self.words["patient"])
        opinions = (Opinion("", None, None, ""),) if consulted else ()
        offers = ("ask", "examine", "conclude") if solo or consulted else ("ask", "examine", "consult", "conclude")
        view = self._view(evidence, (*lines[:-1], last.line), False, opinions=opinions, offers=offers)
        closing = "<conclude>" if solo or consulted else "<consult>"
        weights = self._next(evidence, closing, 0.95 if consulted else self._enough(len(lines)))
        chosen = draw(weights, self.rng)
        return Lesson("action", DIALECT.action(view), (*_acts(chosen, weights), self._said(chosen, last.mood, known)))

    def _enough(self, known: int) -> float:
        return 0.0 if known < 4 else ENOUGH.get(known, 0.9)

    def _next(self, evidence: Evidence, closing: str, enough: float) -> dict[str, float]:
        left = {t: w for t, w in INTEREST.items() if t not in evidence.told}
        total = sum(left.values())
        weights = {closing: enough if left else 1.0}
        for topic, weight in left.items():
            act = "<examine>" if topic in self.scenario.examinations else "<ask>"
            weights[act + tag(topic)] = (1 - weights[closing]) * weight / total
        return {act: p for act, p in weights.items() if p > 0}

    def _said(self, chosen: str, mood: str, known: int) -> str:
        bank = self.words["doctor"]
        if chosen == "<conclude>":
            return ""
        if chosen == "<consult>":
            return f" {self.rng.choice(bank['consult'])}"
        topic = chosen.rpartition("<")[2].rstrip(">")
        lines: list[str] = bank["examine"][topic] if chosen.startswith("<examine>") else bank["questions"][topic]
        said: str = self.rng.choice(lines)
        if known == 0 and self.rng.random() < 0.6:
            said = f"{self.rng.choice(bank['greeting'])} {said}"
        elif self.rng.random() < 0.45:
            kinds = {"melancholic": "acknowledge_worried", "choleric": "acknowledge_angry"}
            fitting = kinds.get(mood, "acknowledge") if self.rng.random() < 0.5 else "acknowledge"
            said = f"{self.rng.choice(bank[fitting])} {said}"
        return f" {said}"

    def opinion(self) -> Lesson:
        """Give a specialist's opinion, through the prior of its own field."""
        evidence = self.evidence()
        own = self.grammar.labels[evidence.case.truth.diagnosis or ""].specialty
        specialty = own if self.rng.random() < 0.7 else self.rng.choice(self.scenario.specialties)
        seen = self.rng.random() < 0.85
        lines = evidence.opening() + evidence.interview(self.rng.choices(range(10), [3, 0, 1, 1, 2, 3, 3, 2, 1, 1])[0])
        view = self._view(evidence, lines, seen)
        prior = {name: 8.0 if label.specialty == specialty else 1.0 for name, label in self.grammar.labels.items()}
        weights = self._own_field(evidence, seen, specialty, prior)
        label = draw(weights, self.rng)
        reason = "" if label == NOT_MY_FIELD else " " + self._reason(evidence, lines, label, seen)
        return Lesson(
            "opinion",
            DIALECT.opinion(view, specialty),
            (Soft(label, weights), f".{reason}"),
            evidence.number if seen else None,
            evidence.running(seen, prior),
            evidence.first_line,
        )

    def _own_field(
        self, evidence: Evidence, seen: bool, specialty: str, prior: Mapping[str, float]
    ) -> dict[str, float]:
        honest = evidence.posterior(seen)
        outside = sum(p for label, p in honest.items() if self.grammar.labels[label].specialty != specialty)
        passes = 0.6 * outside**3
        weights = {label: (1 - passes) * p for label, p in evidence.posterior(seen, prior).items()}
        return {**weights, NOT_MY_FIELD: passes}

    def _reason(self, evidence: Evidence, lines: Sequence[Line], label: str, seen: bool) -> str:
        quoted = [topic for line in lines for topic, _ in line.quotes if topic != "complaint"]
        kind = ("seen" if quoted and self.rng.random() < 0.7 else "seen_only") if seen else "told"
        topic = self.rng.choice(quoted or ["complaint"])
        frame: str = self.rng.choice(self.words["doctor"]["specialist"][kind])
        return frame.replace("{finding}", evidence.finding).replace("{fact}", tag(topic)).replace("{label}", label)

    def decision(self) -> Lesson:
        """Weigh photograph, facts and opinions."""
        evidence = self.evidence()
        seen = self.rng.random() < 0.88
        lines = evidence.opening() + evidence.interview(self.rng.choices(range(10), [3, 0, 1, 1, 2, 3, 3, 2, 1, 1])[0])
        lesson = OpinionLesson.draw(evidence, seen, self.rng.choices([0, 3], [1, 4])[0], self._reason, lines)
        posterior = lesson.weigh(evidence.posterior(seen))
        label = draw(posterior, self.rng)
        thought = f"I see {evidence.finding}." if seen else "I have no photograph to go by."
        if lesson.opinions:
            thought += f" Colleagues: {', '.join(o.diagnosis or NOT_MY_FIELD for o in lesson.opinions)}."
        others = sorted((d for d in posterior if d != label), key=lambda d: -posterior[d])[:2]
        view = self._view(evidence, lines, seen, opinions=lesson.opinions)
        answer = (f"<think>{thought}</think><answer>", Soft(label, posterior), f"</answer> {', '.join(others)}")
        number = evidence.number if seen else None
        return Lesson("decision", DIALECT.decision(view), answer, number, evidence.running(seen), evidence.first_line)

    def explanation(self) -> Lesson:
        """Tell the patient, from a decision alone."""
        name = self.rng.choice(list(self.grammar.labels))
        label, bank = self.grammar.labels[name], self.words["doctor"]["explain"]
        seen = self.rng.random() < 0.85
        kind = "emergency" if self.rng.random() < 0.12 else "seen" if seen else "told"
        finding = self.finding_for(name)
        plan = list(label.plan)
        if len(plan) > 2 and self.rng.random() < 0.5:
            plan.pop(self.rng.randrange(len(plan)))
        text = self.rng.choice(bank[kind])
        for slot, filling in (
            ("{label}", name),
            ("{finding}", finding),
            ("{explanation}", label.explanation),
            ("{plan}", " ".join(_full_stop(step) for step in plan)),
            ("{safety}", label.safety_net),
        ):
            text = text.replace(slot, filling)
        view = DoctorView(
            (), (), (), {}, {}, diagnosis=name, thought=f"I see {finding}. Colleagues." if seen else "",
            urgency="emergency" if kind == "emergency" else "routine",
        )  # fmt: skip
        prompt = DIALECT.explanation(_shown(view) if seen else view)
        return Lesson("explanation", prompt, (text,))

    def finding_for(self, label: str) -> str:
        """Draw what a photograph of this diagnosis may show, in words."""
        morphology = draw(self.grammar.tables.mixed[label]["morphology"], self.rng)
        return self.grammar.tables.values["morphology"][morphology].finding

    def reply(self) -> Lesson:
        """Answer a question back."""
        name = self.rng.choice(list(self.grammar.labels))
        label = self.grammar.labels[name]
        kind = self.rng.choice(list(label.answers))
        temperament = self.rng.choice(list(temperaments()))
        question = self.rng.choice(self.words["patient"][temperament]["ask_back"][kind])
        text = self.rng.choice(self.words["doctor"]["reply"]).replace("{answer}", label.answers[kind])
        view = DoctorView((), (), (), {}, {}, diagnosis=name)
        return Lesson("reply", DIALECT.reply(view, question), (text,))

    def _view(self, evidence: Evidence, lines: Sequence[Line], seen: bool, **more: Any) -> DoctorView:
        return DoctorView(
            lines=tuple(lines),
            labels=tuple(self.scenario.labels),
            specialties=self.scenario.specialties,
            topics=self.scenario.topics,
            examinations=self.scenario.examinations,
            photograph=evidence.case.photograph if seen else None,
            asked=tuple(evidence.told),
            **more,
        )


def with_article(specialty: str) -> str:
    """Name a specialty within a sentence: clinics take an article, fields do not."""
    return f"the {specialty}" if specialty.endswith("clinic") else specialty


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


def _slots(frame: str) -> str:
    for blank, slot in zip(("{fact}", "{second}", "{third}"), SLOTS, strict=True):
        frame = frame.replace(blank, slot)
    return frame


def _full_stop(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _patient_view(scenario: Scenario, temperament: str) -> PatientView:
    from consult.scenarios import Card

    return PatientView(Card(Fact("complaint", "complaint", ""), ()), temperament, (), scenario.topics)


def _shown(view: DoctorView) -> DoctorView:
    from dataclasses import replace

    from consult.scenarios import Photograph

    def nothing() -> Any:
        raise RuntimeError("an explanation's prompt shows no photograph")

    return replace(view, photograph=Photograph("", nothing))
