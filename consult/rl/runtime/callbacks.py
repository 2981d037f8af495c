"""Callbacks of the trainers: the progress line, the checks on validation cases, the curves."""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from consult.reading import read_object
from consult.rl.policy.policy import Policy
from consult.rl.rewards.curriculum import Phase
from consult.rl.runtime.evaluation import Measured
from consult.rl.runtime.output_dir import BROKEN
from consult.rl.runtime.schedule import NEARLY, Clock
from consult.whole_files import drafted, write_whole

Say = Callable[[str], None]

CURVES = (
    "phase",
    "step",
    "seconds",
    "reward",
    "right",
    "entropy",
    "kl",
    "length",
    "flat",
    "loss",
    "learning_rate",
    "generation_seconds",
    "reward_seconds",
    "update_seconds",
    "validation",
)
"""Columns of curves.csv; empty if a step has no such figure."""
_LOGGED = {
    "reward": "reward",
    "right": "rewards/accuracy/mean",
    "entropy": "entropy",
    "kl": "kl",
    "length": "completions/mean_length",
    "flat": "frac_reward_zero_std",
    "loss": "loss",
    "learning_rate": "learning_rate",
    "generation_seconds": "seconds/generation",
    "reward_seconds": "seconds/reward",
    "update_seconds": "seconds/update",
    "validation": "validation",
}
"""Column → TRL's name."""
FLAT_STEPS = 10
"""Steps in a row without different rewards in any group after which a warning is given."""


class PhaseCallback(TrainerCallback):
    """Report progress, check the validation cases, keep the best weights and end a phase on time.

    Args:
        policy: The policy in training.
        phase: The phase.
        clock: The clock of the whole training run.
        check: Evaluates the policy on the validation cases.
        best: The best weights so far, with their accuracy and folder.
        every: Steps between two checks.
        say: Called with each line of progress.
        folder: The phase's folder.
    """

    def __init__(
        self,
        policy: Policy,
        phase: Phase,
        clock: Clock,
        check: Callable[[], Measured],
        best: Best,
        every: int,
        say: Say,
        folder: Path,
    ) -> None:
        self.policy, self.phase, self.clock, self.check, self.best = policy, phase, clock, check, best
        self.every, self.say, self.folder = every, say, folder
        self._told = 0.0
        self._warned = False

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End the phase when its share of the training run is over; request a checkpoint every `every` steps."""
        if self.clock.fraction(state.global_step) >= self.phase.until - NEARLY:
            control.should_training_stop = True
        if state.global_step % self.every == 0 or control.should_training_stop:
            control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Add the elapsed seconds to the log entry, and report progress every few seconds."""
        entry = state.log_history[-1] if state.log_history else {}
        entry["elapsed"] = round(self.clock.elapsed, 2)
        if state.is_world_process_zero and not self._warned and is_flat(state.log_history):
            self._warned = True
            self.say(flat_in_words(entry))
        if "loss" in entry and state.is_world_process_zero and time.monotonic() - self._told > 5:
            self._told = time.monotonic()
            self.say(line(self.phase.name, entry, self.clock.left(state.global_step)))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Evaluate the checkpoint that was just written, keep the best weights, and mark the checkpoint as complete."""
        if not state.is_world_process_zero:
            return
        measured = self.check()
        state.log_history.append({"step": state.global_step, "validation": measured.accuracy})
        # Weights that no reward has moved are those from before.
        better = has_learned(state.log_history) and self.best.offer(
            measured.accuracy, self.phase.name, state.global_step, self.policy
        )
        mark = "  (best so far)" if better else ""
        self.say(f"{self.phase.name} step {state.global_step}  validation {measured.accuracy:.1%}{mark}")
        keep_curve(self.folder / "curve.csv", self.phase.name, state.log_history)
        checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        state.save_to_json(str(checkpoint / "trainer_state.json"))
        self.clock.keep(checkpoint)


class Best:
    """The weights that did best on the validation cases, over all processes that continued a training run.

    Args:
        place: Where they are saved, in a folder of their own for each time; a file beside it names the folder.
        accuracy: The start's accuracy: the share of validation cases that it decides right.
    """

    def __init__(self, place: Path, accuracy: float) -> None:
        self._place, self.accuracy, self.where = place, accuracy, "start"
        self.folder = place
        self._note = place.with_suffix(".json")
        if self._note.is_file():
            kept = read_object(self._note, "where", numbers=("accuracy",), fix=BROKEN)
            # Before there were several folders, a note named none.
            folder = place.parent / Path(str(kept.get("folder", place.name))).name
            if folder.is_dir():
                self.folder, self.accuracy, self.where = folder, kept["accuracy"], str(kept["where"])

    def offer(self, accuracy: float, phase: str, step: int, policy: Policy) -> bool:
        """Save the policy's weights if they are at least as good as the best so far, and return whether they are.

        Weights that decide nothing right are never the best.
        """
        if accuracy < self.accuracy or accuracy == 0:
            return False
        self.accuracy, self.where = accuracy, f"{phase} step {step}"
        before, number = self.folder, int(self.folder.suffix[1:] or 0) + 1
        self.folder = self._place.with_suffix(f".{number}")
        shutil.rmtree(self.folder, ignore_errors=True)  # of a process that was killed while it saved
        policy.save(self.folder)
        # From here on the new ones count: a kill at any moment leaves one whole folder that is named.
        note = {"accuracy": self.accuracy, "where": self.where, "folder": self.folder.name}
        write_whole(self._note, json.dumps(note))
        shutil.rmtree(before, ignore_errors=True)
        return True


def _shares_of_flat_groups(history: list[dict[str, Any]]) -> list[float]:
    return [entry[_LOGGED["flat"]] for entry in history if entry.get(_LOGGED["flat"]) is not None]


def is_flat(history: list[dict[str, Any]]) -> bool:
    """Return whether in each of the last steps of GRPO all completions of every group had the same reward."""
    last = _shares_of_flat_groups(history)[-FLAT_STEPS:]
    return len(last) == FLAT_STEPS and min(last) == 1


def has_learned(history: list[dict[str, Any]]) -> bool:
    """Return whether a step so far had something to learn from: different rewards in a group, or answers to copy."""
    shares = _shares_of_flat_groups(history)
    return not shares or min(shares) < 1


def flat_in_words(entry: Mapping[str, Any]) -> str:
    """Say in a sentence that GRPO has nothing to learn from, and what to do.

    Args:
        entry: TRL's log of the last step.
    """
    same = (
        f"warning: in {FLAT_STEPS} steps in a row all answers to a case earned the same reward "
        f"({entry.get('reward', 0.0):.2f} on average), so nothing is learned"
    )
    if entry.get(_LOGGED["right"]) == 1:
        return f"{same}: the train cases are solved; end here, or train on others"
    return (
        f"{same}: stop, and begin with right answers to copy (--method sft+grpo, or a larger --warm-up), or draw more "
        "varied answers (--temperature, --group)"
    )


def line(phase: str, entry: Mapping[str, Any], left: float | None) -> str:
    """Return the progress line from TRL's log `entry` and the seconds `left`."""
    seconds = {name: entry.get(f"seconds/{name}") or 0.0 for name in ("generation", "reward", "update")}
    whole = sum(seconds.values())
    parts = [f"{phase} step {entry['step']}"]
    for name, shown in (("reward", "{:.2f}"), ("entropy", "{:.3f}"), ("kl", "{:.4f}"), ("loss", "{:.3f}")):
        if entry.get(name) is not None and not (name == "loss" and "reward" in entry):
            parts.append(f"{name} {shown}".format(entry[name]))
    if entry.get("rewards/accuracy/mean") is not None:
        parts.insert(2, f"right {entry['rewards/accuracy/mean']:.0%}")
        parts.append(f"length {entry['completions/mean_length']:.1f}")
        parts.append(f"groups all alike {entry['frac_reward_zero_std']:.0%}")
    if whole:
        parts.append(" ".join(f"{name} {took / whole:.0%}" for name, took in seconds.items()))
    if left is not None:
        parts.append(f"{left / 60:.1f} min left")
    return "  ".join(parts)


def keep_curve(path: Path, phase: str, history: list[dict[str, Any]]) -> None:
    """Write a phase's curve: one row per step; later entries of a step complete earlier ones."""
    rows: dict[int, dict[str, Any]] = {}
    for entry in history:
        row = rows.setdefault(entry["step"], {"phase": phase, "step": entry["step"]})
        row.update({column: entry[name] for column, name in _LOGGED.items() if entry.get(name) is not None})
        if "elapsed" in entry:
            row["seconds"] = entry["elapsed"]
    with drafted(path) as draft, draft.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, CURVES, restval="")
        writer.writeheader()
        writer.writerows(rows[step] for step in sorted(rows))
