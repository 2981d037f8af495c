"""Targets for an auxiliary loss: what is known in the middle of a transcript. Not used after training.

A verdict at the end of a long prompt teaches little per example. So the hidden state is read after every line and every
sentence of the conclusion: what was asked so far, whether anybody was rude so far, whose plan a sentence is from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from consult.agents.acts import Act
from consult.agents.assessors.rules import Played, asks_for_history, asks_for_symptoms
from consult.agents.grounding.facts import stems, telling
from consult.agents.prompt_formats.starter_assessment import rendered
from consult.agents.roles.advice import SHORT, STATED
from consult.envs.assessing import view_of
from consult.rl.starter.assessor.contrasts import Bank
from consult.scenarios import Scenario

Targets = Mapping[str, int]
"""Head → class."""
Values = Mapping[str, int | None]
"""Item → value at the end."""

ITEMS = ("1.1", "1.2", "1.3", "2.1", "2.2", "3.1", "3.2")
RUDE, BASIS, LABEL, FITS, PART = "rude", "basis", "label", "fits", "part"
"""Targets of a sentence: whether it is rude; whether it gives a reason; which diagnosis it belongs to; whether that is
the true one; and which part of the conclusion it is."""
PARTS = ("own", "explanation", "plan", "red flags")

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|$")
_COLLEAGUES = re.compile(r"\b(?:colleagues?|specialists?|second opinion|panel)\b", re.IGNORECASE)


@dataclass(frozen=True)
class AuxiliaryTargets:
    """Finds the targets.

    Args:
        scenario: The scenario with its diagnoses and its advice on them.
        bank: The bank of contrasts that are inserted.
    """

    scenario: Scenario
    bank: Bank

    @property
    def heads(self) -> dict[str, int]:
        """Head → number of classes."""
        return {
            **dict.fromkeys(ITEMS, 2),
            BASIS: 2,
            FITS: 2,
            RUDE: 2,
            PART: len(PARTS),
            LABEL: len(self.scenario.labels) + 1,
        }

    def targets(self, played: Played, values: Values) -> list[tuple[int, Targets]]:
        """Return pairs: the end of a piece of the user's message, in characters, and what is known there."""
        found: list[tuple[int, Targets]] = []
        sofar = [self._sofar(played, values, idx) for idx in range(len(played.acts))]
        at = 0
        for idx, line in rendered(view_of(played)):
            if played.acts[idx].speaker == "attending":
                found += [(at + end, targets) for end, targets in self._sentences(line, played, played.acts[idx])]
            found.append((at + len(line), sofar[idx]))
            at += len(line) + 1
        return found

    def _sofar(self, played: Played, values: Values, idx: int) -> Targets:
        """Return what is known of each item after an act."""
        heard = replace(played, acts=played.acts[: idx + 1])
        targets: dict[str, int | None] = {
            "1.1": asks_for_history(heard).value,
            "1.2": asks_for_symptoms(heard).value,
            "2.1": int(not any(self._is_rude(act.text) for act in heard.acts)),
            "2.2": int(not any(self._is_brushed_off(played, i) for i in range(idx + 1))),
        }
        if played.concluded_at and played.concluded_at[0] <= idx:
            targets |= {item: values[item] for item in ("1.3", "3.1", "3.2")}
        return {item: value for item, value in targets.items() if value is not None}

    def _is_rude(self, text: str) -> bool:
        return any(line in text for kind in ("rude", "framed") for line in self.bank.get(kind, ()))

    def _is_brushed_off(self, played: Played, idx: int) -> bool:
        act, before = played.acts[idx], played.acts[idx - 1] if idx else None
        if act.speaker == "attending" and act.action == "answer":
            return any(line in act.text for line in self.bank["brush_off"])
        asked_back = before is not None and before.speaker == "patient" and before.action == "ask"
        return asked_back and act.speaker == "patient"

    def _sentences(self, line: str, played: Played, act: Act) -> Iterator[tuple[int, Targets]]:
        """Yield the end and the targets of each of the attending's sentences."""
        begin, seen = 0, 0
        for end in _SENTENCE_END.finditer(line):
            sentence, begin = line[begin : end.start()], end.end()
            if not sentence:
                continue
            # A rude line may have two sentences; both count as rude.
            targets = {RUDE: int(self._is_rude(line) and self._is_rude_part(sentence))}
            if act.action == "conclude" and seen:
                targets |= self._of_sentence(sentence, played)
            seen += 1
            yield end.start(), targets

    def _is_rude_part(self, sentence: str) -> bool:
        words = sentence.rsplit(">", 1)[-1].strip()
        return self._is_rude(words) or (len(words) > 2 and any(words in line for line in self.bank["rude"]))

    def _of_sentence(self, sentence: str, played: Played) -> Targets:
        owner = self._owner(sentence)
        if owner is None:
            clauses = (*self.scenario.findings, *(fact.text.rstrip(".") for fact in played.learned))
            named = any(clause in sentence for clause in clauses) or bool(_COLLEAGUES.search(sentence))
            return {LABEL: len(self.scenario.labels), PART: 0, BASIS: int(named)}
        name, part = owner
        fits = {FITS: int(name == played.case.truth.diagnosis)} if part != "explanation" else {}
        return {LABEL: list(self.scenario.labels).index(name), PART: PARTS.index(part), BASIS: 0, **fits}

    def _owner(self, sentence: str) -> tuple[str, str] | None:
        """Find the diagnosis that a sentence is of, word by word or in other words; None for the doctor's own."""
        if sentence not in self._found:
            stated = stems(sentence)
            alike = [(len(w & stated) / len(w), name, part) for w, name, part in self._telling]
            share, name, part = max(alike, key=lambda one: one[0])
            self._found[sentence] = self._owners.get(sentence) or ((name, part) if share >= STATED else None)
        return self._found[sentence]

    @cached_property
    def _found(self) -> dict[str, tuple[str, str] | None]:
        return {}

    @cached_property
    def _telling(self) -> list[tuple[set[str], str, str]]:
        """The telling words of each sentence that has enough of them, with the diagnosis and the part it is of."""
        found = [(telling(sentence), *owner) for sentence, owner in self._owners.items()]
        return [one for one in found if len(one[0]) >= SHORT]

    @cached_property
    def _owners(self) -> dict[str, tuple[str, str]]:
        """Return sentence → its diagnosis, and which part of the scenario's advice on that diagnosis it is."""
        found: dict[str, tuple[str, str]] = {}
        for name, label in self.scenario.labels.items():
            found[_ended(label.explanation)] = (name, "explanation")
            found |= {_ended(one.text): (name, "red flags") for one in label.safety_net}
            found |= {_ended(one.text): (name, "plan") for one in label.plan}
        return found


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
