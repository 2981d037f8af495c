"""What is known in a lesson: a train case, the facts told so far, and the posterior that follows from them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from consult.agents.acts import Line, Opinion
from consult.agents.dialects.starter import TOPIC_TAGS, sentence_case
from consult.scenarios import URGENCIES, Case, Fact, Urgency
from consult.scenarios.grammar import CHILDHOOD, Grammar
from consult.scenarios.tables import EXAMINATIONS, Table

RIGHT = {0.85: 0.8, 0.6: 0.6, 0.3: 0.4}
"""A stated confidence of a lesson's opinion → how often it is right."""

BY_SIGHT = ("site", "duration", "age", "palpation")
"""What is told that a member who trusts the eyes takes in besides."""


@dataclass(frozen=True)
class Aloud:
    """A line as the patient said it, with the mood it shows."""

    line: Line
    mood: str


@dataclass
class Evidence:
    """One train case in a lesson."""

    grammar: Grammar
    number: int
    rng: random.Random
    told: list[str] = field(default_factory=list)
    """Topics told or examined, in order."""

    @cached_property
    def case(self) -> Case:
        """The case."""
        return self.grammar.make("train", self.number)

    @cached_property
    def facts(self) -> Mapping[str, tuple[Fact, ...]]:
        """Topic → facts, reworded within the training style."""
        card, found = self.case.card, dict[str, tuple[Fact, ...]]()
        for fact in (card.complaint, *card.facts, *card.examinations):
            found[fact.topic] = (*found.get(fact.topic, ()), self._reworded(fact))
        return found

    def _reworded(self, fact: Fact) -> Fact:
        spec = self.grammar.tables.values[fact.topic][fact.value]
        if not spec.phrasings or self.rng.random() < 0.3:
            return fact
        child = (self.case.card.age or CHILDHOOD) < CHILDHOOD
        return replace(fact, text=self.grammar.word(spec, "in-style", self.rng, child=child))

    @property
    def finding(self) -> str:
        """What the photograph shows, in words."""
        return self.grammar.tables.values["morphology"][self.case.truth.morphology or ""].finding

    # -- telling ---------------------------------------------------------------------------------------------------

    def opening(self) -> tuple[Line, ...]:
        """Tell the complaint, and what the patient opens with besides."""
        self.told = [t for t in self.case.card.opening]
        quotes = tuple((t, fact.text) for t in ("complaint", *self.told) for fact in self.facts[t])
        return (Line("patient", "open", "", "complaint", quotes),)

    def interview(self, count: int) -> tuple[Line, ...]:
        """Tell so many more facts in random order, examinations among them."""
        left = [t for t in self.facts if t not in self.told and t != "complaint"]
        chosen = self.rng.sample(left, min(count, len(left)))
        self.told += chosen
        return tuple(self._line(topic) for topic in chosen)

    def _line(self, topic: str) -> Line:
        quotes = tuple((topic, fact.text) for fact in self.facts[topic])
        if topic in EXAMINATIONS:
            return Line("attending", "examine", "", topic, quotes)
        return Line("patient", "answer", "", topic, quotes)

    def aloud(self, line: Line, temperament: str, words: Mapping[str, Any]) -> Aloud:
        """Give a line with its full words, as a temperament would say it with the patients' bank of wordings."""
        if line.action == "examine":
            return Aloud(line, "")
        bank = words[temperament]
        frames = bank["open"] if line.action == "open" else bank["one"]
        frame = self.rng.choice([f for f in frames if f.count("{") == 1])
        return Aloud(replace(line, text=sentence_case(frame.replace("{fact}", line.quotes[0][1]))), temperament)

    # -- knowing ---------------------------------------------------------------------------------------------------

    def seen(self, photograph: bool, told: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
        """Return what the tables are asked about: field → value, or values."""
        known = {topic: self._value(topic) for topic in ("complaint", *told)}
        if photograph:
            known["morphology"] = self.case.truth.morphology or ""
            known["view"] = self.grammar.tables.view_of(str(self._value("site")))
        return known

    def _value(self, topic: str) -> str | tuple[str, ...]:
        if topic in self.grammar.tables.several:
            return tuple(fact.value for fact in self.facts[topic] if not fact.none)
        return self.facts[topic][0].value

    def posterior(self, photograph: bool, prior: Table | None = None, told: Sequence[str] | None = None) -> Table:
        """Return P(label | what was told so far, and the photograph)."""
        return self.grammar.tables.posterior(self.seen(photograph, self.told if told is None else told), prior=prior)

    def habitual(self, photograph: bool, prior: Table, member: int) -> Table:
        """Give the posterior of a panel's member: one weighs all, one trusts the eyes most, one the story alone."""
        if member == 1:
            return self.posterior(photograph, prior, [t for t in self.told if t in BY_SIGHT])
        return self.posterior(photograph and member != 2, prior)

    def by_sight(self) -> tuple[str, ...]:
        """Give the three likeliest diagnoses of a photograph by itself, as an image classifier would."""
        morphology, view = self.case.truth.morphology or "", self.grammar.tables.view_of(str(self._value("site")))
        posterior = self.grammar.tables.posterior({"morphology": morphology, "view": view})
        return tuple(sorted(posterior, key=lambda label: -posterior[label])[:3])

    def support(self, label: str) -> dict[str, float]:
        """Return topic told → how much more often this diagnosis has its value than others do, squared, to 100."""
        tables, found = self.grammar.tables, {}
        for topic in (t for t in self.told if t != "alarm" and t in TOPIC_TAGS):
            column = np.exp(tables.log_column(topic, self._value(topic), {}))
            own = column[tables.labels.index(label)]
            found[topic] = float(max(0.05, min(10.0, own / max(column.mean(), 1e-6))) ** 2)
        return found

    def running(self, photograph: bool, prior: Table | None = None) -> tuple[Table, ...]:
        """Give the posterior after the opening and after each fact told since."""
        counts = range(self.first_line, len(self.told) + 1)
        return tuple(self.posterior(photograph, prior, self.told[:n]) for n in counts)

    @property
    def first_line(self) -> int:
        """Which line of a doctor's prompt ends the opening."""
        return len(self.case.card.opening)

    def flagged_urgency(self) -> Urgency | None:
        """Give the urgency of a red flag that was told."""
        if "alarm" not in self.told or self.case.truth.red_flag is None:
            return None
        urgency = self.grammar.tables.values["alarm"][self.case.truth.red_flag].urgency
        return next((u for u in URGENCIES if u == urgency), None)


@dataclass(frozen=True)
class OpinionLesson:
    """Made-up opinions of known quality, and what they are worth."""

    opinions: tuple[Opinion, ...]
    right: tuple[float, ...]
    """How often an opinion of this confidence is right."""

    @classmethod
    def draw(cls, evidence: Evidence, seen: bool, count: int) -> OpinionLesson:
        """Draw a panel; wrong opinions name what the evidence makes likely, the same one often."""
        rng, labels = evidence.rng, evidence.grammar.labels
        truth = evidence.case.truth.diagnosis or ""
        anyone = rng.choice(list(labels.values()))
        specialty = (labels[truth] if rng.random() < 0.75 else anyone).specialty
        tempting = {d: p + 0.02 for d, p in evidence.posterior(seen).items() if d != truth}
        opinions, right, wrong = [], [], None
        for _ in range(count):
            confidence = rng.choice(list(RIGHT))
            if rng.random() < 0.08:
                opinions.append(Opinion(specialty, None, confidence, ""))
                right.append(1 / 6)
                continue
            if rng.random() < RIGHT[confidence]:
                named = truth
            else:
                if wrong is None or rng.random() > 0.4:
                    wrong = rng.choices(list(tempting), list(tempting.values()))[0]
                named = wrong
            opinions.append(Opinion(specialty, named, confidence, ""))
            right.append(RIGHT[confidence])
        return cls(tuple(opinions), tuple(right))

    def weigh(self, posterior: Table) -> Table:
        """Update a posterior by the opinions, a wrong one naming each other label equally often among six."""
        weights = dict(posterior)
        for opinion, right in zip(self.opinions, self.right, strict=True):
            if opinion.diagnosis is None:
                continue  # not its field says little
            for label in weights:
                weights[label] *= right if label == opinion.diagnosis else (1 - right) / 6
        total = sum(weights.values())
        return {label: w / total for label, w in weights.items()}
