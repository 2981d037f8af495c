"""Find the relative or helper who tells a case, and let the patient speak in their place.

"My wife has a lump. It hurts her." is told by a husband; the patient says "I have a lump. It hurts me." What the
relative says about themselves is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

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
    """Return whose illness the teller of these sentences describes ("wife"); None if it is the teller's own."""
    who: str | None = None
    for number, sentence in enumerate(sentences):
        if who is None and number < 3 and (found := _TELLS.match(sentence)) is not None:
            who = found["who"].lower()
        if _SUFFERS.search(sentence):
            return None
    return who


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
