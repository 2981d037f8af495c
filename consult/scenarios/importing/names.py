"""Names of diagnoses: which rows mean the same diagnosis, and which sentences reveal it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

import yaml

from consult.reading import SMALL
from consult.scenarios.checks.wording import naming
from consult.scenarios.importing.cleaning import SENTENCES, cleaned
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.normalised import normalised
from consult.scenarios.scenario import Label, Scenario

MOST_LABELS = 2_000
"""Most labels: every doctor reads the closed list at every turn. With more, diagnoses are open."""
MOST_CHARACTERS = 120
MOST_SPELLINGS = 10

_BRACKETS = re.compile(r"\s*[(\[]([^)\]]*)[)\]]\s*$")
_POSSESSIVE = re.compile(r"['`]s\b")
_WORD = re.compile(r"\w+")
_SMALL = frozenset(
    _WORD.findall("a an and at by due for from in its of on or secondary the to type with without"),
)


@dataclass
class Diagnosis:
    """One diagnosis of a source."""

    name: str
    """Its first spelling; the label."""
    spellings: dict[str, None] = field(default_factory=dict)
    """Other spellings, in order."""
    specialties: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    reveals: Callable[[str], bool] | None = None
    """Returns whether a text names it by an alias that is known from elsewhere."""

    @property
    def bracketed(self) -> str:
        """Text in brackets at the end of the name, e.g. an abbreviation; empty if there is none."""
        match = _BRACKETS.search(self.name)
        return match.group(1).strip() if match else ""

    def is_named_in(self, text: str) -> bool:
        """Return whether a text reveals the diagnosis: by a name, or by all key words of one, in any order."""
        said = _said(text)
        if self.reveals is not None and self.reveals(text):
            return True
        bare = _BRACKETS.sub("", self.name)
        return any(_whole(name, text) or _words(name) <= said for name in (self.name, bare, self.bracketed) if name)


def _whole(name: str, text: str) -> bool:
    return _named(name).search(text) is not None


@lru_cache(maxsize=1024)
def _named(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=SENTENCES)
def _said(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(_POSSESSIVE.sub("", text.lower())))


@lru_cache(maxsize=1024)
def _words(name: str) -> frozenset[str]:
    words = [word for word in _WORD.findall(_POSSESSIVE.sub("", name.lower())) if word not in _SMALL]
    return frozenset(_stem(word) for word in words) or frozenset({""})


def _stem(word: str) -> str:
    return word if len(word) < 5 else word.removesuffix("s").removesuffix("e")


def _key(name: str) -> str:
    bare = _BRACKETS.sub("", name) or name
    return " ".join(_WORD.findall(_POSSESSIVE.sub("", bare.lower()))) or name.lower()


class Diagnoses:
    """The diagnoses of a source, collected row by row.

    Args:
        known: Label → what is known of it without the source; they are on the list even if no case has them.
    """

    def __init__(self, known: Mapping[str, Label] | None = None) -> None:
        self._known_labels = known or {}
        named = naming(self._known_labels)
        self._by_key = {
            _key(name): Diagnosis(name, reveals=partial(_reveals, named, name)) for name in self._known_labels
        }
        self.open = False
        """Whether there are too many for a closed list; they are then no longer collected."""

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def some_without_cases(self) -> bool:
        """Return whether a label has no case."""
        return any(not diagnosis.cases for diagnosis in self._by_key.values())

    def named(self, written: str) -> Diagnosis | None:
        """Return the diagnosis that a row names; None if it names none.

        Raises:
            UnusableRow: The text is not the name of a diagnosis.
        """
        if not written:
            return None
        name = cleaned(written).strip(" .,;:")
        if not re.search(r"[^\W\d_]", name):
            raise UnusableRow("the diagnosis contains no word", written)
        if len(name) > MOST_CHARACTERS:
            raise UnusableRow(f"the diagnosis is longer than {MOST_CHARACTERS} characters", written)
        known = self._by_key.get(_key(name))
        return self._known(known, name) if known else Diagnosis(name)

    def _known(self, known: Diagnosis, name: str) -> Diagnosis:
        if normalised(name) != normalised(known.name) and len(known.spellings) < MOST_SPELLINGS:
            known.spellings.setdefault(name)
        return known

    def count(self, diagnosis: Diagnosis, specialty: str) -> None:
        """Record a kept case."""
        if not self.open:
            diagnosis = self._by_key.setdefault(_key(diagnosis.name), diagnosis)
            diagnosis.cases += 1
            diagnosis.specialties.update([specialty] if specialty else [])
            self.open = len(self._by_key) > MOST_LABELS

    def file(self) -> str | None:
        """Write `labels.yaml`; return None for open diagnoses, and if the list would be too long to be read."""
        if self.open or not self._by_key:
            return None
        taken = {normalised(diagnosis.name) for diagnosis in self._by_key.values()}
        entries = {d.name: self._entry(d, taken) for d in self._by_key.values()}
        text = dumped({"labels": entries})
        self.open = len(text.encode()) > SMALL
        return None if self.open else text

    def _entry(self, diagnosis: Diagnosis, taken: set[str]) -> dict[str, object]:
        label = self._known_labels.get(diagnosis.name)
        known = label.aliases if label else ()
        candidates = (*known, _BRACKETS.sub("", diagnosis.name), diagnosis.bracketed, *diagnosis.spellings)
        aliases = []
        for alias in candidates:
            if len(alias) > 2 and re.search(r"[^\W\d_]", alias) and normalised(alias) not in taken:
                taken.add(normalised(alias))
                aliases.append(alias)
        common = diagnosis.specialties.most_common(1)
        specialty = common[0][0] if common else (label.specialty or None) if label else None
        entry: dict[str, object] = {"specialty": specialty, "urgency": None}
        if label is not None and not common:
            entry |= {"second_specialty": label.second_specialty, "look_alikes": list(label.look_alikes)}
        return {**entry, "aliases": aliases} if aliases else entry


def _reveals(named: Scenario, name: str, text: str) -> bool:
    return name in named.leaks(text)


class _Plain(yaml.SafeDumper):
    """Writes no anchors, which the scenario's reader refuses."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dumped(data: object) -> str:
    """Write YAML that the scenario's reader accepts."""
    return yaml.dump(data, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120)
