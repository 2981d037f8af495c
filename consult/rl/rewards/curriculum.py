"""The curriculum of MMedAgent-RL (arXiv 2506.00555): cases from easy to hard by `s`, the panel's share of the right.

What is stretched is the panel: `s = 1` is easy, since following it is right; `0 < s < 1` wants weighing; at `s = 0` the
attending has to know better. The arms part what the paper does at once: `order` the order alone, `entropy` also an
entropy weight that grows, `full` also a KL weight that grows. `none` has the same cases, steps and trainers, shuffled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consult.rl.config import STAGES, Stage, TrainConfig, TrainingError
from consult.rl.data.dataset import Row

ENTROPY: Mapping[Stage, float] = {"easy": 0.0, "medium": 0.01, "hard": 0.05}
"""Weight by stage; the paper has it "about 0", "above 0" and "much above"."""
BETA: Mapping[Stage, float] = {"easy": 1e-3, "medium": 4e-3, "hard": 1e-2}
"""Weight by stage, the paper's."""


@dataclass(frozen=True)
class Phase:
    """One trainer's share of a training: its optimizer is new, and the KL is measured from its start."""

    name: str
    method: str
    """sft or grpo."""
    rows: Sequence[Row]
    entropy: float
    beta: float
    until: float
    """Share of the whole way that is gone at its end, 0 to 1."""
    number: int = 1
    """1-based; phases shuffle anew."""


def stage_of(s: float | None) -> Stage:
    """Give the stage of a share of right opinions."""
    return "medium" if s is None or 0 < s < 1 else "easy" if s == 1 else "hard"


def histogram(rows: Sequence[Row]) -> list[str]:
    """Draw how many decisions have which share of right opinions, a line each."""
    counts = Counter(row.s for row in rows if row.s is not None)
    most = max(counts.values(), default=1)
    return [
        f"s = {s:4.2f}  {stage_of(s):6}  {counts[s]:6,}  {'#' * max(1, round(40 * counts[s] / most))}"
        for s in sorted(counts, reverse=True)
    ]


def empty_stages(rows: Sequence[Row], config: TrainConfig) -> list[Stage]:
    """List the stages that no decision belongs to."""
    there = {stage_of(row.s) for row in rows}
    return [stage for stage in STAGES if stage in config.stages and stage not in there]


def phases(rows: Sequence[Row], config: TrainConfig) -> list[Phase]:
    """Divide a training.

    Raises:
        TrainingError: No decision belongs to the stages that were asked for.
    """
    if config.method == "sft+grpo":
        halves = (("sft", 0.5), ("grpo", 1.0))
        return [
            Phase(name, name, rows, config.entropy_weight, config.kl_weight, until, number)
            for number, (name, until) in enumerate(halves, 1)
        ]
    if config.role != "attending" or config.method == "sft":
        return [Phase(config.method, config.method, rows, config.entropy_weight, config.kl_weight, 1.0)]
    return _stages(rows, config)


def _stages(rows: Sequence[Row], config: TrainConfig) -> list[Phase]:
    by_stage = {stage: [row for row in rows if stage_of(row.s) == stage] for stage in STAGES if stage in config.stages}
    by_stage = {stage: found for stage, found in by_stage.items() if found}
    every = [row for found in by_stage.values() for row in found]
    if not every:
        raise TrainingError(
            f"no decision belongs to the stages {', '.join(config.stages)}; take more --cases, or --panel-skill 0.5"
        )
    made: list[Phase] = []
    gone = 0
    for stage, found in by_stage.items():
        gone += len(found)
        shuffled = config.curriculum == "none"
        by_entropy = config.curriculum in ("entropy", "full")
        made.append(
            Phase(
                name=f"mixed-{len(made) + 1}" if shuffled else stage,
                method="grpo",
                rows=every if shuffled else found,
                entropy=ENTROPY[stage] if by_entropy else config.entropy_weight,
                beta=BETA[stage] if config.curriculum == "full" else config.kl_weight,
                until=gone / len(every),
                number=len(made) + 1,
            )
        )
    return made
