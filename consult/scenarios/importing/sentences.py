"""Split free text into atomic clauses: one sentence each, in the first person, as a patient would say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from consult.scenarios.importing.cleaning import SENTENCES

MOST_CHARACTERS = 320
"""Most characters of a fact; a longer sentence is split at its semicolons, and left out if that does not help."""

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"(\[]?[A-Z0-9À-Þ])|\s*[\r\n]+\s*")
_ABBREVIATION = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|St|vs|approx|e\.g|i\.e|etc|No|Fig|cf|ca|resp)|\b[A-Z])\.$")
_SAYS_NOTHING = re.compile(
    r"\b(?:not|no[nt]e?|n't) (?:further |any )?(?:information )?"
    r"(?:provided|specified|mentioned|available|applicable|reported|stated|documented|provide)\b"
    r"|\bno (?:additional|further|other|specific) (?:\w+ ){0,3}(?:provided|reported|mentioned|details)\b"
    r"|^no (?:significant |relevant |other |further )+findings\b"
    r"|\b(?:did|does)(?:n't| not) (?:provide|specify)\b"
    r"|^(?:n/?a|none|unknown|nil|-+)$",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r",? (?:and|but|although|though|however|while)(?: also| otherwise)? |; |, (?=(?:I|it|they|we|my|the|there)\b)",
    re.IGNORECASE,
)
"""Matches what joins the parts of a clause; what follows a bare comma is denied with what is before it."""
_EXCEPT = re.compile(
    r"\b(?:do not|don't) (?:think|know|believe|understand|mind)\b"
    r"|\b(?:except|aside from|apart from|besides|other than|beyond|only (?:for|after|when|on|in|at|during))\b",
    re.IGNORECASE,
)
"""Matches what exempts something from a denial, and so affirms it."""
_SUBJECT = r"(?:(?:I|it|they|we|there|he|she|(?:the|my|our|this|these|those|recent) [\w' -]{2,40}?) )?"
_ABSENT = re.compile(
    rf"^{_SUBJECT}(?:(?:am|is|are|was|were|have|has|had|do|does|did|can|could|take|takes|know"
    r"|(?:have|has|had) had) )?(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|n't|no longer)\b"
    r"|\b(?:do|does|did|has|have|had|is|are|was|were|ca|could|would)n't\b|\bnot (?:been|had|have)\b"
    r"|\b(?:unremarkable|noncontributory)\b|\b(?:asymptomatic|negative|normal|non-?smoker|healthy|in good health)$",
    re.IGNORECASE,
)
"""Matches a part of a clause that marks an absence."""
_AFFIRMS = re.compile(
    rf"^{_SUBJECT}(?:(?:\w+ly|often|sometimes|now|still|then) )?(?:am|is|are|was|were|have|has|had|do|does|did"
    r"|can|take|takes|took|drink|drinks|drank|smoke|smokes|use|uses|used|live|lives|work|works|enjoy|eat|exercise|spent|started|began"
    r"|appeared|developed|became|got|went|experience|feel|wear|follow|noticed|includes|had|tried|quit|stopped|received"
    r"|underwent|recently|retired|former)\b",
    re.IGNORECASE,
)
"""Matches a part of a clause that says what there is."""
_VERB = re.compile(r"\b(?:am|is|are|was|were|has|have|had)\b|^(?:it|they)(?: only| just| \w+ly)? \w+\b", re.I)
"""Matches what makes a sentence of a later part."""
_DENIES = re.compile(
    r"^(?:no|none|never|nothing|not|(?:I am a )?non-?smoker"
    r"|I have no|I have not|I had no|I do not|I don't|I am not|I take no)\b"
    r"|\bunremarkable\b|\bnoncontributory\b",
    re.IGNORECASE,
)


def sentences(text: str) -> Iterator[str]:
    """Split a text into its sentences, without their full stops; abbreviations and initials end none."""
    begun = ""
    for part in _END.split(text):
        begun = f"{begun} {part}".strip()
        if begun and (len(begun) > MOST_CHARACTERS or not _ABBREVIATION.search(begun[-12:])):
            yield from _short(begun)
            begun = ""
    if begun:
        yield from _short(begun)


def _short(sentence: str) -> Iterator[str]:
    parts = [sentence] if len(sentence) <= MOST_CHARACTERS else re.split(r";\s+", sentence)
    for part in parts:
        bare = part.strip().rstrip(".").strip()
        if bare:
            yield bare


@lru_cache(maxsize=SENTENCES)
def says_nothing(sentence: str) -> bool:
    """Return whether a sentence only says that information is missing ("Information not provided")."""
    return not re.search(r"[^\W\d_]", sentence) or _SAYS_NOTHING.search(sentence) is not None


@lru_cache(maxsize=SENTENCES)
def denies(clause: str) -> bool:
    """Return whether a clause in the first person marks the absence of something, and affirms nothing besides."""
    if _DENIES.search(clause) is None or _EXCEPT.search(clause):
        return False
    first, *others = _JOINT.split(clause)
    affirmed = [_AFFIRMS.match(first), *(_AFFIRMS.match(part) or _VERB.search(part) for part in others)]
    return not any(yes and not _ABSENT.search(part) for part, yes in zip([first, *others], affirmed, strict=True))
