"""Tables that never cut a word or a number: where one is too wide, its rows are set one below the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

FOLDED = 10
"""Letters that a column of names keeps at least, where its `overflow` is `fold`: long names break anywhere."""


def fitted(table: Table, width: int) -> RenderableType:
    """Return a table that is at most so wide, or its rows as blocks with a line for each column.

    Args:
        table: Its columns get their widths here. Columns with `no_wrap` keep all of theirs, others break between words,
            and those with `overflow="fold"` anywhere.
        width: Letters of a line.
    """
    from rich.console import Group
    from rich.measure import Measurement

    from consult.render.console import PlainConsole

    console = PlainConsole(width=10_000)
    spans = [
        [Measurement.get(console, console.options, cell) for cell in (column.header, *column.cells)]
        for column in table.columns
    ]
    widths = [max(span.maximum for span in column) for column in spans]
    least = []
    for column, most, found in zip(table.columns, widths, spans, strict=True):
        word = max(span.minimum for span in found)
        least.append(most if column.no_wrap else min(word, FOLDED) if column.overflow == "fold" else word)
    room = width - (Measurement.get(console, console.options, table).maximum - sum(widths))
    if sum(least) > room:
        return Group(*_stacked(table))
    while sum(widths) > room:
        # The column that can give most gives a letter.
        widths[max(range(len(widths)), key=lambda i: widths[i] - least[i])] -= 1
    for column, chosen in zip(table.columns, widths, strict=True):
        column.width = chosen
    return table


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
