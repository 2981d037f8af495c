"""The form of a name in which two spellings of it are equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_MARKS = re.compile("[\u0300-\u036f]")
"""Accents of the Latin, Greek and Cyrillic scripts; the marks of other scripts are letters of their own."""
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`]")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
"""Spaces and all kinds of hyphens."""
_ENDS = ' .,;:!?*_"\u201c\u201d'


@lru_cache(maxsize=50_000)
def normalised(name: str) -> str:
    """Return a name without case, accents, apostrophes, kinds of hyphens and spaces, and final punctuation."""
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", name)))
    return _BETWEEN.sub(" ", _APOSTROPHES.sub("", plain).casefold()).strip(_ENDS)
