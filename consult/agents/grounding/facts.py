"""Check that a patient's line states its given facts, no others, and no diagnosis.

The check compares words: a fact is stated if the line contains its clause, or most of its key words including its
numbers, and the line neither drops nor adds a negation. The rest of the line must contain no other fact of the
patient's card, no number and no diagnosis.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from consult.agents.grounding.clauses import bare, stopped
from consult.scenarios import Fact, Scenario

ENOUGH = 0.6
"""Share of a fact's key words that a line must contain if it words the fact freely."""

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_PART = re.compile(r"[.,;:!?]|\b(?:and|but)\b", re.IGNORECASE)
_UNITS = _WORD.findall("two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen")
_TENS = _WORD.findall("twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBERS = {
    **{word: str(n) for n, word in enumerate(_UNITS, 2)},
    **{word: str(10 * n) for n, word in enumerate(_TENS, 2)},
}
_DENIALS = frozenset({"no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot"})


@dataclass(frozen=True)
class Backing:
    """The verdict on one line."""

    missing: tuple[str, ...]
    """Ids of given facts that the line does not state."""
    foreign: tuple[str, ...]
    """Other facts that it states."""
    leaked: tuple[str, ...]
    """Diagnoses that it names."""

    @property
    def backed(self) -> bool:
        """Return whether the line states its facts and no others."""
        return not self.missing and not self.foreign

    @property
    def sound(self) -> bool:
        """Return whether the line may be said."""
        return self.backed and not self.leaked


def words(text: str) -> list[str]:
    """Return a text's words in lower case, with numbers as digits."""
    return [_NUMBERS.get(word, word) for word in _WORD.findall(_straight(text).lower())]


def _straight(text: str) -> str:
    return text.replace("\u2019", "'")


_EMPTY = frozenset(
    words(
        """
        a an and are as at be been but by did do does for from had has have i i'm i've if in is it it's its just me my
        no not of on or out since so some than that the them then there there's they this to up was we were when with
        you your about after any because can get got into like more most much myself now off one only other over really
        """
    )
)
"""Words without factual content."""


def telling(text: str) -> set[str]:
    """Return the words of a clause that carry its meaning, cut to their stems."""
    return set(_telling(text))


def stems(text: str) -> set[str]:
    """Return the stems of all words of a text."""
    return set(_stems(text))


@lru_cache(maxsize=4096)
def _telling(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in words(text) if word not in _EMPTY)


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    # Every speech is checked against the sentences of all diagnoses.
    return frozenset(_stem(word) for word in words(text))


def _stem(word: str) -> str:
    return word if word.isdigit() else re.sub(r"(?:'s|ing|ed|es|s|ly)$", "", word)[:6]


def check_line(line: str, given: Sequence[Fact], others: Iterable[Fact], scenario: Scenario) -> Backing:
    """Check one line.

    Args:
        line: The patient's line.
        given: The facts that the line should state.
        others: Facts of the card that the line should not state.
        scenario: Its diagnoses must not be named, in any spelling. With open diagnoses, which can be a patient's other
            illnesses, those that the card itself names are allowed.
    """
    others = list(others)
    rest, missing = _without(_straight(line), given)
    said = stems(rest)
    given_words = set().union(*(telling(fact.text) for fact in given)) if given else set()
    foreign = [fact.id for fact in others if _stated_freely(telling(fact.text) - given_words, said)]
    given_numbers = {number for fact in given for number in _numbers(fact.text)}
    foreign += [number for number in _numbers(rest) if number not in given_numbers]
    leaked = scenario.leaks(rest)
    if leaked and not scenario.labels:
        own = {name for fact in (*given, *others) for name in scenario.leaks(fact.text)}
        leaked = tuple(name for name in leaked if name not in own)
    return Backing(tuple(missing), tuple(foreign), leaked)


def _without(line: str, given: Sequence[Fact]) -> tuple[str, list[str]]:
    missing, rest = [], line
    for fact in given:
        clause = re.compile(rf"(?<!\w){re.escape(_straight(bare(fact.text)))}(?!\w)", re.IGNORECASE)
        if clause.search(rest):
            rest = clause.sub(" ", rest, count=1)
        elif not _says(line, fact.text):
            missing.append(fact.id)
    return rest, missing


def _says(line: str, clause: str) -> bool:
    """Return whether a line says a clause in its own words."""
    wanted, said = telling(clause), stems(line)
    if not wanted or len(wanted & said) < ENOUGH * len(wanted) or not _amounts(clause) <= said:
        return False
    if _denies(clause):
        return _denies(line)
    return not _denies(max(_PART.split(line), key=lambda part: len(wanted & stems(part))))


def _amounts(clause: str) -> set[str]:
    """Return a clause's numbers and what they count; a 1 is often said as "a"."""
    said = words(clause)
    counted = {stem for number, what in pairwise(said) if number.isdigit() for stem in telling(what)}
    return counted | {word for word in said if word.isdigit() and word != "1"}


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+", " ".join(words(text)))


def _denies(text: str) -> bool:
    return any(word in _DENIALS or word.endswith("n't") for word in words(text))


def _stated_freely(wanted: set[str], said: set[str]) -> bool:
    return len(wanted) >= 2 and len(wanted & said) >= max(2, 0.75 * len(wanted))


def stated(line: str, facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that a line states, word for word or in its own words."""
    return [fact for fact in facts if not _without(_straight(line), (fact,))[1]]


def plainly(facts: Sequence[Fact]) -> str:
    """State facts without a model, one per sentence."""
    return " ".join(stopped(said[:1].upper() + said[1:]) for said in (bare(fact.text) for fact in facts))
