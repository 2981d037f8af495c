"""The terminal: nothing that is printed there is read as markup, as an emoji's code or as a control sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from consult.foreign_text import harmless


class PlainConsole(Console):
    """A console that prints texts as they are, except for what could harm; a closed output is reported to the caller.

    Args:
        options: Those of rich's console, such as `stderr`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **options})

    def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
        """Render anything: of what a `Text` holds, too, nothing has an effect on the terminal."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(harmless(segment.text), segment.style)

    def render_str(self, text: str, **options: Any) -> Text:
        """Render a text: a line, a cell of a table, or a title."""
        return super().render_str(harmless(text), **options)

    def on_broken_pipe(self) -> None:
        """Raise, where rich would end the process with exit code 1 whatever is being done.

        Raises:
            BrokenPipeError: Always: the reader of the output has closed it.
        """
        raise BrokenPipeError
