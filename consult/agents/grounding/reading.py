"""A patient's line, read against what it may rest on: its clauses, its words, and which of them are licensed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from consult.agents.grounding import phrases
from consult.agents.grounding.language import Clause, Quantity, clauses, quantities, stem, words_of
from consult.agents.grounding.normal_form import normalised, plain
from consult.agents.grounding.vocabulary import Token, joined, listed, paraphrases_in, tokens, vocabulary

Kind = Literal["speech", "missing", "denied", "number", "disease", "unsaid", "added"]


@dataclass(frozen=True)
class Grounds:
    """What a patient's line may rest on."""

    facts: tuple[str, ...] = ()
    """To be stated, each of them."""
    unsaid: tuple[str, ...] = ()
    """Known to the patient, and not to be said now."""
    doctor: str = ""
    """What the doctor said last."""
    told: str = ""
    """What was said before, by both."""
    instructions: str = ""
    """What the patient's model was asked."""

    @property
    def heard(self) -> str:
        """Return everything that may be repeated."""
        return " . ".join((*self.facts, self.doctor, self.told))


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a line."""

    kind: Kind
    what: str
    """The fact, the words or the number; for `speech`, what is wrong, as the end of a sentence."""
    weak: bool = field(default=False, compare=False)
    """Whether this finding alone does not refuse a long line, since it is often the check's mistake."""


_SIDED = re.compile(r"(?<=\bon the )(left|right)(?= ?(?:[,.!;]|and\b|$))")
"""Matches a side without the word: "it is on the left"."""
SHORT = 4
"""Most words of an answer that is only yes or no."""


class Reading:
    """One line, read against its grounds."""

    def __init__(self, line: str, grounds: Grounds) -> None:
        """Read a line.

        Args:
            line: The patient's line.
            grounds: What it may rest on.
        """
        self.grounds, self.line = grounds, plain(line)
        self.said = normalised(re.sub(r"[*_]", " ", self.line))
        if phrases.WHICH_SIDE.search(normalised(grounds.doctor)):
            self.said = re.sub(r"\b(left|right)\b(?= ?(?:[,.!;]|and\b|$))", r"\1 side", self.said)
        self.said = phrases.GREETING.sub("hello", self.said)
        self.said = _SIDED.sub(r"\1 side", self.said)
        self.clauses = clauses(joined(self.said))
        self.facts = [normalised(fact) for fact in grounds.facts]
        self.doctor, self.told = normalised(grounds.doctor), normalised(grounds.told)
        self.heard = " . ".join((*self.facts, self.told, self.doctor))
        self.asked, self.presupposed = _asked(self.doctor)
        self.licensed = with_kinds(self.stated_keys | self.presupposed | keys_of(self.told))
        self.licensed |= self._stood_for()
        self.unsure = bool(phrases.UNSURE.search(self.said))

    def _stood_for(self) -> frozenset[str]:
        """Return the keys of phrases that stand for a word of the facts which the line does not say itself."""
        said = keys_of(self.said)
        wanted = self.stated_keys - said
        return frozenset().union(*(keys_of(phrase) for phrase in paraphrases_in(self.said, wanted)))

    def stands_for_a_fact(self, text: str) -> bool:
        """Return whether a phrase of a text states a word of the facts."""
        return bool(paraphrases_in(text, self.stated_keys))

    def clause_at(self, start: int) -> Clause | None:
        """Return the clause that holds a place in the line."""
        at = 0
        for clause in self.clauses:
            at = self.said.find(clause.text.replace("_", " "), at)
            if at <= start < at + len(clause.text):
                return clause
            at += len(clause.text)
        return None

    @cached_property
    def stated_keys(self) -> frozenset[str]:
        """Return the words of the facts to state."""
        return frozenset().union(*map(keys_of, self.facts))

    @cached_property
    def whether(self) -> bool:
        """Return whether the doctor asks whether something is so."""
        last = re.split(r"[.!?]\s+", self.doctor.rstrip(" ?.!"))[-1]
        return bool(phrases.WHETHER.search(self.doctor)) and not phrases.ASKS_WHAT.match(last)

    @cached_property
    def is_bare(self) -> bool:
        """Return whether a line can only say yes or no to the one fact that was asked for: "No, never."."""
        short = len(self.facts) == 1 and len(words_of(self.said)) <= SHORT
        return short and self.whether and not re.search(r"\bor\b", self.doctor)

    @cached_property
    def amounts(self) -> list[Quantity]:
        """Return the quantities that may be said."""
        pair = [Quantity(2.0, "")] if "quality:both" in self.licensed else []
        return pair + [q for text in (*self.facts, self.doctor, self.told) for q in quantities(text)]

    @cached_property
    def unsaid_keys(self) -> frozenset[str]:
        """Return the words of the facts that are not to be said now."""
        return frozenset().union(*(keys_of(normalised(fact)) for fact in self.grounds.unsaid))

    def is_unsaid(self, token: Token) -> bool:
        """Return whether a word belongs to a fact that is not to be said now."""
        return covers(token, self.unsaid_keys)

    def is_new(self, token: Token) -> bool:
        """Return whether nobody said a word before, or asked with it."""
        return not covers(token, self.licensed | self.asked)

    def new(self, text: str, *, depends: bool = False) -> list[Token]:
        """Return the words of a text that nobody said before, and that are no everyday talk.

        Args:
            text: A part of the line.
            depends: Whether something depends on what the text says; then words of everyday life count too.
        """
        fresh = [token for token in tokens(text) if self.is_new(token)]
        return [token for token in fresh if not is_chat(token) or (depends and token.stem in vocabulary().social)]

    @cached_property
    def asides(self) -> frozenset[int]:
        """Return the sentences that are not about health, in a line that states its facts elsewhere."""
        about = {clause.sentence for clause in self.clauses if is_medical(clause) or phrases.HABIT.search(clause.text)}
        stated = {c.sentence for c in self.clauses if any(covers(token, self.stated_keys) for token in tokens(c.text))}
        if self.facts and not stated:
            return frozenset()
        return frozenset(clause.sentence for clause in self.clauses) - about - stated


@lru_cache(maxsize=2048)
def keys_of(text: str) -> frozenset[str]:
    """Return the keys of a normalised text's words."""
    found = {key for token in tokens(text) for key in token.keys}
    parts = {part for token in tokens(text) for part in _compound(token.word)}
    return frozenset(found.union(*(token.keys for part in parts for token in tokens(part))))


def with_kinds(keys: frozenset[str]) -> frozenset[str]:
    """Add what words imply: a headache is in the head, and whoever knows of a drug may say "medicine"."""
    implied = vocabulary().implied
    return keys | frozenset(
        other for key in keys for other in (*implied.get(key, ()), *implied.get(f"{key.partition(':')[0]}:*", ()))
    )


def classes_of(text: str) -> set[str]:
    """Return the classes of a normalised text's words."""
    return {kind for token in tokens(text) for kind in token.classes}


def covers(token: Token, keys: frozenset[str]) -> bool:
    """Return whether a token, one of its concepts, or a word with the same beginning is among keys."""
    if token.keys & keys or any(whole & keys for whole in _parts_of(token)):
        return True
    begin = token.stem[:5]
    return len(token.stem) > 4 and not token.concepts and any(key.startswith(begin) for key in keys)


_COMPOUNDS = re.compile(
    r"(?:eye|ear|tooth|head|back|stomach|belly|finger|toe|fore|knee|shoulder|up|down|over|under|out|in|mid|bed|day|night"
    r"|lunch|birth|bath|car|hair|skin|home|work|foot|hand)(?=\w{3})"
)
"""The first parts of words that are written as one."""
_AGENT = re.compile(r"^(\w{3,})(?:er|or|ist)s?$")
"""Who does something: a roofer."""
_BODY_COMPOUNDS = re.compile(
    r"(?P<part>thumb|finger|toe|eye|ear|knee|tooth|head|shoulder)(?P<of>nail|lid|lash|lobe|cap|blade|brow|tip)s?"
)


@lru_cache(maxsize=8192)
def _parts_of(token: Token) -> tuple[frozenset[str], ...]:
    """Return the stems that say a word: the last part of "eyelid" or "uphill"; of a phrase, its own words."""
    words = [word for word in token.word.split("_") if word not in listed("function")]
    if len(words) == 1 and len(token.word.split("_")) > 1:
        return (frozenset([stem(words[0])]),)
    if "body" in token.classes:
        return ()
    parts = [_COMPOUNDS.sub("", token.word, count=1), *_AGENT.findall(token.word if token.is_content else "")]
    return tuple(frozenset([stem(part)]) for part in parts if part != token.word and "time" not in token.classes)


def _compound(word: str) -> tuple[str, ...]:
    """Return the parts of a word that names a part of a part of the body: a thumbnail is on a thumb."""
    match = _BODY_COMPOUNDS.fullmatch(word)
    return (match["part"], match["of"]) if match else ()


SIDES = frozenset(f"quality:{side}" for side in ("left", "right", "upper", "lower"))
CLAIM_QUALITIES = SIDES | {f"quality:{one}" for one in ("worse", "better", "severe", "both sides")}
_LIGHT = frozenset(
    f"quality:{one}"
    for one in ("start", "turn", "usually", "take", "every", "first", "nobody", "nothing", "notice", "last")
)
CHILDREN = frozenset({"person:son", "person:daughter", "person:child"})
MEDICAL = frozenset(["body", "sign", "disease", "treatment"])
"""Classes of words that make a clause one about health."""


def weight(token: Token) -> float:
    """Return how much of a fact's content a token is."""
    noted = token.concepts and token.concepts <= _LIGHT
    if noted or token.word in listed("measures") or token.word in listed("light"):
        return 0.0
    return 1.0 if token.classes - {"quality"} or token.concepts & CLAIM_QUALITIES else 0.6


def is_claim(token: Token) -> bool:
    """Return whether a word needs somebody who licenses it."""
    if token.word in listed("unclaimed"):
        return False
    return bool(token.classes - {"quality"}) or bool(token.concepts & CLAIM_QUALITIES)


def has_claim(clause: Clause) -> bool:
    """Return whether a clause has a word that needs a licence."""
    return any(is_claim(token) for token in tokens(clause.text))


def is_medical(clause: Clause) -> bool:
    """Return whether a clause is about health: by a word of it, or by a pronoun for the complaint."""
    said = [token for token in tokens(clause.text) if is_claim(token) and token.word not in listed("daily")]
    about = any(token.classes & MEDICAL or token.concepts & CLAIM_QUALITIES for token in said)
    return about or bool(phrases.COMPLAINT.search(clause.text))


def is_medical_text(text: str) -> bool:
    """Return whether the first sentence of a normalised text has a word about health."""
    begin = re.split(r"[.!?;]", text)[0]
    return any(token.classes & MEDICAL and is_claim(token) for token in tokens(begin))


def is_social(token: Token) -> bool:
    """Return whether a word is about everyday life."""
    return token.classes == {"person"} or token.word in listed("daily") or token.stem in vocabulary().social


def is_chat(token: Token) -> bool:
    """Return whether anybody may say a word that makes no claim."""
    adverb = token.word.endswith("ly") and len(token.word) > 4 and not token.concepts
    compared = not token.concepts and any(stem(base) in vocabulary().chat for base in _bases(token.word))
    return adverb or compared or token.stem in vocabulary().chat or token.word in listed("measures")


def _bases(word: str) -> Iterable[str]:
    """Return what a comparative or superlative may be one of: happier, oddest, nicer, sadder."""
    match = re.fullmatch(r"(\w{2,}?)(?:er|est)", word)
    if match:
        begin = match[1]
        yield from (begin, f"{begin}e", re.sub(r"i$", "y", begin), re.sub(r"(\w)\1$", r"\1", begin))


def spelt(token: Token) -> str:
    """Return a token as it was written."""
    return token.word.replace("_", " ")


def _asked(doctor: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a doctor asks whether it is so, and what the doctor says or presupposes."""
    asked: set[str] = set()
    known: set[str] = set()
    for sentence in re.findall(r"[^.!?]+[.!?]*", doctor):
        whether = "?" in sentence and phrases.WHETHER.search(sentence)
        for token in tokens(sentence):
            (asked if whether and token.before not in phrases.GIVEN else known).update(token.keys)
    return frozenset(asked - known), frozenset(known)


def unique(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in their order, each once."""
    return list(dict.fromkeys(findings))
