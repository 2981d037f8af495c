"""Put a person into words: a specialty's doctor ("a consultant dermatologist"), and a patient ("a 7-year-old girl")."""

from __future__ import annotations

import re
from functools import lru_cache

from consult.scenarios import Card

TALKING, CHILD, ADULT = 3, 12, 18
"""Years: from the first to the second a patient speaks as a child, and until the third it is a boy or a girl."""

_TITLES = {
    "allergy clinic": "consultant allergist",
    "anaesthesia": "consultant anaesthetist",
    "anaesthetics": "consultant anaesthetist",
    "a&e": "emergency physician",
    "chest clinic": "consultant chest physician",
    "dental surgery": "dental surgeon",
    "ear, nose and throat": "consultant ear, nose and throat surgeon",
    "emergency": "emergency physician",
    "emergency department": "emergency physician",
    "ent": "consultant ear, nose and throat surgeon",
    "eye clinic": "consultant ophthalmologist",
    "family medicine": "family physician",
    "general medicine": "consultant in general medicine",
    "general practice": "general practitioner",
    "gp": "general practitioner",
    "gum clinic": "consultant in sexual health",
    "infectious diseases": "consultant in infectious diseases",
    "internal medicine": "consultant in internal medicine",
    "midwifery": "midwife",
    "minor surgery": "surgeon who does minor surgery",
    "nursing": "nurse",
    "optometry": "optometrist",
    "primary care": "general practitioner",
    "skin clinic": "consultant dermatologist",
    "skin-infection clinic": "consultant dermatologist who runs the skin-infection clinic",
    "skin-tumour clinic": "consultant dermatologist who runs the skin-tumour clinic",
    "nail clinic": "consultant dermatologist who runs the nail clinic",
    "sports medicine": "sports physician",
}
"""Specialty → its doctor, where no ending decides."""

_ENDINGS = (
    (r"(.*(?:ist|ician|surgeon|practitioner|physician|doctor|nurse|midwife))", r"\1", ""),
    (r"(.*)ology", r"\1ologist", "consultant "),
    (r"(.*)psychiatry", r"\1psychiatrist", "consultant "),
    (r"(.*)iatry", r"\1iatrist", ""),
    (r"(.*orthopa?ed)ics", r"\1ic surgeon", "consultant "),
    (r"(.*iatr|.*obstetr)ics", r"\1ician", "consultant "),
    (r"(.*)odontics", r"\1odontist", "consultant "),
    (r"(.*)dentistry", r"\1dentist", ""),
    (r"(.*)therapy", r"\1therapist", ""),
    (r"(.*)surgery", r"\1surgeon", "consultant "),
    (r"(.*)medicine", r"in \1medicine", "consultant "),
)
"""Ending of a specialty → that of its doctor, and the word before it."""
_AN = re.compile(r"[aeio]|u(?!ro|ni)|[AEFHILMNORSX][A-Z]|(?:8|11|18)\b|8\d\b")
"""Begins a word that takes "an", also spoken letter by letter, or as a number."""
_PLACE = re.compile(r".*\b(?:clinic|department|unit|ward|service|centre|center|practice|office|hospital|team)s?")


@lru_cache(maxsize=256)
def doctor_of(specialty: str) -> str:
    """Name the doctor of a specialty, with its article: "a consultant dermatologist"."""
    name = " ".join(specialty.split())
    return _with_article(_doctor(name))


def _doctor(name: str) -> str:
    known = _TITLES.get(name.lower())
    if known is not None:
        return known
    return _of_both(name) or _by_ending(name) or _of_place(name)


def _of_both(name: str) -> str | None:
    """Name the doctor of two specialties, if each has one: "obstetrician and gynaecologist"."""
    parts = re.split(r" and | & ", name)
    found = [_TITLES.get(part.lower()) or _by_ending(part) for part in parts]
    if len(parts) != 2 or found[0] is None or found[1] is None:
        return None
    return f"{found[0]} and {found[1].removeprefix('consultant ')}"


def _by_ending(name: str) -> str | None:
    # "General practitioner" is not a name, but "ENT surgeon" begins with one.
    plain = name[:1].lower() + name[1:] if name[1:2].islower() else name
    for ending, doctor, before in _ENDINGS:
        match = re.fullmatch(ending, plain, re.IGNORECASE)
        if match is not None:
            return before + match.expand(doctor)
    return None


def _of_place(name: str) -> str:
    return f"consultant {'who runs the' if _PLACE.fullmatch(name.lower()) else 'whose field is'} {name}"


def clinic_of(specialty: str) -> str:
    """Name where a patient is referred to: "dermatology", "the nail clinic"."""
    name = " ".join(specialty.split())
    return f"the {name}" if _PLACE.fullmatch(name.lower()) and not name.lower().startswith("the ") else name


def _with_article(noun: str) -> str:
    return f"{'an' if _AN.match(noun) else 'a'} {noun}"


# -- the patient -------------------------------------------------------------------------------------------------------


def on_file(name: str, age: int | None, sex: str | None) -> str:
    """Describe a patient as a doctor's file does: "Jana, 43 years old, female"; says so if nothing is known."""
    years = None if age is None else "under 1 year old" if age < 1 else f"{age} year{'s' * (age != 1)} old"
    known = [part for part in (name.strip(), years, (sex or "").strip()) if part]
    return ", ".join(known) or "name, age and sex are not on file"


def person_of(card: Card) -> str:
    """Describe a patient to the model that plays it: "Jana, a 43-year-old woman"."""
    kind = _with_article(_kind(card.age, (card.sex or "").strip()))
    who = f"{card.name.strip()}, {kind}" if card.name.strip() else kind
    young = card.age is not None and TALKING <= card.age < CHILD
    return f"{who}, and you speak as a child of that age" if young else who


def _kind(age: int | None, sex: str) -> str:
    grown = age is None or age >= ADULT
    woman, man = ("woman", "man") if grown else ("girl", "boy")
    words = {"female": woman, "f": woman, "male": man, "m": man}
    noun = words.get(sex.lower()) or ("person" if grown else "child")
    other = f" ({sex})" if sex and sex.lower() not in words else ""
    if age is None:
        return f"{noun}{other}" if sex else "patient"
    years = f"{age}-year-old" if age >= 1 else "baby"
    return f"{years} {noun}{other}"
