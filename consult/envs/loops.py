"""Run coroutines to their end, even if a loop is already running, as in a notebook."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, in a new thread if this thread's loop is running; an interrupt cancels it cleanly.

    Raises:
        KeyboardInterrupt: Interrupted, after the coroutine has ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _Beside(work).run()


@contextmanager
def _interrupts_raise() -> Iterator[None]:
    """Let Ctrl-C raise here: the running loop, which waits for this call, would only record it."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


class _Beside(Generic[T]):
    """A coroutine in its own thread, while the caller waits."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._interrupted = False

    def run(self) -> T:
        with _interrupts_raise(), ThreadPoolExecutor(1, thread_name_prefix="consult") as thread:
            future = thread.submit(asyncio.run, self._main())
            try:
                return future.result()
            except KeyboardInterrupt:
                self._interrupted = True
                if self._loop is not None and self._task is not None and not future.done():
                    self._loop.call_soon_threadsafe(self._task.cancel)
                wait([future])
                raise

    async def _main(self) -> T:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._interrupted:
            self._work.close()
            raise asyncio.CancelledError
        return await self._work
