"""Put texts of cases into sentences: which can be part of one, which stand alone, and where a full stop belongs."""

from __future__ import annotations

import re

from consult.scenarios import Fact

_ENDS = (".", "!", "?", "…")
_WITHOUT_VERB = ("site", "duration", "course", "age")
_CLOSING = "\"'\u201d\u2019)]"
LOWERED = frozenset(
    re.findall(
        r"\S+",
        """a about after all an and as at because before both during every for from her his in is it it's its just many
        maybe mine more most mostly my never no nobody none not nothing now on one only our over probably several she
        since some sometimes that that's the their there there's they this three today two usually very we when""",
    )
)
"""Words that are capitalized only at the beginning of a sentence."""
_NAMED = re.compile(r"(?:I|Mum|Mom|Mummy|Dad|Daddy|Gran|Granny|Grandma|Grandad|Grandpa)(?:'\w+)?")
_INNER_END = re.compile(r"[.!?…][\"'\u201d\u2019)\]]*\s+\S|[:;\n\"\u201c\u201d]")
_ABBREVIATION = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|St|vs|approx|e\.g|i\.e|etc|[ap]\.m|[A-Z])\.", re.IGNORECASE)
_FINITE = re.compile(
    r"\b(?:I|you|he|she|it|we|they|there|that|who|which|nobody|nothing|everything|something)\b|\w+(?:n't|'s|'ve|'re)\b"
    r"|\b(?:am|is|are|was|were|has|have|had|do|does|did|can|cannot|could|will|would|may|might|must|should"
    r"|keep|came|come|look|make|made|give|run|saw|lost|got|went|gave|began|fell|feel|felt|hurt|grew|left|broke|became|bled"
    r"|bring|brought|put|tell|told|say|said|turn|cut|bought|take|took)\b|^no\b",
    re.IGNORECASE,
)
"""A subject that is not a name for a thing, an auxiliary verb, or a common verb."""
_VERB = re.compile(r"(?<!\bon )(?<!\bin )(?<!\bof )(?<!\bwith )(?<!\bfor )(?<!\bboth )(?<!\d )(?<=\w )\w{2,}(?:s|ed)\b")
"""A word that can be another verb: not the first one, and not what a preposition or a number is about."""


def bare(text: str) -> str:
    """Return a text on one line without its full stop, ready for a sentence that ends itself."""
    said = " ".join(text.split())
    return said if said.endswith("...") else said.rstrip(".").rstrip()


def stopped(sentence: str) -> str:
    """End a sentence with a full stop if it has no end mark, also none before its closing quotation mark."""
    return sentence if is_ended(sentence) else f"{sentence}."


def is_ended(text: str) -> bool:
    """Return whether a text ends a sentence."""
    return text.rstrip(_CLOSING).endswith(_ENDS) if text.rstrip(_CLOSING) else False


def is_clause(fact: Fact) -> bool:
    """Return whether a fact's text can follow "I'm afraid": one statement with a verb, and no name at its beginning.

    Questions, exclamations, quotations, headings, several sentences and notes without a verb stand alone. The answer to
    where or how long needs no verb.
    """
    said = bare(fact.text)
    first = said.partition(" ")[0].rstrip(",")
    if is_ended(said) or _INNER_END.search(_ABBREVIATION.sub("", said)):
        return False
    if fact.topic not in _WITHOUT_VERB and not (_FINITE.search(said) or _VERB.search(said)):
        return False
    return first[:1].islower() or first.lower() in LOWERED or _NAMED.fullmatch(first) is not None


def standing_alone(frame: str, slot: str) -> str:
    """Reduce the frame's sentence with a slot to the slot, unless the slot is a sentence of its own or follows a colon.

    Args:
        frame: Sentences, one of which has the slot.
        slot: The slot, such as `<fact>`.
    """
    alone = re.compile(rf"(?:.*:\s+)?{re.escape(slot)}[.!?]?")
    parts = re.split(r"(?<=[.!?…])\s+", frame)
    return " ".join(part if slot not in part or alone.fullmatch(part) else f"{slot}." for part in parts)
