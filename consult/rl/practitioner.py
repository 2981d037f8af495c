"""Train a general practitioner: what `consult train triage`, `attending` and `interview` call."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from consult.envs.placement import Placement
from consult.errors import UserError
from consult.reading import read_object
from consult.rl.config import TrainConfig, TrainingError
from consult.rl.multiturn_training import InterviewTraining
from consult.rl.runtime.distributed import is_main, several
from consult.rl.runtime.output_dir import BROKEN, check_output_dir, held_output_dir, is_full, quiet_libraries
from consult.rl.runtime.results import METRICS
from consult.rl.training import Say, Training

HERE = Placement()
"""Models in this process, or where the program chooses."""


def train_practitioner(
    config: TrainConfig, out: Path, say: Say, *, placement: Placement = HERE, resume: bool = False
) -> dict[str, Any]:
    """Train, evaluate and write the result.

    Args:
        config: What to train.
        out: The result's folder.
        say: Called with each line of progress.
        placement: Where the models that play beside the one in training are loaded.
        resume: Whether to continue the training in `out`.

    Returns:
        The figures, as in metrics.json.

    Raises:
        TrainingError: It cannot start or continue.
        HeldError: Another training writes into `out`.
        ModelError: The model cannot be loaded.
    """
    quiet_libraries()
    if several() and config.minutes is not None:
        raise TrainingError("training with several processes needs a step limit; pass --steps and no --minutes")
    if is_main():
        check_output_dir(config, out, resume=resume)
    try:
        with held_output_dir(out) if is_main() else nullcontext():
            if (out / METRICS).is_file():
                say(f"'{out}' is finished already")
                finished: dict[str, Any] = read_object(out / METRICS, fix=BROKEN)
                return finished
            return training_of(config, out, say, placement).run()
    except UserError:
        raise
    except Exception as error:
        if is_full(out, error):
            raise TrainingError(f"the disk of '{out}' is full; free some space and continue with --resume") from error
        raise


def training_of(config: TrainConfig, out: Path, say: Say, placement: Placement = HERE) -> Training:
    """Return the training of a role."""
    kind = InterviewTraining if config.role == "interview" else Training
    return kind(config, out, say, placement)
