"""Check `values.yaml` as text: enough phrasings, none that reveals the diagnosis, none that states two values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from consult.scenarios.files import ScenarioFile, ValuesFile, ValueSpec
from consult.scenarios.jsonl_cases import ListedCases
from consult.scenarios.located_yaml import LocatedYaml, Place, Problem
from consult.scenarios.references import NOT_WORDED
from consult.scenarios.scenario import Label, Scenario

ENOUGH = 5
"""Fewest phrasings of a value, so that a fifth of them can be held out for test cases."""

_SLOT = re.compile(r"\{[^{}]*\}?|\}")
_WORD = re.compile(r"\w+(?:'\w+)*")


def wording_problems(
    values: ValuesFile, at: LocatedYaml, labels: Mapping[str, Label], scenario: ScenarioFile | None
) -> Iterator[Problem]:
    """Find all mistakes of wording.

    Args:
        values: The file.
        at: The same file with its lines.
        labels: Labels that no phrasing may name.
        scenario: The settings, which say whether phrasings are held out; None if their file is broken.
    """
    enough = ENOUGH if scenario is None or scenario.held_out.phrasings else 1
    for topic, entries in values.values.items():
        for key, spec in entries.items():
            place = ("values", topic, key)
            if topic not in NOT_WORDED:
                yield from _list_problems(spec.phrasings, at, (*place, "phrasings"), enough, _slots(spec))
                yield from _list_problems(spec.child, at, (*place, "child"), enough)
                yield from _item_problems(spec, at, place, enough)
            if key == "none" and not spec.none:
                yield at.problem(place, f"'{topic}.none' does not say `none: true`", "add it")
        if topic not in NOT_WORDED:
            yield from _confusions(topic, entries, at)
    for key, slot in (("duration_phrasings", "{duration}"), ("age_phrasings", "{age}")):
        for whose in ("", "child_"):
            yield from _list_problems(getattr(values, whose + key), at, (whose + key,), enough, (slot,))
    yield from _leaks(values, at, labels)


def _slots(spec: ValueSpec) -> tuple[str, ...]:
    return ("{item}",) if spec.items else ()


def _list_problems(
    texts: Sequence[str], at: LocatedYaml, place: Place, enough: int, slots: Sequence[str] | None = None
) -> Iterator[Problem]:
    """Check one list of phrasings: each must contain exactly the given slots; if None, it may contain `{item}`."""
    # Loading already refuses an empty list.
    if 0 < len(texts) < enough:
        what = f"'{_named(place)}' has {len(texts)} phrasings"
        yield at.problem(place, what, f"give at least {enough}, so that some can be held out for test cases")
    seen = set[str]()
    for i, text in enumerate(texts):
        bare = " ".join(_words(text))
        if not bare:
            yield at.problem((*place, i), f"'{_named(place)}' has an empty phrasing", "remove it")
        elif bare in seen:
            yield at.problem((*place, i), f"'{text}' appears twice", "remove one")
        seen.add(bare)
        if text.rstrip().endswith("."):
            yield at.problem((*place, i), f"'{text}' ends with a full stop", "remove it: a phrasing is a clause")
        if slots is None:
            slots = tuple(_SLOT.findall(text)) if _SLOT.findall(text) in ([], ["{item}"]) else ()
        if sorted(_SLOT.findall(text)) != sorted(slots):
            wanted = f"exactly {', '.join(slots)}" if slots else "no slot"
            fix = f"it must contain {wanted}; {{item}} goes with a list of items"
            yield at.problem((*place, i), f"'{text}' has the wrong slots", fix)


def _item_problems(spec: ValueSpec, at: LocatedYaml, place: Place, enough: int) -> Iterator[Problem]:
    here = (*place, "items")
    if 0 < len(spec.items) < enough:
        fix = f"give at least {enough}, so that some can be held out for test cases"
        yield at.problem(here, f"'{_named(place)}' has {len(spec.items)} items", fix)
    for i, item in enumerate(spec.items):
        if not _words(item):
            yield at.problem((*here, i), f"'{_named(place)}' has an empty item", "remove it")
        elif item in spec.items[:i]:
            yield at.problem((*here, i), f"the item '{item}' appears twice", "remove one")


def _confusions(topic: str, entries: Mapping[str, ValueSpec], at: LocatedYaml) -> Iterator[Problem]:
    """Find phrasings that are contained in one of another value, so that the two cannot be distinguished."""
    owners: dict[tuple[str, ...], dict[str, str]] = {}
    for key, spec in entries.items():
        for text in (*spec.phrasings, *spec.child):
            for filled in _filled(text, spec):
                owners.setdefault(tuple(_words(filled)), {}).setdefault(key, text)
    owners.pop((), None)
    lengths = sorted({len(words) for words in owners})
    for key, spec in entries.items():
        for place, text in _worded(spec):
            parts = (part for filled in _filled(text, spec) for part in _stretches(_words(filled), lengths))
            confused = {other: said for part in parts for other, said in owners.get(part, {}).items() if other != key}
            for other, said in confused.items():
                what = f"'{text}' contains '{said}', which says '{topic}.{other}'"
                yield at.problem(("values", topic, key, *place), what, "word one of them differently")


def _worded(spec: ValueSpec) -> Iterator[tuple[Place, str]]:
    """Yield all phrasings of a value, each with its place."""
    for kind in ("phrasings", "child"):
        yield from (((kind, i), text) for i, text in enumerate(getattr(spec, kind)))


def _stretches(words: Sequence[str], lengths: Sequence[int]) -> Iterator[tuple[str, ...]]:
    for length in lengths:
        for start in range(len(words) - length + 1):
            yield tuple(words[start : start + length])


def _leaks(values: ValuesFile, at: LocatedYaml, labels: Mapping[str, Label]) -> Iterator[Problem]:
    named = naming(labels)
    for topic, entries in values.values.items():
        for key, spec in entries.items():
            items = [item for item in spec.items if not named.leaks(item)]
            sure = spec.model_copy(update={"items": items})
            texts = [(where, text, _filled(text, sure)) for where, text in _worded(spec)]
            texts += [(("items", i), item, [item]) for i, item in enumerate(spec.items)]
            for where, text, filled in texts:
                for name in dict.fromkeys(name for each in filled for name in named.leaks(each)):
                    place = ("values", topic, key, *where)
                    yield at.problem(place, f"'{text}' names the diagnosis '{name}'", "word it without the name")


def naming(labels: Mapping[str, Label]) -> Scenario:
    """Return a finder of the labels' names in texts."""
    return Scenario("", "", labels, {}, {}, ListedCases({}))


def _filled(text: str, spec: ValueSpec) -> list[str]:
    return [text.replace("{item}", item) for item in spec.items] if "{item}" in text and spec.items else [text]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("\u2019", "'"))


def _named(place: Place) -> str:
    return ".".join(str(step) for step in place if step not in ("values", "phrasings"))
