"""Sentences of the starter with slots: what a program puts into them, and their capitals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from consult.agents.grounding.clauses import LOWERED, bare, is_clause, is_ended, standing_alone, stopped
from consult.agents.prompt_formats.clean import clean
from consult.agents.prompt_formats.starter_tags import SLOTS
from consult.scenarios import Fact, Label

TAG = re.compile(r"</?[a-z]+>")
_LEADS = re.compile(
    r"(?:(?<=[.!?] )|(?<=<what> )|(?<=<plan> )|^) *(?:[^.!?<>]*:|Let me explain[^.!?<>]*\.|Now to the treatment\.) ?$"
)
"""A sentence that only announces what comes next."""
_ANNOUNCES = re.compile(r"explain it\. ?$")
"""The end of a sentence that announces what comes next and also says something else."""


def with_article(specialty: str) -> str:
    """Name a specialty within a sentence: clinics take an article, fields do not."""
    return f"the {specialty}" if specialty.endswith("clinic") else specialty


def sentence_case(text: str) -> str:
    """Begin each sentence of a text with a capital; a program's fillings have their own, see `fill`."""
    return re.sub(r"(^|[.!?…]\s+)([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)


def named_first(text: str, names: Sequence[str], ends: str = ".") -> str | None:
    """Return the name that a text begins with, before one of these characters; the longest if several fit."""
    fitting = (name for name in names if text.startswith(name) and text[len(name) : len(name) + 1] in tuple(ends))
    return max(fitting, key=len, default=None)


def filled(text: str, facts: Sequence[Fact]) -> str | None:
    """Put facts into a line's slots; None if a slot is missing, repeated or left over.

    A fact that cannot be part of a sentence, such as a question or several sentences, gets one of its own.
    """
    expected = list(SLOTS[: len(facts)])
    if sorted(TAG.findall(text)) != sorted(expected):
        return None
    for slot, fact in zip(expected, facts, strict=True):
        text = text if is_clause(fact) else standing_alone(clean(text), slot)
    return fill(text, {slot: bare(fact.text) for slot, fact in zip(expected, facts, strict=True)}, spoken=True) or None


def framed(text: str, fillings: Mapping[str, str]) -> str | None:
    """Put words into a frame; None if a slot is missing, repeated or left over.

    An empty filling also removes the sentence that announces it; if the frame needs the filling, the result is None.
    """
    if sorted(TAG.findall(text)) != sorted(fillings):
        return None
    said = clean(text)
    for slot in (slot for slot, filling in fillings.items() if not filling):
        before, _, after = said.partition(slot)
        if _ANNOUNCES.search(before):
            return None
        said = clean(f"{_LEADS.sub('', before)}{after}")
    return fill(said, fillings) or None


def fill(frame: str, fillings: Mapping[str, str], *, spoken: bool = False) -> str:
    """Put words into slots; they begin with a capital at the beginning of a sentence.

    Args:
        frame: The text with the slots.
        fillings: Slot → words.
        spoken: Whether they become part of a sentence, in which a common word has no capital.
    """
    said = sentence_case(clean(frame))
    for slot, filling in fillings.items():
        # A filling that ends with a sentence needs no second full stop.
        said = said.replace(f"{slot}.", slot) if is_ended(filling) else said
    # In one pass, since a filling may hold a slot's name.
    parts = re.split(f"({'|'.join(map(re.escape, fillings))})", said) if fillings else [said]
    filled = ""
    for part in parts:
        filled += _in_place(fillings[part], filled, spoken=spoken) if part in fillings else part
    return filled.strip()


def _in_place(filling: str, before: str, *, spoken: bool) -> str:
    if re.search(r"(?:^|[.!?…]\s+)$", before):
        return filling[:1].upper() + filling[1:]
    first = filling.partition(" ")[0].rstrip(",")
    lowers = spoken and re.search(r"[a-z,;:]\s+$", before) and first.lower() in LOWERED
    return filling[:1].lower() + filling[1:] if lowers else filling


def joined(texts: Iterable[str]) -> str:
    """Join texts, each with its capital and its full stop."""
    return " ".join(stopped(text[:1].upper() + text[1:]) for text in texts)


def with_its_article(label: Label) -> str:
    """Name a diagnosis within a sentence, with the article from its explanation."""
    found = re.match(rf"(an?) {re.escape(label.name)}\b", label.explanation, re.IGNORECASE)
    return f"{found[1].lower()} {label.name}" if found else label.name
