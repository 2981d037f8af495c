"""A training's folder: held by one training, and whole best weights whenever the process is killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from consult.envs.held import HeldError
from consult.rl.config import TrainConfig
from consult.rl.runtime.callbacks import CURVES, Best
from consult.rl.runtime.output_dir import LOCK, check_output_dir, held_output_dir
from consult.rl.runtime.results import _joined, draw_curves


class Weights:
    """Saves its name in two files, and may be killed in between."""

    def __init__(self, name: str, *, killed: bool = False) -> None:
        self.name, self.killed = name, killed

    def save(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "a").write_text(self.name)
        if self.killed:
            raise KeyboardInterrupt
        (folder / "b").write_text(self.name)


def offered(best: Best, accuracy: float, weights: Any) -> bool:
    return best.offer(accuracy, "grpo", 1, weights)


def kept(best: Best) -> list[str]:
    return sorted(one.read_text() for one in best.folder.iterdir())


def test_a_folder_is_held_by_one_training_and_left_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "out"
    with held_output_dir(out):
        check_output_dir(TrainConfig(role="triage", steps=1), out, resume=False)
        sentence = r"out' is being written by another thread of this process; wait for that training"
        with pytest.raises(HeldError, match=sentence), held_output_dir(out):
            pass
        assert (out / LOCK).exists()
    assert not list(tmp_path.iterdir())


def test_a_kill_while_the_best_weights_are_saved_leaves_those_before(tmp_path: Path) -> None:
    best = Best(tmp_path / "best", 0.2)
    assert offered(best, 0.5, Weights("first")) and kept(best) == ["first", "first"]
    assert not offered(best, 0.4, Weights("worse"))
    with pytest.raises(KeyboardInterrupt):
        offered(best, 0.6, Weights("second", killed=True))
    again = Best(tmp_path / "best", 0.2)
    assert again.accuracy == 0.5 and kept(again) == ["first", "first"]
    assert offered(again, 0.6, Weights("second")) and kept(Best(tmp_path / "best", 0.2)) == ["second", "second"]
    assert len(list(tmp_path.glob("best*"))) == 2


def test_best_weights_of_an_earlier_version_are_found(tmp_path: Path) -> None:
    (tmp_path / "best.json").write_text('{"accuracy": 0.5, "where": "grpo step 2"}')
    (tmp_path / "best").mkdir()
    best = Best(tmp_path / "best", 0.2)
    assert (best.accuracy, best.where, best.folder) == (0.5, "grpo step 2", tmp_path / "best")


CURVE = ",".join(CURVES)
WHOLE = ",".join(["grpo", *"1" * (len(CURVES) - 1)])


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ([CURVE, WHOLE, WHOLE], 2),
        ([CURVE, WHOLE, "grpo,2"], 1),
        ([CURVE, WHOLE, f"{WHOLE},9"], 1),
        ([CURVE, WHOLE, WHOLE.replace("1", "x", 1)], 1),
        (["phase,step", "grpo,1"], 0),
        (["nothing"], 0),
    ],
)
def test_a_damaged_curve_costs_no_result(tmp_path: Path, lines: list[str], left: int) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("\n".join(lines))
    rows = _joined([curve], tmp_path / "curves.csv")
    assert len(rows) == left
    draw_curves(rows, tmp_path / "curves.png")
