"""Evidence in an example: a train case, the facts told so far, and the posterior that follows from them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from consult.agents.acts import Line
from consult.agents.prompt_formats.starter_frames import sentence_case
from consult.agents.prompt_formats.starter_tags import TOPIC_TAGS
from consult.agents.prompt_formats.wording import frames
from consult.rl.starter.generalist import generalist
from consult.scenarios import Case, Fact, Urgency
from consult.scenarios.bayes import normal
from consult.scenarios.case_generator import CHILDHOOD, Grammar
from consult.scenarios.conditional import Known, known_facts, most_urgent
from consult.scenarios.tables import EXAMINATIONS, FindingTables, Table

BY_SIGHT = ("site", "duration", "palpation")
"""Topics that a member who relies on the photograph also uses."""
ON_FILE = ("complaint", "age", "sex")
"""Topics that a doctor knows of every patient."""
SUPPORTS = 1.5
"""A finding is quoted as a reason only if it is at least this many times as frequent in the diagnosis as in others."""

Numbers = Any
"""An array with one number per label."""


class Knowledge:
    """Shared data of one scenario's examples: a generalist's tables, the fields, the cases with an alarm."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar

    @cached_property
    def general(self) -> FindingTables:
        """A generalist's tables."""
        return generalist(self.grammar.tables)

    @cached_property
    def fields(self) -> Mapping[str, Numbers]:
        """Specialty → for each label, whether it belongs to that field."""
        of = [label.specialty for label in self.grammar.labels.values()]
        return {specialty: np.array([one == specialty for one in of]) for specialty in dict.fromkeys(of)}

    @cached_property
    def alarmed(self) -> tuple[int, ...]:
        """Numbers of the train cases with an alarm."""
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
    """Whether age and sex are on file."""

    @property
    def grammar(self) -> Grammar:
        """Return the generator of the case."""
        return self.knowledge.grammar

    @cached_property
    def case(self) -> Case:
        """Return the case."""
        return self.grammar.make("train", self.number)

    @cached_property
    def facts(self) -> Mapping[str, tuple[Fact, ...]]:
        """Return topic → facts, reworded within the training style."""
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
        """Return what the photograph shows, in words."""
        return self.grammar.tables.values["morphology"][self.case.truth.morphology or ""].finding

    # -- telling ---------------------------------------------------------------------------------------------------

    def opening(self) -> tuple[Line, ...]:
        """Tell the complaint, and what else the patient opens with."""
        self.told = [t for t in self.case.card.opening]
        facts = [fact for topic in ("complaint", *self.told) for fact in self.facts[topic]]
        return (_stating("open", "complaint", facts),)

    def interview(self, count: int) -> tuple[Line, ...]:
        """Tell this many more facts in random order, including examinations; the age is on file."""
        left = [t for t in self.facts if t not in self.told and t not in ("complaint", "age")]
        chosen = self.rng.sample(left, min(count, len(left)))
        self.told += chosen
        return tuple(_stating("examine" if t in EXAMINATIONS else "answer", t, self.facts[t]) for t in chosen)

    def aloud(self, line: Line, temperament: str) -> Line:
        """Reword a line in the style of a temperament."""
        if line.action == "examine":
            return line
        frame = self.rng.choice(frames("patient", temperament, "open" if line.action == "open" else "plain"))
        return replace(line, text=sentence_case(frame.replace("<fact>", line.quotes[0][1])))

    # -- knowing ---------------------------------------------------------------------------------------------------

    def seen(self, photograph: bool, told: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
        """Return the query for the tables: field → value, or values."""
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
        """Return P(label | what was told so far, and the photograph), from the clinical tables."""
        return self.grammar.tables.posterior(self.seen(photograph, self.told if told is None else told))

    def general(self, photograph: bool) -> Table:
        """Return the same from a generalist's tables."""
        return self.knowledge.general.posterior(self.seen(photograph, self.told))

    def of_field(self, photograph: bool, specialty: str, member: int) -> Numbers:
        """Return a panel member's log-likelihoods: from the clinical tables in its own field, else from a generalist's.

        One member weighs everything, one relies most on the photograph, one only on the story.
        """
        told = [t for t in self.told if t in BY_SIGHT] if member == 1 else self.told
        seen = self.seen(photograph and member != 2, told)
        own = self.knowledge.fields[specialty]
        tables, general = self.grammar.tables, self.knowledge.general
        return np.where(own, tables.log_likelihood(seen), general.log_likelihood(seen))

    def by_sight(self) -> tuple[str, ...]:
        """Return the three most likely diagnoses from the photograph alone, as an image classifier would."""
        morphology, view = self.case.truth.morphology or "", self.grammar.tables.view_of(str(self._value("site")))
        posterior = self.grammar.tables.posterior({"morphology": morphology, "view": view})
        return tuple(sorted(posterior, key=lambda label: -posterior[label])[:3])

    def support(self, label: str) -> dict[str, float]:
        """Return topic told → likelihood ratio of its finding, this diagnosis against all others, at most 10.

        Topics with an absent finding, and findings that do not support the diagnosis, are left out.
        """
        found = {}
        for topic in dict.fromkeys(("complaint", *self.told)):
            if topic in TOPIC_TAGS and topic not in ("age", "alarm") and not self.facts[topic][0].none:
                ratio = self._ratio(label, topic, self._value(topic))
                if ratio >= SUPPORTS:
                    found[topic] = min(10.0, ratio)
        return found

    def sight_supports(self, label: str) -> bool:
        """Return whether the photograph supports a diagnosis."""
        return self._ratio(label, "morphology", self.case.truth.morphology or "") >= SUPPORTS

    def _ratio(self, label: str, topic: str, value: str | tuple[str, ...]) -> float:
        tables = self.grammar.tables
        column = np.exp(tables.log_column(topic, value, {}))
        return float(column[tables.labels.index(label)] / max(column.mean(), 1e-6))

    def posterior_targets(self, photograph: bool, heads: int) -> tuple[tuple[int, Table], ...]:
        """Return (line of the prompt, posterior after it) for the opening and each topic told since.

        Args:
            photograph: Whether the photograph is seen.
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
        """Return (line of the prompt, posterior from its topic alone, with a uniform prior).

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
        """Return the names of the findings that the doctor has learned."""
        told = (fact for topic in dict.fromkeys((*ON_FILE[:2], *self.told)) for fact in self.facts[topic])
        return known_facts(told, self.case.card.sex)

    @property
    def alarmed(self) -> bool:
        """Return whether a red flag was told."""
        return "alarm" in self.told and self.case.truth.red_flag is not None

    def urgency(self, label: str) -> Urgency:
        """Return this patient's urgency given a diagnosis and what is known."""
        flag = self.facts["alarm"][0].urgency if self.alarmed else None
        urgency = most_urgent((flag, self.grammar.labels[label].urgency_for(self.known)))
        assert urgency is not None, "the tables of drawn cases need it"
        return urgency


def _stating(action: Any, topic: str, facts: Sequence[Fact]) -> Line:
    quotes = tuple((fact.topic, fact.text) for fact in facts)
    absences = tuple(fact.topic for fact in facts if fact.none)
    return Line("attending" if action == "examine" else "patient", action, "", topic, quotes, absences)
