"""Progress of a training run by steps and by wall time: the earlier end counts, and the learning rate follows."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

from consult.reading import read_object
from consult.whole_files import write_whole

SPENT = "consult.json"
"""File in a checkpoint with the steps and seconds spent by then."""
WARM_UP = 0.02
"""Share of the run in which the learning rate rises."""
NEARLY = 1e-9
"""Share of the run that rounding may cost."""
FLOOR = 0.05
"""Share of the peak learning rate that is left at the end of the run."""


@dataclass
class Clock:
    """Steps and seconds of a whole training run, over all of its phases and all processes that continued it."""

    steps: int | None
    seconds: float | None
    done: int = 0
    """Steps of earlier phases."""
    spent: float = 0.0
    """Seconds of earlier phases and processes."""
    _begun: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        """Start, or continue."""
        self._begun = time.monotonic()

    def pause(self, steps: int) -> None:
        """End a phase of the given number of steps."""
        self.spent, self.done = self.elapsed, self.done + steps
        self._begun = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Return the seconds so far."""
        return self.spent + time.monotonic() - self._begun

    def fraction(self, step: int) -> float:
        """Return the completed share of the run, 0 to 1, after the given number of steps of the phase."""
        by_steps = (self.done + step) / self.steps if self.steps else 0.0
        by_time = self.elapsed / self.seconds if self.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    def rate(self, step: int) -> float:
        """Return the learning rate as a share of its peak: a short rise, then half a cosine down to a twentieth."""
        gone = self.fraction(step)
        rise = min(1.0, (gone + 1e-3) / WARM_UP)
        return rise * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * gone)))

    def left(self, step: int) -> float | None:
        """Estimate the seconds left; return None before the first step."""
        gone = self.fraction(step)
        return self.elapsed * (1 - gone) / gone if gone > 0 else None

    def keep(self, checkpoint: Path) -> None:
        """Write the seconds and steps so far into a checkpoint."""
        # It marks the checkpoint as complete.
        write_whole(checkpoint / SPENT, json.dumps({"spent": self.elapsed, "done": self.done}))

    def resume_from(self, checkpoint: Path) -> None:
        """Continue from the steps and seconds in a checkpoint."""
        fix = "remove its folder, and --resume continues from the one before"
        told = read_object(checkpoint / SPENT, numbers=("spent", "done"), fix=fix)
        self.spent, self.done = told["spent"], told["done"]
        self.begin()
