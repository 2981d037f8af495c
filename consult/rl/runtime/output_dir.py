"""The output folder of a training run: which folder is accepted, and how a full disk is detected."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from consult.envs.held import held_folder
from consult.reading import read_object
from consult.rl.config import TrainConfig, TrainingError
from consult.whole_files import write_whole

LOCK = ".training.lock"
"""File in an output folder that a training holds while it works."""
FREE = ("report_to", "db")
"""Fields that do not change the result."""


BROKEN = "remove it, or give another --out"
"""What to do about a broken file of a training."""


def held_output_dir(out: Path) -> AbstractContextManager[None]:
    """Hold an output folder, made where it is missing, until the end of the block.

    Raises:
        UnwritableError: Nothing can be written there.
        HeldError: Another training writes into it.
    """
    return held_folder(out, LOCK, "wait for that training, or give another --out")


def check_output_dir(config: TrainConfig, out: Path, *, resume: bool) -> None:
    """Check that a folder can be written to or continued.

    Raises:
        TrainingError: The folder is not empty and `resume` is false; or it holds another training run.
    """
    places = (out / "work" / "config.json", out / "training.json")
    there = next((place for place in places if place.is_file()), None)
    if there is not None and not resume:
        raise TrainingError(f"'{out}' holds a training run; continue with --resume, or give another --out")
    if there is not None:
        _same(config, there, out)
    elif (taken := next((one for one in (out, *out.parents) if one.exists() and not one.is_dir()), None)) is not None:
        raise TrainingError(f"'{taken}' is a file; give another --out")
    elif out.is_dir() and any(one.name != LOCK for one in out.iterdir()):
        raise TrainingError(f"'{out}' is not empty; give another --out")


def _same(config: TrainConfig, path: Path, out: Path) -> None:
    before = read_object(path, fix=BROKEN)
    now = config.model_dump(mode="json")
    for name, value in now.items():
        if name not in FREE and before.get(name) != value:
            raise TrainingError(
                f"the training run in '{out}' was started with {name} = {json.dumps(before.get(name))}, not "
                f"{json.dumps(value)}; give the original value, or another --out"
            )


def same_team(team: Mapping[str, str], out: Path) -> None:
    """Record the models of the other roles, and refuse to continue a training run if one of them has changed.

    Args:
        team: Role → model and revision.
        out: The result's folder.

    Raises:
        TrainingError: A role has another model than when the training run was started.
    """
    path = out / "work" / "team.json"
    before = read_object(path, fix=BROKEN) if path.is_file() else team
    for role, name in team.items():
        if before.get(role, name) != name:
            raise TrainingError(
                f"the training run in '{out}' was started with {before[role]} as {role}, which is {name} now; "
                "restore the old weights, or give another --out"
            )
    write_whole(path, json.dumps(team, indent=2))


def is_full(out: Path, error: Exception) -> bool:
    """Return whether an error means that the disk is full, however a library words it."""
    said = f"{error} {error.__cause__ or ''} {error.__context__ or ''}"
    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    return "No space left" in said or shutil.disk_usage(there).free < 2**16


def quiet_libraries() -> None:
    """Turn off telemetry and notices of libraries; a tracker is used only if it is named."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    import datasets
    from transformers.utils import logging

    logging.set_verbosity_error()
    datasets.disable_progress_bars()
