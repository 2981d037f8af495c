"""Check that a line states every fact and denies none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from consult.agents.grounding import phrases
from consult.agents.grounding.contrasts import is_admitted, is_opposed, is_regraded
from consult.agents.grounding.language import Clause, Quantity, denies, quantities, rates
from consult.agents.grounding.reading import (
    CHILDREN,
    SIDES,
    Finding,
    Kind,
    Reading,
    classes_of,
    covers,
    has_claim,
    keys_of,
    spelt,
    weight,
    with_kinds,
)
from consult.agents.grounding.vocabulary import Token, paraphrased, tokens

GENERAL_TREATMENTS = frozenset(
    f"treatment:{one}"
    for one in (
        "medicine",
        "tablet",
        "antibiotic",
        "cream",
        "painkiller",
        "antihistamine",
        "steroid",
        "drops",
        "inhaler",
    )
)
"""Names for kinds of drugs."""
_ADVERBS = {
    "day": r"\bdaily\b",
    "week": r"\bweekly\b",
    "month": r"\bmonthly\b",
    "year": r"\byearly\b",
    "time": r"\bonce\b",
}


def missing_facts(reading: Reading) -> Iterable[Finding]:
    """Find the facts that a line leaves out, denies, or tells of somebody else."""
    for written, fact in zip(reading.grounds.facts, reading.facts, strict=True):
        for kind in _Fact(reading, fact).mistakes():
            yield Finding(kind, written)


class _Fact:
    """One fact, looked for in a line."""

    def __init__(self, reading: Reading, fact: str) -> None:
        self.reading, self.fact = reading, fact
        self.said = (
            with_kinds(keys_of(phrases.VOCATIVE.sub(" ", reading.said)))
            | _general_names(reading)
            | paraphrased(reading.said)
        )
        self.content = [token for token in tokens(fact) if weight(token)]
        self.amounts = quantities(fact)
        self.others = with_kinds(frozenset().union(*(keys_of(one) for one in reading.facts if one != fact)))

    def mistakes(self) -> Iterable[Kind]:
        """Return what is wrong."""
        if re.search(rf"(?<!\w){re.escape(self.fact)}(?!\w)", self.reading.said) and len(self.fact.split()) > 2:
            return
        if phrases.UNSURE.search(self.fact) and self.reading.unsure:
            return
        own = any(covers(token, self.said) for token in self.content)
        if self._is_left_out():
            yield "missing"
        elif self._is_made_worse() or self._is_reversed() or self._is_contrasted():
            yield "denied"
        elif not own and not self.amounts:
            yield from self._elliptic()
        elif (own and self._is_denied() != denies(self.fact)) or self._is_of_somebody_else():
            yield "denied"

    def _is_contrasted(self) -> bool:
        """Return whether the line says another degree, or admits what the fact denies."""
        if is_regraded(self.reading, self.fact) or is_admitted(self.reading, self.fact):
            return True
        return is_opposed(self.reading, self.fact) or self._is_well()

    def _is_well(self) -> bool:
        """Return whether the clause that is about a complaint says that all is well."""
        about = any("sign" in token.classes for token in self.content)
        if not about or denies(self.fact) or phrases.ENOUGH.search(self.fact):
            return False
        told = [one for one in self.reading.clauses if not one.asks]
        most = max(map(self._score, told), default=0)
        best = [one for one in told if self._score(one) == most and (most > 0 or phrases.ALL_WELL.search(one.text))]
        return bool(best) and all(phrases.ALL_WELL.search(one.text) and not one.denies for one in best)

    def _is_made_worse(self) -> bool:
        """Return whether a mild complaint is told as a severe one."""
        said = self.reading.said
        slight = any("quality:slight" in token.concepts for token in self.content)
        softened = any("quality:slight" in token.concepts for token in tokens(said)) or denies(said)
        return slight and not softened and bool(phrases.SEVERE.search(said))

    def _is_reversed(self) -> bool:
        """Return whether what goes well is told to go badly."""
        said = self.reading.said
        well = phrases.ENOUGH.search(self.fact) and not denies(self.fact) and not phrases.ENOUGH.search(said)
        return bool(well) and bool(phrases.BADLY.search(said))

    def _is_left_out(self) -> bool:
        new = [t for t in self.content if covers(t, self.said) or not self._is_understood(t)]
        missed = [token for token in new if not covers(token, self.said)]
        counted = any(not self._says_number(quantity) for quantity in _unstated(self.fact, self.reading.said))
        if counted or any(map(self._is_essential, missed)):
            return True
        if self.reading.is_bare:
            # "No, never." says the one fact that was asked for, whatever its words are.
            return False
        if self.amounts:
            return False
        if phrases.ANSWER.match(phrases.ECHOED.sub("", self.reading.said)) and self.reading.whether:
            unasked = [token for token in missed if not self._is_understood(token)]
            return 3 * len(unasked) >= 2 * len(self.content) > 0
        unasked = [token for token in self.content if not self._is_understood(token)]
        if unasked and not self.reading.whether and not any(covers(token, self.said) for token in unasked):
            return True
        alone = [token for token in new if not covers(token, self.others)] or new
        return bool(new) and all(token in missed for token in alone)

    def _is_essential(self, token: Token) -> bool:
        """Return whether the fact is not stated without this word: a side, or one of several signs or parts."""
        if token.concepts & (SIDES | {"quality:less"}):
            return True
        if "time" in token.classes and phrases.ANOTHER_TIME.search(self.reading.said):
            return True
        return any(
            kind in token.classes and spelt(token) in part and other not in part
            for kind in ("sign", "body")
            for part in phrases.COORDINATED.split(self.fact)
            for other in [spelt(one) for one in self.content if one is not token and kind in one.classes]
        )

    def _is_understood(self, token: Token) -> bool:
        """Return whether the question already says a word, or a pronoun stands for it."""
        reading = self.reading
        if covers(token, with_kinds(reading.presupposed | reading.asked)):
            return True
        subject = phrases.SUBJECT.match(self.fact) if phrases.PRONOUN.search(reading.doctor) else None
        if subject and "body" not in classes_of(subject[0]) and covers(token, keys_of(subject[0])):
            return True
        if phrases.PRONOUN.search(reading.doctor) and re.search(rf"\b(?:the|my|his|her) {token.word}$", self.fact):
            return bool(phrases.PRONOUN.search(reading.said))
        known = phrases.CHILD.search(reading.said) or phrases.CHILD.search(reading.doctor)
        about = re.match(rf"(?:my|our) {token.word}\b", self.fact) and token.classes == {"person"}
        return bool((token.concepts & CHILDREN or about) and known)

    def _says_number(self, wanted: Quantity) -> bool:
        said = self.reading.said
        if any(wanted.equals(one) for one in quantities(said)):
            return True
        if not wanted.is_one:
            return False
        counted = rf"\b(?:every|each|per|once|an?|the|1) (?:\w+ )?{wanted.written}"
        return not wanted.unit or bool(re.search(rf"{counted}|{_ADVERBS.get(wanted.written, '(?!)')}", said))

    def _elliptic(self) -> Iterable[Kind]:
        """Check a short answer that says nothing of the fact itself: "Yes.", "No, nothing like that"."""
        said = self.reading.said
        answer = phrases.ANSWER.match(phrases.ECHOED.sub("", said))
        if answer and self.reading.is_bare:
            if (answer["no"] is not None) != denies(self.fact):
                yield "denied"
            return
        alone = len(self.reading.facts) == 1 or all(map(self._is_understood, self.content))
        myself = "person" in classes_of(self.fact) and phrases.MYSELF.search(said)
        if not answer or myself or (not alone and not re.search(r"\b(?:both|neither|all)\b", said)):
            yield "missing"
        elif (answer["no"] is not None) != denies(self.fact):
            yield "denied"

    # -- negation ------------------------------------------------------------------------------------------------------

    def _is_denied(self) -> bool:
        """Return whether the clause that says most of the fact is negated."""
        said = self.reading.clauses
        scores = [self._score(clause) for clause in said]
        best = [i for i, one in enumerate(scores) if one == max(scores)]
        if any(phrases.STOPPED.search(said[i].text) for i in best) and not phrases.ENDED.search(self.fact):
            return not denies(self.fact)
        if self._is_mixed() and any(one.denies for one in said):
            return denies(self.fact)
        if self._is_badly() and all(phrases.NOT_WELL.search(said[i].text) for i in best):
            return False
        found = {self._is_negated(i) for i in best}
        return denies(self.fact) if len(found) > 1 else found.pop()

    def _is_mixed(self) -> bool:
        """Return whether a part of the fact is negated and another is not: "I wake at 4 and cannot sleep again"."""
        parts = [part for part in phrases.COORDINATED.split(self.fact) if len(part.split()) > 2]
        return len({denies(part) for part in parts}) > 1

    def _is_badly(self) -> bool:
        return not denies(self.fact) and phrases.BADLY.search(self.fact) is not None

    def _score(self, clause: Clause) -> float:
        said = keys_of(clause.text)
        hits = sum(weight(token) for token in self.content if covers(token, said))
        shared = sum(q.equals(one) for q in self.amounts for one in quantities(clause.text))
        return hits + 0.5 * shared - (0.6 if clause.asks else 0)

    def _is_negated(self, i: int) -> bool:
        """Return whether a clause is negated; a short one or a question may be by the clause beside it."""
        all_clauses: Sequence[Clause] = self.reading.clauses
        clause = all_clauses[i]
        if denies(self.fact) and (phrases.WELL.search(clause.text) or phrases.NO_BETTER.search(clause.text)):
            return True
        if clause.denies or not (clause.asks or len(clause.words) <= 3):
            return clause.denies
        beside = all_clauses[i + 1 : i + 2] if clause.asks else all_clauses[max(0, i - 1) : i]
        return any(other.denies and not has_claim(other) and denies(self.fact) for other in beside)

    # -- person --------------------------------------------------------------------------------------------------------

    def _is_of_somebody_else(self) -> bool:
        """Return whether a fact about a third person is told as the speaker's own, or the reverse."""
        said = self.reading.said
        subject = re.match(r"(?:my|our|the) ([a-z]+)", self.fact)
        third = phrases.THIRD.match(self.fact) or (subject and classes_of(subject[1]) == {"person"})
        others = phrases.THIRD_ANYWHERE.search(said) or "person" in classes_of(said)
        if third:
            if phrases.ITS_ME.search(said):
                return True
            if _is_swapped(self.fact, said, self.reading.heard):
                return True
            clauses = self.reading.clauses
            if not others:
                return any(phrases.FIRST.search(one.text) and self._score(one) > 0 for one in clauses)
            most = max(map(self._score, clauses))
            return most > 0 and all(map(_is_own, [one for one in clauses if self._score(one) == most]))
        if _is_swapped(self.fact, said, self.reading.heard):
            return True
        own = phrases.FIRST_ANYWHERE.search(self.fact) and not phrases.THIRD_ANYWHERE.search(self.reading.heard)
        if own and "person" not in classes_of(self.fact):
            most = max(map(self._score, self.reading.clauses))
            best = [one for one in self.reading.clauses if self._score(one) == most]
            if most > 0 and all(map(_is_others, best)):
                return True
        known = own and "person" not in classes_of(self.reading.heard) and "person" not in classes_of(said)
        return bool(known) and any(
            phrases.THIRD.search(clause.text) and self._score(clause) > 0 for clause in self.reading.clauses
        )


def _unstated(fact: str, said: str) -> tuple[Quantity, ...]:
    """Return a fact's quantities without those of a rate that the line states in whatever words."""
    for rate in reversed(rates(fact)):
        if any(rate.equals(one) for one in rates(said)):
            fact = f"{fact[: rate.start]} {fact[rate.end :]}"
    return quantities(fact)


def _general_names(reading: Reading) -> frozenset[str]:
    """Return what a drug that may be named can be called: the doxycycline is the antibiotic."""
    named = (token for token in tokens(reading.said) if "treatment" in token.classes)
    known = any(covers(token, reading.licensed | reading.asked) for token in named)
    return GENERAL_TREATMENTS if known else frozenset()


def _is_own(clause: Clause) -> bool:
    """Return whether a clause is about the speaker and nobody else: "I take them myself"."""
    others = phrases.THIRD_ANYWHERE.search(clause.text) or "person" in classes_of(clause.text)
    return bool(phrases.OWN.match(clause.text)) and not others


def _is_others(clause: Clause) -> bool:
    """Return whether a clause is about somebody else: "my mother fell"."""
    match = phrases.OTHERS.match(clause.text)
    if not match or phrases.FIRST_ANYWHERE.search(clause.text[match.end() :]) or phrases.TALK.search(clause.text):
        return False
    return match["who"] is None or classes_of(match["who"]) == {"person"}


def _is_swapped(fact: str, said: str, heard: str) -> bool:
    """Return whether a line says "she" where a fact says "he", or the reverse."""
    he, she = phrases.HE_SHE
    return any(
        re.search(rf"{ours}|{named}", fact)
        and not re.search(rf"{ours}|{named}", said)
        and re.search(theirs, said)
        and not re.search(rf"{theirs}|{others}", heard)
        for ours, named, theirs, others in (
            (he, phrases.MALE, she, phrases.FEMALE),
            (she, phrases.FEMALE, he, phrases.MALE),
        )
    )
