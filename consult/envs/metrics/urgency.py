"""Urgency: how urgent a consultation judged its case to be, and whether the patient's alarm was told and acted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consult.envs.metrics.diagnosis import failed
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.intervals import share
from consult.envs.metrics.outcomes import Outcome
from consult.scenarios import URGENCIES

TRIAGE, FINAL, MAJORITY, ALWAYS = "triage", "final", "majority", "always emergency"


@dataclass(frozen=True)
class Source:
    """Accuracy of one source of urgency, over all consultations with a true urgency.

    Right, under-triage, over-triage and no urgency add up to 1. The last four are None if red flags are not known.
    """

    name: str
    """triage, final, majority or always emergency"""
    what: str
    """The urgency that the majority baseline always states; empty for other sources."""
    right: Estimate
    under: Estimate
    """Less urgent than the truth."""
    over: Estimate
    """More urgent than the truth."""
    none: Estimate
    """No urgency was stated."""
    acted: Estimate
    """At least as urgent as the truth, if the patient told an alarm."""
    missed: Estimate
    """Less urgent than the truth, or none, if the case has an alarm, told or not."""
    over_without_alarm: Estimate
    """More urgent than the truth, if the case has no alarm."""
    emergency_without_alarm: Estimate
    """Emergency, if the case has no alarm and is not an emergency."""


@dataclass(frozen=True)
class Alarms:
    """How patients told their alarms."""

    present: Estimate
    """Consultations whose case has an alarm, among those for which that is known."""
    opening: Estimate
    """Alarm told with the complaint, among the consultations with an alarm, like the three below."""
    asked: Estimate
    """Alarm told in answer to a question about it."""
    volunteered: Estimate
    """Alarm told unasked, in the answer to another question."""
    untold: Estimate


@dataclass(frozen=True)
class Urgencies:
    """Urgency and alarms of a run."""

    sources: tuple[Source, ...]
    alarms: Alarms | None
    """None if red flags are not known."""


def urgencies(played: Sequence[Outcome]) -> Urgencies | None:
    """Measure urgency; None if no consultation has a true urgency, or none states an urgency.

    A run without a triage doctor has no triage source; a run before final urgencies were stored has no final source.
    """
    known = [one for one in played if one.true_urgency in URGENCIES]
    triaged, final = any(one.urgency for one in known), any(one.final_urgency for one in known)
    if not (triaged or final):
        return None
    most, _ = Counter(one.true_urgency for one in known).most_common(1)[0]
    found = [_source(known, TRIAGE, lambda one: one.urgency)] if triaged else []
    found += [_source(known, FINAL, lambda one: one.final_urgency)] if final else []
    found.append(_source(known, MAJORITY, lambda one: most, str(most)))
    found.append(_source(known, ALWAYS, lambda one: "emergency"))
    return Urgencies(tuple(found), _alarms(played))


def _source(known: Sequence[Outcome], name: str, urgency: Callable[[Outcome], str | None], what: str = "") -> Source:
    played = name in (TRIAGE, FINAL)

    def rate(group: Sequence[Outcome], counts: Callable[[int | None], bool]) -> Estimate:
        figure = share([counts(step_of(one, urgency(one))) for one in group], [one.case for one in group])
        return figure.having(failed(group)) if played else figure

    flagged = [one for one in known if one.has_alarm]
    plain = [one for one in known if one.has_alarm is False]
    told = [one for one in known if one.alarm_told is not None]
    calm = [one for one in plain if one.true_urgency != "emergency"]
    sent = share([urgency(one) == "emergency" for one in calm], [one.case for one in calm])
    return Source(
        name,
        what,
        right=rate(known, lambda step: step == 0),
        under=rate(known, lambda step: step is not None and step < 0),
        over=rate(known, lambda step: step is not None and step > 0),
        none=rate(known, lambda step: step is None),
        acted=rate(told, lambda step: step is not None and step >= 0),
        missed=rate(flagged, lambda step: step is None or step < 0),
        over_without_alarm=rate(plain, lambda step: step is not None and step > 0),
        emergency_without_alarm=sent.having(failed(calm)) if played else sent,
    )


def step_of(one: Outcome, urgency: str | None) -> int | None:
    """Return how many levels too high an urgency is, negative if it is too low; None if there is none."""
    rank = {str(level): i for i, level in enumerate(URGENCIES)}
    return rank[urgency] - rank[str(one.true_urgency)] if urgency in rank else None


def _alarms(played: Sequence[Outcome]) -> Alarms | None:
    known = [one for one in played if one.has_alarm is not None]
    if not known:
        return None
    flagged = [one for one in known if one.has_alarm]

    def told(how: str | None) -> Estimate:
        return share([one.alarm_told == how for one in flagged], [one.case for one in flagged]).having(failed(flagged))

    present = share([bool(one.has_alarm) for one in known], [one.case for one in known])
    return Alarms(present, told("opening"), told("asked"), told("volunteered"), told(None))
