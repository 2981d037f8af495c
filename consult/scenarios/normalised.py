"""Normalise names so that two spellings are equal, and find names in texts.

This form is used whenever names are compared or searched for: labels, aliases, opinions, differentials, a classifier's
names, and the checks for texts that reveal a diagnosis.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from consult.foreign_text import without_invisible

_MARKS = re.compile("[\u0300-\u036f]")
"""Accents of the Latin, Greek and Cyrillic scripts; the marks of other scripts are separate letters."""
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`]")
_HYPHENS = re.compile(r"[\-\u2010-\u2013\u2212]+")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
"""Spaces, hyphens and dashes."""
_SPECIAL = re.compile(rf"{_BETWEEN.pattern}|{_APOSTROPHES.pattern}|[^\x00-\x7f]")
"""Characters of a lower-case text that are changed."""
_DASH = "-"
"""Represents a dash in a folded text, which separates words; hyphens join them, and are folded like spaces."""
_ENDS = ' .,;:!?*_"\u201c\u201d'
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_BRACKETS_OF_BOTH_SIDES = "()[]{}"
_ARTICLE = re.compile(r"[\s(\[{\"*_]*(?:an?|the)\s+(?=\S)", re.IGNORECASE)
_NOBODY = r"(?:i |we |it |this |one |the (?:final )?diagnosis )?"
_OPEN = (
    r"(?:unknown|unclear|uncertain|undetermined|indeterminate|inconclusive|pending|open|"
    r"not (?:yet )?(?:known|clear|certain|determined|applicable|established))"
)
_DIAGNOSIS = r"(?:the )?(?:final )?diagnosis"
_NAMES_ONE = r"(?:but|perhaps|maybe|probably|possibly|likely|except|however|though|although|suspect\w*|rather|than)"
_CLAUSE = rf"(?:(?!\b{_NAMES_ONE}\b)[^,.;:])*"
_FURTHER = r"[,.;:]+ (?:more|further|please|sorry|without|because|since|as|additional)\b"
_LINK = (
    r" (?:for (?:sure|certain)|yet|what|which|whether|if|how|from|without|with|based|because|since|as|until|at|on|in|"
    r"by|the|an?|any|it|this|that|more|further|here|now|to|for|about|is|are|was|available|given|provided)\b"
)
_TAIL = rf"(?:(?:{_LINK}|{_FURTHER}){_CLAUSE}(?:{_FURTHER}{_CLAUSE})*)?"
"""Text that can follow an abstention without naming a diagnosis."""
_ABSTENTION = re.compile(
    rf"(?:{_DIAGNOSIS}: ?)?(?:\?|n/?a|n\.a|null|nil|none(?: of (?:these|them|the above))?|idk|unsure|undiagnosed|"
    rf"no answer|{_OPEN}|{_DIAGNOSIS} (?:is |remains )?{_OPEN}|(?:an? )?{_OPEN} diagnosis"
    rf"|(?:it|this|that) (?:is|remains) {_OPEN}"
    r"|no (?:clear |specific |definite |definitive |final )?diagnosis(?: yet| possible| can be made| made)?"
    rf"|(?:{_NOBODY}have )?no idea{_TAIL}"
    rf"|{_NOBODY}(?:(?:am |im )?(?:not sure|unsure|uncertain)){_TAIL}"
    rf"|{_NOBODY}(?:cannot|cant|can not|could not|couldnt)"
    rf"|{_NOBODY}(?:dont|do not|cannot|cant|can not|could not|couldnt) (?:know|tell|say|determine|make|diagnose|"
    rf"be (?:determined|sure|certain|made|diagnosed|known|said|told|established|identified|given)){_TAIL}"
    rf"|(?:not enough|insufficient|too little) (?:information|data|evidence|history){_TAIL}"
    rf"|{_NOBODY}(?:am |im |is |are )?(?:not possible|impossible|unable|not able) to "
    rf"(?:tell|say|determine|diagnose|know|make){_TAIL})?"
)
"""Matches a normalised open answer that names no diagnosis."""


class Folded(NamedTuple):
    """A text in the form that is searched for names."""

    text: str
    source: str
    origin: tuple[int, ...]
    """Position in the source of each character of the text."""

    def places(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield the places of a normalised name as whole words, as (start, end) in the folded text."""
        start = self.text.find(name) if name else -1
        while start >= 0:
            end = start + len(name)
            whole = self._whole(*self.span(start, end))
            if whole:
                yield start, end
            start = self.text.find(name, end if whole else start + 1)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Convert a place in the folded text to the place in the source."""
        return self.origin[start], self.origin[end - 1] + 1

    def without(self, places: Iterable[tuple[int, int]]) -> Folded:
        """Return the text with places of the folded text blanked, so that no other name is found there."""
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
    """Return a name without case, accents, apostrophes, hyphens, invisible marks, and punctuation at its ends."""
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", without_invisible(name))))
    return unbracketed(_BETWEEN.sub(" ", _APOSTROPHES.sub("", plain).casefold()), _ENDS)


def open_name(name: str) -> str:
    """Return an open diagnosis in the form for comparison: normalised, without an article before it."""
    return normalised(_ARTICLE.sub("", name, count=1) if _ARTICLE.match(name) else name)


def unbracketed(text: str, ends: str = " ") -> str:
    """Return a text without unpaired brackets at its ends, and without brackets around the whole.

    Args:
        text: A name or an answer.
        ends: Other characters to remove from its ends.
    """
    partners = _partners(text)
    paired = {*partners, *partners.values()}

    def is_loose(at: int) -> bool:
        return text[at] in ends or (text[at] in _BRACKETS_OF_BOTH_SIDES and at not in paired)

    start, last = 0, len(text) - 1
    while start <= last:
        if is_loose(start):
            start += 1
        elif is_loose(last):
            last -= 1
        elif partners.get(start) == last:
            start, last = start + 1, last - 1
        else:
            break
    return text[start : last + 1]


def _partners(text: str) -> dict[int, int]:
    """Return the position of each closed opening bracket → the position of its closing bracket."""
    partners, left = dict[int, int](), list[int]()
    for at, character in enumerate(text):
        if character in _BRACKETS:
            left.append(at)
        elif left and character == _BRACKETS[text[left[-1]]]:
            partners[left.pop()] = at
    return partners


def abstains(said: str) -> bool:
    """Return whether an open answer is not a diagnosis: "I don't know", "n/a", "unclear", a dash."""
    return _ABSTENTION.fullmatch(normalised(said)) is not None


def spellings(name: str) -> tuple[str, ...]:
    """Return the forms of a name to search for in folded texts; two if it contains a dash."""
    return tuple(dict.fromkeys((normalised(name), folded(name).text.strip(_ENDS))))


@lru_cache(maxsize=1_000)
def folded(text: str) -> Folded:
    """Fold a text in the same way as names, each character with its position in the source.

    The source is the text with composed accents, and without invisible marks.
    """
    text = unicodedata.normalize("NFC", without_invisible(text))
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


def has_clause(text: str, clause: str) -> bool:
    """Return whether a text contains a clause as whole words, in any case."""
    if not (clause and clause.isascii() and text.isascii()):
        return re.search(rf"(?<!\w){re.escape(clause)}(?!\w)", text, re.IGNORECASE) is not None
    # To compile a pattern for each clause takes many times as long.
    text, clause = text.lower(), clause.lower()
    start = text.find(clause)
    while start >= 0:
        end = start + len(clause)
        if not (_is_word(text[start - 1 : start]) or _is_word(text[end : end + 1])):
            return True
        start = text.find(clause, start + 1)
    return False
