"""`human`: a person at the terminal instead of a model; `nobody`: there is no terminal, and every answer is empty.

A person is asked one question at a time, outside the waves of the models.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from consult.agents.models.model import ModelError, ModelInfo, Reply, Request

HUMAN, NOBODY = "human", "nobody"
PERSONS = (HUMAN, NOBODY)
LABEL = "You        "
"""Prompt before the cursor; as wide as the names of the speakers in the live view."""


class LeftError(Exception):
    """The person closed the terminal's input: the consultation is interrupted, not failed."""


@runtime_checkable
class Person(Protocol):
    """A person who is asked instead of a model."""

    @property
    def info(self) -> ModelInfo:
        """Describe the backend."""

    async def ask(self, request: Request) -> Reply:
        """Ask a person; the prompt's last message is shown above the input line.

        Raises:
            LeftError: The person has closed the input.
        """


@dataclass(frozen=True)
class Nobody:
    """Answers every question with an empty reply."""

    info: ModelInfo = field(default_factory=lambda: ModelInfo(NOBODY, "person"))

    async def ask(self, request: Request) -> Reply:
        """Return an empty reply."""
        return Reply("")


@dataclass(frozen=True)
class AtTerminal:
    """Reads a line from the terminal."""

    info: ModelInfo = field(default_factory=lambda: ModelInfo(HUMAN, "person"))

    async def ask(self, request: Request) -> Reply:
        """Show the prompt and wait for a line; an interrupt ends the wait."""
        hint = request.prompt.messages[-1].text
        sys.stdout.write(f"{hint}\n{LABEL}" if hint else LABEL)
        sys.stdout.flush()
        return Reply(await _line(sys.stdin.fileno()))


def person(reference: str) -> Person:
    """Return the backend for `human` or `nobody`.

    Raises:
        ModelError: The reference is `human` and there is no terminal.
    """
    if reference == NOBODY:
        return Nobody()
    if not at_terminal():
        raise ModelError("'human' needs an interactive terminal; run this in one, without pipes")
    return AtTerminal()


def at_terminal() -> bool:
    """Return whether input and output are an interactive terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


async def _line(descriptor: int) -> str:
    """Read one line from a terminal without blocking the loop.

    Raises:
        LeftError: The input has ended.
    """
    _forget_early_keys(descriptor)
    loop, got = asyncio.get_running_loop(), bytearray()
    while not got.endswith(b"\n"):
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(descriptor, _wake, readable)
        try:
            await readable
        finally:
            loop.remove_reader(descriptor)
        piece = os.read(descriptor, 65_536)
        if not piece:
            raise LeftError
        got += piece
    return got.decode(errors="replace").strip()


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _forget_early_keys(descriptor: int) -> None:
    # Input typed before the question was shown does not answer it.
    import termios

    termios.tcflush(descriptor, termios.TCIFLUSH)
