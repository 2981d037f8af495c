"""Find clauses whose rewording may name the wrong person; they are set aside, since no rule knows who did what."""

from __future__ import annotations

import re

_TODDLER = 4
"""Age in years from which a child can treat itself."""
_CARES = re.compile(
    r"^(?:s?he|I) (?:has |is |had |was |have |am |also |currently )*(?:been )?(?:appl(?:y|ies|ied|ying)|gives?|giving"
    r"|gave|bath(?:es|ed|ing)|breastfeeds|feeds (?:him|her)|uses? (?:a |an )?(?:\w+ )?(?:cream|ointment|lotion)"
    r"|using (?:a |an )?(?:\w+ )?(?:cream|ointment|lotion)|bought)\b",
    re.IGNORECASE,
)
"""Matches the care of a small child, which a parent gives."""
_THEIR_CARE = re.compile(
    r"\bsays? that I\b.*\b(?:and|but) (?:am|have|has|is)(?: been)? (?:giv(?:ing|en)|appl(?:ying|ied)|tr(?:ying|ied)"
    r"|using|used|treat(?:ing|ed)|bath(?:ing|ed)|feeding|fed)\b"
)
_THEIR_WORRY = re.compile(
    r"\bmy \w+ [^;]*\b(?:says?|noticed|notices|thinks?|believes?)(?: that)? I\b[^;]*\b(?:and|but) (?:am|was|have been) "
    r"(?:\w+ )?(?:worried|concerned|afraid|anxious|scared)\b"
)
"""Matches a worry that may be the relative's."""
_SHE_SAYS = re.compile(r"\bmy \w+ (?:also )?(?:says?|noticed|observed|thinks|believes) that (?P<who>s?he)\b")
"""Matches a relative who speaks of either the patient or themselves."""
_PARTNER = re.compile(r"\bmy partner\b(?P<after>.*)$", re.IGNORECASE)
_OF_SEX = {
    "female": re.compile(r"\b(?:she|her)\b", re.IGNORECASE),
    "male": re.compile(r"\b(?:he|his)\b", re.IGNORECASE),
}


def is_doubtful(clause: str, sex: str | None, age: int | None) -> bool:
    """Return whether a clause may tell of the patient what somebody else did.

    Args:
        clause: In the words of `in_first_person`.
        sex: The patient's sex, if known.
        age: In years, if known.
    """
    if age is not None and age < _TODDLER and (_CARES.match(clause) or _THEIR_CARE.search(clause)):
        return True
    if _THEIR_WORRY.search(clause):
        return True
    says = _SHE_SAYS.search(clause)
    if says is not None and sex in _OF_SEX and _OF_SEX[sex].match(says["who"]):
        return True
    partner = _PARTNER.search(clause)
    return partner is not None and sex in _OF_SEX and _OF_SEX[sex].search(partner["after"]) is not None
