"""Find what a line says the other way round: another degree, or the opposite of what the doctor told."""

from __future__ import annotations

import re
from collections.abc import Iterable

from consult.agents.grounding import phrases
from consult.agents.grounding.language import Clause, clauses, denies
from consult.agents.grounding.reading import Finding, Reading, covers, is_chat, keys_of
from consult.agents.grounding.vocabulary import joined, tokens

_SLIGHT = re.compile(
    r"\ba (?:little|bit|tad|touch)\b|\b(?:slight(?:ly)?|mild(?:ly)?|small|tiny|little|wee|minor|faint(?:ly)?"
    r"|barely|hardly|occasional(?:ly)?|nothing much|not (?:too|that|very|so|particularly) \w+|gentle|light(?:ly)?)\b"
)
_STRONG = re.compile(
    rf"{phrases.SEVERE.pattern}|\b(?:completely|heavily|heavy|exhausted|exhausting|so much|a lot|can not (?:stand|bear)"
    r"|ever so|really (?:bad|hurts|sore|painful|itchy|itches)|like (?:mad|crazy|hell|anything))\b"
)
_FEELS = re.compile(
    r"\b(?:worr\w+|thank\w*|annoy\w*|bother\w*|scar\w+|frighten\w*|anxious|sorry|mean\w*|help\w*|appreciat\w*"
    r"|fed up|feel)\b"
)
"""Matches a clause whose degree is one of a feeling."""
_OPPOSITES = (
    (r"stop|quit|leave off|come off", r"keep|continue|carry on|go on|stay on"),
    (r"before", r"after"),
    (r"increase|raise|double", r"reduce|lower|halve|cut down"),
    (r"morning", r"evening|night|bedtime"),
)
_CONDITION = re.compile(r"\b(?:if|unless|until|when|in case)\b")


def is_regraded(reading: Reading, fact: str) -> bool:
    """Return whether a slight complaint is told as a strong one, or a strong one as slight."""
    told = " . ".join(clause.text for clause in reading.clauses if not _FEELS.search(clause.text))
    slight, strong = (bool(one.search(fact)) for one in (_SLIGHT, _STRONG))
    if slight == strong or denies(fact) or denies(re.sub(_SLIGHT, " ", told)):
        return False
    softer, stronger = (bool(one.search(told)) for one in (_SLIGHT, _STRONG))
    return (slight and stronger and not softer) or (strong and softer and not stronger)


def contradicted(reading: Reading) -> Iterable[Finding]:
    """Find where a line without facts repeats what the doctor told, the other way round."""
    if reading.facts:
        return
    told = [one for one in clauses(joined(f"{reading.told} . {reading.doctor}")) if not one.asks]
    for clause in reading.clauses:
        about = [one for one in told if _share(clause, one)]
        if about and not clause.asks and all(_oppose(clause, one) for one in about):
            yield Finding("denied", clause.text.replace("_", " "))


def _share(clause: Clause, told: Clause) -> bool:
    if _CONDITION.search(told.text) or _CONDITION.search(clause.text):
        return False
    known = keys_of(told.text)
    return any(token.concepts and covers(token, known) for token in tokens(clause.text) if not is_chat(token))


def _oppose(clause: Clause, told: Clause) -> bool:
    if clause.denies != told.denies:
        return True
    pairs = (*_OPPOSITES, *((second, first) for first, second in _OPPOSITES))
    return any(_has(clause, first) and _has(told, second) for first, second in pairs)


def _has(clause: Clause, words: str) -> bool:
    return re.search(rf"\b(?:{words})\b", clause.text) is not None
