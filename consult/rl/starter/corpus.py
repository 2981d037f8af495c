"""What the starter learns from: prompts of the `starter` dialect with the answers of an ideal, limited speaker.

Everything is made from train cases. Where an answer names a diagnosis, a specialty, an urgency or the next act, the
target is not one answer but the Bayes posterior over all answers given exactly what the prompt shows, computed from the
scenario's tables: so the model learns how sure it may be. The wording comes from the banks in `wording/`.

Simplified on purpose: a specialist's prior favours its own field twelvefold, which is what makes its opinion worth
asking for in its own field and misleading elsewhere, and each member of a panel has a habit of its own; in place of
opinions that real specialists gave, the attending's lessons hold opinions whose quality follows from the confidence
that they state. The specialty of most cases is withheld from the triage doctor, and the diagnosis of most from the
attending: that is what training can still win.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Line, Opinion, PatientTask, PatientView
from consult.agents.dialects.dialect import ActionWord
from consult.agents.dialects.starter import ADVICE, CLINIC, HABITS, SLOTS, TOPIC_TAGS, StarterDialect, tag
from consult.agents.temperament import temperaments
from consult.rl.starter.evidence import Evidence, OpinionLesson
from consult.rl.starter.interest import Interest
from consult.rl.starter.lesson import SHARES, Lesson, Shares, Soft, Withheld, draw, fewer, wording
from consult.scenarios import Fact, Scenario, Urgency
from consult.scenarios.grammar import Grammar

DIALECT = StarterDialect()

ENOUGH = {4: 0.15, 5: 0.3, 6: 0.5, 7: 0.7}
"""Number of facts known → probability of consulting next, of one who is half sure; 0 below, 0.9 above."""
REASONS = ("triage", "specialist")
"""Banks of which only the first few wordings are used."""
OWN_FIELD = 12.0
"""How much likelier than another a specialist takes a diagnosis of its own field to be."""


@dataclass
class Corpus:
    """Lessons from the train cases of a scenario with tables."""

    scenario: Scenario
    grammar: Grammar
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    shares: Shares = field(default_factory=lambda: SHARES)
    wordings: float = 1.0
    """Share of each bank of wordings that is used, from its beginning."""
    triage_labels: int | None = None
    """Train cases whose specialty is taught, from the first; None for all."""
    decision_labels: int | None = None
    """Train cases whose final diagnosis is taught to the attending, from the first; None for all."""

    @property
    def topics(self) -> list[str]:
        """Topics that the starter's dialect can ask about."""
        return [topic for topic in self.scenario.topics if topic in TOPIC_TAGS]

    @cached_property
    def interest(self) -> Interest:
        """What is worth asking."""
        return Interest(self.grammar.tables)

    @cached_property
    def words(self) -> dict[str, Any]:
        """The banks, `patient` and `doctor`, as far as they are used.

        Reasons stand below a photograph and all that was said; so far from their beginning a tiny model keeps hold of
        few wordings only.
        """
        banks = {name: fewer(wording(name), self.wordings) for name in ("patient", "doctor")}
        return {**banks, "doctor": {**banks["doctor"], **{k: fewer(banks["doctor"][k], 0) for k in REASONS}}}

    def lesson(self, task: str | None = None) -> Lesson:
        """Make one lesson, of a task by its share unless one is named."""
        task = task or draw(self.shares, self.rng)
        make: dict[str, Callable[[], Lesson]] = {
            "patient": self.patient,
            "free": self.free,
            "topic": self.topic,
            "triage": self.triage,
            "action": self.action,
            "wording": self.wording,
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
        kinds = ["open", "answer", "unknown", "ask", "satisfied", "reluctant"]
        kind = self.rng.choices(kinds, [2, 6, 0.6, 1.4, 1.0, 0.8])[0]
        facts: tuple[Fact, ...] = ()
        about = ""
        if kind == "ask":
            about = self.rng.choice(list(bank["ask_back"]))
            text = self.rng.choice(bank["ask_back"][about])
        elif kind in ("unknown", "satisfied", "reluctant"):
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

    def free(self) -> Lesson:
        """Answer a question, or react to the conclusion, with nobody telling the patient what to say."""
        name = self.rng.choice(list(temperaments()))
        bank, temperament = self.words["patient"][name], temperaments()[name]
        if self.rng.random() < 0.25:
            return self._free_reaction(name)
        question, about = self._question()
        view = _patient_view(self.scenario, name, question)
        prompt = DIALECT.free_line(view, temperament)
        if about is None:
            return Lesson("free", prompt, ("<unsure>", self.rng.choice(bank["unknown"])))
        others = [tag(t) for t in self.topics if t != about]
        chances = temperament.volunteers
        more = self.rng.sample(others, self.rng.choices(range(len(chances)), chances)[0])
        sure = Soft(tag(about), {tag(about): 1.0})
        return Lesson("free", prompt, (sure, "".join(more), self._frame(bank, "answer", 1 + len(more))))

    def _free_reaction(self, name: str) -> Lesson:
        bank, temperament = self.words["patient"][name], temperaments()[name]
        again = self.rng.random() < 0.4
        asks = 0.0 if again else temperament.asks_back
        content = (1 - asks) * temperament.accepts
        weights = {"<ask>": asks, "<satisfied>": content, "<reluctant>": 1 - asks - content}
        chosen = draw(weights, self.rng)
        about = self.rng.choice(list(bank["ask_back"]))
        said = {
            "<ask>": f"{about}: {self.rng.choice(bank['ask_back'][about])}",
            "<satisfied>": self.rng.choice(bank["satisfied"]),
            "<reluctant>": self.rng.choice(bank["reluctant"]),
        }
        lines = (Line("patient", "ask", "?"),) if again else (Line("attending", "conclude", ""),)
        view = replace(_patient_view(self.scenario, name), lines=lines, offers=("ask", "satisfied"))
        return Lesson("free", DIALECT.free_line(view, temperament), (Soft(chosen, weights), said[chosen]))

    def _question(self) -> tuple[str, str | None]:
        """Draw a doctor's line and the topic that it asks about."""
        bank = self.words["doctor"]
        if self.rng.random() < 0.1:
            return self.rng.choice([*bank["acknowledge"], *bank["consult"], *bank["greeting"]]), None
        about = self.rng.choice(list(bank["questions"]))
        question = self.rng.choice(bank["questions"][about])
        if self.rng.random() < 0.4:
            question = f"{self.rng.choice(bank['acknowledge'])} {question}"
        return question, about

    def topic(self) -> Lesson:
        """Tell what a question is about; a line that asks nothing of the kind is *unsure*."""
        question, about = self._question()
        answer = tag(about) if about else "<unsure>"
        prompt = DIALECT.topic(question, _patient_view(self.scenario, "sanguine"))
        return Lesson("topic", prompt, (Soft(answer, {answer: 1.0}),))

    # -- doctors ---------------------------------------------------------------------------------------------------

    def triage(self) -> Lesson:
        """Name the clinic and the urgency."""
        evidence = self.evidence()
        seen = self.rng.random() < 0.88
        view = self._view(evidence, evidence.opening(), seen, thinks=self.rng.random() < 0.25)
        posterior = evidence.posterior(seen)
        clinics: dict[str, float] = {}
        for label, p in posterior.items():
            clinics[self.grammar.labels[label].specialty] = clinics.get(self.grammar.labels[label].specialty, 0.0) + p
        urgencies = self._urgencies(evidence, posterior)
        clinic = draw(clinics, self.rng)
        taught = self.triage_labels is None or evidence.number < self.triage_labels
        frame = self.rng.choice(self.words["doctor"]["triage"]["seen" if seen else "blind"])
        # The clinic is a slot: a reason that names it would teach what is withheld.
        why = frame.replace("{specialty}", CLINIC).replace("{finding}", evidence.finding)
        answer = (
            *(self._thought(posterior) if view.thinks else ()),
            Soft(clinic, clinics) if taught else Withheld(clinic),
            ", ",
            Soft(draw(urgencies, self.rng), urgencies),
            f". {why}",
        )
        number = evidence.number if seen else None
        return Lesson("triage", DIALECT.triage(view), answer, number, evidence.running(seen), evidence.first_line)

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
        flagged = evidence.flagged_urgency()
        if flagged is not None:
            return {flagged: 1.0}
        weights: dict[str, float] = {}
        for label, p in posterior.items():
            urgency = self.grammar.labels[label].urgency
            assert urgency is not None, "the tables of drawn cases need it"
            weights[urgency] = weights.get(urgency, 0.0) + p
        return weights

    def action(self) -> Lesson:
        """Ask about what is not known yet; consult when enough is known, conclude when the panel was heard."""
        evidence = self.evidence()
        solo = self.rng.random() < 0.15
        consulted = not solo and self.rng.random() < 0.2
        known = self.rng.choices(range(10), [3, 3, 3, 3, 3, 3, 2, 2, 1, 1])[0]
        lines = evidence.opening() + evidence.interview(known)
        opinions = (Opinion("", None, None, ""),) if consulted else ()
        offers = ("ask", "examine", "conclude") if solo or consulted else ("ask", "examine", "consult", "conclude")
        thinks = self.rng.random() < 0.2
        seen = thinks and self.rng.random() < 0.9
        view = self._view(evidence, lines, seen, opinions=opinions, offers=offers, thinks=thinks)
        posterior = evidence.posterior(seen)
        closing = "<conclude>" if solo or consulted else "<consult>"
        weights = self._next(evidence, posterior, closing, 0.95 if consulted else self._enough(len(lines), posterior))
        chosen = draw(weights, self.rng)
        answer = (*(self._thought(posterior) if thinks else ()), *_acts(chosen, weights))
        return Lesson("action", DIALECT.action(view), answer, evidence.number if seen else None)

    def _enough(self, known: int, posterior: Mapping[str, float]) -> float:
        base = 0.0 if known < 4 else ENOUGH.get(known, 0.9)
        return min(0.95, base * (0.5 + max(posterior.values())))

    def _next(
        self, evidence: Evidence, posterior: Mapping[str, float], closing: str, enough: float
    ) -> dict[str, float]:
        left = self.interest.weights(posterior, evidence.told)
        total = sum(left.values())
        weights = {closing: enough if left else 1.0}
        for topic, weight in left.items():
            act = "<examine>" if topic in self.scenario.examinations else "<ask>"
            weights[act + tag(topic)] = (1 - weights[closing]) * weight / total
        return {act: p for act, p in weights.items() if p > 0}

    def wording(self) -> Lesson:
        """Put a chosen act into words that follow from what the patient said last."""
        bank, rng = self.words["doctor"], self.rng
        acts = [*(("ask", t) for t in self.topics), *(("examine", t) for t in self.scenario.examinations)]
        act, topic = rng.choice([*acts, ("consult", None), ("consult", None)])
        temperament = rng.choice(list(temperaments()))
        first, evidence = act != "consult" and rng.random() < 0.15, self.evidence()
        fact = evidence.facts["complaint" if first else rng.choice(self.topics)][0]
        line = Line("patient", "open" if first else "answer", "", fact.topic, ((fact.topic, fact.text),))
        heard = [] if rng.random() < 0.1 else [evidence.aloud(line, temperament, self.words["patient"]).line]
        lines = (*(() if first else (Line("attending", "ask", "?"),)), *heard)
        word = ActionWord(act, topic, "")  # type: ignore[arg-type]
        prompt = DIALECT.wording(DoctorView(lines, (), (), {}, {}), word)
        assert prompt is not None
        said = rng.choice(bank["consult"] if topic is None else bank["questions" if act == "ask" else "examine"][topic])
        return Lesson("wording", prompt, (self._lead_in(first, temperament, bool(heard)) + said,))

    def _lead_in(self, first: bool, temperament: str, heard: bool) -> str:
        bank, chance = self.words["doctor"], self.rng.random()
        if first and chance < 0.7:
            return f"{self.rng.choice(bank['greeting'])} "
        if first or not heard or chance > 0.6:
            return ""
        if chance < 0.15:
            return f"{self.rng.choice(bank['echo'])} ".replace("{fact}", SLOTS[0])
        kinds = {"melancholic": "acknowledge_worried", "choleric": "acknowledge_angry"}
        fitting = kinds.get(temperament, "acknowledge") if self.rng.random() < 0.6 else "acknowledge"
        return f"{self.rng.choice(bank[fitting])} "

    def opinion(self) -> Lesson:
        """Give a specialist's opinion, through the prior of its own field and the habit of its place in the panel."""
        evidence, member = self.evidence(), self.rng.randrange(HABITS)
        own = self.grammar.labels[evidence.case.truth.diagnosis or ""].specialty
        specialty = own if self.rng.random() < 0.8 else self.rng.choice(self.scenario.specialties)
        seen = self.rng.random() < 0.85
        lines = evidence.opening() + evidence.interview(self.rng.choices(range(10), [3, 0, 1, 1, 2, 3, 3, 2, 1, 1])[0])
        view = self._view(evidence, lines, seen)
        prior = {n: OWN_FIELD if label.specialty == specialty else 1.0 for n, label in self.grammar.labels.items()}
        weights = self._own_field(evidence, seen, specialty, evidence.habitual(seen, prior, member))
        label = draw(weights, self.rng)
        return Lesson(
            "opinion",
            DIALECT.opinion(view, specialty, member),
            (Soft(label, weights), ".", *(() if label == NOT_MY_FIELD else self._reason(evidence, label, seen))),
            evidence.number if seen else None,
            evidence.running(seen, prior),
            evidence.first_line,
        )

    def _own_field(
        self, evidence: Evidence, seen: bool, specialty: str, posterior: Mapping[str, float]
    ) -> dict[str, float]:
        honest = evidence.posterior(seen)
        outside = sum(p for label, p in honest.items() if self.grammar.labels[label].specialty != specialty)
        passes = 0.6 * outside**3
        return {**{label: (1 - passes) * p for label, p in posterior.items()}, NOT_MY_FIELD: passes}

    def _reason(self, evidence: Evidence, label: str, seen: bool) -> tuple[str | Soft, ...]:
        support = evidence.support(label)
        quoting = not seen or bool(support and self.rng.random() < 0.7)
        frame: str = self.rng.choice(
            self.words["doctor"]["specialist"]["told" if not seen else "seen" if quoting else "seen_only"]
        )
        said = frame.replace("{finding}", evidence.finding).replace("{fact}", SLOTS[0]).replace("{label}", label)
        if not quoting:
            return self._copied(f" {said}")
        total = sum(support.values())
        topics = {tag(t): w / total for t, w in support.items()} or {tag("complaint"): 1.0}
        return (Soft(draw(topics, self.rng), topics), *self._copied(f" {said}"))

    def _copied(self, text: str) -> tuple[str | Soft, ...]:
        """Part a text at the names of diagnoses, which are copied from the prompt and must be right above all."""
        parts = self._names.split(text)
        return tuple(Soft(part, {part: 1.0}) if i % 2 else part for i, part in enumerate(parts) if part)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        longest_first = sorted((*self.scenario.labels, NOT_MY_FIELD), key=len, reverse=True)
        return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)")

    def decision(self) -> Lesson:
        """Weigh photograph, facts and opinions."""
        evidence = self.evidence()
        seen = self.rng.random() < 0.88
        lines = evidence.opening() + evidence.interview(self.rng.choices(range(10), [3, 0, 1, 1, 2, 3, 3, 2, 1, 1])[0])
        lesson = OpinionLesson.draw(evidence, seen, self.rng.choices([0, 3], [1, 4])[0])
        posterior = lesson.weigh(evidence.posterior(seen))
        label = draw(posterior, self.rng)
        support = evidence.support(label)
        telling = sorted(support, key=lambda topic: -support[topic])[:2]
        thought = f"I see {evidence.finding}." if seen else "I have no photograph to go by."
        if telling:
            thought += f" I noted {' and '.join(map(tag, telling))}."
        if lesson.opinions:
            thought += f" Colleagues: {', '.join(o.diagnosis or NOT_MY_FIELD for o in lesson.opinions)}."
        others = sorted((d for d in posterior if d != label), key=lambda d: -posterior[d])[:2]
        view = self._view(evidence, lines, seen, opinions=lesson.opinions)
        taught = self.decision_labels is None or evidence.number < self.decision_labels
        decided = Soft(label, posterior) if taught else Withheld(label)
        after = f" {', '.join(others)}" if taught else ""
        answer = (*self._copied(f"<think>{thought}</think><answer>"), decided, f"</answer>{after}")
        number = evidence.number if seen else None
        running = evidence.running(seen)
        prompt = DIALECT.decision(view)
        return Lesson("decision", prompt, answer, number, running, evidence.first_line, cut=not taught)

    def explanation(self) -> Lesson:
        """Word a frame around the scenario's advice."""
        kind = self.rng.choices(["seen", "told", "emergency"], [5, 2, 2])[0]
        urgency: Urgency = "emergency" if kind == "emergency" else "routine"
        view = DoctorView((), (), (), {}, {}, thought="I see it." if kind == "seen" else "", urgency=urgency)
        text = self.rng.choice(self.words["doctor"]["explain"][kind])
        for blank, slot in zip(("{label}", "{explanation}", "{plan}", "{safety}", "{finding}"), ADVICE, strict=True):
            text = text.replace(blank, slot)
        return Lesson("explanation", DIALECT.explanation(_shown(view)), (text,))

    def reply(self) -> Lesson:
        """Word a frame around the scenario's answer to a question back."""
        text = self.rng.choice(self.words["doctor"]["reply"]).replace("{answer}", ADVICE[0])
        view, question = DoctorView((), (), (), {}, {}), Line("patient", "ask", "Is it?", "serious")
        return Lesson("reply", DIALECT.reply(view, question), (text,))

    def _view(self, evidence: Evidence, lines: Sequence[Line], seen: bool, **more: Any) -> DoctorView:
        if seen and self.rng.random() < 0.08:
            more["expert"] = evidence.by_sight()
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


def _patient_view(scenario: Scenario, temperament: str, question: str = "") -> PatientView:
    from consult.scenarios import Card

    lines = (Line("attending", "ask", question),) if question else ()
    card = Card(Fact("complaint", "complaint", ""), ())
    return PatientView(card, temperament, lines, scenario.topics, offers=("answer",))


def _shown(view: DoctorView) -> DoctorView:
    from consult.scenarios import Photograph

    def nothing() -> Any:
        raise RuntimeError("an explanation's prompt shows no photograph")

    return replace(view, photograph=Photograph("", nothing))
