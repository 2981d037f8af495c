"""Find the relative or helper who tells a case, and let the patient speak in their place.

"My wife has a lump. It hurts her." is told by a husband; the patient says "I have a lump. It hurts me." What the
relative says about themselves is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SEX = {
    "male": ("father", "husband", "son", "brother", "grandfather", "dad", "uncle", "boyfriend", "nephew"),
    "female": ("mother", "wife", "daughter", "sister", "grandmother", "mom", "mum", "aunt", "girlfriend", "niece"),
    None: ("child", "baby", "friend", "kid", "colleague", "classmate", "neighbor", "neighbour", "partner", "cousin"),
}
_RELATIVES = "|".join(name for names in _SEX.values() for name in names)
_TELLS = re.compile(
    rf"^(?:[^,.;]{{0,25}}, )?my (?:\w+ )?(?P<who>{_RELATIVES})(?:, [^,.;]{{3,60}},)? (?:\w+ly )?"
    r"(?:has|had|is|was|have|developed|suffers|got|started|began|complains|noticed|keeps)\b(?! (?:worried|afraid"
    r"|concerned|a doctor))",
    re.IGNORECASE,
)
_ASKS = re.compile(
    rf"^(?:[^,.;]{{0,25}}, )?my (?:\w+ )?(?P<who>{_RELATIVES}) (?:just |also )?"
    r"(?:(?:has |had )?(?:asked|asks|wants|wanted|begged) (?:me|us) to (?:help|(?:take a )?look|check|see|ask|post"
    r"|show)\b(?=.*\b(?:his|her|hers|him|their|them)\b)|(?:showed|sent|shows) (?:me|us) (?:his|her|their"
    r"|(?:the |some |a )?(?:pic|phot|imag)\w+ of (?:his|her|their))\b"
    r"|(?:wants|wanted|asked|asks) to know\b(?=.*\b(?:his|her)\b)|(?:told|tells) me (?:that )?s?he (?:has|had)\b"
    r"|(?:came|comes) to (?:me|us|see me) with\b)",
    re.IGNORECASE,
)
"""Matches a relative who asks the teller about their own illness."""
DOCTOR = "patient"
"""Stands for whose illness a doctor tells of."""
_PATIENT = re.compile(
    r"^(?:the |this |my |our |an? )?(?:[\w-]+ ){0,3}?(?:patient\b(?!'s (?:mother|father|wife|husband))"
    r"|\d{1,3}[- ](?:year|month)s?[- ]old (?:girl|boy|man|woman|male|female|lady|child|infant)\b)",
    re.IGNORECASE,
)
_THIRD = re.compile(r"^(?:[\w ]{1,20}, )?(?:s?he|the patient)\b|\b(?:because|but|and|since|that) s?he\b", re.IGNORECASE)
_TAKES = re.compile(r"\bI (?:am|was|take|took|used|went|had|have been)\b|\bI'm (?!not a doctor)")
"""Matches what a teller says who is the patient."""
_BODY = (
    r"(?:skin|face|hands?|arms?|legs?|foot|feet|back|chest|neck|head|scalp|body|fingers?|thighs?|waist|eyes?"
    r"|ears?|nose|lips?)"
)
_SUFFERS = re.compile(
    rf"\bI(?:'ve| have| had) (?!no\b|not\b|taken\b|seen\b|noticed\b|heard\b|asked\b)|\bI (?:feel|suffer|itch"
    rf"|developed|got)\b|\bmy (?:own |left |right )?{_BODY}\b"
)
_SELF = re.compile(r"\b(?:I|we|us|our|me)\b")


def relative_of(sentences: Iterable[str]) -> str | None:
    """Return whose illness the teller of these sentences describes ("wife"); None if it is the teller's own.

    It is `DOCTOR` if a doctor tells of a patient.
    """
    told = list(sentences)
    if any(_SUFFERS.search(sentence) for sentence in told):
        return None
    begun = (_TELLS.match(sentence) or _ASKS.match(sentence) for sentence in told[:3])
    who = next((found["who"].lower() for found in begun if found is not None), None)
    return who or (DOCTOR if _is_a_doctors(told) else None)


def _is_a_doctors(told: Sequence[str]) -> bool:
    """Return whether a doctor tells a case: of a patient in the third person, and of themselves in the first."""
    return (
        any(_PATIENT.match(sentence) for sentence in told)
        and any(_THIRD.search(sentence) for sentence in told)
        and not any(_TAKES.search(sentence) for sentence in told)
    )


def sex_of(relative: str) -> str | None:
    """Return a relative's sex, if the word says it."""
    return next((sex for sex, names in _SEX.items() if relative in names), None)


def of_relative(sentence: str, relative: str) -> str:
    """Let the relative be the patient; empty if the sentence is about the teller."""
    said = re.sub(
        rf"\bmy (?:\w+ )?{relative}(?P<own>'s)?\b",
        lambda found: f"the patient{found['own'] or ''}",
        sentence,
        flags=re.I,
    )
    return "" if _SELF.search(said) else said[:1].upper() + said[1:]
