"""A scenario: a named set of cases with its labels, specialties and topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from consult.errors import UserError
from consult.scenarios.case import Case, Temperament, Urgency
from consult.scenarios.conditional import Advice, Known, applying, most_urgent
from consult.scenarios.normalised import abstains, folded, normalised, open_name, spellings
from consult.scenarios.options import letter_named

REFERRAL = "not on this list"
"""The answer of a doctor who refers a patient whose diagnosis is none of the labels."""
REFERRALS = (REFERRAL, "not on the list", "not listed", "none of these", "none of the above", "none of the list")
"""Spellings of that answer."""

ScenarioKind = Literal["consultation", "vqa"]
"""Whether patients are interviewed, or questions about pictures are answered."""


@dataclass(frozen=True)
class Label:
    """One diagnosis of a closed list."""

    name: str
    specialty: str
    """Empty if it is not known."""
    urgency: Urgency | None
    """None if it is not known."""
    aliases: tuple[str, ...] = ()
    second_specialty: str | None = None
    """A second clinic that is also medically acceptable."""
    look_alikes: tuple[str, ...] = ()
    red_flags: Mapping[str, float] = field(default_factory=dict)
    """Red flag → its frequency among patients with this diagnosis."""
    explanation: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Kind of question back (contagious, outlook, serious, cause) → one sentence."""
    plan: tuple[Advice, ...] = ()
    """What to do, step by step; a step can depend on the patient."""
    safety_net: tuple[Advice, ...] = ()
    """When to come back."""

    def plan_for(self, known: Known) -> tuple[str, ...]:
        """Return the steps that apply to a patient with these known values."""
        return applying(self.plan, known)

    def safety_net_for(self, known: Known) -> str:
        """Return when such a patient should come back."""
        return " ".join(applying(self.safety_net, known))

    def urgency_for(self, known: Known) -> Urgency | None:
        """Return how soon such a patient must be seen, ignoring alarms."""
        return most_urgent((self.urgency, *(one.urgency for one in self.plan if one.applies(known))))

    @property
    def conditional_topics(self) -> tuple[str, ...]:
        """Return the topics that the choice of the plan depends on, each once."""
        return tuple(dict.fromkeys(t for one in (*self.plan, *self.safety_net) for t in one.topics))


class Mention(NamedTuple):
    """One place in a text that names a label."""

    start: int
    label: str
    words: str
    """The name as written in the text."""


class CaseSource(Protocol):
    """Source of a scenario's cases."""

    def ids(self, split: str) -> Sequence[str]:
        """List a split's case ids in their fixed order; empty for a split that does not exist."""

    def get(self, case_id: str) -> Case:
        """Make one case.

        Raises:
            KeyError: There is no such case.
        """


class UnknownNameError(UserError, ValueError):
    """A name that is not on the menu; the message lists the menu, nearest names first."""

    def __init__(self, kind: str, name: str, menu: Sequence[str]) -> None:
        self.kind, self.name, self.menu = kind, name, tuple(menu)
        there = f"there are: {', '.join(nearest_first(str(name), self.menu))}" if menu else "there is none"
        super().__init__(f"no {kind} '{name}'; {there}")


def nearest(name: str, menu: Sequence[str], most: int = 3, cutoff: float = 0.5) -> list[str]:
    """Return a menu's entries that are most similar to a mistyped name, in the menu's order if equally similar."""
    import difflib

    known = list(dict.fromkeys(menu))
    near = set(difflib.get_close_matches(name, known, n=max(1, len(known)), cutoff=cutoff))
    matcher = difflib.SequenceMatcher()
    matcher.set_seq2(name)

    def unlike(entry: str) -> float:
        matcher.set_seq1(entry)
        return -matcher.ratio()

    return sorted((entry for entry in known if entry in near), key=unlike)[:most]


def nearest_first(name: str, menu: Sequence[str], most: int = 12) -> list[str]:
    """Order a menu by similarity to a mistyped name, and cut it to `most` entries and an ellipsis."""
    near = nearest(name, menu)
    rest = [entry for entry in dict.fromkeys(menu) if entry not in near]
    listed = [*near, *rest]
    return listed if len(listed) <= most else [*listed[:most], "…"]


@dataclass(frozen=True)
class Scenario:
    """Labels, topics and cases under one name. Doctors see the lists, never a case's card."""

    name: str
    title: str
    labels: Mapping[str, Label]
    """Empty for a scenario with open diagnoses."""
    topics: Mapping[str, str]
    """Topic → what a question about it asks for, in words."""
    examinations: Mapping[str, str]
    source: CaseSource
    clinics: tuple[str, ...] = ()
    """Specialties that occur only in single cases."""
    splits: Mapping[str, int] = field(default_factory=dict)
    description: str = ""
    findings: tuple[str, ...] = ()
    """Possible findings of photographs, in a doctor's words; empty if the photographs were not drawn."""
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Open diagnosis → its other names; those of labels are stored with the labels."""
    temperaments: Mapping[str, Temperament] = field(default_factory=dict)
    """Case → its own temperament, for cases whose file states one."""
    revision: str = ""
    """Hash of the scenario's files: two runs with equal revisions play the same cases."""
    off_list: Mapping[str, Label] = field(default_factory=dict)
    """Diagnoses of cases that are none of the labels: doctors are not offered them, and the right answer is to refer.

    All of their names are read as the one answer `REFERRAL`.
    """
    kind: ScenarioKind = "consultation"
    in_domain: tuple[str, ...] = ()
    """Data sets of questions that count as in-domain; the others are out of domain."""

    @property
    def asks_questions(self) -> bool:
        """Return whether its cases are questions about pictures, without a patient."""
        return self.kind == "vqa"

    @property
    def answers(self) -> tuple[str, ...]:
        """Return what a doctor can decide on: the labels, and to refer if cases can be off the list."""
        return (*self.labels, *((REFERRAL,) if self.off_list else ()))

    def for_case(self, case: Case) -> Scenario:
        """Return the scenario for one case: the options of a question are its labels."""
        if case.question is None or not case.question.options:
            return self
        return replace(self, labels={name: Label(name, "", None) for name in case.question.options})

    def domain_of(self, case: Case) -> str | None:
        """Return `in` or `out` for a question of a known data set, if the scenario tells the two apart."""
        dataset = case.question.dataset if case.question else ""
        if not dataset or not self.in_domain:
            return None
        return "in" if dataset in self.in_domain else "out"

    @cached_property
    def specialties(self) -> tuple[str, ...]:
        """Return the specialties in the order of their first label, then those of single cases."""
        named = (label.specialty for label in self.labels.values())
        return tuple(dict.fromkeys(name for name in (*named, *self.clinics) if name))

    @cached_property
    def names_by_alias(self) -> Mapping[str, str]:
        """Return normalised alias → normalised open diagnosis."""
        return {open_name(alias): open_name(name) for name, others in self.aliases.items() for alias in others}

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Return normalised name → label, the longest name first; if names are equal, a label's own, then the first."""
        names = {key: name for name in reversed(tuple(self.labels)) for key in spellings(name)}
        for label in self.labels.values():
            for alias in label.aliases:
                for key in spellings(alias):
                    names.setdefault(key, label.name)
        for name in self._off_list_names if self.off_list else ():
            names.setdefault(name, REFERRAL)
        for name in REFERRALS if self.off_list else ():
            names.setdefault(normalised(name), REFERRAL)
        return {name: names[name] for name in sorted(names, key=lambda n: (-len(n), n)) if name}

    @cached_property
    def _off_list_names(self) -> dict[str, str]:
        """Return normalised name → diagnosis that is none of the labels."""
        each = ((name, label) for label in self.off_list.values() for name in (label.name, *label.aliases))
        return {key: label.name for name, label in each for key in spellings(name)}

    @cached_property
    def _given_away(self) -> Mapping[str, str]:
        """Return normalised spelling → diagnosis that it reveals: names, their plurals, and names without spaces.

        With open diagnoses: all that the scenario knows, which are those with aliases and the true ones of its cases.
        """
        own = {name: label for name, label in self._names.items() if label != REFERRAL} | self._off_list_names
        names = own or self._open_names
        found = dict(names)
        for name, diagnosis in names.items():
            plurals = (f"{name}s", f"{name}es", *((f"{name[:-1]}ies",) if name.endswith("y") else ()))
            for other in (*plurals, name.replace(" ", "")):
                found.setdefault(other, diagnosis)
        return {name: found[name] for name in sorted(found, key=lambda n: (-len(n), n))}

    @cached_property
    def _open_names(self) -> Mapping[str, str]:
        cases = (self.source.get(case_id) for split in self.splits for case_id in self.source.ids(split))
        truths = dict.fromkeys(case.truth.diagnosis for case in cases if case.truth.diagnosis)
        names = {open_name(name): name for name in (*self.aliases, *truths) if not abstains(name)}
        for alias, name in self.names_by_alias.items():
            names.setdefault(alias, names.get(name, name))
        return names

    def diagnosis(self, text: str) -> str | None:
        """Find the label that a text names, by names and aliases, whole words, the longest name first.

        Case, accents, apostrophes and hyphens do not matter.

        Returns:
            The label; None if the text names none, or names several different ones.
        """
        if text in self.labels:
            return text
        if self.asks_questions and (lettered := letter_named(text, tuple(self.labels))) is not None:
            return lettered
        whole = self._names.get(normalised(text))
        if whole is not None:
            return whole
        found = self.diagnoses(text)
        return found[0] if len(found) == 1 else None

    def diagnoses(self, text: str) -> tuple[str, ...]:
        """Find all labels that a text names, in the order of the text, each once."""
        return tuple(dict.fromkeys(mention.label for mention in self.mentions(text)))

    def mentions(self, text: str) -> list[Mention]:
        """Find each place in a text that names a label, in order; if places overlap, the longest name counts."""
        return _mentions(text, self._names)

    def leaks(self, text: str) -> tuple[str, ...]:
        """Find the diagnoses that a text reveals, in the order of the text, each once.

        Plurals and names without spaces also reveal one. With open diagnoses, those that the scenario knows count: the
        true ones of its cases, and those with aliases.
        """
        return tuple(dict.fromkeys(mention.label for mention in _mentions(text, self._given_away)))

    def case(self, case_id: str) -> Case:
        """Make one case.

        Raises:
            UnknownNameError: The scenario has no such case.
        """
        try:
            return self.source.get(case_id)
        except KeyError:
            menu = [i for split in self.splits for i in self.source.ids(split)[:200]]
            raise UnknownNameError("case", case_id, menu) from None

    def case_ids(self, split: str) -> Sequence[str]:
        """List a split's cases in the fixed order that cycles through the diagnoses.

        Raises:
            UnknownNameError: The scenario has no such split.
        """
        if split not in self.splits:
            raise UnknownNameError("split", split, list(self.splits))
        return self.source.ids(split)


def _mentions(text: str, names: Mapping[str, str]) -> list[Mention]:
    """Find each place in a text with one of these normalised names, which are ordered longest first."""
    hits, rest = list[Mention](), folded(text)
    # Of hundreds of names, a line has one or two.
    for name in [name for name in names if name in rest.text]:
        label, places = names[name], list(rest.places(name))
        for start, end in (rest.span(*place) for place in places):
            hits.append(Mention(start, label, rest.source[start:end]))
        rest = rest.without(places)
    return sorted(hits)
