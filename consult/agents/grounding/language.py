"""Read a sentence: its words and their stems, quantities with their units, clauses, and negation.

Contractions are written out, number words become digits, and units of time become days, so that "a fortnight" and "two
weeks" are the same quantity. Stems are Snowball's (Porter 2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import snowballstemmer

CLOSE = 0.1
"""Times in different units are the same if they differ by at most this share: eight weeks are two months."""


class Quantity(NamedTuple):
    """A number with its unit."""

    value: float
    """In days for a time."""
    unit: str
    """`days`, another unit, or empty."""
    written: str = ""
    """The unit of a time as it was written."""

    @property
    def is_one(self) -> bool:
        """Return whether it is one of its unit."""
        return abs(self.number - 1) < 1e-9

    @property
    def number(self) -> float:
        """Return the number as it was written."""
        return self.value / TIME_UNITS.get(self.written, 1.0)

    def __str__(self) -> str:
        """Return number and unit."""
        unit = self.written or self.unit
        return f"{self.number:g} {unit}{'' if self.is_one or not unit else 's'}".strip()

    def equals(self, other: Quantity) -> bool:
        """Return whether two quantities are the same; a number without a unit may be any unit's."""
        if "" in (self.unit, other.unit):
            return abs(self.number - other.number) < 1e-9
        apart = CLOSE if self.written != other.written else 0.001
        return self.unit == other.unit and abs(self.value - other.value) <= apart * max(self.value, other.value)


@dataclass(frozen=True)
class Clause:
    """A part of a sentence."""

    text: str
    """Normalised."""
    sentence: int
    asks: bool
    """Whether its sentence is a question."""

    @property
    def words(self) -> list[str]:
        """Return its words."""
        return words_of(self.text)

    @property
    def denies(self) -> bool:
        """Return whether it is negated."""
        return denies(self.text)


# -- normal form -------------------------------------------------------------------------------------------------------

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = dict(
    zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True)
)
_ONE_OF_TENS = "|".join(_TENS)
_DIGIT = "|".join(_ONES[1:10])
_SMALL = "|".join(_ONES[10:])
_ORDINALS = dict(zip(["1st", "2nd", "3rd"], ["first", "second", "third"], strict=True))
TIME_UNITS = {
    "minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "fortnight": 14.0, "month": 30.4, "year": 365.0,
    "decade": 3650.0, "min": 1 / 1440, "hr": 1 / 24,
}  # fmt: skip
"""Unit → days."""
_UNIT = "|".join(TIME_UNITS)
_MEASURES = {
    "mm": "millimetre", "millimeter": "millimetre", "cm": "centimetre", "centimeter": "centimetre", "kg": "kilo",
    "kilogram": "kilo", "lb": "pound", "mg": "milligram", "degree": "degree", "time": "time", "pound": "pound",
    "kilo": "kilo", "millimetre": "millimetre", "centimetre": "centimetre", "inch": "inch", "stone": "stone",
    "milligram": "milligram", "percent": "percent", "litre": "litre", "glass": "glass", "pint": "pint", "pack": "pack",
}  # fmt: skip

_CONTRACTIONS = (
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"\bain't\b", "is not"),
    (r"n't\b", " not"),
    (r"\bi'm\b", "i am"),
    (r"'ve\b", " have"),
    (r"'re\b", " are"),
    (r"'ll\b", " will"),
    (r"'d\b", " would"),
    (r"\blet's\b", "let us"),
    (
        r"\b(?:lost|lose|losing) (?:all )?(?:my|his|her|the) (?:sense of )?(?=smell|taste|appetite|hearing"
        r"|sight)",
        "no ",
    ),
    (
        r"(?<=[a-z]{2})'s(?= (?:gone|been|got|getting|become|not|no|a|an|all|so|very|quite|really|too|fine|ok|okay"
        r"|good|bad|normal|the|in|on|at|worse|better|always|never|just|still|also|\w{3,}ing|\w{3,}ed|\w{3,}en)\b)",
        " is",
    ),
    (r"\b(?:teetotal(?:l?er)?|tee total|an abstainer)\b", "not drink alcohol"),
    (r"\b(?:a )?non smoker\b", "not smoke"),
    (r"\bpainless(?:ly)?\b|\bpain free\b|\bfree of pain\b", "no pain"),
    (r"\bthe day before yesterday\b", "2 days ago"),
    (r"\b(?:can|could|do|does|did) not (?:\w+ )?remember\b|\bno memory of\b", "forget"),
    (r"\bdown (?=(?:by )?(?:\w+ )?\w+ (?:kilos?|kg|pounds?|stone|kilograms?|lbs?)\b)", "lost "),
    (r"\bunable to\b|\bnot able to\b", "can not"),
    (
        r"\bnot (?:(?:very|too|so|that|all that) )?(\w+ing |\w+ )?(?:well|good|great)\b(?! (?:for|with"
        r"|at))",
        r"\1badly",
    ),
    (
        r"\b(?:stay|stayed|remained|was|am|is|kept) (?:fully |wide |completely )?(?:conscious"
        r"|awake)\b(?= the whole| throughout| all)",
        "did not faint",
    ),
    (
        r"\b(g[ia]ven?|giving|picked|put|turned|throw|threw|thrown|brought|bring|cough|coughed|sets?|cut"
        r"|washed) (it|them|him|her|that|this|all that) (up|off|out|on|down|away|back)\b",
        r"\1 \3 \2",
    ),
    (r"\bnot (?:\w+ )?as (?:much|many|often)(?: as)?\b", "less than"),
    (
        r"\bappetite (?:is|was|has|has been|has got)(?: just| completely| all)? (?:very |rather "
        r"|quite )?(?:poor|bad|gone|disappeared|vanished)\b|\bpoor appetite\b",
        "no appetite",
    ),
    (r"\boff (?:my|his|her|their) food\b", "no appetite"),
    (r"\b(it|that|there|he|she|what|where|how|who|here)'s\b", r"\1 is"),
    (r"(?<=[a-z])'s\b|(?<=s)'(?!\w)", ""),
)


def _year(match: re.Match[str]) -> str:
    century = 1900 if match[1] == "nineteen" else 2000
    return str(century + _TENS[match[2]] + (_ONES.index(match[3]) if match[3] else 0))


_NUMBERS = (
    (rf"\b(nineteen|twenty)[ -]({_ONE_OF_TENS})(?:[ -]({_DIGIT}))?\b(?! (?:{_UNIT})s?\b)", _year),
    (rf"\b({_ONE_OF_TENS})[ -]({_DIGIT})\b", lambda m: str(_TENS[m[1]] + _ONES.index(m[2]))),
    (rf"\b({_ONE_OF_TENS})\b", lambda m: str(_TENS[m[1]])),
    (rf"\b(zero|two|three|four|five|six|seven|eight|nine|{_SMALL})\b", lambda m: str(_ONES.index(m[1]))),
    (rf"(?<=\d )point ({_DIGIT})\b", lambda m: f"point {_ONES.index(m[1])}"),
    (r"\b(\d+) point (\d)\b", r"\1.\2"),
    (r"\b(?:a|one|1) hundred(?: and)?\b", "100"),
    (r"\b(\d+) hundred\b", lambda m: str(100 * int(m[1]))),
    (r"\b100 (\d\d?)\b", lambda m: str(100 + int(m[1]))),
    (r"\bhalf an? dozen\b", "6"),
    (r"\b(?:a )?dozen\b", "12"),
    (r"\b(\d+) ?(?:out of|/|on a scale of) ?(?:10|100)\b", r"\1"),
    (r"\b(?:the (?:last|past) )?(?:a )?couple (?:of )?(?=(?:\w+ )?\w+s\b)", "2 "),
    (r"\b(?:a )?pair of (?=\w+s\b)", "2 "),
    (r"\btwice\b", "2 times"),
    (r"\bthrice\b", "3 times"),
    (r"\bhalf a year\b", "6 months"),
    (r"\bhalf an hour\b", "30 minutes"),
    (rf"\b(?:a|one|1) ({_UNIT}) and a half\b", r"1.5 \1"),
    (r"\b(\d+) and a half\b", r"\1.5"),
    (rf"\b(?:a|an|one)(?: (?:whole|full|good|solid|single))? ({_UNIT})\b", r"1 \1"),
    (rf"\b(?:for|in|over|this) the (?:last |past )?({_UNIT})\b", r"for 1 \1"),
    (rf"\b(?:about|roughly|around|past) (?:last |past )?({_UNIT})\b", r"1 \1"),
    (r"\b(?:one|\d) (?:at a|by) (?:time|one|\d)\b", "each"),
    (r"\bfirst thing in\b", "in"),
)

_REPLACED: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), plain) for pattern, plain in (*_CONTRACTIONS, *_NUMBERS)
)


@lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """Return a text in lower case, with contractions written out and number words as digits."""
    text = text.lower().translate(_PLAIN)
    text = re.sub(r"\.{2,}|\u2026|[\u2013\u2014]|(?<=\s)-+(?=\s)", " , ", text)
    for pattern, plain in _REPLACED:
        text = pattern.sub(plain, text)
    return re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)


_PLAIN = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_WORD = re.compile(r"\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)?")


def words_of(text: str) -> list[str]:
    """Return the words of a normalised text."""
    return _WORD.findall(text)


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")


_IRREGULAR = {
    "felt": "feel", "hurts": "hurt", "said": "say", "bled": "bleed", "slept": "sleep", "woke": "wake", "woken":
    "wake", "lost": "lose", "fell": "fall", "ate": "eat", "drank": "drink", "began": "begin", "begun": "begin",
    "teeth": "tooth", "feet": "foot", "children": "child", "grown": "grow", "grew": "grow", "got": "get", "came":
    "come", "went": "go", "had": "have", "has": "have", "took": "take", "taken": "take", "gave": "give", "given":
    "give", "saw": "see", "thought": "think", "told": "tell", "kept": "keep", "became": "become", "broke": "break",
    "broken": "break", "swollen": "swell", "bitten": "bite", "left": "left", "allergic": "allergi", "breathing":
    "breath", "dying": "die", "asthmatic": "asthma", "pregnancy": "pregnant", "diabetic": "diabet", "darker":
    "dark", "vaccinations": "vaccin",
}  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the stem of a word."""
    return word if word[:1].isdigit() else str(_stemmer().stemWord(_IRREGULAR.get(word, word)))


def stems(text: str) -> set[str]:
    """Return the stems of a normalised text."""
    return {stem(word) for word in words_of(text)}


# -- quantities --------------------------------------------------------------------------------------------------------

_QUANTITY = re.compile(
    r"(?<![\d.])(\d+(?:\.\d+)?)(?:st|nd|rd|th)?(?:[ -]?(?:or so|odd|full|whole|good|long))?[ -]?([a-z]+)?"
)


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities of a normalised text, in its order."""
    found = []
    for match in _QUANTITY.finditer(text):
        word = (match[2] or "").removesuffix("s") if match[2] != "glass" else "glass"
        value = float(match[1])
        if word in TIME_UNITS:
            found.append(Quantity(value * TIME_UNITS[word], "days", word))
        else:
            found.append(Quantity(value, _MEASURES.get(word, "")))
    return tuple(found)


# -- clauses and negation ----------------------------------------------------------------------------------------------

_SENTENCE = re.compile(r"(?:[^.!?;]|\.(?=\d))+[.!?;]*")
_JOINT = re.compile(
    r"[,:.!?;()*\"](?!\d)|\b(?:and|but|so|because|though|although|except|until|while|whenever|apart from|if)\b"
)
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|without|nope|nah|no one|hardly|barely|cannot)\b"
)
_NO_NEGATION = re.compile(
    r"\bnot (?:only|just|\w* ?(?:all the time|always|constant(?:ly)?|every (?:day|night|time)))\b|\b(?:not"
    r"|never) (?:stop|go(?:ne)? away|let up|shift)\b|\bno (?:better|end|wonder|doubt)\b"
    r"|\bcan not (?:sit|stand|keep|stay|be) still\b|\bcan not settle\b|\b(?:out of|from) nowhere\b"
    r"|\bnot bad\b|\bno idea\b|\bnever mind\b|\bnot (?:sure|certain)\b|\bno matter\b|\bwhy not\b"
    r"|\bwithout (?:an?|any|much)? ?(?:trouble|problems?|difficulty|effort|fuss|issues?)\b"
)
"""What is said with a negation and denies nothing that was asked."""


def clauses(text: str) -> list[Clause]:
    """Split a normalised text."""
    return [
        Clause(part.strip(), i, "?" in sentence[0])
        for i, sentence in enumerate(_SENTENCE.finditer(text))
        for part in _JOINT.split(sentence[0])
        if re.search(r"\w", part)
    ]


def denies(text: str) -> bool:
    """Return whether a normalised text is negated."""
    return bool(_NEGATION.search(_NO_NEGATION.sub(" ", text)))
