"""The command line inside the test's own process, which has loaded the libraries; a process of its own costs seconds.

What is about the process itself (kills, interrupts, closed outputs, full disks, terminals) starts one.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from consult.__main__ import main

PLAIN = {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "80"}
"""A terminal without colours."""


def consult(
    *words: str | Path, folder: Path | None = None, env: Mapping[str, str] = PLAIN, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """Type a command without a terminal: standard input is empty, output and errors are kept apart.

    Args:
        words: The command's words after `consult`.
        folder: The working directory; None for the present one.
        env: Environment variables over the present ones.
        check: Raise where the exit code is not 0.

    Raises:
        subprocess.CalledProcessError: The exit code is not 0, and `check` is set.
    """
    out, err = _stream(), _stream()
    typed, shown = [str(word) for word in words], warnings.showwarning
    with (
        contextlib.chdir(folder or Path.cwd()),
        _environment(env),
        open(os.devnull) as nothing,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        given, sys.argv, sys.stdin, kept = sys.argv, ["consult", *typed], nothing, sys.stdin
        interrupts = signal.getsignal(signal.SIGINT)  # ignored at the end of a command that was interrupted
        code: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            sys.argv, sys.stdin, warnings.showwarning = given, kept, shown
            signal.signal(signal.SIGINT, interrupts)
    done = subprocess.CompletedProcess(typed, int(code or 0), _text(out), _text(err))
    if check:
        done.check_returncode()
    return done


def type_in(*words: object, env: Mapping[str, str] = PLAIN) -> tuple[int, str, str]:
    """Type a command; return exit code, output and errors."""
    done = consult(*map(str, words), env=env)
    return done.returncode, done.stdout, done.stderr


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
