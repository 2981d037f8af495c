"""Where a training writes: what may be written to or continued, and how a full disk is known."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from consult.rl.config import TrainConfig, TrainingError

FREE = ("report_to", "db")
"""Fields that do not change the result."""


def check_output_dir(config: TrainConfig, out: Path, *, resume: bool) -> None:
    """Refuse a folder that cannot be written to or continued.

    Raises:
        TrainingError: It holds something, and `resume` was not said; or it holds another training.
    """
    places = (out / "work" / "config.json", out / "training.json")
    there = next((place for place in places if place.is_file()), None)
    if there is not None and not resume:
        raise TrainingError(f"'{out}' holds a training; continue with --resume, or give another --out")
    if there is not None:
        _same(config, there, out)
    elif out.exists() and not out.is_dir():
        raise TrainingError(f"'{out}' is a file; give another --out")
    elif out.is_dir() and any(out.iterdir()):
        raise TrainingError(f"'{out}' is not empty; give another --out")


def _same(config: TrainConfig, path: Path, out: Path) -> None:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise TrainingError(f"'{path}' is broken; give another --out") from None
    now = config.model_dump(mode="json")
    for name, value in now.items():
        if name not in FREE and before.get(name) != value:
            raise TrainingError(
                f"the training in '{out}' was started with {name} = {json.dumps(before.get(name))}, not "
                f"{json.dumps(value)}; give the original value, or another --out"
            )


def same_team(team: Mapping[str, str], out: Path) -> None:
    """Write down who plays the other roles, and refuse to continue a training in which another model plays one.

    Args:
        team: Role → model and revision.
        out: The result's folder.

    Raises:
        TrainingError: A role is played by others than when the training was begun.
    """
    path = out / "work" / "team.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else team
    for role, name in team.items():
        if before.get(role, name) != name:
            raise TrainingError(
                f"the training in '{out}' was started with {before[role]} as {role}, which is {name} now; "
                "put the old weights back, or give another --out"
            )
    path.write_text(json.dumps(team, indent=2), encoding="utf-8")


def is_full(out: Path, error: Exception) -> bool:
    """Return whether an error is of a full disk, in whatever words a library says so."""
    said = f"{error} {error.__cause__ or ''} {error.__context__ or ''}"
    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    return "No space left" in said or shutil.disk_usage(there).free < 2**16


def quiet_libraries() -> None:
    """Keep libraries from calling home and from chatting; whoever wants a tracker names it."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    import datasets
    from transformers.utils import logging

    logging.set_verbosity_error()
    datasets.disable_progress_bars()
