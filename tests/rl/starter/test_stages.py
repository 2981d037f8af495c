"""Stages of a recipe that are damaged on the disk: one sentence that names the file, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from consult.rl.starter.assessor.training import AdapterTraining
from consult.rl.starter.recipe import _tokenizer, _tower
from consult.rl.starter.stages import RecipeError
from consult.rl.starter.supervised import Supervised
from consult.rl.starter.vision import draw_pictures

SPOILT = {
    "empty": lambda whole: b"",
    "cut off": lambda whole: whole[: len(whole) // 2],
    "its beginning lost": lambda whole: whole[40:],
    "text": lambda whole: b"not a stage\n",
    "zeros": lambda whole: b"\0" * len(whole),
}
"""Kind of damage → the content."""


def silent(line: str) -> None:
    """Say nothing."""


def drawn(path: Path) -> None:
    draw_pictures("derm34", "train", 3, path, 1)


def tower(path: Path) -> None:
    model: Any = SimpleNamespace(model=SimpleNamespace(vision_tower=nn.Linear(2, 2)))
    nothing: Any = None
    _tower(nothing, model, nothing, nothing, nothing, path.parent, silent)


def resumed(path: Path) -> None:
    training: Any = SimpleNamespace(model=nn.Linear(2, 2), posterior_head=nn.Linear(2, 2), line_head=nn.Linear(2, 2))
    training.optimizers, training.progress = [], None
    Supervised._resume(training, path, silent)


def adapted(path: Path) -> None:
    training: Any = SimpleNamespace(model=nn.Linear(2, 2), auxiliary=nn.Linear(2, 2), progress=None)
    training.optimizer = torch.optim.AdamW(training.model.parameters())
    AdapterTraining._resume(training, path, silent)


STAGES = {"train.npz": drawn, "tower.pt": tower, "judging.pt": resumed, "lessons.pt": adapted}


def other(path: Path) -> None:
    """Write a whole file of the kind that holds something else."""
    if path.suffix == ".npz":
        np.savez(path, pixels=np.zeros((2, 4, 4, 3), np.uint8), targets=np.zeros((2, 3), int))
    else:
        torch.save({"model": {}, "adapter": {}, "tower": {}}, path)


@pytest.mark.parametrize("damage", [*SPOILT, "another one", "a folder"])
@pytest.mark.parametrize("name", STAGES)
def test_a_damaged_stage_is_one_sentence(tmp_path: Path, name: str, damage: str) -> None:
    path = tmp_path / name
    if damage == "a folder":
        path.mkdir()
    else:
        other(path)
        path.write_bytes(SPOILT.get(damage, bytes)(path.read_bytes()))
    with pytest.raises(RecipeError, match=f"{name}' is damaged or cannot be read .*; remove it, and the same command"):
        STAGES[name](path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1"])
def test_a_damaged_tokenizer_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes(content)
    nothing: Any = None
    with pytest.raises(RecipeError, match="tokenizer' is damaged or cannot be read"):
        _tokenizer(nothing, nothing, tmp_path, silent)
