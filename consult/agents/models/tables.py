"""Doctors that know a scenario's tables: `bayes:SCENARIO`, `silent:SCENARIO` and `random:SCENARIO`.

They are programs that measure what a scenario allows. `bayes` evaluates everything it is told with the tables and asks
the most informative question; no doctor can be right more often. `silent` evaluates in the same way but asks nothing,
which shows the value of complaint and photograph. `random` asks and decides at random. Their patients state the facts
unchanged.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from consult.agents.models.model import ModelError, ModelInfo, Reply, Request
from consult.scenarios import URGENCIES, UnknownNameError, load_scenario
from consult.scenarios.bayes import BayesReader, photographed
from consult.scenarios.case import ALARM
from consult.scenarios.case_generator import Grammar
from consult.scenarios.rules import as_values

DOCTORS = ("bayes", "silent", "random")
"""The part before the colon."""
PREFIXES = tuple(f"{name}:" for name in DOCTORS)
SURE = 0.98
"""At this probability of a diagnosis, no more questions are asked to find it."""
LAST = 2
"""Doctor turns reserved for the panel and the conclusion."""


class TablesModel:
    """A doctor that knows a scenario's tables."""

    def __init__(self, reference: str) -> None:
        """Load the scenario.

        Raises:
            ModelError: There is no such scenario, or it has no tables.
        """
        self.kind, _, name = reference.partition(":")
        try:
            self.scenario = load_scenario(name)
        except UnknownNameError as error:
            raise ModelError(f"'{reference}': {error}") from None
        source = self.scenario.source
        if not isinstance(source, Grammar):
            raise ModelError(f"'{reference}': the scenario '{name}' has no tables; name one with findings.yaml")
        self.grammar, self.reader = source, BayesReader(source.tables)
        self._info = ModelInfo(reference, "tables", "tables", revision=self.scenario.revision)
        self._weighed = lru_cache(maxsize=4096)(self._posterior)

    @property
    def info(self) -> ModelInfo:
        """Describe the backend."""
        return self._info

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch; token counts are words.

        Raises:
            ModelError: A request is for a role that such a doctor cannot play.
        """
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        message = request.prompt.messages[-1]
        try:
            asked = json.loads(message.text)
        except ValueError:
            raise ModelError(f"'{self.info.reference}' cannot play the {request.role}; give it another model") from None
        if "say" in asked or "question" in asked:
            answer = asked
        else:
            seen = self._seen(asked["known"], [photograph.id for photograph in message.photographs])
            answer = self._answer(request.task, asked, seen, random.Random(request.seed))
        text = json.dumps(answer)
        return Reply(text, len(message.text.split()), len(text.split()))

    def _answer(self, task: str, asked: Any, seen: Any, rng: random.Random) -> Mapping[str, Any]:
        if task == "triage":
            return self._triage(asked, seen, rng)
        if task == "action":
            return self._act(asked, seen, rng)
        # The text for the patient is the scenario's.
        return self._decide(asked, seen, rng) if task in ("opinion", "decision") else {}

    # -- knowing -----------------------------------------------------------------------------------------------------

    def _seen(self, known: Mapping[str, list[str]], photographs: Sequence[str]) -> tuple[tuple[str, Any], ...]:
        """Return the known findings as fields of the tables; fields with several values are tuples."""
        several = self.grammar.tables.several
        found: dict[str, Any] = {}
        for name, values in known.items():
            found[name] = tuple(v for v in values if v != "none") if name in several else values[0]
        for photograph in photographs:
            name, _, case_id = photograph.partition("/")
            # The tables do not cover a photograph from outside.
            if name == self.scenario.name and self.grammar.has(case_id):
                found |= photographed(self.scenario.case(case_id), self.grammar.tables)
        named = {"view", *self.grammar.tables.fields}
        return tuple(sorted((name, value) for name, value in found.items() if name in named))

    def _posterior(self, seen: tuple[tuple[str, Any], ...]) -> Mapping[str, float]:
        return self.reader.posterior(dict(seen))

    def _ranked(self, seen: Any, rng: random.Random) -> list[str]:
        if self.kind == "random":
            return rng.sample(list(self.grammar.labels), 3)
        posterior = self._weighed(seen)
        return sorted(posterior, key=lambda label: -posterior[label])

    # -- acting ------------------------------------------------------------------------------------------------------

    def _triage(self, asked: Any, seen: Any, rng: random.Random) -> Mapping[str, Any]:
        if self.kind == "random":
            return {"specialty": rng.choice(asked["specialties"]), "urgency": rng.choice(URGENCIES), "why": ""}
        clinics: dict[str, float] = defaultdict(float)
        for label, p in self._weighed(seen).items():
            clinics[self.grammar.labels[label].specialty] += p
        specialty = max(clinics, key=lambda name: clinics[name])
        why = f"{specialty} is the most likely clinic ({clinics[specialty]:.0%})."
        return {"specialty": specialty, "urgency": self._urgency(seen), "why": why}

    def _act(self, asked: Any, seen: Any, rng: random.Random) -> Mapping[str, Any]:
        topic = self._topic(asked, seen, rng)
        if topic is not None:
            return {"action": "examine" if topic in asked["examinations"] else "ask", "topic": topic}
        return {"action": "consult" if "consult" in asked["offers"] else "conclude"}

    def _topic(self, asked: Any, seen: Any, rng: random.Random) -> str | None:
        """Choose the next question: alarms, then the most informative, then what the plan depends on; None for none."""
        offered = [
            topic
            for topic in asked["topics"]
            if topic not in asked["asked"]
            and ("examine" if topic in asked["examinations"] else "ask") in asked["offers"]
        ]
        if not offered or self.kind == "silent" or asked["turns_left"] <= LAST:
            return None
        if self.kind == "random":
            chosen: str | None = rng.choice([*offered, None])
            return chosen
        known = dict(seen)
        open_ = [topic for topic in offered if topic not in known]
        if ALARM in open_:
            return ALARM
        posterior = self._weighed(seen)
        first = max(posterior, key=lambda label: posterior[label])
        if posterior[first] < SURE:
            topic = self.reader.next_topic(known, [t for t in open_ if t in self.reader.askable])
            if topic is not None:
                return topic
        return next((t for t in self.grammar.labels[first].conditional_topics if t in open_), None)

    def _decide(self, asked: Any, seen: Any, rng: random.Random) -> Mapping[str, Any]:
        ranked = self._ranked(seen, rng)
        chance = self.kind == "random"
        confidence = 1 / len(self.grammar.labels) if chance else self._weighed(seen)[ranked[0]]
        return {
            "diagnosis": ranked[0],
            "differential": ranked[:3],
            "confidence": confidence,
            "urgency": rng.choice(URGENCIES) if chance else self._urgency(seen),
            "why": f"The probability of {ranked[0]} is {confidence:.0%}.",
        }

    def _urgency(self, seen: Any) -> str:
        """Return the most likely urgency, at least that of an alarm that was told."""
        weights: dict[str, float] = defaultdict(float)
        known = {name: frozenset(as_values(value)) for name, value in seen}
        for label, p in self._weighed(seen).items():
            weights[str(self.grammar.labels[label].urgency_for(known))] += p
        likeliest = max(weights, key=lambda name: weights[name])
        told = self.grammar.tables.values[ALARM].get(str(dict(seen).get(ALARM, "none")))
        return max((likeliest, (told and told.urgency) or likeliest), key=[str(u) for u in URGENCIES].index)
