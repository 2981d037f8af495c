"""What is known in an example: a train case, the facts told so far, and the posterior that follows from them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from consult.agents.acts import Line
from consult.agents.prompt_formats.starter import sentence_case
from consult.agents.prompt_formats.starter_tags import TOPIC_TAGS
from consult.agents.prompt_formats.wording import frames
from consult.rl.starter.generalist import generalist
from consult.scenarios import Case, Fact, Urgency
from consult.scenarios.bayes import normal
from consult.scenarios.case_generator import CHILDHOOD, Grammar
from consult.scenarios.conditional import Known, known_facts, most_urgent
from consult.scenarios.tables import EXAMINATIONS, FindingTables, Table

BY_SIGHT = ("site", "duration", "palpation")
"""What is told that a member who trusts the eyes takes in besides."""
ON_FILE = ("complaint", "age", "sex")
"""What a doctor knows of every patient."""
SUPPORTS = 1.5
"""How many times as often as others a diagnosis has to show what is quoted as a reason for it."""

Numbers = Any
"""An array of one number a label."""


class Knowledge:
    """What the examples of one scenario have in common: a generalist's tables, the fields, the cases with an alarm."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar

    @cached_property
    def general(self) -> FindingTables:
        """A generalist's tables."""
        return generalist(self.grammar.tables)

    @cached_property
    def fields(self) -> Mapping[str, Numbers]:
        """Specialty → of each label whether it is of that field."""
        of = [label.specialty for label in self.grammar.labels.values()]
        return {specialty: np.array([one == specialty for one in of]) for specialty in dict.fromkeys(of)}

    @cached_property
    def alarmed(self) -> tuple[int, ...]:
        """Train cases with an alarm, by number."""
        numbers = range(self.grammar.splits["train"])
        return tuple(n for n in numbers if self.grammar.make("train", n).truth.red_flag is not None)


@dataclass
class Evidence:
    """One train case in an example."""

    knowledge: Knowledge
    number: int
    rng: random.Random
    told: list[str] = field(default_factory=list)
    """Topics told or examined, in order."""
    filed: bool = True
    """Whether age and sex stand on the doctor's file."""

    @property
    def grammar(self) -> Grammar:
        """Where the case is from."""
        return self.knowledge.grammar

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
        facts = [fact for topic in ("complaint", *self.told) for fact in self.facts[topic]]
        return (_stating("open", "complaint", facts),)

    def interview(self, count: int) -> tuple[Line, ...]:
        """Tell so many more facts in random order, examinations among them; the age stands on the file."""
        left = [t for t in self.facts if t not in self.told and t not in ("complaint", "age")]
        chosen = self.rng.sample(left, min(count, len(left)))
        self.told += chosen
        return tuple(_stating("examine" if t in EXAMINATIONS else "answer", t, self.facts[t]) for t in chosen)

    def aloud(self, line: Line, temperament: str) -> Line:
        """Put a line into the words of a temperament."""
        if line.action == "examine":
            return line
        frame = self.rng.choice(frames("patient", temperament, "open" if line.action == "open" else "plain"))
        return replace(line, text=sentence_case(frame.replace("<fact>", line.quotes[0][1])))

    # -- knowing ---------------------------------------------------------------------------------------------------

    def seen(self, photograph: bool, told: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
        """Return what the tables are asked about: field → value, or values."""
        known = {topic: self._value(topic) for topic in ("complaint", *(("age",) if self.filed else ()), *told)}
        if self.case.card.sex and self.filed:
            known["sex"] = self.case.card.sex
        if photograph:
            known["morphology"] = self.case.truth.morphology or ""
            known["view"] = self.grammar.tables.view_of(str(self._value("site")))
        return known

    def _value(self, topic: str) -> str | tuple[str, ...]:
        if topic in self.grammar.tables.several:
            return tuple(fact.value for fact in self.facts[topic] if not fact.none)
        return self.facts[topic][0].value

    def posterior(self, photograph: bool, told: Sequence[str] | None = None) -> Table:
        """Return P(label | what was told so far, and the photograph), as who knows the tables sees it."""
        return self.grammar.tables.posterior(self.seen(photograph, self.told if told is None else told))

    def general(self, photograph: bool) -> Table:
        """Return the same as a generalist sees it."""
        return self.knowledge.general.posterior(self.seen(photograph, self.told))

    def of_field(self, photograph: bool, specialty: str, member: int) -> Numbers:
        """Return the log-likelihoods of a panel's member: of its own field in full, of others as a generalist.

        One member weighs all, one trusts the eyes most, one the story alone.
        """
        told = [t for t in self.told if t in BY_SIGHT] if member == 1 else self.told
        seen = self.seen(photograph and member != 2, told)
        own = self.knowledge.fields[specialty]
        tables, general = self.grammar.tables, self.knowledge.general
        return np.where(own, tables.log_likelihood(seen), general.log_likelihood(seen))

    def by_sight(self) -> tuple[str, ...]:
        """Return the three likeliest diagnoses of a photograph by itself, as an image classifier would."""
        morphology, view = self.case.truth.morphology or "", self.grammar.tables.view_of(str(self._value("site")))
        posterior = self.grammar.tables.posterior({"morphology": morphology, "view": view})
        return tuple(sorted(posterior, key=lambda label: -posterior[label])[:3])

    def support(self, label: str) -> dict[str, float]:
        """Return topic told → how many times as often as all others this diagnosis has what is there, to 10.

        Left out are topics of which something is absent, and what does not speak for the diagnosis.
        """
        found = {}
        for topic in dict.fromkeys(("complaint", *self.told)):
            if topic in TOPIC_TAGS and topic not in ("age", "alarm") and not self.facts[topic][0].none:
                ratio = self._ratio(label, topic, self._value(topic))
                if ratio >= SUPPORTS:
                    found[topic] = min(10.0, ratio)
        return found

    def sight_supports(self, label: str) -> bool:
        """Return whether what the photograph shows speaks for a diagnosis."""
        return self._ratio(label, "morphology", self.case.truth.morphology or "") >= SUPPORTS

    def _ratio(self, label: str, topic: str, value: str | tuple[str, ...]) -> float:
        tables = self.grammar.tables
        column = np.exp(tables.log_column(topic, value, {}))
        return float(column[tables.labels.index(label)] / max(column.mean(), 1e-6))

    def posterior_targets(self, photograph: bool, heads: int) -> tuple[tuple[int, Table], ...]:
        """Return (line of the prompt, posterior after it) for the opening and each topic told since.

        Args:
            photograph: Whether it is seen.
            heads: Lines of the prompt before the complaint.
        """
        found, line = [], heads + len(self.facts["complaint"]) - 1
        opened = len(self.case.card.opening)
        for n in range(len(self.told) + 1):
            line += len(self.facts[self.told[n - 1]]) if n else 0
            if n >= opened:
                found.append((line, self.posterior(photograph, self.told[:n])))
        return tuple(found)

    def line_targets(self, heads: int) -> tuple[tuple[int, Table], ...]:
        """Return (line of the prompt, what its topic by itself says of the labels, all equally likely before).

        Args:
            heads: Lines of the prompt before the complaint.
        """
        tables, found, line = self.grammar.tables, [], heads - 1
        for topic in ("complaint", *self.told):
            line += len(self.facts[topic])
            if topic in tables.several or topic in tables.clinical[tables.labels[0]]:
                chances = normal(tables.log_column(topic, self._value(topic), {}))
                found.append((line, dict(zip(tables.labels, map(float, chances), strict=True))))
        return tuple(found)

    @property
    def known(self) -> Known:
        """What the doctor has learned, by the names of the findings."""
        told = (fact for topic in dict.fromkeys((*ON_FILE[:2], *self.told)) for fact in self.facts[topic])
        return known_facts(told, self.case.card.sex)

    @property
    def alarmed(self) -> bool:
        """Whether a red flag was told."""
        return "alarm" in self.told and self.case.truth.red_flag is not None

    def urgency(self, label: str) -> Urgency:
        """Return how urgent this patient is with a diagnosis, as far as is known."""
        flag = self.facts["alarm"][0].urgency if self.alarmed else None
        urgency = most_urgent((flag, self.grammar.labels[label].urgency_for(self.known)))
        assert urgency is not None, "the tables of drawn cases need it"
        return urgency


def _stating(action: Any, topic: str, facts: Sequence[Fact]) -> Line:
    quotes = tuple((fact.topic, fact.text) for fact in facts)
    absences = tuple(fact.topic for fact in facts if fact.none)
    return Line("attending" if action == "examine" else "patient", action, "", topic, quotes, absences)
