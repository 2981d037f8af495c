"""Give verbs to the parts of a social history that have none: "I am a non-smoker, occasional wine, retired teacher"."""

from __future__ import annotations

import re
from collections.abc import Callable

from consult.scenarios.importing.entries import standing

_HOW_MUCH = {
    "occasional": "occasionally",
    "social": "socially",
    "rare": "rarely",
    "moderate": "in moderation",
    "light": "a little",
    "minimal": "very little",
    "heavy": "heavily",
    "regular": "regularly",
    "daily": "every day",
    "weekly": "every week",
}
_DRUNK = r"alcohol|alcoholic beverages|wine|beer|spirits|liquor|coffee|caffeine|tea"
_TAKEN = r"tobacco|cigarettes?|cigars?|marijuana|cannabis|cocaine|(?:recreational |illicit )?drugs?"
_USE = re.compile(
    rf"^(?:I have )?(?:an? )?(?P<much>{'|'.join(_HOW_MUCH)}) "
    rf"(?:(?:use|consumption|intake) of )?(?:(?P<drunk>{_DRUNK})|(?P<taken>{_TAKEN}))"
    r"(?: (?:consumption|intake|use))?(?P<rest>(?: (?:with|on|at|after|in|during) .*)?)$",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"^(?P<begin>I (?:am (?:an? |the |married|single|divorced|widowed|retired)|drink|smoke|live|work)\b[^,]*), "
    r"(?P<rest>.+)$"
)
"""Matches what the patient is or does, and more; after "I have had no", what follows a comma is denied, too."""
_DID = re.compile(r"^(?:quit|stopped|started|gave up|cut down|moved)\b")
_BOUND = re.compile(r"^(?:and|or|but|who|which|with|for|since|that|so|because|although|though|until|except|apart)\b")
_WHOLE = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (
            r"\bI (?:have (?:a )?smoking history of|am a (?:current |former )?smoker with an?) "
            r"(?P<n>\d+)[- ]pack[- ]years?(?: history)?",
            r"I have smoked as much as a pack a day for \g<n> years",
        ),
        (r"\bI have (?:a )?(?P<n>\d+)[- ]pack[- ]year (?:smoking )?history(?: of smoking)?",
         r"I have smoked as much as a pack a day for \g<n> years"),
        (r"^(?P<active>I am sexually active\b.*?) (?:and|with) inconsistent condom use$",
         r"\g<active> and do not always use condoms"),
        (r"^(?P<active>I am sexually active\b.*?) (?:and|with) (?:consistent|regular) condom use$",
         r"\g<active> and always use condoms"),
        (r"^I am (?P<before>previously|formerly)\b", r"I was \g<before>"),
        (r"(?<=\w), (?:up[- ]to[- ]date immunizations|immunizations up[- ]to[- ]date)(?=,)",
         ", my immunizations are up to date"),
        (r"(?<=\w), immunizations up[- ]to[- ]date$", ", and my immunizations are up to date"),
        (r"^(?P<was>I was [^,]+), (?P<more>.*\b)no (?P<what>(?:known |significant )*(?:history|illness\w*) ?[^,]*)"
         r"(?P<rest>.*)$",
         r"\g<was>, \g<more>and I have no \g<what>\g<rest>"),
        (r"^I have (?P<nth>first|second|third|only|youngest|oldest) child (?:to|of)\b", r"I am the \g<nth> child of"),
        (r"^I have (?P<nth>first|second|third|only|youngest|oldest) child in\b", r"I am the \g<nth> child in"),
    )
)  # fmt: skip


def with_verbs(clause: str, denied: Callable[[str], str]) -> str:
    """Give each part of a first-person clause a verb of its own, as far as a rule knows it.

    Args:
        clause: What the patient says.
        denied: Words "no tobacco use" as a sentence.
    """
    said = clause
    for pattern, words in _WHOLE:
        said = pattern.sub(words, said)
    said = _USE.sub(_used, said)
    if (ending := _ENDING.match(said)) is None:
        return said
    parts = [_part(part, denied) for part in ending["rest"].split(", ")]
    if None in parts:
        return said
    known = [ending["begin"], *(part for part in parts if part is not None)]
    commas = len(known) > 2 or " and " in known[0]
    return f"{', '.join(known[:-1])}, and {known[-1]}" if commas else " and ".join(known)


def _part(part: str, denied: Callable[[str], str]) -> str | None:
    """Return a part that has no verb with one; None if no rule knows it, or if it belongs to what is before it."""
    if _BOUND.match(part):
        return None
    if _DID.match(part):
        return f"I {part}"
    said = denied(_USE.sub(_used, part))
    if said == part:
        said = standing(part)
        return said if said.startswith("I am ") else None
    return said


def _used(use: re.Match[str]) -> str:
    verb = "drink" if use["drunk"] else "use"
    what = (use["drunk"] or use["taken"]).lower()
    return f"I {verb} {what} {_HOW_MUCH[use['much'].lower()]}{use['rest']}"
