"""Tables of findings: how often each diagnosis shows each value, and how much look-alikes share.

A scenario folder gives clinical frequencies. The `overlap` setting then lends each diagnosis a share of its
look-alikes' tables, which decides how far cases can be told apart at all (`consult.scenarios.ceilings`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

Table = Mapping[str, float]

CHILDREN_OF = {"morphology": "site", "complaint": "site"}
"""Fields that depend on another besides the diagnosis: a photograph shows what can be at its site."""


@dataclass(frozen=True)
class Value:
    """One value of one field, and how patients word it."""

    key: str
    phrasings: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    """Fillings of the slot `{item}` in the phrasings."""
    views: tuple[str, ...] = ()
    """Photograph views that admit the value; empty admits all. A site has exactly one."""
    ages: tuple[str, ...] = ()
    """Age bands that admit the value; empty admits all."""
    none: bool = False
    finding: str = ""
    """Morphology only: the noun phrase that a doctor says of it."""
    unit: str = ""
    low: int = 0
    high: int = 0
    """Durations and ages: the inclusive range in `unit`."""
    urgency: str | None = None


@dataclass(frozen=True)
class FindingTables:
    """P(value | diagnosis) for every field, with what the fields demand of each other."""

    clinical: Mapping[str, Mapping[str, Table]]
    """label → field → value → clinical frequency, each table adding up to 1."""
    values: Mapping[str, Mapping[str, Value]]
    look_alikes: Mapping[str, Sequence[str]]
    overlap: Mapping[str, float] = field(default_factory=dict)
    """Field → share borrowed from look-alikes, 0 to 1; the key `default` is for fields not named."""

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """All diagnoses, in the scenario's order."""
        return tuple(self.clinical)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """All fields, roots (age, site) first."""
        names = list(next(iter(self.clinical.values())))
        return tuple(sorted(names, key=lambda f: (f not in ("age", "site"), names.index(f))))

    @cached_property
    def mixed(self) -> Mapping[str, Mapping[str, Table]]:
        """The clinical tables after overlap."""
        return {label: {f: self._mix(label, f) for f in self.clinical[label]} for label in self.labels}

    def _mix(self, label: str, field_name: str) -> Table:
        share = self.overlap.get(field_name, self.overlap.get("default", 0.0))
        own, mixed = self.clinical[label][field_name], {}
        for value, p in own.items():
            mixed[value] = (1 - share) * p
        others = self._lenders(label, field_name)
        for other in others:
            for value, p in self.clinical[other][field_name].items():
                mixed[value] = mixed.get(value, 0.0) + share * p / len(others)
        return mixed

    def _lenders(self, label: str, field_name: str) -> Sequence[str]:
        """Give the look-alikes that lend to a field.

        Every other one lends to the photograph, the rest to the story: what looks alike is told apart by what the
        patient says, and what sounds alike by what is seen. If the same ones lent to both, the two would err together.
        """
        alike = self.look_alikes[label] or (label,)
        lenders = alike[0::2] if field_name == "morphology" else alike[1::2]
        return lenders or alike

    def admits(self, field_name: str, value: str, *, view: str | None = None, age: str | None = None) -> bool:
        """Tell whether a value can stand beside a photograph view and an age band."""
        spec = self.values[field_name][value]
        fits_view = view is None or not spec.views or view in spec.views
        return fits_view and (age is None or not spec.ages or age in spec.ages)

    def table(self, label: str, field_name: str, *, view: str | None = None, age: str | None = None) -> Table:
        """Give P(value | label, view, age), zero values left out; empty where nothing is admissible."""
        key = (label, field_name, view, age)
        if key not in self._cache:
            admitted = {
                v: p
                for v, p in self.mixed[label][field_name].items()
                if p > 0 and self.admits(field_name, v, view=view, age=age) and self._drawable(label, field_name, v)
            }
            total = math.fsum(admitted.values())
            self._cache[key] = {v: p / total for v, p in admitted.items()} if total else {}
        return self._cache[key]

    def _drawable(self, label: str, field_name: str, value: str) -> bool:
        # A site lent by a look-alike is kept only where the photograph and the complaint have something to show there.
        if field_name != "site":
            return True
        view = self.view_of(value)
        return all(self.table(label, child, view=view) for child in CHILDREN_OF)

    @cached_property
    def _cache(self) -> dict[tuple[str, str, str | None, str | None], Table]:
        return {}

    def view_of(self, site: str) -> str:
        """Give the photograph view of a site."""
        return self.values["site"][site].views[0]

    def view_table(self, label: str) -> Table:
        """Give P(view | label)."""
        views: dict[str, float] = {}
        for site, p in self.table(label, "site").items():
            views[self.view_of(site)] = views.get(self.view_of(site), 0.0) + p
        return views

    def log_likelihood(self, label: str, seen: Mapping[str, str]) -> float:
        """Give log P(seen | label), where `seen` maps fields, and `view`, to values.

        What a field demands of view and age is accounted for as far as these are among what was seen; an unseen
        view or age leaves the table as it is.
        """
        view = seen.get("view") or (self.view_of(seen["site"]) if "site" in seen else None)
        age = seen.get("age")
        total = 0.0
        if "site" not in seen and view is not None:
            total += _log(self.view_table(label).get(view, 0.0))
        for field_name, value in seen.items():
            if field_name == "view":
                continue
            table = self.table(
                label,
                field_name,
                view=view if field_name in CHILDREN_OF else None,
                age=age if field_name not in ("age", "site") else None,
            )
            total += _log(table.get(value, 0.0))
        return total

    def posterior(
        self, seen: Mapping[str, str], labels: Iterable[str] | None = None, prior: Table | None = None
    ) -> dict[str, float]:
        """Give P(label | seen), labels being equally frequent unless a prior says otherwise.

        Returns:
            label → probability, adding up to 1.
        """
        scores = {
            label: self.log_likelihood(label, seen) + (_log(prior[label]) if prior else 0.0)
            for label in (labels or self.labels)
        }
        top = max(scores.values())
        weights = {label: math.exp(score - top) for label, score in scores.items()}
        total = math.fsum(weights.values())
        return {label: w / total for label, w in weights.items()}


def _log(p: float) -> float:
    # A floor instead of -inf: what no table foresees must not outweigh all else that was seen.
    return math.log(p) if p > 1e-6 else math.log(1e-6)
