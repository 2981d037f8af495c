"""Find the topic of a doctor's sentence from its words, by the most similar sentence of a bank.

The starter chooses a topic and then words a question, but often its words do not match its choice. The patient hears
the question, so the question's words decide.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from consult.agents.grounding.facts import stems
from consult.scenarios.located_yaml import read_yaml

LIKE = 0.5
"""Least similarity, 0 to 1, at which a sentence counts as being about a topic."""


@cache
def said_about(kind: str) -> dict[str, list[str]]:
    """Return topic → sentences; `kind` is `questions` or `examinations`."""
    data: dict[str, dict[str, list[str]]] = read_yaml(Path(__file__).parent / "questions.yaml").data
    return data[kind]


@cache
def _rarity(kind: str) -> Mapping[str, float]:
    sentences = [stems(sentence) for bank in said_about(kind).values() for sentence in bank]
    counts = Counter(stem for words in sentences for stem in words)
    return {stem: math.log(1 + len(sentences) / count) for stem, count in counts.items()}


def topic_of(speech: str, kind: str) -> str | None:
    """Find the topic of a speech; None if no sentence of the bank is similar to any of its sentences.

    Args:
        speech: One or more sentences; reactions before a question are ignored, since they are not similar to questions.
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


def topic_by_words(question: str, topics: Iterable[str]) -> str | None:
    """Find the one topic that the words of a question name; None if they name none or several.

    Args:
        question: A question in any wording.
        topics: The available topics.
    """
    named = {topic for topic in topics if topic in _NAMES and _NAMES[topic].search(question)}
    # A question about what frightens the patient also names frightening things.
    if named & {"alarm"}:
        return "alarm"
    return named.pop() if len(named) == 1 else None


_NAMES = {
    topic: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for topic, words in {
        "site": r"where(?:abouts)? (?:is|are|does|on|exactly)\b(?!.*\b(?:come from|work|live)\b)"
        r"|(?:which|what) (?:part|area|place|spot|side)s?",
        "sensation": r"hurt(?:s|ing)?(?! yourself)|itch\w*|pain(?:ful)?|burn(?:s|ing)?|sore|sting\w*|ache[sd]?"
        r"|aching|tender|numb",
        "duration": r"how long|since when|when did|how (?:many )?(?:days|weeks|months|years) ago",
        "course": r"(?:better or worse|worse or better)|com(?:e|es|ing) and go\w*|spread(?:s|ing)?"
        r"|chang(?:e|ed|ing) over",
        "trigger": r"trigger\w*|set (?:it|this) off|brought (?:it|this) on|provoke\w*",
        "conditions": r"long[- ]term (?:illness|condition|disease)\w*|chronic|diabet\w+"
        r"|other (?:illness|condition|disease)s?",
        "medicines": r"(?:medicine|medication|drug|tablet|pill)s?(?! for (?:this|it))",
        "allergies": r"allerg\w+|react(?:s|ed)?",
        "pregnancy": r"pregnan\w+|breast-?feed\w*|expecting",
        "symptoms": r"fever\w*|other symptoms?|headaches?|cough\w*|tired\w*|nause\w+|vomit\w*",
        "treatment": r"tried|treat\w*|cream|ointment|lotion|remed\w+|put (?:anything|something) on"
        r"|(?:done|doing|used?) (?:\w+ )?for (?:it|this)",
        "family": r"famil\w+|relatives?|parents?|mother|father|siblings?|brothers?|sisters?|anyone (?:else|around)",
        "age": r"how old (?:are|is (?:he|she|the))|your age|born",
        "alarm": r"alarm\w*|frighten\w*|scar(?:ed?|y|ing)|danger\w*|emergency|warning signs?|red flags?|threaten\w*",
        "history": r"smok\w*|your (?:work|job)|for a living|(?:had (?:this|it)|this happened) before|in the past",
    }.items()
}
"""Topic → words that name it in any speaker's wording; the bank above has the sentences that doctors learn."""


def _parts(speech: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", speech) if part]


def _likeness(heard: set[str], known: set[str], rarity: Mapping[str, float]) -> float:
    """Return the weighted share of words that two sentences have in common; rare words weigh more."""

    def weight(words: set[str]) -> float:
        return sum(rarity.get(word, 1.0) for word in words)

    return weight(heard & known) / weight(heard | known) if heard | known else 0.0
