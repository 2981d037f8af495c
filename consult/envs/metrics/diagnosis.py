"""Accuracy of the diagnosis; abstaining, not finishing and failing count as wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from consult.envs.metrics.confusion import ByLabel, by_label, numbered
from consult.envs.metrics.estimate import NOTHING, Estimate
from consult.envs.metrics.intervals import BOOTSTRAP, drawn, quantiles, share
from consult.envs.metrics.outcomes import Outcome
from consult.scenarios.scenario import REFERRAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

FEWEST = 20
"""Fewest cases per label for an F1 with an interval."""
TOP = 3
AVERAGES = ("weighted", "macro")
RIGHT_REFERRALS, FALSE_REFERRALS = "referred, off the list", "referred, on the list"
NO_DIAGNOSIS = "no diagnosis"


def judged(played: Sequence[Outcome]) -> list[Outcome]:
    """Return the consultations that are right or wrong: they have a truth."""
    return [one for one in played if one.correct is not None]


def failed(played: Sequence[Outcome]) -> int:
    """Count the failed consultations."""
    return sum(one.status == "failed" for one in played)


def accuracy(played: Sequence[Outcome]) -> Estimate:
    """Return the share of right diagnoses among all with a truth; unjudged ones count as wrong and are also counted."""
    scored = judged(played)
    figure = share([bool(one.correct) for one in scored], [one.case for one in scored]).having(failed(scored))
    return replace(figure, unjudged=unjudged(scored), judge_failed=sum(one.judge_failed for one in scored))


def unjudged(played: Sequence[Outcome]) -> int:
    """Count the open diagnoses that nobody has judged."""
    return sum(one.correct_by == "unjudged" for one in played)


def judging_range(played: Sequence[Outcome]) -> tuple[float, float] | None:
    """Return the lowest and highest accuracy that judging the rest could give; None if nothing has a truth."""
    scored = judged(played)
    if not scored:
        return None
    right = sum(bool(one.correct) for one in scored)
    return right / len(scored), (right + unjudged(scored)) / len(scored)


def answers(played: Sequence[Outcome]) -> dict[str, Estimate]:
    """Return the accuracy of answers to questions about pictures: closed, open, and open by the words alone.

    Open answers count as right by match, alias or judge; the last figure leaves the judge's out. Empty for patients.
    """
    by_form = {form: [one for one in judged(played) if one.question_form == form] for form in ("closed", "open")}
    found = {f"{form} answers": accuracy(asked) for form, asked in by_form.items() if asked}
    asked = by_form["open"]
    if any(one.correct_by == "judge" for one in asked):
        hits = [bool(one.correct) and one.correct_by in ("match", "alias") for one in asked]
        found["open answers, by match alone"] = share(hits, [one.case for one in asked]).having(failed(asked))
    return found


def referrals(played: Sequence[Outcome]) -> dict[str, Estimate]:
    """Return the share of patients who were referred, off the list and on it; empty if no case is off the list.

    Who names none of the labels by an answer that cannot be used has not referred.
    """
    scored = judged(played)
    found: dict[str, list[Outcome]] = {RIGHT_REFERRALS: [], FALSE_REFERRALS: []}
    for one in scored:
        found[RIGHT_REFERRALS if one.truth == REFERRAL else FALSE_REFERRALS].append(one)
    if not found[RIGHT_REFERRALS]:
        return {}
    return {
        name: share([one.diagnosis == REFERRAL for one in cases], [one.case for one in cases]).having(failed(cases))
        for name, cases in found.items()
        if cases
    }


def top_three(played: Sequence[Outcome]) -> Estimate:
    """Return the share of consultations with the truth among the first three diagnoses, the final one being first."""
    scored = judged(played)
    hits = [bool(one.correct) or one.truth in _ranked(one)[:TOP] for one in scored]
    left = sum(one.correct_by == "unjudged" and not hit for one, hit in zip(scored, hits, strict=True))
    return share(hits, [one.case for one in scored]).having(failed(scored)).left_unjudged(left)


def _ranked(one: Outcome) -> list[str]:
    if one.diagnosis is None:
        return []
    return list(dict.fromkeys((one.diagnosis, *one.differential)))


def f1(played: Sequence[Outcome], labels: Sequence[str]) -> dict[str, Estimate]:
    """Return the F1, weighted by support and macro, over the labels that are the truth of a case.

    Args:
        played: Consultations.
        labels: The scenario's labels; empty if diagnoses are open.

    Returns:
        `weighted` and `macro`; with an interval only if each of the labels has 20 different cases.
    """
    scored = judged(played)
    present = _present(scored, labels)
    if not present:
        return dict.fromkeys(AVERAGES, NOTHING)
    wide = _cases_of_rarest(scored, present) >= FEWEST
    sums = drawn(_parts(scored, present)) if wide else None
    each, support = _by_label(scored, present)
    values = {"weighted": float((each * support).sum() / support.sum()), "macro": float(each.mean())}
    return {average: _averaged(scored, values[average], average, sums) for average in AVERAGES}


def _by_label(scored: Sequence[Outcome], present: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Return the F1 and the support of each label."""
    true, said = numbered((one.truth for one in scored), present), numbered((one.diagnosis for one in scored), present)
    counts = by_label(true, said, len(present))
    return counts.f1, counts.true


def _averaged(scored: Sequence[Outcome], value: float, average: str, sums: Numbers | None) -> Estimate:
    if sums is None:
        return Estimate(value, n=len(scored), clusters=_cases(scored), failed=failed(scored))
    low, high = quantiles(_f1(sums, average))
    return Estimate(value, low, high, len(scored), _cases(scored), failed(scored), method=BOOTSTRAP)


def _cases(scored: Sequence[Outcome]) -> int:
    return len({one.case for one in scored})


def confusion(played: Sequence[Outcome]) -> list[tuple[str, str, int]]:
    """List the confusions as (truth, diagnosis, count), the most common mistakes first, right diagnoses last."""
    from collections import Counter

    # A diagnosis that was judged right in other words is not a mistake.
    said = ((one.truth if one.correct else one.diagnosis) or NO_DIAGNOSIS for one in judged(played))
    counts = Counter((str(one.truth), name) for one, name in zip(judged(played), said, strict=True))
    rows = [(truth, said, n) for (truth, said), n in counts.items()]
    return sorted(rows, key=lambda row: (row[0] == row[1], -row[2], row))


def _present(scored: Sequence[Outcome], labels: Sequence[str]) -> list[str]:
    true = {one.truth for one in scored}
    return [label for label in labels if label in true]


def _cases_of_rarest(scored: Sequence[Outcome], present: Sequence[str]) -> int:
    cases: dict[str, set[str]] = {label: set() for label in present}
    for one in scored:
        cases.get(str(one.truth), set()).add(one.case)
    return min(len(found) for found in cases.values())


def _parts(scored: Sequence[Outcome], present: Sequence[str]) -> Numbers:
    """Return each case's counts per label: hits, true and predicted; shape (cases, 3 * labels)."""
    import numpy as np

    width, place = len(present), {label: i for i, label in enumerate(present)}
    rows: dict[str, Numbers] = {}
    for one in scored:
        row = rows.setdefault(one.case, np.zeros(3 * width, np.int16))
        true, said = place.get(str(one.truth)), place.get(one.diagnosis or "")
        if true is not None:
            row[width + true] += 1
            row[true] += true == said
        if said is not None:
            row[2 * width + said] += 1
    return np.stack(list(rows.values()))


def _f1(sums: Numbers, average: str) -> Numbers:
    """Return the F1 for many draws at once."""
    import numpy as np

    counts = ByLabel(*np.split(np.asarray(sums, float), 3, axis=1))
    if average == "macro":
        return np.asarray(counts.f1.mean(1))
    return np.asarray((counts.f1 * counts.true).sum(1) / np.maximum(counts.true.sum(1), 1))
