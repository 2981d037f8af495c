"""Measures of a run: every figure with its number of cases and a 95 % interval."""

from consult.envs.measures.figures import Figure
from consult.envs.measures.outcomes import Outcome, outcomes

__all__ = ["Figure", "Outcome", "outcomes"]
