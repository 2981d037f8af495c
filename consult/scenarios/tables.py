"""Tables of findings: the frequency of each value for each diagnosis.

A diagnosis's facts come from its own clinical tables. A small share of the story (`atypical`) comes from the
`population` instead: what anybody of that age, sex and site might tell. A value is drawn only if its own requirements
(regions, sites, ages, sexes) and the scenario's rules of exclusion admit it given the values drawn before. So the
probability of a whole patient is a product of restricted tables, and posteriors over the diagnoses are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from consult.scenarios.case import ALARM
from consult.scenarios.rules import Drawn, Exclusions, Rule, as_values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Table = Mapping[str, float]

NONE = "none"
EXAMINATIONS = ("palpation", "temperature")
ROOTS = ("age", "sex", "site", "skin_type")
"""Drawn first, only from the diagnosis's own tables."""
FIRST = (*ROOTS, "morphology", "complaint", ALARM)
"""The order in which a patient is drawn; all other fields follow, examinations last."""
SEXES = ("female", "male")
SKIN_TYPES = ("I", "II", "III", "IV", "V", "VI")
"""Fitzpatrick skin types."""
VOCABULARY: Mapping[str, tuple[str, ...]] = {"sex": SEXES, "skin_type": SKIN_TYPES}
"""Field without phrasings → its values."""
LEAST = 1e-6
"""A floor instead of 0: an unforeseen value must not outweigh all other findings."""


@dataclass(frozen=True)
class Value:
    """One value of one field, with patients' phrasings."""

    key: str
    phrasings: tuple[str, ...] = ()
    child: tuple[str, ...] = ()
    """Phrasings of a patient under 12; if empty, the same as everybody's."""
    items: tuple[str, ...] = ()
    """Fillers for the slot `{item}` in the phrasings."""
    views: tuple[str, ...] = ()
    """Photograph views that admit the value; empty admits all. A site has exactly one."""
    sites: tuple[str, ...] = ()
    """Sites that admit the value; empty admits all."""
    ages: tuple[str, ...] = ()
    """Age bands that admit the value; empty admits all."""
    sexes: tuple[str, ...] = ()
    """Sexes that admit the value; empty admits all."""
    none: bool = False
    finding: str = ""
    """Only for morphologies: a doctor's noun phrase for it."""
    unit: str = ""
    low: int = 0
    high: int = 0
    """For durations and ages: the inclusive range in `unit`."""
    urgency: str | None = None
    where: str = ""
    """For alarms: where to go, in a doctor's sentence."""

    @property
    def demands(self) -> Mapping[str, tuple[str, ...]]:
        """Field → its values that admit this value; a field that is not named always admits it."""
        wanted = {"view": self.views, "site": self.sites, "age": self.ages, "sex": self.sexes}
        return {name: values for name, values in wanted.items() if values}


@dataclass(frozen=True)
class FindingTables:
    """P(value | diagnosis) for every field, with the fields' requirements on each other."""

    clinical: Mapping[str, Mapping[str, Table]]
    """label → single-valued field → value → clinical frequency; each table adds up to 1."""
    values: Mapping[str, Mapping[str, Value]]
    shares: Mapping[str, Mapping[str, Table]] = field(default_factory=dict)
    """label → several-valued field → value → its frequency, independent of the others, 0 to 1."""
    red_flags: Mapping[str, Table] = field(default_factory=dict)
    """label → red flag → its frequency."""
    population: Mapping[str, Table] = field(default_factory=dict)
    """Single-valued field → value → weight: what anybody might tell."""
    atypical: float = 0.0
    """Share of the facts of the fields in `population` that come from there, 0 to 0.15."""
    rules: Sequence[Rule] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Return all diagnoses, in the scenario's order."""
        return tuple(self.clinical)

    @cached_property
    def several(self) -> tuple[str, ...]:
        """Return the fields of which a patient can have several values at once."""
        return tuple(dict.fromkeys(f for fields in self.shares.values() for f in fields))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Return all fields in the order in which they are drawn."""
        named = {*next(iter(self.clinical.values())), *self.several, ALARM}
        ordered = [f for f in self.values if f in named]
        first = [f for f in FIRST if f in named]
        rest = [f for f in (*ordered, *sorted(named - set(ordered))) if f not in first]
        return (*first, *(f for f in rest if f not in EXAMINATIONS), *(f for f in rest if f in EXAMINATIONS))

    @cached_property
    def exclusions(self) -> Exclusions:
        """The rules, prepared for drawing."""
        known = {name: tuple(specs) for name, specs in self.values.items()}
        return Exclusions(self.rules, {**VOCABULARY, **known, "view": self.views})

    @cached_property
    def views(self) -> tuple[str, ...]:
        """Photograph views of the sites."""
        return tuple(dict.fromkeys(spec.views[0] for spec in self.values.get("site", {}).values() if spec.views))

    def view_of(self, site: str) -> str:
        """Return the photograph view of a site."""
        return self.values["site"][site].views[0]

    def menu(self, name: str) -> tuple[str, ...]:
        """List the values of a field, including those without phrasings."""
        return VOCABULARY.get(name) or tuple(self.values[name])

    def admits(self, name: str, value: str, drawn: Drawn) -> bool:
        """Return whether a value of a field is compatible with the values drawn before it, including `view`."""
        return bool(self.admitted(name, drawn) >> self.menu(name).index(value) & 1)

    def admitted(self, name: str, drawn: Drawn) -> int:
        """Return which values of a field are compatible with those drawn: one bit each, in the menu's order."""
        admitted, masks = self._all[name], self._masks
        for other in self._context[name]:
            value = drawn.get(other)
            if value is not None:
                mask = masks.get((name, other, value))
                admitted &= self._mask(name, other, value) if mask is None else mask
        return admitted

    def excludes(self, name: str, other: str, drawn: str | tuple[str, ...]) -> bool:
        """Return whether one drawn value excludes any value of a field."""
        return other in self._context[name] and self._mask(name, other, drawn) != self._all[name]

    def _mask(self, name: str, other: str, drawn: str | tuple[str, ...]) -> int:
        mask = sum(self._fits(name, value, other, drawn) << i for i, value in enumerate(self.menu(name)))
        self._masks[name, other, drawn] = mask
        return mask

    @cached_property
    def _all(self) -> Mapping[str, int]:
        """Field → all of its values admitted."""
        return {name: (1 << len(self.menu(name))) - 1 for name in self._context}

    def _fits(self, name: str, value: str, other: str, drawn: str | tuple[str, ...]) -> bool:
        spec = self.values.get(name, {}).get(value)
        wanted = spec.demands.get(other) if spec and (name, other) != ("site", "view") else None
        return (not wanted or drawn in wanted) and self.exclusions.admits(name, value, {other: drawn})

    @cached_property
    def _masks(self) -> dict[tuple[str, str, str | tuple[str, ...]], int]:
        return {}

    # -- tables in context -----------------------------------------------------------------------------------------

    def table(self, label: str, name: str, drawn: Drawn | None = None) -> Table:
        """Return P(value | label, what was drawn before) of a single-valued field.

        Returns:
            Value → probability, without those of 0; empty if nothing is admissible.
        """
        key = (label, name, self.admitted(name, drawn or {}))
        found = self._tables.get(key)
        if found is None:
            row = self.matrix(name, drawn or {})[self.labels.index(label)].tolist()
            found = {value: p for value, p in zip(self.menu(name), row, strict=True) if p > 0}
            self._tables[key] = found
        return found

    def matrix(self, name: str, drawn: Drawn) -> Numbers:
        """Return P(value | label, what was drawn before), of shape (labels, values of the field)."""
        # The values drawn before matter only through the values that they admit.
        return self.restricted(name, self.admitted(name, drawn))

    def restricted(self, name: str, admitted: int) -> Numbers:
        """Return P(value | label, these values are admitted), of shape (labels, values of the field)."""
        found = self._matrices.get((name, admitted))
        if found is None:
            found = self._matrices[name, admitted] = self._restricted(name, admitted)
        return found

    @cached_property
    def _tables(self) -> dict[tuple[str, str, int], Table]:
        return {}

    @cached_property
    def _matrices(self) -> dict[tuple[str, int], Numbers]:
        return {}

    @cached_property
    def _context(self) -> Mapping[str, tuple[str, ...]]:
        """Field → the fields that can restrict it."""
        return {
            name: tuple(sorted({"view", "site", "age", "sex", *self.exclusions.related(name)} - {name}))
            for name in (*self.fields, ALARM)
        }

    @cached_property
    def _own(self) -> Mapping[str, Numbers]:
        """Field → its tables before any restriction, of shape (labels, values)."""
        import numpy as np

        sources = {name: {label: self.clinical[label].get(name, {}) for label in self.labels} for name in self.fields}
        sources |= {name: {label: self.shares[label].get(name, {}) for label in self.labels} for name in self.several}
        sources[ALARM] = {label: self.red_flags.get(label, {}) for label in self.labels}
        return {
            name: np.array([[tables[label].get(value, 0.0) for value in self.menu(name)] for label in self.labels])
            for name, tables in sources.items()
            if name in self.values or name in VOCABULARY
        }

    @cached_property
    def _anybody(self) -> Mapping[str, Numbers]:
        """Field → the population's table."""
        import numpy as np

        return {
            name: np.array([table.get(value, 0.0) for value in self.menu(name)])
            for name, table in self.population.items()
        }

    def _restricted(self, name: str, bits: int) -> Numbers:
        import numpy as np

        admitted = np.array([bits >> i & 1 for i in range(len(self.menu(name)))], float)
        own: Numbers = self._own[name] * admitted
        if name in self.several:
            return own
        if name == ALARM:
            own[:, self.menu(ALARM).index(NONE)] = 0
            own[:, self.menu(ALARM).index(NONE)] = 1 - own.sum(1)
            return own
        if name in self.population and name not in ROOTS:
            anybody = self._anybody[name] * admitted
            return _mixed(_shares_of(own), _shares_of(anybody[None, :]), self.atypical)
        return _shares_of(own)

    # -- knowing ---------------------------------------------------------------------------------------------------

    def posterior(
        self, seen: Drawn, labels: Iterable[str] | None = None, prior: Table | None = None
    ) -> dict[str, float]:
        """Return P(label | seen) for equally frequent labels, or with the given prior.

        A whole patient's posterior is exact. For a partly known patient, unseen fields restrict nothing.

        Args:
            seen: Field, or `view`, → value; a tuple for a several-valued field. An absent alarm is `none`.
            labels: The diagnoses to choose from; by default all.
            prior: The weights of the labels.

        Returns:
            label → probability, adding up to 1.
        """
        import numpy as np

        chosen = tuple(labels or self.labels)
        scores = self.log_likelihood(seen)[[self.labels.index(label) for label in chosen]]
        if prior:
            scores = scores + np.log(np.maximum([prior[label] for label in chosen], LEAST))
        weights = np.exp(scores - scores.max())
        return dict(zip(chosen, (float(w) for w in weights / weights.sum()), strict=True))

    def log_likelihood(self, seen: Drawn) -> Numbers:
        """Return log P(seen | label) in the order of the labels; see `posterior`."""
        import numpy as np

        drawn = dict(seen)
        if "site" in drawn:
            drawn["view"] = self.view_of(str(drawn["site"]))
        total = np.zeros(len(self.labels))
        if "site" not in drawn and "view" in drawn:
            total += np.log(np.maximum(self._of_view(str(drawn["view"]), drawn), LEAST))
        for name in self.fields:
            if name in drawn:
                total += self.log_column(name, drawn[name], drawn)
        return total

    def log_column(self, name: str, value: str | tuple[str, ...], drawn: Drawn) -> Numbers:
        """Return log P(value | label, what was drawn before) of one field, in the order of the labels."""
        admitted = self.admitted(name, self.before(name, drawn))
        found = self._columns.get((name, admitted, value))
        if found is None:
            found = self._columns[name, admitted, value] = self._log_column(name, admitted, value)
        return found

    def _log_column(self, name: str, admitted: int, value: str | tuple[str, ...]) -> Numbers:
        import numpy as np

        matrix = self.restricted(name, admitted)
        if name not in self.several:
            column: Numbers = np.log(np.maximum(matrix[:, self.menu(name).index(str(value))], LEAST))
            return column
        there = np.array([one in as_values(value) for one in self.menu(name)])
        each = np.where(there, matrix, 1 - matrix)
        # `none` is not a separate value: it is the absence of all others.
        each[:, [i for i, one in enumerate(self.menu(name)) if one == NONE]] = 1.0
        total: Numbers = np.log(np.maximum(each, LEAST)).sum(1)
        return total

    @cached_property
    def _columns(self) -> dict[tuple[str, int, str | tuple[str, ...]], Numbers]:
        return {}

    def before(self, name: str, drawn: Drawn) -> dict[str, str | tuple[str, ...]]:
        """Return a patient's values that were drawn before a field; the view counts as drawn with the site."""
        earlier = self._earlier[name]
        return {f: v for f, v in drawn.items() if f in earlier}

    @cached_property
    def _earlier(self) -> Mapping[str, frozenset[str]]:
        view = {name: frozenset({"view"} if name not in ROOTS else ()) for name in self.fields}
        return {name: view[name].union(self.fields[:i]) for i, name in enumerate(self.fields)}

    def _of_view(self, view: str, drawn: Drawn) -> Numbers:
        matrix = self.matrix("site", self.before("site", drawn))
        there: Numbers = matrix[:, [self.view_of(site) == view for site in self.menu("site")]].sum(1)
        return there

    def view_table(self, label: str, drawn: Drawn | None = None) -> Table:
        """Return P(view | label, what was drawn before the site)."""
        found: dict[str, float] = {}
        for site, p in self.table(label, "site", drawn).items():
            found[self.view_of(site)] = found.get(self.view_of(site), 0.0) + p
        return found


def _shares_of(weights: Numbers) -> Numbers:
    """Scale each row to add up to 1, or to 0 if nothing is left of it."""
    import numpy as np

    totals = weights.sum(1, keepdims=True)
    shares: Numbers = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    return shares


def _mixed(own: Numbers, anybody: Numbers, share: float) -> Numbers:
    """Mix a label's table with the population's; if one of the two is empty, only the other counts."""
    import numpy as np

    if not anybody.any():
        return own
    mixed = (1 - share) * own + share * anybody
    return np.where(own.any(1, keepdims=True), mixed, anybody)
