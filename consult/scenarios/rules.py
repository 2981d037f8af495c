"""Rules of exclusion: values of different fields that cannot be on the same card.

A rule is data (`rules.yaml` of a scenario with tables). It names one field with some of its values, and what another
field can then never be (`never`), can only be (`only`), or must also contain (`needs`, for several-valued fields).
`never` and `only` exclude pairs of values, whichever of the two fields is drawn first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["never", "only", "needs"]

Drawn = Mapping[str, str | tuple[str, ...]]
"""Field → value of one patient; a tuple for a several-valued field, empty if the patient has none of its values."""


@dataclass(frozen=True)
class Rule:
    """One exclusion."""

    field: str
    values: frozenset[str]
    """The rule applies to patients with one of these."""
    kind: Kind
    other: str
    """The field that is restricted."""
    others: frozenset[str]
    because: str = ""

    def broken_by(self, drawn: Drawn) -> bool:
        """Return whether a patient breaks the rule; a field that was not drawn breaks none."""
        if self.field not in drawn or self.other not in drawn or not self.values & set(as_values(drawn[self.field])):
            return False
        there = set(as_values(drawn[self.other]))
        if self.kind == "never":
            return bool(there & self.others)
        return not there & self.others if self.kind == "needs" else not there <= self.others


def as_values(drawn: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return a field's values as a tuple; `none` if a several-valued field has none."""
    return (drawn,) if isinstance(drawn, str) else drawn or ("none",)


@dataclass(frozen=True)
class Exclusions:
    """All rules of a scenario, prepared for drawing."""

    rules: Sequence[Rule] = ()
    values: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Field → all of its values."""

    @cached_property
    def _conflicts(self) -> Mapping[tuple[str, str], Mapping[str, frozenset[str]]]:
        """(field, value) → other field → values that it excludes."""
        found: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one, other in self._pairs():
            found[one][other[0]].add(other[1])
            found[other][one[0]].add(one[1])
        return {key: {f: frozenset(v) for f, v in by_field.items()} for key, by_field in found.items()}

    def _pairs(self) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
        for rule in self.rules:
            if rule.kind == "needs":
                continue
            unfit = rule.others if rule.kind == "never" else set(self.values.get(rule.other, ())) - rule.others
            yield from (((rule.field, a), (rule.other, b)) for a in rule.values for b in unfit)

    @cached_property
    def _needs(self) -> Mapping[tuple[str, str], Sequence[Rule]]:
        found: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        for rule in self.rules:
            if rule.kind == "needs":
                for value in rule.values:
                    found[rule.field, value].append(rule)
        return found

    @cached_property
    def _related(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for rule in self.rules:
            found[rule.field].add(rule.other)
            found[rule.other].add(rule.field)
        return {name: frozenset(others) for name, others in found.items()}

    def related(self, name: str) -> frozenset[str]:
        """Return the fields that can exclude values of a field."""
        return self._related.get(name, frozenset())

    def admits(self, name: str, value: str, drawn: Drawn) -> bool:
        """Return whether a value is compatible with the values drawn before it."""
        conflicts = self._conflicts.get((name, value), {})
        if any(conflicts[f] & set(as_values(drawn[f])) for f in conflicts if f in drawn):
            return False
        needed = self._needs.get((name, value), ())
        return all(r.others & set(as_values(drawn[r.other])) for r in needed if r.other in drawn)

    def broken(self, drawn: Drawn) -> Iterable[Rule]:
        """Return the rules that a whole patient breaks."""
        return [rule for rule in self.rules if rule.broken_by(drawn)]
