"""Convert a row of a source to a case: split its text into facts with topics, and its findings into examinations.

A sentence that names the diagnosis is left out of the card and counted, so that no patient reveals it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from consult.scenarios.case import TEMPERAMENTS, URGENCIES
from consult.scenarios.checks.cases import years_said
from consult.scenarios.importing.ages import age_in_cell, age_in_text
from consult.scenarios.importing.cleaning import cleaned, was_cleaned, without_markup
from consult.scenarios.importing.context import parted, with_couples
from consult.scenarios.importing.doubtful import is_doubtful
from consult.scenarios.importing.first_person import as_clause, in_first_person
from consult.scenarios.importing.names import Diagnosis
from consult.scenarios.importing.notes import asks, is_doctors, is_shorthand
from consult.scenarios.importing.row import Passage, Row, UnusableRow
from consult.scenarios.importing.sentences import MOST_CHARACTERS, denies, says_nothing, sentences
from consult.scenarios.importing.shorthand import spelled_out
from consult.scenarios.importing.tellers import of_relative, relative_of, sex_of
from consult.scenarios.importing.topics import EXAMINATIONS, TOPICS, examination_of, is_found, is_told, topic_of
from consult.scenarios.importing.unsayable import is_sayable

MOST_FACTS = 60
MOST_FINDINGS = 120
MOST_NAMES = 100
"""Most topics, most examinations and most clinics from a source."""
LONGEST_ANSWER = 4
"""Most words of a note without a verb that answers the question of its topic ("Right-handed")."""
LOOK = "please look at this"
"""The complaint if there is only a photograph."""

_SEXES = {
    "female": re.compile(r"\b(?:female|woman|girl|lady)\b|^\s*[fw]\s*$", re.IGNORECASE),
    "male": re.compile(r"\b(?:male|man|boy|gentleman)\b|^\s*m\s*$", re.IGNORECASE),
}
_PRONOUNS = {
    "female": re.compile(r"\b(?:she|her)\b", re.IGNORECASE),
    "male": re.compile(r"\b(?:he|his|him)\b", re.IGNORECASE),
}
_SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation",
           "val": "validation", "dev": "validation", "test": "test", "testing": "test", "": "test"}  # fmt: skip
_HAVING = re.compile(r"^I have (?=(?:an? )?\w)")
"""Matches the beginning that a reader has given to a symptom, if an examination shows it."""
_LIFE = re.compile(
    r"(?:hello, )?(?:I|he|she|the patient) (?:works?|lives?|stud(?:y|ies)|smokes?|drinks?)\b", re.IGNORECASE
)
"""Matches the beginning of what says how the patient lives."""
_NO_COMPLAINT = re.compile(r"^(?:(?:but|and|however),? )?(?:they|he|she)\b|\basymptomatic$", re.IGNORECASE)
"""Matches what is no complaint: nobody has said who "they" are, or nothing is felt."""
_VAGUE = re.compile(r"(?:(?:but|and|however),? )?(?:it|this is|these are|those are)\b", re.IGNORECASE)
"""Matches a complaint of what is not named, for want of a better one."""
_OWN = re.compile(r"\b(?:I|me|my)\b")
_TOPIC = re.compile(r"[a-z][a-z ,_]{0,40}")


@dataclass
class Card:
    """A case for `cases.jsonl`, and what was left out of it."""

    fields: dict[str, Any]
    cleaned: list[str] = field(default_factory=list)
    """Fields from which markup, control characters or formula signs were removed, or that were not understood."""
    leaks: int = 0
    """Number of sentences left out because they name the diagnosis."""
    long: int = 0
    """Number of sentences left out because they are too long, or too many."""
    aside: list[str] = field(default_factory=list)
    """Sentences in the shorthand of notes, which no patient would say and no examination shows."""


@dataclass
class Menu:
    """Topics, examinations and clinics in use; the number from a source is limited."""

    topics: dict[str, str] = field(default_factory=lambda: dict(TOPICS))
    examinations: dict[str, None] = field(default_factory=dict)
    clinics: dict[str, None] = field(default_factory=dict)

    def topic(self, name: str, clause: str) -> str:
        """Return the topic of a fact: the source's if it is valid, else from the clause's words."""
        name = name.lower().strip()
        if not _TOPIC.fullmatch(name) or name == "complaint":
            return topic_of(clause)
        if name not in self.topics and len(self.topics) < MOST_NAMES:
            self.topics[name] = name.replace("_", " ")
        return name if name in self.topics else topic_of(clause)

    def examination(self, name: str, heading: str, text: str) -> str:
        """Return the examination that shows a finding."""
        name = name.lower().strip()
        usable = _TOPIC.fullmatch(name) and (name in self.examinations or len(self.examinations) < MOST_NAMES)
        chosen = name if usable else examination_of(heading, text)
        self.examinations.setdefault(chosen)
        return chosen

    def clinic(self, name: str) -> str:
        """Return a clinic's name.

        Raises:
            UnusableRow: There are too many, so the column is not a specialty.
        """
        if name not in self.clinics and len(self.clinics) >= MOST_NAMES:
            raise UnusableRow(f"more than {MOST_NAMES} specialties", name)
        self.clinics.setdefault(name)
        return name

    def described(self) -> dict[str, str]:
        """Return examination → its description, in a fixed order."""
        known = {name: words for name, words in EXAMINATIONS.items() if name in self.examinations}
        return known | {name: name.replace("_", " ") for name in self.examinations if name not in known}


def card_of(row: Row, case_id: str, diagnosis: Diagnosis | None, menu: Menu) -> Card:
    """Make a row's card.

    Raises:
        UnusableRow: The row lacks a complaint, or names a split, urgency or temperament that does not exist.
    """
    card = Card({"id": case_id, "complaint": ""})
    demographics = _demographics(row, card)
    sex = demographics.get("sex") or _spoken_sex(row)
    writer = _Writer(card, diagnosis, menu, sex, demographics.get("age"))
    complaint, rest = writer.complaint(row)
    if not writer.fits(complaint):
        raise UnusableRow("the complaint names the diagnosis", complaint)
    card.fields["complaint"] = complaint
    # Reworded text is checked again: rules add words, and a diagnosis can be any word.
    facts = [fact for fact in (*_age_fact(row), *writer.facts([*rest, *row.told])) if writer.fits(fact["text"])]
    findings = [found for found in (*writer.findings(row.found), *writer.sorted_out) if writer.fits(found["text"])]
    card.long += max(0, len(facts) - MOST_FACTS) + max(0, len(findings) - MOST_FINDINGS)
    card.fields |= {"facts": facts[:MOST_FACTS], "examinations": findings[:MOST_FINDINGS]}
    card.fields |= {"diagnosis": diagnosis.name if diagnosis else None, **_routing(row, card, menu), **demographics}
    card.fields = {name: value for name, value in card.fields.items() if value not in (None, [], "")}
    return card


class _Writer:
    """Writes the clauses of one card."""

    def __init__(self, card: Card, diagnosis: Diagnosis | None, menu: Menu, sex: str | None, age: int | None) -> None:
        self.card, self.diagnosis, self.menu, self.sex, self.age = card, diagnosis, menu, sex, age
        self.relative: str | None = None
        """The patient, if a relative tells the case ("wife")."""
        self.said: set[str] = set()
        self.left_out: set[str] = set()
        self.sorted_out: list[dict[str, Any]] = []

    def complaint(self, row: Row) -> tuple[str, list[Passage]]:
        """Return the complaint, and the text with it; the first told sentence if there is no complaint."""
        stated = list(self._sentences(row.complaint, "complaint"))
        told = (s for passage in row.told for s in self._sentences(passage.text, "text"))
        candidates = [*stated, *told]
        self._listen(candidates)
        sentence, clause, noted = self._chosen(candidates, stated)
        rest = [Passage(s) for s in stated if s != sentence]
        if clause:
            self.said.add(clause.lower())
            return clause, rest
        if row.image:
            return LOOK, rest
        if noted or (self.card.leaks and (stated or row.told)):
            return "I do not feel well", rest
        raise UnusableRow("there is no complaint")

    def _chosen(self, candidates: Sequence[str], stated: Sequence[str]) -> tuple[str, str, bool]:
        """Return the sentence of the complaint, its clause, and whether any sentence says something."""
        vague, noted, passed = ("", ""), False, False
        # A question is a complaint only where nothing else is said; work and habits are none.
        for sentence in sorted(
            candidates, key=lambda said: (asks(said), said not in stated and _LIFE.match(said) is not None)
        ):
            clause = self._clause(Passage(sentence))
            unasked = asks(sentence) and not clause.endswith("?")
            if not clause or (passed and asks(sentence)):
                continue
            if unasked or is_doctors(sentence) or is_shorthand(clause) or self._is_not_the_patients(sentence, clause):
                noted = True
            elif sentence in stated:
                return sentence, clause, True
            elif _NO_COMPLAINT.search(clause) or denies(clause):
                noted = passed = True
            elif is_found(sentence, clause):
                continue
            elif _VAGUE.match(clause):
                vague, passed = vague if vague[1] else (sentence, clause), True
            elif not vague[1] or _OWN.search(clause):
                return sentence, clause, True
        return *vague, noted

    def facts(self, passages: Sequence[Passage]) -> Iterator[dict[str, Any]]:
        """Return the facts that the patient can say; findings that only a doctor can make go to `sorted_out`."""
        for passage in passages:
            for sentence in self._sentences(passage.text, "text"):
                part = Passage(sentence, passage.topic, passage.heading, passage.none)
                clause = self._clause(part)
                if not clause or clause.lower() in self.said:
                    continue
                self.said.add(clause.lower())
                told = is_told(sentence)
                if (is_doctors(sentence) and not told) or (not passage.topic and is_found(sentence, clause)):
                    bare = _HAVING.sub("", sentence)
                    self.sorted_out.append(self._finding(replace(part, text=bare, topic="")))
                elif self._unsaid(part, clause) or (told and is_doctors(clause)):
                    self.card.aside.append(sentence)
                else:
                    topic = self._possible(self.menu.topic(passage.topic, clause), clause)
                    none = {"none": True} if passage.none or denies(clause) else {}
                    yield {"topic": topic, "text": clause, **none}

    def _listen(self, told: Sequence[str]) -> None:
        """Find out whether a relative tells the case."""
        self.relative = relative_of(told)
        self.sex = self.sex or (sex_of(self.relative) if self.relative else None)

    def _unsaid(self, passage: Passage, clause: str) -> bool:
        """Return whether no patient would say a clause, or nothing about the patient is said."""
        if is_shorthand(clause) or asks(passage.text) or asks(clause):
            return True
        # A note begins with a capital; "on both of my arms" is a whole answer to where it is.
        words = 0 if not passage.topic else LONGEST_ANSWER if passage.text[:1].isupper() else MOST_CHARACTERS
        return self._is_not_the_patients(passage.text, clause, words)

    def _is_not_the_patients(self, sentence: str, clause: str, words: int = 0) -> bool:
        told = self.relative is None or of_relative(sentence, self.relative) != ""
        return not told or not is_sayable(clause, words) or is_doubtful(clause, self.sex, self.age)

    def findings(self, passages: Sequence[Passage]) -> Iterator[dict[str, Any]]:
        """Return the findings of examinations."""
        for passage in passages:
            for sentence in self._sentences(passage.text, "findings"):
                if self.fits(sentence):
                    yield self._finding(Passage(sentence, passage.topic, passage.heading))

    def _finding(self, passage: Passage) -> dict[str, Any]:
        heading = cleaned(passage.heading)[:100]
        topic = self.menu.examination(passage.topic, heading, passage.text)
        return {"topic": topic, "text": f"{heading}: {passage.text}" if heading else as_clause(passage.text)}

    def _clause(self, passage: Passage) -> str:
        """Reword a sentence as the patient's; empty if it says nothing, or reveals too much."""
        if says_nothing(passage.text) or not self.fits(passage.text):
            return ""
        text = (of_relative(passage.text, self.relative) if self.relative else "") or passage.text
        clause = in_first_person(spelled_out(text), self.sex)
        return clause if re.search(r"\w", clause) else ""

    def fits(self, text: str) -> bool:
        """Return whether a text may be on the card; if not, it is counted, once."""
        long = len(text) > MOST_CHARACTERS
        if not long and not (self.diagnosis is not None and self.diagnosis.is_named_in(text)):
            return True
        if text not in self.left_out:
            self.left_out.add(text)
            self.card.long += long
            self.card.leaks += not long
        return False

    def _sentences(self, text: str, name: str) -> Iterator[str]:
        if was_cleaned(text) and name not in self.card.cleaned:
            self.card.cleaned.append(name)
        for line in without_markup(text).splitlines():
            for sentence in with_couples(sentences(cleaned(line))):
                yield from parted(sentence) if name != "findings" else (sentence,)

    def _possible(self, topic: str, clause: str) -> str:
        """Exclude a duration longer than the patient's life, which belongs to somebody else."""
        longest = max(years_said(clause), default=0)
        return "history" if topic == "duration" and self.age is not None and longest > self.age else topic


def _demographics(row: Row, card: Card) -> dict[str, Any]:
    stated = " ".join((row.about, next(iter(sentences(cleaned(row.complaint))), "")))[:400]
    age = age_in_cell(row.age) if row.age else age_in_text(stated)
    found: dict[str, Any] = {"age": None if age is None else age.years}
    found["sex"] = _sex(row.sex) or _sex(stated)
    found["name"] = cleaned(row.name)[:60]
    found["skin_type"] = int(row.skin_type) if row.skin_type in tuple("123456") else None
    card.cleaned += [n for n in ("age", "skin_type") if getattr(row, n) and found[n] is None]
    card.cleaned += ["sex"] if row.sex and found["sex"] is None else []
    card.cleaned += ["name"] if was_cleaned(row.name) else []
    return found


def _sex(text: str) -> str | None:
    found = [(match.start(), sex) for sex, words in _SEXES.items() if (match := words.search(text))]
    return min(found)[1] if found else None


def _spoken_sex(row: Row) -> str | None:
    """Return the sex that the pronouns of a case's first sentence say ("a toddler with a rash on his arm")."""
    first = next(iter(sentences(cleaned(row.complaint))), "")
    if re.match(r"an? (?:[\w-]+ ){0,3}?[\w-]+-old\b", first, re.IGNORECASE) is None:
        return None
    found = [sex for sex, words in _PRONOUNS.items() if words.search(first)]
    return found[0] if len(found) == 1 else None


def _age_fact(row: Row) -> list[dict[str, Any]]:
    stated = " ".join((row.about, cleaned(row.complaint)[:300]))
    age = age_in_cell(row.age) if row.age else age_in_text(stated)
    return [] if age is None or not age.said else [{"topic": "age", "text": f"my age is {age.said}"}]


def _routing(row: Row, card: Card, menu: Menu) -> dict[str, Any]:
    split = _SPLITS.get(cleaned(row.split).lower())
    if split is None:
        raise UnusableRow("the split is not one of train, validation, test", row.split)
    urgency = cleaned(row.urgency).lower()
    if urgency and urgency not in URGENCIES:
        raise UnusableRow(f"the urgency is not one of {', '.join(URGENCIES)}", row.urgency)
    temperament = cleaned(row.temperament).lower()
    if temperament and temperament not in TEMPERAMENTS:
        raise UnusableRow(f"the temperament is not one of {', '.join(TEMPERAMENTS)}", row.temperament)
    specialty = cleaned(row.specialty)[:80].lower()
    card.cleaned += ["specialty"] if row.specialty and not specialty else []
    clinic = menu.clinic(specialty) if specialty else None
    return {"split": split, "urgency": urgency, "temperament": temperament, "specialty": clinic}
