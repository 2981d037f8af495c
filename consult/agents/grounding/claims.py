"""Check a patient's free line by rules: every fact is stated, and nothing is claimed without grounds.

A line may rest on the facts to state, on what the doctor says, and on what was said before. The rules are a veto for
what rules are good at: numbers, sides, sites, persons, names of diseases, facts that are not to be said, negation. A
word of the vocabulary's classes that nothing licenses is a claim. Other words pass in talk about feelings and about the
talk itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from consult.agents.grounding import phrases
from consult.agents.grounding.language import Clause, Quantity, clauses, denies, normalised, quantities
from consult.agents.grounding.speech import not_speech
from consult.agents.grounding.vocabulary import Token, listed, tokens, vocabulary

ENOUGH = 0.6
"""Share of a fact's content that must be stated, or be presupposed by the question."""

ENOUGH_COUNTED = 0.5
"""The same for a fact whose numbers are all stated."""

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


def check_claims(line: str, grounds: Grounds) -> list[Finding]:
    """Return what is wrong with a line; empty if it may be said."""
    wrong = not_speech(line, grounds.instructions, grounds.heard)
    if wrong:
        return [Finding("speech", wrong)]
    return _Reading(line, grounds).findings()


@lru_cache(maxsize=2048)
def _keys(text: str) -> frozenset[str]:
    return frozenset(key for token in tokens(text) for key in token.keys)


def _classes(text: str) -> set[str]:
    return {kind for token in tokens(text) for kind in token.classes}


def _covers(token: Token, keys: frozenset[str]) -> bool:
    """Return whether a token, one of its concepts, or a word with the same beginning is among keys."""
    if token.keys & keys:
        return True
    begin = token.stem[:5]
    return len(token.stem) > 4 and not token.concepts and any(key.startswith(begin) for key in keys)


class _Reading:
    """One line, read against its grounds."""

    def __init__(self, line: str, grounds: Grounds) -> None:
        self.grounds, self.line = grounds, line
        self.said = normalised(re.sub(r"[*_]", " ", line))
        self.clauses = clauses(self.said)
        self.facts = [normalised(fact) for fact in grounds.facts]
        self.doctor, self.told = normalised(grounds.doctor), normalised(grounds.told)
        self.in_facts = frozenset().union(*map(_keys, self.facts))
        self.asked, self.presupposed = _asked(self.doctor)
        self.licensed = self.in_facts | self.presupposed | _keys(self.told)
        self.unsure = bool(phrases.UNSURE.search(self.said))

    def findings(self) -> list[Finding]:
        """Return all findings."""
        found = [
            Finding(one.kind, written)
            for written, fact in zip(self.grounds.facts, self.facts, strict=True)
            for one in self._fact(fact)
        ]
        found += self._numbers()
        found += [one for clause in self.clauses for one in self._claims(clause)]
        found += [Finding("added", name) for name in self._names()]
        found += [Finding("added", match[0]) for match in self._cues()]
        found += [Finding("added", tried) for tried in self._treated()]
        found += [
            Finding("added", tail) for clause in self.clauses if not clause.asks for tail in self._circumstances(clause)
        ]
        if not self.facts and self._answers():
            found.append(Finding("added", "an answer without a fact"))
        return list(dict.fromkeys(found))

    # -- every fact is stated ------------------------------------------------------------------------------------------

    def _fact(self, fact: str) -> Iterable[Finding]:
        if re.search(rf"(?<!\w){re.escape(fact)}(?!\w)", self.said) and len(fact.split()) > 2:
            return
        said = _keys(self.said)
        content = [token for token in tokens(fact) if _weight(token)]
        subject = phrases.SUBJECT.match(fact) if phrases.PRONOUN.search(self.doctor) else None
        known = _keys(subject[0]) if subject and "body" not in _classes(subject[0]) else frozenset()
        new = [token for token in content if not (self._is_understood(token) or _covers(token, known))]
        missed = [token for token in new if not _covers(token, said)]
        total = sum(map(_weight, new))
        own = any(_covers(token, said) for token in content)
        counted = [q for q in quantities(fact) if not self._says_number(q)]
        share = 1 - sum(map(_weight, missed)) / total if total else 1.0
        enough = ENOUGH_COUNTED if quantities(fact) else ENOUGH
        if counted or share < enough or any(_is_essential(token) for token in missed):
            yield Finding("missing", fact)
        elif not own and not quantities(fact):
            yield from self._elliptic(fact)
        elif own and self._denies(content, fact) != denies(fact):
            yield Finding("denied", fact)

    def _is_understood(self, token: Token) -> bool:
        """Return whether the question already says a word, or a pronoun stands for the child it is about."""
        if _covers(token, self.presupposed | self.asked):
            return True
        known = phrases.CHILD.search(self.said) or phrases.CHILD.search(self.doctor)
        return bool(token.concepts & _CHILDREN and known)

    def _says_number(self, wanted: Quantity) -> bool:
        if any(wanted.equals(said) for said in quantities(self.said)):
            return True
        if not wanted.is_one:
            return False
        counted = rf"\b(?:every|each|per|once|an?|the|1) (?:single )?{wanted.written}"
        return not wanted.unit or bool(re.search(rf"{counted}|{_ADVERBS.get(wanted.written, '(?!)')}", self.said))

    def _elliptic(self, fact: str) -> Iterable[Finding]:
        """Check a short answer that says nothing of the fact itself: "Yes.", "No, nothing like that"."""
        answer = phrases.ANSWER.match(self.said)
        alone = len(self.facts) == 1 or not tokens(fact)
        if not answer or (not alone and not re.search(r"\b(?:both|neither|all)\b", self.said)):
            yield Finding("missing", fact)
        elif (answer["no"] is not None) != denies(fact):
            yield Finding("denied", fact)

    def _denies(self, content: Sequence[Token], fact: str) -> bool:
        """Return whether the clause that says most of a fact is negated."""

        def score(clause: Clause) -> float:
            said = _keys(clause.text)
            hits = sum(_weight(token) for token in content if _covers(token, said))
            shared = sum(q.equals(one) for q in quantities(fact) for one in quantities(clause.text))
            return hits + 0.5 * shared - (0.6 if clause.asks else 0)

        scores = [score(clause) for clause in self.clauses]
        best = [i for i, one in enumerate(scores) if one == max(scores)]
        found = {self._is_denied(i, fact) for i in best}
        return denies(fact) if len(found) > 1 else found.pop()

    def _is_denied(self, i: int, fact: str) -> bool:
        """Return whether a clause is negated; a short one or a question may be by the clause beside it."""
        clause = self.clauses[i]
        if clause.denies or not (clause.asks or len(clause.words) <= 3):
            return clause.denies
        beside = self.clauses[i + 1 : i + 2] if clause.asks else self.clauses[max(0, i - 1) : i]
        return any(other.denies and not _claimed(other) and denies(fact) for other in beside)

    # -- nothing is added ----------------------------------------------------------------------------------------------

    def _numbers(self) -> Iterable[Finding]:
        heard = [q for text in (*self.facts, self.doctor, self.told) for q in quantities(text)]
        for start, said in _counted(self.said):
            if any(said.equals(one) for one in heard) or (said.is_one and not said.unit):
                continue
            if said.is_one and self._is_rate(start):
                continue
            yield Finding("number", str(said))

    def _is_rate(self, start: int) -> bool:
        """Return whether "a day" stands for "per day", or for no measured time ("I have had a day of it")."""
        return bool(re.search(r"(?:times?|\d|glass|tablets?|once|pack)(?: \w+){0,2} $", self.said[:start])) or bool(
            re.match(r"1 (?:minute|day|year)\b(?! ago| and)", self.said[start:])
        )

    def _claims(self, clause: Clause) -> Iterable[Finding]:
        said = tokens(clause.text)
        fresh = [token for token in said if not _covers(token, self.licensed)]
        claims = [token for token in fresh if _is_claim(token)]
        for token in claims:
            if "disease" in token.classes and not _covers(token, self.asked):
                yield Finding("disease", _spelt(token))
            elif not self._may_say(token, clause, claims):
                yield Finding("unsaid" if self._is_unsaid(token) else "added", _spelt(token))
        others = [token for token in fresh if not token.concepts and not _covers(token, self.asked)]
        yield from (
            Finding("unsaid", _spelt(token)) for token in others if self._is_unsaid(token) and not _is_chat(token)
        )
        yield from self._foreign(clause, said, others)

    def _may_say(self, token: Token, clause: Clause, claims: Sequence[Token]) -> bool:
        if _covers(token, self.asked):
            return clause.asks or self.unsure or not token.classes & {"sign", "treatment", "life", "disease", "person"}
        if clause.asks:
            return not phrases.OF_MINE.search(clause.text) and "disease" not in token.classes
        if "person" in token.classes and claims == [token]:
            return bool(phrases.TALK.search(clause.text)) and not self._is_unsaid(token)
        return bool(phrases.IDIOMS.search(clause.text)) and len(claims) == 1

    def _is_unsaid(self, token: Token) -> bool:
        return any(_covers(token, _keys(normalised(fact))) for fact in self.grounds.unsaid)

    def _foreign(self, clause: Clause, said: Sequence[Token], others: Sequence[Token]) -> Iterable[Finding]:
        """Find a clause in words that are neither licensed nor talk."""
        unknown = [token for token in others if not _is_chat(token)]
        allowed = MOST_UNKNOWN if any(_is_chat(token) for token in said) else 0
        if len(unknown) > allowed + (1 if clause.asks else 0):
            yield Finding("added", " ".join(_spelt(token) for token in unknown))

    def _names(self) -> Iterable[str]:
        """Find names within a sentence that nobody mentioned."""
        known = " ".join((self.grounds.heard, *listed("capitals"))).lower()
        for match in re.finditer(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b", self.line):
            if match[0].lower() not in known and not phrases.INTRODUCED.search(self.line[: match.start()]):
                yield match[0]

    def _cues(self) -> Iterable[re.Match[str]]:
        """Find phrases of history and of what changes the complaint, without grounds."""
        heard = " . ".join((*self.facts, self.told, self.doctor))
        for match in phrases.CUES.finditer(self.said):
            sentence = next((c for c in self.clauses if match[0] in c.text), None)
            content = [token for token in tokens(match[0]) if token.concepts]
            covered = bool(content) and all(_covers(token, self.licensed) for token in content)
            dated = match[0].startswith("last ") and re.search(r"\b(?:last|since|ago|yesterday)\b", heard)
            if match[0] not in heard and not covered and not dated and not (sentence and sentence.asks):
                yield match

    def _circumstances(self, clause: Clause) -> Iterable[str]:
        """Find when or why something happened, without grounds."""
        match = phrases.CIRCUMSTANCE.search(clause.text)
        if match is not None:
            fresh = [token for token in tokens(match[0]) if not _covers(token, self.licensed | self.asked)]
            if any(not _is_chat(token) and (_weight(token) or not token.concepts) for token in fresh):
                yield match[0]

    def _treated(self) -> Iterable[str]:
        """Find what was tried or given, without grounds."""
        for match in phrases.TREATED.finditer(self.said):
            fresh = [token for token in tokens(match["what"]) if not _covers(token, self.licensed | self.asked)]
            if any(not _is_chat(token) for token in fresh):
                yield match[0]

    def _answers(self) -> bool:
        """Return whether a line without facts answers yes or no to a question about the patient's health."""
        about = any(_is_claim(token) and _covers(token, self.asked) for token in tokens(self.doctor))
        return (
            about and bool(phrases.ANSWER.match(self.said)) and not self.unsure and not self.said.rstrip().endswith("?")
        )


MOST_UNKNOWN = 1
"""Most words of a clause that are neither licensed nor talk, beside some that are."""
_ADVERBS = {
    "day": r"\bdaily\b",
    "week": r"\bweekly\b",
    "month": r"\bmonthly\b",
    "year": r"\byearly\b",
    "time": r"\bonce\b",
}
_CHILDREN = frozenset({"person:son", "person:daughter", "person:child"})
_SIDES = frozenset(f"quality:{side}" for side in ("left", "right", "upper", "lower"))
_CLAIM_QUALITIES = _SIDES | {
    f"quality:{one}" for one in ("worse", "better", "severe", "both sides", "inside", "outside")
}


def _weight(token: Token) -> float:
    """Return how much of a fact's content a token is."""
    if token.concepts & _LIGHT or token.word in listed("measures"):
        return 0.0
    return 1.0 if token.classes - {"quality"} or token.concepts & _CLAIM_QUALITIES else 0.6


_LIGHT = frozenset(
    f"quality:{one}" for one in ("start", "turn", "usually", "take", "every", "first", "nobody", "nothing", "notice")
)


def _is_essential(token: Token) -> bool:
    """Return whether a fact is not stated without this word."""
    return bool(token.concepts & (_SIDES | {"quality:less"}))


def _is_claim(token: Token) -> bool:
    if token.word in listed("unclaimed"):
        return False
    return bool(token.classes - {"quality"}) or bool(token.concepts & _CLAIM_QUALITIES)


def _claimed(clause: Clause) -> bool:
    return any(_is_claim(token) for token in tokens(clause.text))


def _is_chat(token: Token) -> bool:
    adverb = token.word.endswith("ly") and len(token.word) > 4 and not token.concepts
    return adverb or token.stem in vocabulary().chat or token.word in listed("measures")


def _spelt(token: Token) -> str:
    return token.word.replace("_", " ")


def _counted(text: str) -> list[tuple[int, Quantity]]:
    return [
        (match.start(), quantity)
        for match in re.finditer(
            r"(?<![\d.])\d+(?:\.\d+)?[a-z]*(?:[ -]?(?:or so|odd|full|whole|good|long))?[ -]?[a-z]*(?: old)?", text
        )
        for quantity in quantities(match[0])[:1]
    ]


def _asked(doctor: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a doctor asks whether it is so, and what the doctor says or presupposes."""
    asked: set[str] = set()
    known: set[str] = set()
    for sentence in re.findall(r"[^.!?]+[.!?]*", doctor):
        whether = "?" in sentence and phrases.WHETHER.search(sentence)
        for token in tokens(sentence):
            (asked if whether and token.before not in phrases.GIVEN else known).update(token.keys)
    return frozenset(asked - known), frozenset(known)
