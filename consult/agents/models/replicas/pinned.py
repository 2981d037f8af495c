"""Replicas in processes of this machine, each pinned to a core of its own.

A tiny model does not gain from several threads, but two processes play almost twice as fast as one if each stays on its
core. loky starts them: unlike the standard library's pool, it does not run the user's script again in each process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from consult.agents.models.model import ModelInfo, Request
from consult.agents.models.replicas.group import Group, ReplicaLostError
from consult.agents.models.replicas.replica import Answered, Failure, Replica
from consult.fields import Dtype

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

T = TypeVar("T")

_REPLICA: Replica | None = None
"""The replica of this process, if it is one."""


def cores() -> list[int]:
    """Return the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pinned(number: int) -> Group:
    """Start replicas on this machine.

    Args:
        number: How many, at most one a core.
    """
    return Group([_Process(place + 1, core) for place, core in enumerate(cores()[:number])])


class _Process:
    def __init__(self, number: int, core: int) -> None:
        from loky import ProcessPoolExecutor

        self.name = f"process {number} of the model"
        self._pool: ProcessPoolExecutor = ProcessPoolExecutor(
            max_workers=1,
            timeout=None,
            initializer=_start,
            initargs=(core, os.getpid()),
            # loky ends a process that takes 300 MB more than at first, as if it leaked; a model keeps its prompts.
            env={"OMP_NUM_THREADS": "1", "LOKY_MAX_MEMORY_LEAK_SIZE": "1e18"},
        )

    def open(self, reference: str, role: str | None, dtype: Dtype) -> Future[tuple[ModelInfo | None, Failure | None]]:
        return self._sent(_open, reference, role, dtype)

    def generate(self, reference: str, requests: Sequence[Request]) -> Future[Answered]:
        return self._sent(_generate, reference, list(requests))

    def close(self) -> None:
        self._pool.shutdown(wait=False, kill_workers=True)

    def _sent(self, task: Callable[..., T], *given: Any) -> Future[T]:
        """Send a task; the loss of the process is an error of its own."""
        from loky.process_executor import BrokenProcessPool

        told: Future[T] = Future()

        def tell(future: Future[T]) -> None:
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                told.set_exception(ReplicaLostError(str(error)))
            elif error is not None:
                told.set_exception(error)
            else:
                told.set_result(future.result())

        try:
            self._pool.submit(task, *given).add_done_callback(tell)
        except BrokenProcessPool as error:
            told.set_exception(ReplicaLostError(str(error)))
        return told


# -- in the process ------------------------------------------------------------------------------------------------


def _start(core: int, driver: int) -> None:
    import signal
    import threading

    global _REPLICA
    _REPLICA = Replica(threads=1, core=core)
    # The driver decides what an interrupt ends; if it is killed, its replicas end as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(driver,), daemon=True).start()


def _end_with(driver: int) -> None:
    import time

    while os.getppid() == driver:
        time.sleep(1.0)
    os._exit(1)


def _replica() -> Replica:
    assert _REPLICA is not None, "not a replica's process"
    return _REPLICA


def _open(reference: str, role: str | None, dtype: Dtype) -> tuple[ModelInfo | None, Failure | None]:
    return _replica().open(reference, role, dtype)


def _generate(reference: str, requests: Sequence[Request]) -> Answered:
    if reference not in _replica().models:
        os._exit(1)  # loky has put it in the place of a lost process: that one's requests go to the others
    return _replica().generate(reference, requests)
