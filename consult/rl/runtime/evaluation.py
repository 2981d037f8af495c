"""Evaluation: how often a policy decides right, before and after training, on the same cases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.paired import difference
from consult.rl.data.dataset import Row
from consult.rl.policy.policy import Policy
from consult.rl.rewards.completion_parser import Decided
from consult.rl.rewards.curriculum import stage_of
from consult.scenarios import Scenario


@dataclass(frozen=True)
class Measured:
    """Decisions of one policy on rows."""

    rows: Sequence[Row]
    named: Sequence[str | None]
    """The specialty or diagnosis decided for each row; None for an unusable answer."""
    urgencies: Sequence[str | None]
    formed: Sequence[bool]

    @property
    def right(self) -> list[bool]:
        """Return whether each decision is right."""
        return [row.target.is_right(name) for name, row in zip(self.named, self.rows, strict=True)]

    @property
    def accuracy(self) -> float:
        """Return the share of right decisions, 0 to 1."""
        return sum(self.right) / len(self.rows)

    @property
    def usable(self) -> float:
        """Return the share of decisions that could be read, 0 to 1."""
        return sum(name is not None for name in self.named) / len(self.rows)

    def by_case(self) -> dict[str, list[bool]]:
        """Return for each case whether each of its decisions was right."""
        found: dict[str, list[bool]] = defaultdict(list)
        for row, right in zip(self.rows, self.right, strict=True):
            found[row.case.id].append(right)
        return found

    def only(self, keep: Sequence[bool]) -> Measured:
        """Return the decisions for which `keep` is true; `keep` has one value per row."""
        picked = [i for i, kept in enumerate(keep) if kept]
        return Measured(
            [self.rows[i] for i in picked],
            [self.named[i] for i in picked],
            [self.urgencies[i] for i in picked],
            [self.formed[i] for i in picked],
        )


NOTHING = Measured([], [], [], [])


def measure(policy: Policy, rows: Sequence[Row], scenario: Scenario, votes: int = 1) -> Measured:
    """Evaluate a policy's decisions.

    Args:
        policy: The policy, during or after training.
        rows: The rows to decide.
        scenario: The scenario whose labels and aliases count.
        votes: 1 for the most likely decision of each row; else the majority of this many, drawn as in play.
    """
    decided = []
    for row, texts in zip(rows, policy.decide(rows, votes), strict=True):
        ballots = [policy.read(text, row, scenario) for text in texts]
        decided.append(_elected(ballots))
    return Measured(rows, [d.named for d in decided], [d.urgency for d in decided], [d.formed for d in decided])


def _elected(ballots: Sequence[Decided]) -> Decided:
    named = Counter(ballot.named for ballot in ballots if ballot.named is not None)
    if not named:
        return ballots[0]
    winner = named.most_common(1)[0][0]
    return next(ballot for ballot in ballots if ballot.named == winner)


def comparison(before: Measured, after: Measured) -> dict[str, Any]:
    """Return the figures of a comparison as in metrics.json: shares from 0 to 1, and `p` with the name of its test."""
    if not before.rows:
        return {"n": 0, "cases": 0, "before": None, "after": None, "gain": None, "interval": None, "p": None}
    found = difference(after.by_case(), before.by_case())
    assert found is not None
    return {
        "n": len(before.rows),
        "cases": len({row.case.id for row in before.rows}),
        "before": round(before.accuracy, 6),
        "after": round(after.accuracy, 6),
        "gain": round(after.accuracy - before.accuracy, 6),
        "interval": ends(found.figure),
        "p": found.p,
        "test": found.test,
    }


def ends(figure: Estimate) -> list[float] | None:
    """Return the ends of an interval, rounded like its value; None if there are too few cases."""
    return None if figure.low is None or figure.high is None else [round(figure.low, 6), round(figure.high, 6)]


def comparison_by_stage(before: Measured, after: Measured) -> dict[str, Any]:
    """Return the figures by stage: all, some or none of the panel right, beside the panel's vote."""
    stages = [stage_of(row.panel_correct_share) for row in before.rows]
    found: dict[str, Any] = {}
    for stage in ("easy", "medium", "hard"):
        keep = [one == stage for one in stages]
        part = before.only(keep)
        votes = [row.target.is_right(row.vote) for row in part.rows]
        vote = sum(votes) / len(votes) if votes else None
        found[stage] = {**comparison(part, after.only(keep)), "vote": vote}
    return found


def comparison_by_group(before: Measured, after: Measured) -> dict[str, Any]:
    """Return the figures by specialty, and by whether a case has the style of the train cases in text and drawing."""
    groups: dict[str, list[bool]] = {}
    for row in before.rows:
        for name in (row.case.truth.specialty, row.case.style):
            if name:
                groups.setdefault(name, [])
    for name in groups:
        groups[name] = [name in (row.case.truth.specialty, row.case.style) for row in before.rows]
    return {name: comparison(before.only(keep), after.only(keep)) for name, keep in sorted(groups.items())}


def share_of_urgencies(measured: Measured) -> float | None:
    """Return the share of right urgencies, 0 to 1; None if no case has one."""
    pairs = [(u, row.target.urgency) for u, row in zip(measured.urgencies, measured.rows, strict=True)]
    known = [stated == true for stated, true in pairs if true is not None]
    return sum(known) / len(known) if known else None
