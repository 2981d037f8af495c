"""The team's contribution: triage, the panel, and the attending's use of its opinions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from consult.envs.metrics.confusion import by_label, numbered
from consult.envs.metrics.diagnosis import failed
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.intervals import share
from consult.envs.metrics.outcomes import Outcome
from consult.envs.metrics.paired import Difference, difference
from consult.scenarios import Scenario


@dataclass(frozen=True)
class Triage:
    """Where patients were sent; `consult.envs.metrics.urgency` measures how soon."""

    strict: Estimate
    lenient: Estimate
    """Accuracy that also counts the second medically accepted specialty."""
    macro: float | None
    """Mean over the specialties of the share that was sent correctly."""
    majority: Estimate
    """Accuracy of always naming the most common specialty."""
    majority_specialty: str


def triage(played: Sequence[Outcome], scenario: Scenario) -> Triage | None:
    """Measure triage; None if the run has none, or no case has a specialty. Naming no specialty counts as wrong."""
    sent = [one for one in played if one.true_specialty is not None]
    if not any(one.specialty for one in sent):
        return None
    true, said = [str(one.true_specialty) for one in sent], [one.specialty or "" for one in sent]
    cases, lost = [one.case for one in sent], failed(sent)
    most, _ = Counter(true).most_common(1)[0]
    strict = [a == b for a, b in zip(true, said, strict=True)]
    lenient = [hit or one.specialty == _second(one, scenario) for hit, one in zip(strict, sent, strict=True)]
    return Triage(
        share(strict, cases).having(lost),
        share(lenient, cases).having(lost),
        _mean_recall(true, said),
        share([name == most for name in true], cases).having(lost),
        most,
    )


def _mean_recall(true: Sequence[str], said: Sequence[str]) -> float:
    known = sorted(set(true))
    return float(by_label(numbered(true, known), numbered(said, known), len(known)).recall.mean())


def _second(one: Outcome, scenario: Scenario) -> str:
    label = scenario.labels.get(one.truth or "")
    # Not None: a consultation without a specialty has not named the second one.
    return (label.second_specialty if label else None) or "none"


@dataclass(frozen=True)
class ByS:
    """Consultations with the same number of right opinions."""

    right: int
    """Number of right opinions; `s` is their share."""
    members: int
    accuracy: Estimate
    follows: Estimate
    """Share of right final diagnoses if the panel's vote is right."""
    corrects: Estimate
    """Share of right final diagnoses if the panel's vote is wrong."""


@dataclass(frozen=True)
class Panel:
    """The panel's accuracy, and the attending's use of its opinions."""

    s: Estimate
    """Share of right opinions; *not my field* counts as wrong."""
    vote: Estimate
    """Accuracy of the panel's plurality vote: the baseline for an attending."""
    gain: Difference | None
    """Attending minus plurality."""
    error_correlation: float | None
    """Mean correlation of two members' mistakes: 0 if independent, 1 if equal."""
    agreement: Estimate
    """Share of pairs of members with the same opinion."""
    by_s: tuple[ByS, ...]


def panel(played: Sequence[Outcome]) -> Panel | None:
    """Measure the panel over the consultations in which it was asked; None if there are none."""
    asked = [one for one in played if one.opinions and one.truth is not None]
    if not asked:
        return None
    cases = [one.case for one in asked]
    final, voted = [bool(one.correct) for one in asked], [one.is_right(one.vote) for one in asked]
    return Panel(
        _of_opinions(asked).having(failed(asked)),
        share(voted, cases).having(failed(asked)).left_unjudged(sum(one.is_unjudged(one.vote) for one in asked)),
        difference(_by_case(cases, final), _by_case(cases, voted)),
        error_correlation(asked),
        _of_pairs(asked),
        _by_s(asked),
    )


def _of_opinions(asked: Sequence[Outcome]) -> Estimate:
    hits = [one.is_right(opinion) for one in asked for opinion in one.opinions]
    left = sum(one.is_unjudged(opinion) for one in asked for opinion in one.opinions)
    return share(hits, [one.case for one in asked for _ in one.opinions]).left_unjudged(left)


def _of_pairs(asked: Sequence[Outcome]) -> Estimate:
    same = [a == b for one in asked for a, b in combinations(one.opinions, 2)]
    return share(same, [one.case for one in asked for _ in combinations(one.opinions, 2)])


def _by_case(cases: Sequence[str], values: Sequence[bool]) -> Mapping[str, list[bool]]:
    found: dict[str, list[bool]] = defaultdict(list)
    for case, value in zip(cases, values, strict=True):
        found[case].append(value)
    return found


def error_correlation(asked: Sequence[Outcome]) -> float | None:
    """Return the mean correlation of two members' mistakes; None if no two members vary."""
    import numpy as np

    size = max(len(one.opinions) for one in asked)
    whole = [one for one in asked if len(one.opinions) == size]
    wrong = np.array([[not one.is_right(o) for o in one.opinions] for one in whole], float)
    varying = wrong[:, wrong.std(0) > 0]
    if varying.shape[1] < 2:
        return None
    matrix = np.corrcoef(varying, rowvar=False)
    return float(matrix[np.triu_indices(len(matrix), 1)].mean())


def _by_s(asked: Sequence[Outcome]) -> tuple[ByS, ...]:
    found: dict[tuple[int, int], list[Outcome]] = defaultdict(list)
    for one in asked:
        found[sum(map(one.is_right, one.opinions)), len(one.opinions)].append(one)
    return tuple(
        ByS(right, members, _right(group), _right(group, voted=True), _right(group, voted=False))
        for (right, members), group in sorted(found.items(), key=lambda item: (item[0][0] / item[0][1], item[0][1]))
    )


def _right(group: Sequence[Outcome], *, voted: bool | None = None) -> Estimate:
    mine = [one for one in group if voted is None or one.is_right(one.vote) == voted]
    return share([bool(one.correct) for one in mine], [one.case for one in mine]).having(failed(mine))
