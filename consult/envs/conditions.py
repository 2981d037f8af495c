"""Label the runs of a report by the settings in which they differ; shared settings are stated once.

A label names each setting in which the runs differ: the model first, then strategy, team, split, judge, and the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from consult.envs.settings import (
    CASES,
    EXTENT,
    MODEL,
    OWN,
    OWN_SPECIALIST,
    PATIENT,
    SPECIALIST,
    STRATEGY,
    TEAM,
    TRIAGE,
    Settings,
    Value,
    candidates,
    distinct,
    is_model,
)
from consult.foreign_text import shown

BETWEEN = " · "
ROWS_MODEL = "each row's model"
"""Stands for the model of a role that the compared models play themselves."""
_SPEAK_FOR_THEMSELVES = (MODEL, STRATEGY, TEAM, CASES)
"""Settings whose values need no name before them."""
_PLAYED_BY_MODEL = (TRIAGE, SPECIALIST, PATIENT)


class Sides(NamedTuple):
    """Labels that distinguish two runs."""

    a: str
    b: str
    both: str
    """The settings that the two share, of those in which the report's runs differ."""


@dataclass(frozen=True)
class Conditions:
    """The conditions of a report's runs.

    Runs of different conditions have different labels, and runs of one condition have the same label.
    """

    rows: Mapping[str, Settings]
    """Run → its settings."""
    more_models: Sequence[str] = ()
    """Other models in the report, such as assessors: each gets a different short name."""

    @cached_property
    def names(self) -> list[str]:
        """Return every setting that any run has, in the order of a label."""
        found: dict[str, None] = {}
        for row in self.rows.values():
            found |= dict.fromkeys(row)
        own = [name for name in found if name.startswith(OWN_SPECIALIST)]
        rest = [name for name in found if name not in own]
        at = rest.index(PATIENT) if PATIENT in rest else len(rest)
        return [*rest[:at], *own, *rest[at:]]

    @cached_property
    def differing(self) -> list[str]:
        """Return the settings in which the runs differ, in the order of a label."""
        return self._differing(list(self.rows))

    @cached_property
    def columns(self) -> list[str]:
        """Return the settings that identify a row: those that differ or, if none does, model, strategy and team."""
        return self.differing or [MODEL, STRATEGY, TEAM]

    @cached_property
    def common(self) -> dict[str, str]:
        """Return setting → the full value that is the same in all runs that use the setting."""
        found = {}
        for name in self.names:
            values = self._values(name, self.rows)
            if name not in self.differing and values:
                found[name] = self._in_full(name, values[0]) if len(values) == 1 else ROWS_MODEL
        return found

    @cached_property
    def labels(self) -> dict[str, str]:
        """Return run → its label."""
        written = {run: self._label(run, self.columns) for run in self.rows}
        kinds = {run: tuple(self._value(run, name) for name in self.names) for run in self.rows}
        shared = Counter(label for label, _ in set(zip(written.values(), kinds.values(), strict=True)))
        # Whatever characters the models' names contain, no two conditions have the same label.
        first = {kind: run for run, kind in reversed(kinds.items())}
        return {
            run: label if shared[label] == 1 else f"{label} ({first[kinds[run]]})" for run, label in written.items()
        }

    @cached_property
    def short_models(self) -> dict[str, str]:
        """Return model with revision → its name in labels."""
        named = [str(self._value(run, name)) for run in self.rows for name in self.names if is_model(name)
                 if self._value(run, name) is not None]  # fmt: skip
        models = list(dict.fromkeys([*named, *self.more_models]))
        return distinct(models, {model: candidates(MODEL, model) for model in models})

    def cells(self, run: str) -> dict[str, str]:
        """Return setting → its text in a row; empty if the run does not use the setting."""
        return {name: self.text(name, self._value(run, name)) for name in self.columns}

    def sides(self, a: str, b: str) -> Sides:
        """Name two runs by their differences, or by their ids if they have the same condition."""
        differing = self._differing([a, b])
        telling = [name for name in differing if name not in EXTENT] or differing
        both = [name for name in self.differing if name not in differing]
        if not telling:
            return Sides(a, b, self.labels[a])
        sides = [self._label(run, telling) for run in (a, b)]
        if sides[0] == sides[1]:
            sides = [f"{side} ({run})" for side, run in zip(sides, (a, b), strict=True)]
        return Sides(sides[0], sides[1], self._label(a, both))

    def differing_between(self, a: str, b: str) -> list[str]:
        """List the settings in which two runs differ, except for how much was played."""
        return [name for name in self._differing([a, b]) if name not in EXTENT]

    def text(self, setting: str, value: Value) -> str:
        """Format a value as in labels."""
        if value is None:
            return ""
        short = self.short_models if is_model(setting) else self._short(setting)
        return shown(short.get(str(value), str(value)))

    # -- how -------------------------------------------------------------------------------------------------------

    def _value(self, run: str, name: str) -> Value:
        """Return a run's value; a specialty without its own model has the other specialists'."""
        row = self.rows[run]
        if name.startswith(OWN_SPECIALIST):
            return row.get(name, row.get(SPECIALIST))
        if OWN_SPECIALIST in name:
            return row.get(name, row.get(f"sampling of {SPECIALIST}"))
        return row.get(name)

    def _values(self, name: str, runs: Sequence[str] | Mapping[str, Settings]) -> list[Value]:
        values = (self._value(run, name) for run in runs)
        return list(dict.fromkeys(value for value in values if value is not None))

    def _differing(self, runs: Sequence[str]) -> list[str]:
        return [name for name in self.names if len(self._values(name, runs)) > 1 and not self._as_model(name, runs)]

    def _as_model(self, name: str, runs: Sequence[str]) -> bool:
        """Return whether a role is played by the compared model in every run, so that the model's name says it."""
        if name not in _PLAYED_BY_MODEL and not name.startswith(OWN_SPECIALIST):
            return False
        pairs = ((self._value(run, name), self.rows[run][MODEL]) for run in runs)
        return all(value is None or value == model for value, model in pairs)

    def _label(self, run: str, names: Sequence[str]) -> str:
        parts = ((name, self.text(name, self._value(run, name))) for name in names)
        told = (text if name in _SPEAK_FOR_THEMSELVES else f"{name} {text}" for name, text in parts if text)
        return BETWEEN.join(told)

    def _in_full(self, setting: str, value: Value) -> str:
        if value == OWN:
            return f"{OWN} (one per case, balanced)"
        return shown(candidates(setting, value)[0] if setting in (CASES, "temperament") else str(value))

    def _short(self, setting: str) -> dict[str, str]:
        values = [str(value) for value in self._values(setting, self.rows)]
        return distinct(values, {value: candidates(setting, value) for value in values})
