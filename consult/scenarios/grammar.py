"""Cases drawn from tables of findings: the same case for the same id, on every machine.

A case id is `<split>-<number>`; the number modulo the number of labels is the diagnosis, so that any first N cases go
round the diagnoses. No two splits share a card: the card's values are hashed, and each split accepts only cards whose
hash falls into its own share, so that a card that training has seen cannot be a test case.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

from consult.errors import UserError
from consult.scenarios.case import URGENCIES, Card, Case, Fact, Photograph, Style, Truth, Urgency
from consult.scenarios.scenario import Label
from consult.scenarios.tables import CHILDREN_OF, FindingTables, Table, Value

if TYPE_CHECKING:
    from PIL.Image import Image

BUCKETS = {"test": range(0, 1), "validation": range(1, 2), "train": range(2, 12)}
"""Split → the twelfths of the space of cards that are its own."""


class TooFewCardsError(UserError):
    """Tables with too few values to give each split cards of its own."""


NOT_SAID = ("morphology", "complaint")
EXAMINATIONS = ("palpation", "temperature")


@dataclass(frozen=True)
class Draw:
    """One drawn patient in the terms of the tables."""

    label: str
    values: Mapping[str, str]
    """Field → value, `view` among them."""
    alarm: str | None
    numbers: Mapping[str, int]
    """`age` in years and `duration` in its unit."""

    def digest(self) -> int:
        """Hash the card's facts, its name and age left out."""
        facts = sorted((k, v) for k, v in self.values.items() if k != "view")
        text = repr((facts, self.alarm, self.numbers["duration"]))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Grammar:
    """The generator behind a scenario with tables; a `CaseSource`."""

    scenario: str
    seed: int
    tables: FindingTables
    labels: Mapping[str, Label]
    splits: Mapping[str, int]
    names: Mapping[str, Sequence[str]]
    """`female` and `male` given names."""
    duration_phrasings: tuple[str, ...]
    age_phrasings: tuple[str, ...]
    drawing_styles: tuple[str, ...]
    held_out_style: str
    held_out_phrasings: float = 0.2
    """Share of each fact's phrasings that occurs in held-out-style test cases only, the last ones of each list."""
    held_out_cases: float = 0.25
    """Share of the test cases that are worded and drawn in the held-out way."""
    redrawn: frozenset[str] = frozenset()
    """Ids of cases that are drawn anew, since what their patients can say was another split's, too."""

    def ids(self, split: str) -> Sequence[str]:
        """List a split's ids; the numbers go round the diagnoses."""
        return tuple(f"{split}-{i:04d}" for i in range(self.splits.get(split, 0)))

    def get(self, case_id: str) -> Case:
        """Make one case.

        Raises:
            KeyError: There is no such case.
        """
        split, _, number = case_id.rpartition("-")
        if split not in self.splits or not number.isdigit() or case_id != f"{split}-{int(number):04d}":
            raise KeyError(case_id)
        if int(number) >= self.splits[split]:
            raise KeyError(case_id)
        return self.make(split, int(number))

    def style_of(self, split: str, number: int) -> Style:
        """Tell whether a case is held-out in wording and drawing; only test cases are, in whole rounds of labels."""
        every = round(1 / self.held_out_cases) if self.held_out_cases else 0
        round_of_labels = number // len(self.labels)
        return "held-out" if split == "test" and every and round_of_labels % every == every - 1 else "in-style"

    def make(self, split: str, number: int) -> Case:
        """Make the case of a number, also beyond the split's size (training may want more than the fixed split)."""
        return self._cached(split, number)

    @cached_property
    def _cached(self) -> Callable[[str, int], Case]:
        return lru_cache(maxsize=4096)(self._make)

    def _make(self, split: str, number: int) -> Case:
        label = list(self.labels)[number % len(self.labels)]
        anew = "/anew" if f"{split}-{number:04d}" in self.redrawn else ""
        rng = random.Random(f"{self.scenario}/{self.seed}/{split}/{number}{anew}")
        draw = self._draw_for(split, label, rng)
        style = self.style_of(split, number)
        card = self._card(draw, style, rng)
        return Case(
            id=f"{split}-{number:04d}",
            card=card,
            truth=self._truth(draw),
            photograph=self._photograph(draw, card, style, f"{split}-{number:04d}", rng),
            split=split,
            style=style,
        )

    def _draw_for(self, split: str, label: str, rng: random.Random) -> Draw:
        for _ in range(10_000):
            draw = self.draw(label, rng)
            if draw.digest() % 12 in BUCKETS[split]:
                return draw
        raise TooFewCardsError(
            f"the tables of '{label}' in '{self.scenario}' leave no card for the split '{split}'; give them more values"
        )

    def draw(self, label: str, rng: random.Random) -> Draw:
        """Draw a patient with this diagnosis: age and site first, then what depends on them."""
        age = _pick(rng, self.tables.table(label, "age"))
        site = _pick(rng, self.tables.table(label, "site"))
        view = self.tables.view_of(site)
        values = {"age": age, "site": site, "view": view}
        for name in self.tables.fields:
            if name not in values:
                within = view if name in CHILDREN_OF else None
                values[name] = _pick(rng, self.tables.table(label, name, view=within, age=age))
        alarm = _pick(rng, self.red_flags(label, view, age))
        return Draw(label, values, None if alarm == "none" else alarm, self._numbers(values, rng))

    def red_flags(self, label: str, view: str | None, age: str | None) -> Table:
        """Give P(red flag | label, view, age), and `none` for the rest: what does not fit is none."""
        flags = self.labels[label].red_flags
        fitting = {f: p for f, p in flags.items() if self.tables.admits("alarm", f, view=view, age=age)}
        return {**fitting, "none": 1.0 - sum(fitting.values())}

    def _numbers(self, values: Mapping[str, str], rng: random.Random) -> dict[str, int]:
        band = self.tables.values["age"][values["age"]]
        age = rng.randint(band.low, band.high)
        span = self.tables.values["duration"][values["duration"]]
        # A trouble cannot be older than its owner.
        high = min(span.high, age - 1) if span.unit == "years" else span.high
        return {"age": age, "duration": rng.randint(min(span.low, high), high)}

    # -- wording ---------------------------------------------------------------------------------------------------

    def wordings(self, phrasings: Sequence[str], style: Style) -> Sequence[str]:
        """Give the phrasings of one fact that a style may use."""
        usual = len(phrasings) - round(len(phrasings) * self.held_out_phrasings)
        return phrasings[usual:] if style == "held-out" and usual < len(phrasings) else phrasings[:usual]

    def word(self, spec: Value, style: Style, rng: random.Random) -> str:
        """Word one value."""
        text = rng.choice(self.wordings(spec.phrasings, style))
        return text.replace("{item}", rng.choice(self.wordings(spec.items, style))) if spec.items else text

    def _card(self, draw: Draw, style: Style, rng: random.Random) -> Card:
        values = self.tables.values

        def fact(topic: str, key: str) -> Fact:
            spec = values[topic][key]
            return Fact(topic, topic, self.word(spec, style, rng), key, spec.none)

        facts = {t: fact(t, v) for t, v in draw.values.items() if t not in ("view", "age", "duration", "morphology")}
        facts["alarm"] = fact("alarm", draw.alarm or "none")
        unit, number = values["duration"][draw.values["duration"]].unit, draw.numbers["duration"]
        span = f"{number} {unit if number > 1 else unit.rstrip('s')}"
        duration = rng.choice(self.wordings(self.duration_phrasings, style)).replace("{duration}", span)
        facts["duration"] = Fact("duration", "duration", duration, draw.values["duration"])
        years = draw.numbers["age"]
        age = rng.choice(self.wordings(self.age_phrasings, style)).replace("{age}", str(years))
        facts["age"] = Fact("age", "age", age, draw.values["age"])
        sex = rng.choice(("female", "male"))
        order = [t for t in values if t in facts and t not in (*NOT_SAID, *EXAMINATIONS)]
        return Card(
            complaint=facts["complaint"],
            facts=tuple(facts[t] for t in order),
            examinations=tuple(facts[t] for t in EXAMINATIONS if t in facts),
            # What frightens a patient is often said at once: that is how a triage doctor can know of it.
            opening=("alarm",) if draw.alarm and rng.random() < 0.7 else (),
            name=rng.choice(self.names[sex]),
            age=years,
            sex=sex,
            skin_type=rng.randint(1, 6),
        )

    def _truth(self, draw: Draw) -> Truth:
        label = self.labels[draw.label]
        urgencies = _known(label.urgency)
        if draw.alarm:
            flagged = self.tables.values["alarm"][draw.alarm].urgency
            urgencies += _known(flagged)
        return Truth(
            diagnosis=draw.label,
            specialty=label.specialty,
            urgency=max(urgencies, key=URGENCIES.index, default=None),
            red_flag=draw.alarm,
            morphology=draw.values["morphology"],
        )

    def _photograph(self, draw: Draw, card: Card, style: Style, case_id: str, rng: random.Random) -> Photograph:
        usual = [s for s in self.drawing_styles if s != self.held_out_style]
        drawing_style = self.held_out_style if style == "held-out" else rng.choice(usual)
        load = partial(
            _draw,
            draw.values["morphology"],
            draw.values["view"],
            card.skin_type or 3,
            rng.getrandbits(48),
            drawing_style,
        )
        return Photograph(f"{self.scenario}/{case_id}", load)


def _draw(morphology: str, view: str, skin_type: int, seed: int, style: str) -> Image:
    from consult.scenarios.drawing import draw

    return draw(morphology, view, skin_type, seed, style)


def _known(urgency: str | None) -> list[Urgency]:
    return [u for u in URGENCIES if u == urgency]


def _pick(rng: random.Random, table: Table) -> str:
    u = rng.random() * sum(table.values())
    for value, p in table.items():
        u -= p
        if u < 0:
            return value
    return value
