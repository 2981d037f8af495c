"""The consultations behind each figure of a report, grouped by outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consult.render.report.table import place
from consult.render.report.verdicts import verdict

if TYPE_CHECKING:
    from consult.envs.metrics import Outcome
    from consult.envs.store.write import Store

Parted = Mapping[str, list[str]]
"""What came of them → ids of consultations."""


@dataclass(frozen=True)
class Behind:
    """The consultations behind one figure."""

    place: str
    """Where a link to them leads."""
    title: str
    parts: Parted


def behind(run: str, listed: Sequence[Outcome], store: Store) -> list[Behind]:
    """Find the consultations behind each figure of a run.

    Args:
        run: Its id.
        listed: The consultations that the page lists.
        store: Where the assessments are.
    """
    found = [
        *_groups(run, listed),
        *_triage(run, listed),
        *_urgency(run, listed),
        *_panel(run, listed),
        *_confidence(run, listed),
        *_items(run, listed, store),
    ]
    return [one for one in found if any(one.parts.values())]


def _parted(run: str, title: str, pairs: Iterable[tuple[str, Outcome]]) -> Behind:
    parts: dict[str, list[str]] = {}
    for word, one in pairs:
        parts.setdefault(word, []).append(one.id)
    return Behind(place(run, title), title, parts)


def _by_verdict(run: str, title: str, group: Iterable[Outcome]) -> Behind:
    return _parted(run, title, ((verdict(one), one) for one in group))


def _groups(run: str, listed: Sequence[Outcome]) -> Iterator[Behind]:
    from consult.envs.metrics.groups import GROUPINGS

    for grouping, name_of in GROUPINGS.items():
        names = sorted({name for one in listed if (name := name_of(one)) is not None})
        for name in names:
            group = (one for one in listed if name_of(one) == name)
            yield _by_verdict(run, f"{grouping} {name}", group)


def _triage(run: str, listed: Sequence[Outcome]) -> Iterator[Behind]:
    sent = [one for one in listed if one.true_specialty is not None and one.specialty is not None]
    right = {True: "sent rightly", False: "sent elsewhere"}
    yield _parted(run, "triage specialty", ((right[one.specialty == one.true_specialty], one) for one in sent))


def _urgency(run: str, listed: Sequence[Outcome]) -> Iterator[Behind]:
    from consult.envs.metrics.urgency import FINAL, TRIAGE, step_of

    timed = [one for one in listed if one.true_urgency is not None]
    for name, said in ((TRIAGE, [one.urgency for one in timed]), (FINAL, [one.final_urgency for one in timed])):
        if any(said):
            steps = (step_of(one, urgency) for one, urgency in zip(timed, said, strict=True))
            yield _parted(run, f"urgency {name}", ((_pressing(s), one) for s, one in zip(steps, timed, strict=True)))
    flagged = [one for one in listed if one.has_alarm]
    yield _parted(run, "alarms told", ((one.alarm_told or "not told", one) for one in flagged))


def _pressing(step: int | None) -> str:
    if step is None:
        return "none stated"
    return "as urgent as it is" if step == 0 else "too low" if step < 0 else "too high"


def _panel(run: str, listed: Sequence[Outcome]) -> Iterator[Behind]:
    asked = [one for one in listed if one.opinions and one.truth is not None]
    voted = {True: "vote right", False: "vote wrong"}
    yield _parted(run, "panel vote", ((voted[one.is_right(one.vote)], one) for one in asked))
    sizes = sorted({(_right(one), len(one.opinions)) for one in asked})
    for right, members in sizes:
        group = (one for one in asked if (_right(one), len(one.opinions)) == (right, members))
        yield _by_verdict(run, f"opinions right {right} of {members}", group)


def _right(one: Outcome) -> int:
    return sum(map(one.is_right, one.opinions))


def _confidence(run: str, listed: Sequence[Outcome]) -> Iterator[Behind]:
    from consult.envs.metrics.calibration import BINS, bin_of

    sure = [(bin_of(one.confidence), one) for one in listed if one.confidence is not None and one.correct is not None]
    for number in range(BINS):
        group = (one for at, one in sure if at == number)
        yield _by_verdict(run, f"confidence {number / BINS:.1f} to {(number + 1) / BINS:.1f}", group)


def _items(run: str, listed: Sequence[Outcome], store: Store) -> Iterator[Behind]:
    from consult.envs.store.assessments import values_of

    parts: dict[tuple[str, str], dict[str, list[str]]] = {}
    for assessor, item, value, identifier in values_of(store, [one.id for one in listed]):
        word = "not scored" if value is None else f"{value:g}"
        parts.setdefault((assessor, item), {}).setdefault(word, []).append(identifier)
    for (assessor, item), found in parts.items():
        title = f"{item} by {assessor}"
        yield Behind(place(run, title), title, found)
