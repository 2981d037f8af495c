"""Read sentences beside their neighbours: who "they" are, and what the patient says within a doctor's sentence.

"The patient and her husband want a child. They have tried for a year." is told by the patient as "we have tried for a
year". "Lungs are clear, and he complains of a cough" is a finding and a complaint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_PARTNER = r"(?:husband|wife|partner|spouse|girlfriend|boyfriend|fianc\w+)"
_COUPLE = re.compile(
    rf"\b(?:patient|he|she|I|man|woman) and (?:his|her|the|my) {_PARTNER}\b"
    rf"|\b(?:his|her|my) {_PARTNER} and (?:the patient|he|she|I)\b",
    re.IGNORECASE,
)
_THEY = re.compile(r"^(?:they(?=\b(?! look| itch| hurt))|their\b)", re.IGNORECASE)
_SHOWN = (
    r"(?:exam\w*|auscultat\w+|palpation|tests?|biops\w+|x-rays?|culture|tender to palpation|inspection|reveals?"
    r"|revealed)\b"
)
_SAYS = r"(?:complains? of|complained of|reports?|reported|states?|stated|says|denies|denied)"
_ALSO_SAYS = re.compile(
    rf"^(?P<shown>(?!(?:s?he|I|the patient|\w+ (?:says|states|reports))\b).*\b{_SHOWN}.*?),? (?:and|but) "
    rf"(?P<said>(?:he|she|the patient) {_SAYS}\b.*)$",
    re.IGNORECASE,
)
"""Matches a finding with what the patient says after it."""
_SINCE = re.compile(
    rf"^(?P<shown>.*\b{_SHOWN}.*?), which (?:he|she|the patient) {_SAYS} (?:has|have|had) been (?:present|there) "
    r"(?P<when>(?:since|for)\b.*)$",
    re.IGNORECASE,
)
"""Matches a finding, and since when it has been there."""
_FEELS = re.compile(
    r"^(?P<what>(?:the|his|her|these|this) (?:\w+ ){1,3}?)(?P<shown>(?:is|are|was|were) [^,]*\bto palpation), (?:and )?"
    r"(?P<rest>associated with .*)$",
    re.IGNORECASE,
)
"""Matches what fingers find, and what it feels like."""


def with_couples(sentences: Iterable[str]) -> Iterator[str]:
    """Put "we" for "they" where the sentence before it speaks of the patient and a partner."""
    couple = False
    for sentence in sentences:
        said = _THEY.sub(_we, sentence) if couple else sentence
        couple = _COUPLE.search(sentence) is not None or said != sentence
        yield said


def _we(they: re.Match[str]) -> str:
    return "We" if they.group().lower() == "they" else "Our"


def parted(sentence: str) -> Iterator[str]:
    """Part what an examination shows from what the patient says in the same sentence."""
    if (both := _SINCE.match(sentence)) is not None:
        yield both["shown"]
        yield f"The patient has had this {both['when']}"
    elif (both := _ALSO_SAYS.match(sentence)) is not None:
        yield both["shown"]
        yield both["said"][:1].upper() + both["said"][1:]
    elif (both := _FEELS.match(sentence)) is not None:
        yield f"{both['what']}{both['shown']}"
        yield f"{both['what']}{both['shown'].split()[0]} {both['rest']}"
    else:
        yield sentence
