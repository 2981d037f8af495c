"""Tables that never cut a word or a number: one that is too wide is set closer, then in parts, then row by row."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

FOLDED = 10
"""Letters that a column of names keeps at least, where its `overflow` is `fold`: long names break anywhere."""
CLOSE = (0, 1, 0, 0)
"""Padding of a table that is set closer: top, right, bottom, left."""


class _Widths(NamedTuple):
    """Letters of each column."""

    most: list[int]
    """No cell is broken."""
    least: list[int]
    """Cells are broken where they may be."""


def fitted(table: Table, width: int) -> RenderableType:
    """Return a table that is at most so wide, in parts if need be, or its rows as blocks with a line for each column.

    Each part repeats the columns that name a row: the first ones, up to the first that is justified to the right.

    Args:
        table: Its columns get their widths here. Columns with `no_wrap` keep all of theirs, others break between words,
            and those with `overflow="fold"` anywhere.
        width: Letters of a line.
    """
    from rich.console import Group

    widths = _widths(table)
    if sum(widths.most) > width - _beside(table, widths):
        table.padding = CLOSE
    if sum(widths.least) <= width - _beside(table, widths):
        return _set(table, widths, width)
    parts = _parts(table, widths, width)
    return Group(*(parts or _stacked(table)))


def _widths(table: Table) -> _Widths:
    from rich.measure import Measurement

    console = _wide_console()
    found = _Widths([], [])
    for column in table.columns:
        spans = [Measurement.get(console, console.options, cell) for cell in (column.header, *column.cells)]
        most, word = max(span.maximum for span in spans), max(span.minimum for span in spans)
        found.most.append(most)
        found.least.append(most if column.no_wrap else min(word, FOLDED) if column.overflow == "fold" else word)
    return found


def _beside(table: Table, widths: _Widths) -> int:
    """Return the letters of a line that are not a column's: padding and lines."""
    from rich.measure import Measurement

    console = _wide_console()
    # Without its title, which may be wider than the columns.
    bare = copy.copy(table)
    bare.title = None
    return Measurement.get(console, console.options, bare).maximum - sum(widths.most)


def _wide_console() -> Console:
    from consult.render.console import PlainConsole

    return PlainConsole(width=10_000)


def _set(table: Table, widths: _Widths, width: int) -> Table:
    """Give each column its width."""
    chosen, room = list(widths.most), width - _beside(table, widths)
    while sum(chosen) > room:
        # The column that can give most gives a letter.
        chosen[max(range(len(chosen)), key=lambda i: chosen[i] - widths.least[i])] -= 1
    for column, letters in zip(table.columns, chosen, strict=True):
        column.width = letters
    return table


def _parts(table: Table, widths: _Widths, width: int) -> list[RenderableType]:
    """Return a table in parts, an empty line between them; none if a part would not fit, or there is one row only."""
    if table.row_count < 2:
        return []
    names = next((i for i, column in enumerate(table.columns) if column.justify == "right"), 1)
    kept = range(names if 2 * sum(widths.least[:names]) <= width else 1)
    parts: list[list[int]] = []
    for i in range(len(kept), len(table.columns)):
        # Only a column that is too wide for a part of its own is broken.
        if not parts or _letters(table, widths, widths.most, [*parts[-1], i]) > width:
            parts.append([*kept])
        parts[-1].append(i)
        if _letters(table, widths, widths.least, parts[-1]) > width:
            return []
    found: list[RenderableType] = []
    for number, chosen in enumerate(parts):
        part = _part(table, chosen)
        part.title = table.title if number == 0 else None
        found += [*([""] if number else []), _set(part, _only(widths, chosen), width)]
    return found


def _part(table: Table, chosen: Sequence[int]) -> Table:
    part = copy.copy(table)
    part.columns = [replace(table.columns[i], _index=number) for number, i in enumerate(chosen)]
    return part


def _only(widths: _Widths, chosen: Sequence[int]) -> _Widths:
    return _Widths([widths.most[i] for i in chosen], [widths.least[i] for i in chosen])


def _letters(table: Table, widths: _Widths, each: Sequence[int], chosen: Sequence[int]) -> int:
    """Return the letters of a line of a part whose columns have these widths."""
    return sum(each[i] for i in chosen) + _beside(_part(table, chosen), _only(widths, chosen))


def _stacked(table: Table) -> Iterator[RenderableType]:
    from rich.table import Table as Grid

    if table.title:
        yield table.title
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        block = Grid.grid(padding=(0, 2, 0, 0))
        block.add_column(style="dim", overflow="fold")
        block.add_column(overflow="fold")
        for column, cell in zip(table.columns, cells, strict=True):
            block.add_row(column.header, cell)
        yield block
        yield ""
