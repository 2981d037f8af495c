"""The cost of a consultation."""

from __future__ import annotations

from collections.abc import Sequence

from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.intervals import mean
from consult.envs.metrics.outcomes import Outcome


def cost(played: Sequence[Outcome]) -> dict[str, Estimate]:
    """Return turns, attending questions, tokens and model seconds per consultation, including failed ones."""
    cases = [one.case for one in played]
    return {
        "turns": mean([one.turns for one in played], cases),
        "questions": mean([one.questions for one in played], cases),
        "tokens in": mean([one.tokens_in for one in played], cases),
        "tokens out": mean([one.tokens_out for one in played], cases),
        "seconds of model time": mean([one.seconds for one in played], cases),
    }
