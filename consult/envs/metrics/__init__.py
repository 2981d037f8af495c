"""Measures of a run: every figure with its number of cases and a 95 % interval."""

from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.outcomes import Outcome, outcomes

__all__ = ["Estimate", "Outcome", "outcomes"]
