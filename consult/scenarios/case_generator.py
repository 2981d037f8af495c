"""Cases drawn from tables of findings: the same case for the same id, on every machine.

A case id is `<split>-<number>`; the number modulo the number of labels is the diagnosis, so that any first N cases
cycle through the diagnoses. No two splits share a card: the card's values are hashed, and each split accepts only cards
whose hash falls into its own share, so a card that training has seen cannot be a test case.

The split `alarms` cycles through the diagnoses that have red flags, in pairs: an even number is a patient with an alarm
that is not told at the start, and the next odd number is the same patient without the alarm.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

from consult.errors import UserError
from consult.scenarios.case import ALARM, URGENCIES, Card, Case, Fact, Photograph, Style, Truth, Urgency
from consult.scenarios.conditional import most_urgent
from consult.scenarios.rules import Drawn, as_values
from consult.scenarios.scenario import Label
from consult.scenarios.tables import EXAMINATIONS, NONE, SKIN_TYPES, FindingTables, Value

if TYPE_CHECKING:
    from PIL.Image import Image

ALARMS = "alarms"
"""The split of pairs with and without a late alarm."""
BUCKETS = {"test": range(0, 1), "validation": range(1, 2), ALARMS: range(2, 3), "train": range(3, 13)}
"""Split → its share of the space of cards."""
PARTS = 13
"""Number of parts of the space of cards."""
CHILDHOOD = 12
"""Years; a younger patient speaks as a child."""
TOLD_AT_ONCE = 0.5
"""Probability that a patient opens with an alarm."""


class TooFewCardsError(UserError):
    """Tables with too few values to draw a patient, or to give each split its own cards."""

    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(f"{what}; {fix}")


NOT_SAID = ("morphology", "complaint")
NOT_HASHED = ("age", "sex", "skin_type", "view", "morphology", "temperature")
"""Fields that do not distinguish one story from another."""
DRAWN_AGAIN = "temperature"
"""Fields that are redrawn for the twin of a patient with an alarm, since they depend on the alarm."""


@dataclass(frozen=True)
class Draw:
    """One drawn patient as values of the tables."""

    label: str
    values: Drawn
    """Field → value, including `view` but not the alarm; a tuple for a several-valued field."""
    alarm: str | None
    numbers: Mapping[str, int]
    """`age` in years and `duration` in its unit."""

    @property
    def seen(self) -> Drawn:
        """Return all fields, including the alarm or its absence."""
        return {**self.values, ALARM: self.alarm or NONE}

    def digest(self) -> int:
        """Hash what the patient can say, without identity, visible findings, alarm and temperature.

        So twins have the same hash, and no two splits share a story.
        """
        text = repr(sorted((k, v) for k, v in self.values.items() if k not in NOT_HASHED))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Grammar:
    """The generator of a scenario with tables; a `CaseSource`."""

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
    child_duration_phrasings: tuple[str, ...] = ()
    child_age_phrasings: tuple[str, ...] = ()
    held_out_phrasings: float = 0.2
    """Share of each fact's phrasings that occurs only in held-out-style test cases: the last ones of each list."""
    held_out_cases: float = 0.25
    """Share of the test cases that are worded and drawn in the held-out style."""

    def ids(self, split: str) -> Sequence[str]:
        """List a split's ids; the numbers cycle through the diagnoses."""
        return self._ids.get(split, ())

    @cached_property
    def _ids(self) -> Mapping[str, tuple[str, ...]]:
        return {split: tuple(f"{split}-{i:04d}" for i in range(size)) for split, size in self.splits.items()}

    def get(self, case_id: str) -> Case:
        """Make one case.

        Raises:
            KeyError: There is no such case.
        """
        return self.make(*self._place(case_id))

    def draw_of(self, case_id: str) -> Draw:
        """Draw the patient of one case, without wording it.

        Raises:
            KeyError: There is no such case.
        """
        return self.draw_for(*self._place(case_id))

    def _place(self, case_id: str) -> tuple[str, int]:
        if not self.has(case_id):
            raise KeyError(case_id)
        split, _, number = case_id.rpartition("-")
        return split, int(number)

    def has(self, case_id: str) -> bool:
        """Return whether the case exists."""
        split, _, number = case_id.rpartition("-")
        known = split in self.splits and number.isdigit() and case_id == f"{split}-{int(number):04d}"
        return known and int(number) < self.splits[split]

    @cached_property
    def alarming(self) -> tuple[str, ...]:
        """Return the labels with red flags, in the scenario's order."""
        return tuple(name for name, label in self.labels.items() if label.red_flags)

    def label_of(self, split: str, number: int) -> str:
        """Return the diagnosis of a case."""
        if split == ALARMS:
            return self.alarming[number // 2 % len(self.alarming)]
        return list(self.labels)[number % len(self.labels)]

    def style_of(self, split: str, number: int) -> Style:
        """Return whether a case has held-out wording and drawing; only test cases do, in whole rounds of labels."""
        every = round(1 / self.held_out_cases) if self.held_out_cases else 0
        round_of_labels = number // len(self.labels)
        return "held-out" if split == "test" and every and round_of_labels % every == every - 1 else "in-style"

    def make(self, split: str, number: int) -> Case:
        """Make the case with a number, also beyond the split's size (training may need more than the fixed split)."""
        return self._cached(split, number)

    @cached_property
    def _cached(self) -> Callable[[str, int], Case]:
        return lru_cache(maxsize=4096)(self._make)

    def _make(self, split: str, number: int) -> Case:
        case_id, seed = f"{split}-{number:04d}", self._seed(split, number)
        draw = self.draw_for(split, number)
        style = self.style_of(split, number)
        card = self._card(draw, style, seed, opens=split != ALARMS)
        return Case(
            id=case_id,
            card=card,
            truth=self._truth(draw),
            photograph=self._photograph(draw, card, style, case_id, random.Random(f"{seed}/photograph")),
            split=split,
            style=style,
        )

    def _seed(self, split: str, number: int) -> str:
        """Return the seed of a case's random draws; twins share it."""
        source = number // 2 * 2 if split == ALARMS else number
        return f"{self.scenario}/{self.seed}/{split}/{source}"

    def draw_for(self, split: str, number: int) -> Draw:
        """Draw the patient of a case.

        Raises:
            TooFewCardsError: The split has no card left, or a field has no suitable value.
        """
        label, seed = self.label_of(split, number), self._seed(split, number)
        draw = self._draw_for(split, label, random.Random(seed))
        return self._without_alarm(draw, random.Random(f"{seed}/twin")) if split == ALARMS and number % 2 else draw

    def _draw_for(self, split: str, label: str, rng: random.Random) -> Draw:
        for _ in range(10_000):
            draw = self.draw(label, rng, alarmed=split == ALARMS)
            if draw.digest() % PARTS in BUCKETS[split] and (split != ALARMS or self._raises(draw)):
                return draw
        what = f"the tables of '{label}' in '{self.scenario}' leave no card for the split '{split}'"
        raise TooFewCardsError(what, "give them more values")

    def draw(self, label: str, rng: random.Random, *, alarmed: bool = False) -> Draw:
        """Draw a patient with this diagnosis.

        Args:
            label: The diagnosis.
            rng: The source of randomness.
            alarmed: Draw a patient with an alarm, if that is possible at the site and age.

        Raises:
            TooFewCardsError: A field has no value that is compatible with the values drawn before.
        """
        drawn: dict[str, str | tuple[str, ...]] = {}
        for name in self.tables.fields:
            drawn[name] = self._value(label, name, drawn, rng, alarmed=alarmed)
            if name == "site":
                drawn["view"] = self.tables.view_of(str(drawn["site"]))
        alarm = str(drawn.pop(ALARM))
        return Draw(label, drawn, None if alarm == NONE else alarm, self._numbers(drawn, rng))

    def _value(
        self, label: str, name: str, drawn: Drawn, rng: random.Random, *, alarmed: bool
    ) -> str | tuple[str, ...]:
        table = self.tables.table(label, name, drawn)
        if name in self.tables.several:
            return tuple(value for value in self.tables.menu(name) if rng.random() < table.get(value, 0.0))
        if name == ALARM and alarmed:
            table = {flag: p for flag, p in table.items() if flag != NONE} or table
        return self._one(label, name, table, drawn, rng)

    def _one(self, label: str, name: str, table: Mapping[str, float], drawn: Drawn, rng: random.Random) -> str:
        if not table:
            restricting = {other: value for other, value in drawn.items() if self.tables.excludes(name, other, value)}
            what = (
                f"'{label}' in '{self.scenario}' has no value of '{name}' for a patient with {_in_words(restricting)}"
            )
            raise TooFewCardsError(what, "add one that fits, or correct the rule that excludes it")
        return _pick(rng, table)

    def _without_alarm(self, draw: Draw, rng: random.Random) -> Draw:
        """Return the same patient without the alarm, and with a suitable temperature."""
        values = dict(draw.values)
        if DRAWN_AGAIN in values:
            before = {f: v for f, v in values.items() if f != DRAWN_AGAIN} | {ALARM: NONE}
            table = self.tables.table(draw.label, DRAWN_AGAIN, before)
            values[DRAWN_AGAIN] = self._one(draw.label, DRAWN_AGAIN, table, before, rng)
        return replace(draw, values=values, alarm=None)

    def _numbers(self, values: Drawn, rng: random.Random) -> dict[str, int]:
        band = self.tables.values["age"][str(values["age"])]
        age = rng.randint(band.low, band.high)
        span = self.tables.values["duration"][str(values["duration"])]
        # A duration cannot exceed the age, and young patients are seldom ill from birth.
        high = max(1, min(span.high, age // 3)) if span.unit == "years" else span.high
        return {"age": age, "duration": rng.randint(min(span.low, high), high)}

    # -- wording ---------------------------------------------------------------------------------------------------

    def wordings(self, phrasings: Sequence[str], style: Style) -> Sequence[str]:
        """Return a fact's phrasings for a style."""
        usual = len(phrasings) - round(len(phrasings) * self.held_out_phrasings)
        return phrasings[usual:] if style == "held-out" and usual < len(phrasings) else phrasings[:usual]

    def word(self, spec: Value, style: Style, rng: random.Random, *, child: bool = False) -> str:
        """Word one value; a child's words are used for a child."""
        text = rng.choice(self.wordings((spec.child if child else ()) or spec.phrasings, style))
        return text.replace("{item}", rng.choice(self.wordings(spec.items, style))) if spec.items else text

    def _card(self, draw: Draw, style: Style, seed: str, *, opens: bool) -> Card:
        topics = [t for t in self.tables.values if t in draw.seen and t not in ("sex", "skin_type", "morphology")]
        facts = {topic: self._facts(draw, topic, style, seed) for topic in topics}
        order = [t for t in topics if t not in (*NOT_SAID, *EXAMINATIONS)]
        sex, rng = str(draw.values["sex"]), random.Random(f"{seed}/patient")
        return Card(
            complaint=facts["complaint"][0],
            facts=tuple(fact for topic in order for fact in facts[topic]),
            examinations=tuple(fact for topic in EXAMINATIONS for fact in facts.get(topic, ())),
            # Frightening symptoms are often told at the start; this is how a triage doctor can know of them.
            opening=(ALARM,) if draw.alarm and opens and rng.random() < TOLD_AT_ONCE else (),
            name=rng.choice(self.names[sex]),
            age=draw.numbers["age"],
            sex=sex,
            skin_type=SKIN_TYPES.index(str(draw.values["skin_type"])) + 1,
        )

    def _facts(self, draw: Draw, topic: str, style: Style, seed: str) -> tuple[Fact, ...]:
        """Word a patient's values for one topic; each fact has its own seed, so that twins say the same."""
        child, found = draw.numbers["age"] < CHILDHOOD, []
        for key in as_values(draw.seen[topic]):
            spec, rng = self.tables.values[topic][key], random.Random(f"{seed}/{topic}/{key}")
            if topic in draw.numbers:
                text = self._number(draw, topic, spec, style, rng, child=child)
            else:
                text = self.word(spec, style, rng, child=child)
            name = f"{topic}.{key}" if topic in self.tables.several and not spec.none else topic
            urgency = next(iter(_known(spec.urgency)), None)
            found.append(Fact(name, topic, text, key, spec.none, urgency, spec.where))
        return tuple(found)

    def _number(self, draw: Draw, topic: str, spec: Value, style: Style, rng: random.Random, *, child: bool) -> str:
        """Word an age or a duration."""
        number = draw.numbers[topic]
        if topic == "age":
            phrasings = (self.child_age_phrasings if child else ()) or self.age_phrasings
            return rng.choice(self.wordings(phrasings, style)).replace("{age}", str(number))
        span = f"{number} {spec.unit if number > 1 else spec.unit.rstrip('s')}"
        phrasings = (self.child_duration_phrasings if child else ()) or self.duration_phrasings
        return rng.choice(self.wordings(phrasings, style)).replace("{duration}", span)

    def _truth(self, draw: Draw) -> Truth:
        label = self.labels[draw.label]
        alarm = self.tables.values[ALARM][draw.alarm].urgency if draw.alarm else None
        return Truth(
            diagnosis=draw.label,
            specialty=label.specialty,
            urgency=most_urgent((self._urgency(draw), *_known(alarm))),
            red_flag=draw.alarm,
            morphology=str(draw.values["morphology"]),
        )

    def _urgency(self, draw: Draw) -> Urgency | None:
        """Return how soon the patient must be seen, ignoring the alarm."""
        known = {name: frozenset(as_values(value)) for name, value in draw.values.items()}
        return self.labels[draw.label].urgency_for(known)

    def _raises(self, draw: Draw) -> bool:
        """Return whether a patient's alarm raises the urgency."""
        alarm = self.tables.values[ALARM][draw.alarm].urgency if draw.alarm else None
        without = self._urgency(draw)
        return alarm is not None and most_urgent((without, *_known(alarm))) != without

    def _photograph(self, draw: Draw, card: Card, style: Style, case_id: str, rng: random.Random) -> Photograph:
        usual = [s for s in self.drawing_styles if s != self.held_out_style]
        drawing_style = self.held_out_style if style == "held-out" else rng.choice(usual)
        load = partial(
            _draw,
            str(draw.values["morphology"]),
            str(draw.values["view"]),
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


def _in_words(drawn: Drawn) -> str:
    return ", ".join(f"{name} {' and '.join(as_values(value))}" for name, value in drawn.items()) or "any findings"


def _pick(rng: random.Random, table: Mapping[str, float]) -> str:
    u = rng.random() * sum(table.values())
    for value, p in table.items():
        u -= p
        if u < 0:
            return value
    return value
