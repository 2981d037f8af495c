"""Measure a check of patients' lines on labelled ones: faithful lines that it refuses, others that it accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from consult.agents.grounding.claims import check_claims
from consult.agents.grounding.labelled import LabelledLine
from consult.agents.models import Model
from consult.agents.roles.checker import Checker
from consult.agents.roles.client import RequestContext
from consult.envs.batcher import Batcher, at_once
from consult.envs.loops import run_to_end
from consult.envs.metrics.fidelity import Rate
from consult.envs.role_models import checker_of

REFUSED, ACCEPTED = "faithful_refused", "unfaithful_accepted"
"""The two mistakes of a check."""


@dataclass(frozen=True)
class CheckError:
    """The measured mistakes of a check on labelled lines."""

    refused: Rate
    """Faithful lines that it refuses."""
    accepted: Rate
    """Unfaithful lines that it accepts."""

    def as_json(self) -> dict[str, Any]:
        """Return both shares with their numbers; a value is null if there was no such line."""
        return {
            name: {"value": rate.share, "n": rate.n}
            for name, rate in ((REFUSED, self.refused), (ACCEPTED, self.accepted))
        }


@dataclass(frozen=True)
class Measured:
    """What a check did with labelled lines."""

    check: str
    """`rules`, or `rules, then` and the model."""
    whole: CheckError
    by_kind: dict[str, CheckError]
    without_verdict: int = 0
    """Lines on which the model gave no usable answer, so that the rules decided."""

    def as_json(self) -> dict[str, Any]:
        """Return the figures as `consult grounding --json` prints them."""
        kinds = {kind: error.as_json() for kind, error in self.by_kind.items()}
        return {"check": self.check, **self.whole.as_json(), "by_kind": kinds, "without_verdict": self.without_verdict}


def measure_check(lines: Sequence[LabelledLine], model: Model | None = None, reference: str = "") -> Measured:
    """Check labelled lines as a patient's lines are checked in play.

    Args:
        lines: The lines.
        model: Decides on lines that the rules accept; None for rules alone.
        reference: The model's reference as the user gave it.

    Raises:
        ModelError: The model was not trained to check lines.
        ModelGoneError: The model has stopped responding.
    """
    accepted = [not check_claims(one.line, one.grounds) for one in lines]
    if model is None:
        return _measured("rules", lines, accepted)
    batcher = Batcher()
    checker = checker_of(model, batcher, reference)
    verdicts: dict[int, bool | None] = {}
    try:
        left = [i for i, ok in enumerate(accepted) if ok]
        run_to_end(_all(checker, batcher, lines, left, verdicts, at_once(None, [model])))
    finally:
        batcher.shutdown()
    decided = [ok and verdicts.get(i) is not False for i, ok in enumerate(accepted)]
    unknown = sum(verdict is None for verdict in verdicts.values())
    return _measured(f"rules, then {checker.name}", lines, decided, unknown)


async def _all(
    checker: Checker,
    batcher: Batcher,
    lines: Sequence[LabelledLine],
    left: Sequence[int],
    verdicts: dict[int, bool | None],
    most: int,
) -> None:
    waiting, workers = iter(left), min(most, len(left))
    batcher.open(workers)
    tasks = [asyncio.create_task(_worker(checker, batcher, lines, waiting, verdicts)) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _worker(
    checker: Checker,
    batcher: Batcher,
    lines: Sequence[LabelledLine],
    waiting: Iterator[int],
    verdicts: dict[int, bool | None],
) -> None:
    try:
        for i in waiting:
            context = RequestContext(ordinal=i + 1, seed=("grounding", i), turn=0, nth=i)
            try:
                findings, _ = await checker.check(lines[i].line, lines[i].grounds, context)
            except Exception:
                if batcher.broken is not None:
                    raise batcher.broken from None
                findings = None
            verdicts[i] = None if findings is None else not findings
    finally:
        batcher.close()


def _measured(check: str, lines: Sequence[LabelledLine], accepted: Sequence[bool], unknown: int = 0) -> Measured:
    decided = list(zip(lines, accepted, strict=True))
    kinds = sorted({one.kind for one in lines})
    by_kind = {kind: _error([(one, ok) for one, ok in decided if one.kind == kind]) for kind in kinds}
    return Measured(check, _error(decided), by_kind, unknown)


def _error(decided: Sequence[tuple[LabelledLine, bool]]) -> CheckError:
    faithful = [ok for one, ok in decided if one.faithful]
    others = [ok for one, ok in decided if not one.faithful]
    return CheckError(
        Rate(REFUSED, faithful.count(False), len(faithful)), Rate(ACCEPTED, others.count(True), len(others))
    )
