"""The console of every command: a reader that closes the output is reported to the caller, as for any other output."""

from __future__ import annotations

from rich.console import Console as RichConsole


class Console(RichConsole):
    """A console that raises `BrokenPipeError`, where rich ends the process with exit code 1 whatever is being done."""

    def on_broken_pipe(self) -> None:
        """Raise, since the reader of the output has closed it.

        Raises:
            BrokenPipeError: Always.
        """
        raise BrokenPipeError
