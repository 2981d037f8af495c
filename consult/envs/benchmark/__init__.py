"""A benchmark: a grid of runs on the same cases, planned before it is played, and one report."""
