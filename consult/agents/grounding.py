"""Does a patient's line say the facts it was given, no others, and no diagnosis?

The check is a program's and decides by words: a fact is stated when its clause stands in the line, or when most of its
telling words do. What is left of the line after the stated facts must hold no other clause of the patient's card, no
phrase of the scenario's vocabulary, and no number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consult.scenarios import Fact, Scenario

ENOUGH = 0.6
"""Share of a fact's telling words that must stand in a line that words it freely."""

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")


@dataclass(frozen=True)
class Backing:
    """The verdict on one line."""

    missing: tuple[str, ...]
    """Ids of facts that the line was given and does not state."""
    foreign: tuple[str, ...]
    """What it states besides."""
    leaked: tuple[str, ...]
    """Diagnoses that it names."""

    @property
    def backed(self) -> bool:
        """Whether the line states its facts and no others."""
        return not self.missing and not self.foreign

    @property
    def sound(self) -> bool:
        """Whether the line may be said."""
        return self.backed and not self.leaked


def words(text: str) -> list[str]:
    """Give a text's words in lower case."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


_EMPTY = frozenset(
    words(
        """
        a an and are as at be been but by did do does for from had has have i i'm i've if in is it it's its just me my
        no not of on or out since so some than that the them then there there's they this to up was we were when with
        you your about after any because can get got into like more most much myself now off one only other over really
        """
    )
)
"""Words that carry no fact by themselves."""


def telling(text: str) -> set[str]:
    """Give the words of a clause that carry its meaning, cut to their stems."""
    return {_stem(word) for word in words(text) if word not in _EMPTY}


def _stem(word: str) -> str:
    return word if word.isdigit() else re.sub(r"(?:'s|ing|ed|es|s|ly)$", "", word)[:6]


def check_line(line: str, given: Sequence[Fact], others: Iterable[Fact], scenario: Scenario) -> Backing:
    """Check one line.

    Args:
        line: What the patient is about to say.
        given: The facts that it was to state.
        others: Facts of the card that it was not to state.
        scenario: Its labels and aliases are what a patient must not name.
    """
    rest, missing = _without(line, given)
    said = {_stem(word) for word in words(rest)}
    given_words = set().union(*(telling(fact.text) for fact in given)) if given else set()
    foreign = [fact.id for fact in others if _stated_freely(telling(fact.text) - given_words, said)]
    foreign += [number for number in re.findall(r"\d+", rest) if number not in given_words]
    return Backing(tuple(missing), tuple(foreign), scenario.diagnoses(rest))


def _without(line: str, given: Sequence[Fact]) -> tuple[str, list[str]]:
    missing, rest = [], line
    for fact in given:
        clause = re.compile(re.escape(fact.text.rstrip(".")), re.IGNORECASE)
        if clause.search(rest):
            rest = clause.sub(" ", rest, count=1)
            continue
        wanted = telling(fact.text)
        stems = {_stem(word) for word in words(line)}
        if not wanted or len(wanted & stems) < ENOUGH * len(wanted):
            missing.append(fact.id)
    return rest, missing


def _stated_freely(wanted: set[str], said: set[str]) -> bool:
    return len(wanted) >= 2 and len(wanted & said) >= max(2, 0.75 * len(wanted))


def plainly(facts: Sequence[Fact]) -> str:
    """Say facts without a model, one a sentence."""
    sentences = [fact.text[:1].upper() + fact.text[1:].rstrip(".") + "." for fact in facts]
    return " ".join(sentences)
