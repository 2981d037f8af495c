"""Split the bank of contrasts: three of four lines for training, every fourth for evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from consult.scenarios.located_yaml import read_yaml

Bank = Mapping[str, Sequence[str]]
"""Kind of line → lines."""

NTH = 4
"""One of this many lines of each kind is held out."""


KINDS = ("rude", "polite", "brush_off", "attentive", "seen", "told", "colleagues", "noise")


@cache
def _contrasts() -> dict[str, Any]:
    data: dict[str, Any] = read_yaml(Path(__file__).parent / "contrasts.yaml").data
    return data


def learned() -> Bank:
    """Return the training lines; half of the drawn rude lines are made from frames."""
    kept = {kind: [line for i, line in enumerate(_contrasts()[kind], 1) if i % NTH] for kind in KINDS}
    return {**kept, "framed": _framed()}


def held_out() -> Bank:
    """Return the held-out lines."""
    return {kind: [line for i, line in enumerate(_contrasts()[kind], 1) if not i % NTH] for kind in KINDS}


def _framed() -> list[str]:
    words = _contrasts()
    blanks = {"{insult}": words["insults"], "{whining}": words["whinings"]}
    return [
        frame.replace(blank, word)
        for frame in words["rude_frames"]
        for blank, fillings in blanks.items()
        if blank in frame
        for word in fillings
    ]
