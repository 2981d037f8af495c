"""Make sentences that can stand alone of notes without a subject or a verb: entries of lists, "Female, 65, …"."""

from __future__ import annotations

import re

LONGEST_ENTRY = 120
"""Most characters of an entry that is only a name."""

_ENTRIES = {"history": "I have a history of", "treatment": "I take", "allergies": "I am allergic to"}
"""Topic → what makes a sentence of an entry of its list."""
_STANDS = re.compile(
    r"^(?:no|not|none|nil|unremarkable|denie[sd]|unknown|n/?a|I|he|she|the patient|my)\b|\bhistory\b|\ballerg\w+"
    r"|\b(?:is|are|was|were|has|have|had|takes?|uses?|used|does|did|been|tried|started|stopped|diagnosed|denie[sd])\b"
    r"|^only\b|\bsignificant\b|\bup to date\b",
    re.IGNORECASE,
)
"""Matches an entry that is a sentence, a denial, or more than a name."""
_AGED = r"(?:(?:aged? )?\d{1,3}(?:[- ]years?)?(?:[- ]old)?,\s*)?"
_SEXED = re.compile(
    r"^(?:an? )?(?:young |old |elderly |middle-aged )?(?:female|male|woman|man|girl|boy)(?: patient)?,\s*"
    rf"{_AGED}(?:who )?(?P<verb>(?:has|had|is|was|presente?d?s?|develope?d?s?|complain(?:s|ed)|suffers?|came)\b)?",
    re.IGNORECASE,
)
"""Matches the beginning "Female, 65 years old," of a sentence, and its verb."""
_KNOWN = re.compile(r"^(?:known|past|prior|previous|long|remote|strong)(?= (?:\w+ )?history of\b)", re.IGNORECASE)
_FAMILY = re.compile(r"^family history of ", re.IGNORECASE)
_REMARKS = re.compile(r"^(un)?remarkable ((?:\w+ ){0,3}history)$", re.IGNORECASE)
_HAS_NO = re.compile(
    r"^no (?=(?:\w+ ){0,5}(?:history|allerg\w+|surger\w+|medications?|illness\w*|diseases?|complaints)\b)",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"^positive for ", re.IGNORECASE)
_IS = re.compile(
    r"^(?:non-?smoker|(?:former |current |ex-)?smoker|(?:\w+ )?student|social drinker|teetotaler|vegetarian|vegan)\b",
    re.IGNORECASE,
)
"""Matches the beginning of an entry that only says what the patient is."""


def named(entry: str, topic: str) -> str:
    """Word an entry of a topic's list ("Hypertension", "Glyburide") as a sentence."""
    bare = entry.strip().rstrip(".")
    if not re.search(r"[A-Za-z]", bare) or topic not in _ENTRIES or len(bare) > LONGEST_ENTRY or _STANDS.search(bare):
        return entry
    return f"{_ENTRIES[topic]} {bare[:1].lower() + bare[1:] if bare[1:2].islower() else bare}"


def standing(sentence: str) -> str:
    """Give a subject and a verb to a sentence that was noted without them; any other is not changed."""
    said = _SEXED.sub(_subject, sentence)
    said = _FAMILY.sub("there is a family history of ", said)
    said = _KNOWN.sub(lambda known: f"I have a {known.group().lower()}", said)
    said = _REMARKS.sub(lambda found: f"my {found.group(2)} is {found.group(1) or ''}remarkable".lower(), said)
    said = _POSITIVE.sub("I have ", _HAS_NO.sub("I have no ", said))
    return _IS.sub(lambda is_: f"I am {'an' if is_.group()[0] in 'eE' else 'a'} {is_.group().lower()}", said)


def _subject(who: re.Match[str]) -> str:
    return f"The patient {who['verb']}" if who["verb"] else "I have "
