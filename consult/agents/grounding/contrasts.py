"""Find what a line says the other way round: another degree, or the opposite of what the doctor told."""

from __future__ import annotations

import re
from collections.abc import Iterable

from consult.agents.grounding import phrases
from consult.agents.grounding.language import Clause, clauses, denies
from consult.agents.grounding.reading import Finding, Reading, covers, is_social, keys_of
from consult.agents.grounding.vocabulary import joined, tokens

_SLIGHT = re.compile(
    r"\ba (?:little|bit|tad|touch)\b|\b(?:slight(?:ly)?|mild(?:ly)?|small|tiny|little|wee|minor|faint(?:ly)?"
    r"|(?<!can )(?<!could )(?:barely|hardly)|(?:nothing|not anything) (?:that )?(?:i|he|she) can not \w+"
    r"|occasional(?:ly)?|nothing much|not (?:too|that|very|so|particularly) \w+|gentle|light(?:ly)?)\b"
)
_STRONG = re.compile(
    rf"{phrases.SEVERE.pattern}|\b(?:completely|heavily|heavy|exhausted|exhausting|so much|a lot"
    rf"|can not (?:stand|bear)"
    r"|ever so|really (?:bad|hurts|sore|painful|itchy|itches)|like (?:mad|crazy|hell|anything)|gasp\w*|agony"
    r"|absolute (?:state|hell|nightmare|agony)"
    r"|in (?:bits|pieces)|doubled (?:up|over)|scream\w*|(?:can|could) (?:barely|hardly) \w+|drives? (?:me|him"
    r"|her) (?:mad|crazy|insane|up the wall)"
    r"|so \w+ (?:that )?(?:i|he|she|it) (?:can|could) (?:not|barely|hardly))\b"
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
    (r"morning|breakfast", r"evening|night|bedtime"),
)
_EXCEPT = re.compile(r"\b(?:but|except|only|unless|apart|any ?more|now|until|less|just)\b")
"""Matches a fact that does not deny a complaint altogether."""
_CONDITION_OF_NOTHING = re.compile(
    r"\b(?:if|unless|in case|would|might|could|may|used to|expect\w*|though?t|think|worr\w*|fear\w*|afraid|scared"
    r"|ask\w*|mean\w*|told|tell|call\w*|free|gone|stopp?\w*|go away|went away|try|tried|less|wonder\w*|whether"
    r"|heard|read|about|imagine|supposed|like|relie\w*|help\w*|spared|lucky|luckily)\b"
)
"""Matches a clause that does not say that there is a complaint."""
_SUBJECT = re.compile(r"\b(?:it|they|this|that|these|those|he|she|i|there)(?: (?!no\b|not\b)\w+){0,3} $")
"""Matches what stands before a complaint that somebody has."""
_CONTRARY = (
    (
        r"constant(?:ly)?|all the time|all day|always|never stops|never leaves \w+|every (?:single )?day|daily"
        r"|(?:most|nearly every|almost every) (?:days?|nights?)|continuous(?:ly)?|permanent(?:ly)?|very often",
        r"comes? and goes?|now and (?:then|again)|once in a while|occasional(?:ly)?|from time to time|on and off"
        r"|rarely|seldom|at times|once a (?:month|year)",
    ),
    (
        r"(?:get|gets|getting|got|is|much|a bit|a little|bit) better|improv\w+",
        r"no better|not any better|no improvement",
    ),
    (r"lost|lose|losing", r"gain(?:ed|ing)?|put on"),
    (r"regularly|every day|daily|always", r"(?:keep|kept|often|always|usually) (?:forgett?|skipp?|miss)\w*"),
    (
        r"(?:on |at )?(?:the )?(?:inside|inner (?:side|part|edge)|inner)",
        r"(?:the )?(?:outside|outer (?:side|part|edge)|outer)",
    ),
    (r"the front|front of", r"the back|back of"),
    (r"badly|poorly|terribly", r"(?<!not )(?:very )?well(?! (?:i|it|,|you|he|she|we|they|the|my)\b)(?=,? |\W*$)"),
)
"""What is the opposite of what, both in positive words."""
_CONDITION = re.compile(r"\b(?:if|unless|until|when|in case)\b")


def is_regraded(reading: Reading, fact: str) -> bool:
    """Return whether a slight complaint is told as a strong one, or a strong one as slight."""
    felt = _FEELS.search(fact)
    told = " . ".join(one.text for one in reading.clauses if felt or not _FEELS.search(one.text))
    slight, strong = (bool(one.search(fact)) for one in (_SLIGHT, _STRONG))
    if slight == strong or denies(fact):
        return False
    softer, stronger = (_is_said(one, told) for one in (_SLIGHT, _STRONG))
    return (slight and stronger and not softer) or (strong and softer and not stronger)


def _is_said(degree: re.Pattern[str], told: str) -> bool:
    return any(degree.search(one) and not denies(_STRONG.sub(" ", _SLIGHT.sub(" ", one))) for one in told.split(" . "))


def is_opposed(reading: Reading, fact: str) -> bool:
    """Return whether a line says the opposite in positive words: constant and now and then, fine and painful."""
    if denies(fact):
        return False
    affirmed = [one for one in re.split(r"[.!?;,]", reading.said) if not re.search(r"\b(?:not|never|no longer)\b", one)]
    pairs = (*_CONTRARY, *((second, first) for first, second in _CONTRARY))
    return any(
        re.search(rf"\b(?:{first})\b", fact)
        and not re.search(rf"\b(?:{second})\b", fact)
        and any(re.search(rf"\b(?:{second})\b", one) for one in affirmed)
        and not re.search(rf"\b(?:{first})\b", reading.said)
        for first, second in pairs
    )


def is_admitted(reading: Reading, fact: str) -> bool:
    """Return whether a line says of a complaint that a fact denies: "No pain. It only hurts when I press on it."."""
    if not denies(fact) or _EXCEPT.search(fact):
        return False
    denied = " . ".join(one.text for one in clauses(joined(fact)) if one.denies)
    signs = frozenset(key for token in tokens(denied) for key in token.concepts if key.startswith("sign:"))
    return any(_admits(clause, signs) for clause in reading.clauses)


def _admits(clause: Clause, signs: frozenset[str]) -> bool:
    if clause.asks or clause.denies or _CONDITION_OF_NOTHING.search(clause.text):
        return False
    said = [token for token in tokens(clause.text) if token.concepts & signs]
    return any(_SUBJECT.search(clause.text.partition(token.word.replace("_", " "))[0]) for token in said)


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
    return any(covers(token, known) for token in tokens(clause.text) if token.concepts or is_social(token))


def _oppose(clause: Clause, told: Clause) -> bool:
    if _forbids(clause) != _forbids(told):
        return True
    pairs = (*_OPPOSITES, *((second, first) for first, second in _OPPOSITES))
    return any(_has(clause, first) and _has(told, second) for first, second in pairs)


def _forbids(clause: Clause) -> bool:
    return (
        clause.denies
        or re.search(r"\b(?:stop|avoid|no more|quit|cut out|keep off|stay off)\b", clause.text) is not None
    )


def _has(clause: Clause, words: str) -> bool:
    return re.search(rf"\b(?:{words})\b", clause.text) is not None
