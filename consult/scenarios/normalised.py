"""The form in which two spellings of a name are equal, and the places of a text that spell a name.

Whoever compares names or looks for them uses this form: labels, aliases, opinions, differentials, a classifier's names,
and the checks for texts that give a diagnosis away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

_MARKS = re.compile("[\u0300-\u036f]")
"""Accents of the Latin, Greek and Cyrillic scripts; the marks of other scripts are letters of their own."""
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`]")
_HYPHENS = re.compile(r"[\-\u2010-\u2013\u2212]+")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
"""Spaces, hyphens and dashes."""
_SPECIAL = re.compile(rf"{_BETWEEN.pattern}|{_APOSTROPHES.pattern}|[^\x00-\x7f]")
"""What a text in lower case does not keep as it is."""
_DASH = "-"
"""Stands in a folded text for a dash, which parts words; hyphens join them, and are folded like spaces."""
_ENDS = ' .,;:!?*_"\u201c\u201d'
_NOBODY = r"(?:i |we |it |this |one |the (?:final )?diagnosis )?"
_OPEN = r"(?:unknown|unclear|uncertain|undetermined|not known|not clear|not certain|pending|open)"
_ABSTENTION = re.compile(
    rf"|\?|n/?a|n\.a|null|nil|none(?: of (?:these|them|the above))?|idk|unsure|undiagnosed|no answer|{_OPEN}"
    rf"|(?:the )?(?:final )?diagnosis (?:is |remains )?{_OPEN}|(?:an? )?{_OPEN} diagnosis"
    r"|no (?:clear |specific |definite |definitive |final )?diagnosis(?: yet| possible| can be made| made)?"
    rf"|{_NOBODY}(?:(?:am |im )?(?:not sure|unsure|uncertain))(?: what .*| which .*)?"
    rf"|{_NOBODY}(?:dont|do not|cannot|cant|can not|could not|couldnt) (?:know|tell|say|determine|be|make|diagnose)\b.*"
    r"|(?:not enough|insufficient|too little) (?:information|data|evidence|history)\b.*"
    r"|(?:not possible|impossible|unable) to (?:tell|say|determine|diagnose|know)\b.*"
)
"""What an open answer that names no diagnosis is like, when it is normalised."""


class Folded(NamedTuple):
    """A text in the form in which names are looked for."""

    text: str
    source: str
    origin: tuple[int, ...]
    """Position in the source of each character of the text."""

    def places(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield where a normalised name stands as whole words, as (start, end) in the folded text."""
        start = self.text.find(name) if name else -1
        while start >= 0:
            end = start + len(name)
            whole = self._whole(*self.span(start, end))
            if whole:
                yield start, end
            start = self.text.find(name, end if whole else start + 1)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the source of a place in the folded text."""
        return self.origin[start], self.origin[end - 1] + 1

    def without(self, places: Iterable[tuple[int, int]]) -> Folded:
        """Return it with places of the folded text made empty, so that no other name is found there."""
        kept, done = list[str](), 0
        for start, end in places:
            kept += [self.text[done:start], "\0" * (end - start)]
            done = end
        return self._replace(text="".join((*kept, self.text[done:])))

    def _whole(self, start: int, end: int) -> bool:
        before, after = self.source[start - 1 : start], self.source[end : end + 1]
        return not (_is_word(before) or _is_word(after))


@lru_cache(maxsize=50_000)
def normalised(name: str) -> str:
    """Return a name without case, accents, apostrophes, kinds of hyphens and spaces, and final punctuation."""
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", name)))
    return _BETWEEN.sub(" ", _APOSTROPHES.sub("", plain).casefold()).strip(_ENDS)


def abstains(said: str) -> bool:
    """Tell whether an open answer is no diagnosis at all: "I don't know", "n/a", "unclear", a dash."""
    return _ABSTENTION.fullmatch(normalised(said)) is not None


def spellings(name: str) -> tuple[str, ...]:
    """Return the forms of a name that are looked for in folded texts; two where a dash stands in it."""
    return tuple(dict.fromkeys((normalised(name), folded(name).text.strip(_ENDS))))


@lru_cache(maxsize=1_000)
def folded(text: str) -> Folded:
    """Fold a text as names are normalised, each character with its position in the source.

    The source is the text with its accents composed.
    """
    text = unicodedata.normalize("NFC", text)
    parts, origin, done = list[str](), list[int](), 0
    for match in _SPECIAL.finditer(text):
        start, end = match.span()
        parts.append(text[done:start].lower())
        origin += range(done, start)
        new = _folded(match.group())
        parts.append(new)
        origin += [start] * len(new)
        done = end
    parts.append(text[done:].lower())
    origin += range(done, len(text))
    return Folded("".join(parts), text, tuple(origin))


@lru_cache(maxsize=10_000)
def _folded(found: str) -> str:
    """Fold spaces and hyphens to one space, dashes to a dash, and any other character by itself."""
    if _BETWEEN.fullmatch(found):
        return " " if found.isspace() or _HYPHENS.fullmatch(found) else _DASH
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", found)))
    return _APOSTROPHES.sub("", plain).casefold()


@lru_cache(maxsize=10_000)
def _is_word(character: str) -> bool:
    return re.match(r"\w", character) is not None
