"""Read a sentence: its words and their stems, quantities with their units, clauses, and negation.

Contractions are written out, number words become digits, and units of time become days, so that "a fortnight" and "two
weeks" are the same quantity. Stems are Snowball's (Porter 2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import snowballstemmer

from consult.agents.grounding.normal_form import TIME_UNITS

CLOSE = 0.1
"""Times in different units are the same if they differ by at most this share: eight weeks are two months."""
ROUNDED = 0.25
"""Degrees by which a temperature may differ after it was converted to the other scale."""


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
        return self.value / (TIME_UNITS.get(self.written) or _SAME.get(self.written, ("", 1.0))[1])

    def __str__(self) -> str:
        """Return number and unit."""
        unit = self.written or self.unit
        plural = {"foot": "feet", "inch": "inches", "glass": "glasses"}.get(unit, f"{unit}s" if unit else "")
        return f"{self.number:g} {unit if self.is_one else plural}".strip()

    def equals(self, other: Quantity) -> bool:
        """Return whether two quantities are the same; a number without a unit may be any unit's."""
        if "" in (self.unit, other.unit):
            degrees, bare = (self, other) if self.unit == "degree" else (other, self)
            fahrenheit = degrees.unit == "degree" and abs((bare.value - 32) / 1.8 - degrees.value) <= ROUNDED
            return fahrenheit or abs(self.number - other.number) < 1e-9
        if self.unit == "degree":
            return self.unit == other.unit and abs(self.value - other.value) <= ROUNDED
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


# -- words -------------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)?")


def words_of(text: str) -> list[str]:
    """Return the words of a normalised text."""
    return _WORD.findall(text)


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")


_VERBS = """
    arise arose arisen;awake awoke awoken;bear bore borne;beat beaten;bite bit;blow blew blown;build built;buy bought
    catch caught;choose chose chosen;creep crept;deal dealt;dig dug;do did done;draw drew drawn;drive drove driven
    feed fed;fight fought;find found;flee fled;fly flew flown;forgive forgave forgiven;freeze froze frozen;hang hung
    hear heard;hide hid hidden;hold held;kneel knelt;know knew known;lead led;lean leant;lend lent
    light lit;make made;mean meant;meet met;pay paid;ride rode ridden;rise rose risen;run ran
    seek sought;sell sold;send sent;sew sewn;shake shook shaken;shine shone;shoot shot;shrink shrank shrunk;sing sang
    sink sank sunk;sit sat;slide slid;speak spoke spoken;spend spent;spin spun;stand stood;steal stole stolen
    stick stuck;sting stung;stink stank;strike struck;swear swore sworn;sweep swept;swim swam swum;swing swung
    teach taught;tear tore torn;throw threw thrown;understand understood;wear wore worn;weep wept;win won
    write wrote written;show shown;bend bent;burn burnt;spit spat;dream dreamt;smell smelt
"""
"""Irregular verbs with their forms."""

_IRREGULAR = {
    **{form: verb for verb, *forms in map(str.split, re.split(r"[;\n]", _VERBS.strip())) for form in forms},
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

_SAME = {
    "pound": ("kilo", 0.4536), "stone": ("kilo", 6.35), "gram": ("kilo", 0.001),
    "milligram": ("kilo", 1e-6), "microgram": ("kilo", 1e-9), "inch": ("centimetre", 2.54),
    "millimetre": ("centimetre", 0.1), "foot": ("centimetre", 30.48), "metre": ("centimetre", 100.0),
    "mile": ("kilometre", 1.609), "millilitre": ("litre", 0.001), "centilitre": ("litre", 0.01), "pint": ("litre", 0.5),
}  # fmt: skip
"""Measure → the measure that it is converted to, and the factor."""
_MEASURES = {
    "mm": "millimetre", "millimeter": "millimetre", "cm": "centimetre", "centimeter": "centimetre", "kg": "kilo",
    "kilogram": "kilo", "lb": "pound", "g": "gram", "l": "litre", "ug": "microgram", "ft": "foot", "ml": "millilitre",
     "millilitre": "millilitre", "milliliter": "millilitre",
    "cl": "centilitre", "mg": "milligram", "mcg": "microgram", "microgram": "microgram",
    "degree": "degree", "time": "time", "pound": "pound",
    "kilo": "kilo", "millimetre": "millimetre", "centimetre": "centimetre", "inch": "inch", "inche": "inch",
    "stone": "stone", "milligram": "milligram", "percent": "percent", "litre": "litre", "liter": "litre",
    "glass": "glass", "pint": "pint", "pack": "pack", "gram": "gram", "foot": "foot", "feet": "foot",
    "metre": "metre", "meter": "metre", "mile": "mile", "kilometre": "kilometre", "km": "kilometre",
    "kilometer": "kilometre",
}  # fmt: skip

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
            measure = _MEASURES.get(word, "")
            unit, factor = _SAME.get(measure, (measure, 1.0))
            found.append(Quantity(value * factor, unit, measure))
    return tuple(found)


# -- rates -------------------------------------------------------------------------------------------------------------

_SPANS = {
    **dict.fromkeys(("day", "night", "morning", "evening", "afternoon"), 1.0),
    **dict.fromkeys(("week", "weekend", "monday", "tuesday", "wednesday", "thursday", "friday"), 7.0),
    **dict.fromkeys(("saturday", "sunday"), 7.0),
    **dict.fromkeys(("year", "winter", "summer", "spring", "autumn", "christmas"), 365.0),
    "hour": 1 / 24, "minute": 1 / 1440, "fortnight": 14.0, "month": 30.4,
}  # fmt: skip
"""What something happens in → its length in days."""
_OFTEN = {
    "hourly": 24.0, "daily": 1.0, "nightly": 1.0, "weekly": 1 / 7, "fortnightly": 1 / 14, "monthly": 1 / 30.4,
    "yearly": 1 / 365, "annually": 1 / 365,
}  # fmt: skip
"""Adverb → times per day."""
_SPAN = "|".join(_SPANS)
_RATE = re.compile(
    r"\b(?:(?P<times>\d+)(?: or so)? times?|once) (?:(?:a|per|each|every|in|1|the)(?: single| 1)? (?P<many>\d+ )?)?"
    rf"(?P<per>{_SPAN}|{'|'.join(_OFTEN)})s?\b"
    rf"|\b(?:every|each)(?: single)? (?:(?P<other>other|second|2nd|alternate) |(?P<apart>\d+) )?(?P<span>{_SPAN})s?\b"
    rf"|\b(?P<often>{'|'.join(_OFTEN)})\b"
)


class Rate(NamedTuple):
    """How often something happens."""

    per_day: float
    start: int
    """Where it is written in its text."""
    end: int

    def equals(self, other: Rate) -> bool:
        """Return whether two rates are the same: twice a month is every two weeks."""
        return abs(self.per_day - other.per_day) <= 1.5 * CLOSE * max(self.per_day, other.per_day)


@lru_cache(maxsize=4096)
def rates(text: str) -> tuple[Rate, ...]:
    """Return how often things happen by a normalised text, in its order."""
    return tuple(Rate(_per_day(match), *match.span()) for match in _RATE.finditer(text))


def _per_day(match: re.Match[str]) -> float:
    if match["often"] or match["per"] in _OFTEN:
        return _OFTEN[match["often"] or match["per"]] * float(match["times"] or 1)
    if match["span"]:
        return 1 / (_SPANS[match["span"]] * (2 if match["other"] else float(match["apart"] or 1)))
    return float(match["times"] or 1) / (_SPANS[match["per"]] * float(match["many"] or 1))


# -- clauses and negation ----------------------------------------------------------------------------------------------

_SENTENCE = re.compile(r"(?:[^.!?;]|\.(?=\d))+[.!?;]*")
_JOINT = re.compile(
    r"[,:.!?;()*\"](?!\d)|\b(?:and|but|so|because|though|although|except|until|while|whenever|apart from|if)\b"
    r"|(?<!not )\b(?:that|which)\b(?= (?:\w+ )?(?:will|does|do|did|can|would) not\b)"
)
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|without|nope|nah|no one|hardly|barely|cannot)\b"
)
_NO_NEGATION = re.compile(
    r"\bnot (?:only|just|\w* ?(?:all the time|always|constant(?:ly)?|every (?:day|night|time)))\b|\b(?:not"
    r"|never) (?:stop|go(?:ne)? away|let up|shift)\b|\bno (?:better|end|wonder|doubt)\b"
    r"|\bcan not (?:sit|stand|keep|stay|be) still\b|\bcan not settle\b|\b(?:out of|from) nowhere\b"
    r"|\bnot bad\b|\bno (?:energy|strength|voice|feeling|get up and go)\b|\b(?:should|ought|must) not\b"
    r"|\bno idea\b|\bnever mind\b"
    r"|\bnot (?:sure|certain)\b|\bno matter\b|\bwhy not\b"
    r"|\bwithout (?:an?|any|much)? ?(?:trouble|problems?|difficulty|effort|fuss|issues?)\b"
)
"""What is said with a negation and denies nothing that was asked."""


_TWICE = re.compile(
    r"\b(?:not (?:that|say(?:ing)?(?: that)?|true that|as if|as though|claim|pretend)|deny(?:ing)?(?: that)?)"
    r" (?:(?!and\b|but\b)\w+ ){0,3}(?:not|no|never|without)\b"
    r"|\bnot (?:exactly |quite |entirely |really |completely |totally |altogether )?(?:no|without)\b"
)
"""Matches a double negation, which denies nothing."""


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
    return bool(_NEGATION.search(_NO_NEGATION.sub(" ", _TWICE.sub(" ", text))))
