"""Which topic is a doctor's sentence about? Read off its words, by the likest sentence of a bank.

The starter chooses a topic and then words a question, but its words follow its choice too seldom. What the patient
hears is the question, so that the question's words decide.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from consult.agents.grounding import stems
from consult.scenarios.located_yaml import read_yaml

LIKE = 0.5
"""Least likeness, 0 to 1, at which a sentence counts as being about a topic."""


@cache
def said_about(kind: str) -> dict[str, list[str]]:
    """Give topic → sentences; `kind` is `questions` or `examinations`."""
    data: dict[str, dict[str, list[str]]] = read_yaml(Path(__file__).parent / "questions.yaml").data
    return data[kind]


@cache
def _rarity(kind: str) -> Mapping[str, float]:
    sentences = [stems(sentence) for bank in said_about(kind).values() for sentence in bank]
    counts = Counter(stem for words in sentences for stem in words)
    return {stem: math.log(1 + len(sentences) / count) for stem, count in counts.items()}


def topic_of(speech: str, kind: str) -> str | None:
    """Find the topic of a speech; None where no sentence of the bank is like any of its sentences.

    Args:
        speech: One or more sentences; reactions before a question are passed over, being like no question.
        kind: `questions` or `examinations`.
    """
    rarity = _rarity(kind)
    best, found = LIKE, None
    for part in _parts(speech):
        heard = stems(part)
        for topic, bank in said_about(kind).items():
            for sentence in bank:
                likeness = _likeness(heard, stems(sentence), rarity)
                if likeness > best:
                    best, found = likeness, topic
    return found


def _parts(speech: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", speech) if part]


def _likeness(heard: set[str], known: set[str], rarity: Mapping[str, float]) -> float:
    """Weigh the words that two sentences share against all their words, rare words more."""

    def weight(words: set[str]) -> float:
        return sum(rarity.get(word, 1.0) for word in words)

    return weight(heard & known) / weight(heard | known) if heard | known else 0.0
