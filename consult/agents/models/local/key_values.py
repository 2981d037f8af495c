"""Keys and values of a batch in few tensors, so that rows join, leave and are kept by few operations.

A model that accelerate distributes has layers on several devices; layers that follow each other on one device share a
tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

States = tuple[Any, ...]
"""For each device in turn (2 * layers, rows, heads, columns, size): keys and values of each layer in turn."""


class _Columns(DynamicLayer):
    """Keys and values of a layer, in memory with room for more columns: a new one is written, and none copied."""

    def __init__(self, keys: Any, values: Any, width: int) -> None:
        super().__init__()
        self.is_initialized, self.dtype, self.device = True, keys.dtype, keys.device
        self._room = keys, values
        self.keys, self.values = keys[:, :, :width], values[:, :, :width]

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Add columns: (rows, heads, columns, size)."""
        width = self.keys.shape[2]
        end = width + key_states.shape[2]
        keys, values = self._room
        keys[:, :, width:end], values[:, :, width:end] = key_states, value_states
        self.keys, self.values = keys[:, :, :end], values[:, :, :end]
        return self.keys, self.values


def stacked(cache: Any) -> States:
    """Return the states of a cache that a model has filled."""
    layers = [states for layer in cache.layers for states in (layer.keys, layer.values)]
    return tuple(torch.stack(list(some)) for _, some in groupby(layers, key=_device))


def cache_of(states: States, width: int) -> Any:
    """Return a cache as transformers takes it, whose new columns are written into the states.

    Args:
        states: With room for more columns.
        width: Columns that are filled.
    """
    cache = DynamicCache()
    pairs = [pair for some in states for pair in some.unflatten(0, (-1, 2))]
    cache.layers = [_Columns(keys, values, width) for keys, values in pairs]
    return cache


def columns(states: States) -> int:
    """Return the number of columns, with those that are not filled."""
    return int(states[0].shape[3])


def column_bytes(states: States) -> int:
    """Return the bytes of one column of one row."""
    return sum(int(some[:, 0, :, 0].nbytes) for some in states)


def with_room(states: States, more: int) -> States:
    """Add empty columns on the right."""
    return tuple(torch.nn.functional.pad(some, (0, 0, 0, more)) for some in states)


def rows_of(states: States, rows: Sequence[int], first: int) -> States:
    """Keep some rows, and the columns from the first one on."""
    return tuple(some[:, :, :, first:].index_select(1, torch.tensor(list(rows), device=some.device)) for some in states)


def row_of(states: States, row: int, first: int, end: int) -> States:
    """Copy some columns of one row: (2 * layers, heads, columns, size) for each device."""
    return tuple(some[:, row, :, first:end].clone() for some in states)


def right_aligned(rows: Sequence[tuple[States, int]], width: int, room: int) -> States:
    """Put the first columns of single rows beside each other.

    Args:
        rows: What `row_of` returned, and how many columns to take, which may be 0.
        width: Columns; the rows end with the last one.
        room: Empty columns behind them.
    """
    found = []
    for place, some in enumerate(next(states for states, count in rows if count)):
        both, heads, _, size = some.shape
        together = some.new_zeros(both, len(rows), heads, width + room, size)
        for row, (states, count) in enumerate(rows):
            if count:
                together[:, row, :, width - count : width] = states[place][:, :, :count]
        found.append(together)
    return tuple(found)


def joined(parts: Sequence[tuple[States, int]], room: int) -> States:
    """Put batches beside each other, right-aligned, with zeros on the left of the shorter ones.

    Args:
        parts: States, and their filled columns.
        room: Empty columns behind them.
    """
    width, found = max(filled for _, filled in parts), []
    for place, some in enumerate(parts[0][0]):
        both, _, heads, _, size = some.shape
        count = sum(states[place].shape[1] for states, _ in parts)
        together = some.new_zeros(both, count, heads, width + room, size)
        row = 0
        for states, filled in parts:
            rows = states[place].shape[1]
            together[:, row : row + rows, :, width - filled : width] = states[place][:, :, :, :filled]
            row += rows
        found.append(together)
    return tuple(found)


def _device(states: Any) -> Any:
    return states.device
