"""The curriculum of MMedAgent-RL (arXiv 2506.00555): cases from easy to hard by the share of the panel that is right.

If all opinions are right, following them is right; if some are, the attending has to weigh them; if none is, it has to
know better. The paper calls the share s. The arms separate what the paper does at once: `order` only orders the cases,
`entropy` adds an entropy weight that grows, `full` also a KL weight that grows. `none` has the same cases, steps and
trainers, shuffled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from consult.rl.config import STAGES, Stage, TrainConfig, TrainingError
from consult.rl.data.dataset import Row

ENTROPY: Mapping[Stage, float] = {"easy": 0.0, "medium": 0.01, "hard": 0.05}
"""Weight by stage; the paper says "about 0", "above 0" and "much above"."""
BETA: Mapping[Stage, float] = {"easy": 1e-3, "medium": 4e-3, "hard": 1e-2}
"""Weight by stage, from the paper."""


WARM_UP = "warm-up"
"""Name of the phase that copies right answers before GRPO."""


@dataclass(frozen=True)
class Phase:
    """One trainer's part of a training run: it has a new optimizer, and the KL is measured from its start."""

    name: str
    method: str
    """sft or grpo."""
    rows: Sequence[Row]
    entropy: float
    beta: float
    until: float
    """Share of the whole training run that is done at its end, 0 to 1."""
    number: int = 1
    """1-based; the seed with which the phase shuffles."""


def stage_of(panel_correct_share: float | None) -> Stage:
    """Return the stage for a share of right opinions, 0 to 1; medium if there is no panel."""
    if panel_correct_share is None or 0 < panel_correct_share < 1:
        return "medium"
    return "easy" if panel_correct_share == 1 else "hard"


def histogram(rows: Sequence[Row]) -> list[str]:
    """Return a text histogram, line by line: how many decisions have which share of right opinions."""
    counts = Counter(row.panel_correct_share for row in rows if row.panel_correct_share is not None)
    most = max(counts.values(), default=1)
    return [
        f"panel right {share:4.2f}  {stage_of(share):6}  {count:6,}  {'#' * max(1, round(40 * count / most))}"
        for share, count in sorted(counts.items(), reverse=True)
    ]


def empty_stages(rows: Sequence[Row], config: TrainConfig) -> list[Stage]:
    """Return the requested stages without a decision."""
    there = {stage_of(row.panel_correct_share) for row in rows}
    return [stage for stage in STAGES if stage in config.stages and stage not in there]


def phases(rows: Sequence[Row], config: TrainConfig) -> list[Phase]:
    """Divide a training run into phases.

    Raises:
        TrainingError: No decision belongs to the requested stages.
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


def with_warm_up(plan: Sequence[Phase], config: TrainConfig) -> list[Phase]:
    """Begin GRPO with a phase that copies right answers, or return the plan as it is if there is no room for one.

    A model whose every answer is unusable earns the same reward for all of them, and so learns nothing by GRPO. The
    warm-up is on the decisions of all phases, so that a curriculum orders GRPO alone and its arms begin alike.

    Args:
        plan: The phases, each by GRPO.
        config: Says which share of the training the warm-up takes.
    """
    share = config.warm_up
    if config.steps is not None and not 1 <= round(share * config.steps) < config.steps:
        return list(plan)
    every = list({id(row): row for phase in plan for row in phase.rows}.values())
    first = Phase(WARM_UP, "sft", every, 0.0, 0.0, share)
    later = [
        replace(phase, until=share + (1 - share) * phase.until, number=number) for number, phase in enumerate(plan, 2)
    ]
    return [first, *later]


def _stages(rows: Sequence[Row], config: TrainConfig) -> list[Phase]:
    rows_of: dict[Stage, list[Row]] = {stage: [] for stage in STAGES if stage in config.stages}
    for row in rows:
        if stage_of(row.panel_correct_share) in rows_of:
            rows_of[stage_of(row.panel_correct_share)].append(row)
    by_stage = {stage: found for stage, found in rows_of.items() if found}
    every = [row for found in by_stage.values() for row in found]
    if not every:
        raise TrainingError(
            f"no decision belongs to the stages {', '.join(config.stages)}; use more --cases, or --panel-skill 0.5"
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
