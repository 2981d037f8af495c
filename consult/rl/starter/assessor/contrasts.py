"""The bank of contrasts, parted: three of four lines to learn from, every fourth to measure on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consult.rl.starter.lesson import wording

Bank = Mapping[str, Sequence[str]]
"""Kind of line → lines."""

NTH = 4
"""Every so-manieth line of each kind is held out."""


def learned() -> Bank:
    """Give the lines to learn from."""
    return {kind: [line for i, line in enumerate(lines, 1) if i % NTH] for kind, lines in _lines().items()}


def held_out() -> Bank:
    """Give the lines that nothing is learned from."""
    return {kind: [line for i, line in enumerate(lines, 1) if not i % NTH] for kind, lines in _lines().items()}


def _lines() -> Bank:
    return wording("contrasts")
