"""One batcher for all live consultations: waves of requests, one batched `generate` per model and chunk.

A wave starts when every live consultation waits. There is no timer, and a full queue alone starts no wave, so the
composition of a wave depends only on the requests and not on when each arrived. A failing batch is retried request by
request, so that only the consultation with the failing request fails; if a model stops responding, all of them end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from consult.agents.models import Model, ModelGoneError, Reply, Request
from consult.agents.models.human import Person

R = TypeVar("R")
T = TypeVar("T")
Before = Callable[[], None]
Rank = Callable[[Request], int]


@dataclass(frozen=True)
class _Waiting:
    model: Model
    request: Request
    future: asyncio.Future[Reply]


async def _all_or_none(work: Sequence[Coroutine[Any, Any, R]]) -> list[R]:
    """Run coroutines at once; if one raises, cancel the others and wait for their end."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


class Batcher:
    """Collects the requests of all live consultations.

    Args:
        chunk: The most requests that go into one `generate`.
        before_wave: Called before each wave, when nothing is being played, to commit finished work.
        rank: Returns the rank of a request; it waits while a request of a lower rank waits. If all consultations are
            live from the start, long answers of a high rank are then generated in one batch, not many small ones.
    """

    def __init__(self, chunk: int = 64, before_wave: Before = lambda: None, rank: Rank = lambda request: 0) -> None:
        self.chunk, self.before_wave, self.rank = chunk, before_wave, rank
        self.model_seconds = 0.0
        """Seconds spent inside `generate` so far."""
        self.broken: Exception | None = None
        """The error that stopped the waves: not a failed request, but the step before a wave or a stopped model."""
        self._live = 0
        self._queue: dict[tuple[int | str, ...], _Waiting] = {}
        self._wave: asyncio.Task[None] | None = None
        # One thread: models need not be thread-safe, and the loop can still be interrupted.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="generate")

    def open(self, tickets: int = 1) -> None:
        """Announce consultations; open all of them before the first one runs."""
        self._live += tickets

    def close(self, tickets: int = 1) -> None:
        """Return the tickets of consultations that have ended."""
        self._live -= tickets
        self._kick()

    def shutdown(self) -> None:
        """Release the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def for_model(self, model: Model) -> Callable[[Request], Awaitable[Reply]]:
        """Return the function through which a role sends its requests to a model."""

        async def generate(request: Request) -> Reply:
            return await self._enqueue(model, request)

        return generate

    def for_person(self, person: Person) -> Callable[[Request], Awaitable[Reply]]:
        """Return the function through which a person is asked, outside the waves."""

        async def ask(request: Request) -> Reply:
            # The line to be answered must be on the screen, and lines on the screen must be stored.
            self.before_wave()
            return await person.ask(request)

        return ask

    async def together(self, branches: Sequence[Coroutine[Any, Any, R]]) -> list[R]:
        """Run parallel branches of one consultation, each with a ticket while it lives."""
        left = len(branches)
        self.open(left - 1)

        async def branch(work: Coroutine[Any, Any, R]) -> R:
            nonlocal left
            try:
                return await work
            finally:
                left -= 1
                if left:
                    self.close()

        return await _all_or_none([branch(work) for work in branches])

    async def each(self, items: Sequence[T], at_once: int, do: Callable[[T], Awaitable[None]]) -> None:
        """Do something with each item, in order and several at once; if one raises, the others are cancelled.

        Args:
            items: Consultations, say.
            at_once: How many at once; each of these workers keeps its ticket for its next item.
            do: Called with an item.
        """
        left, workers = iter(items), min(at_once, len(items))

        async def work() -> None:
            try:
                for item in left:
                    await do(item)
            finally:
                self.close()

        # All tickets are given out before the first worker runs, so that the first wave waits for everyone.
        self.open(workers)
        await _all_or_none([work() for _ in range(workers)])

    async def _enqueue(self, model: Model, request: Request) -> Reply:
        if request.key in self._queue:
            raise KeyError(f"two requests with the key {request.key}")
        waiting = _Waiting(model, request, asyncio.get_running_loop().create_future())
        self._queue[request.key] = waiting
        self._kick()
        try:
            return await waiting.future
        finally:
            if self._queue.get(request.key) is waiting:
                del self._queue[request.key]

    def _kick(self) -> None:
        if self._wave is None and self._queue and len(self._queue) >= self._live:
            self._wave = asyncio.get_running_loop().create_task(self._fire())
            self._wave.add_done_callback(_taken_note_of)

    async def _fire(self) -> None:
        wave: list[_Waiting] = []
        try:
            await asyncio.sleep(0)  # cancellations that are already scheduled take effect first
            wave = self._due()
            self.before_wave()
            for model in dict.fromkeys(id(w.model) for w in wave):
                await self._serve([w for w in wave if id(w.model) == model])
        except Exception as error:
            self.broken = error
            for waiting in wave:
                if not waiting.future.done():
                    waiting.future.set_exception(error)
        except BaseException:
            for waiting in wave:
                waiting.future.cancel()
            raise
        finally:
            self._wave = None
            self._kick()

    def _due(self) -> list[_Waiting]:
        """Take the requests of the next wave from the queue."""
        ranks = {key: self.rank(waiting.request) for key, waiting in self._queue.items()}
        lowest = min(ranks.values(), default=0)
        due = sorted((key for key, rank in ranks.items() if rank == lowest), key=_sortable)
        return [self._queue.pop(key) for key in due]

    async def _serve(self, wave: list[_Waiting]) -> None:
        for start in range(0, len(wave), self.chunk):
            part = [w for w in wave[start : start + self.chunk] if not w.future.done()]
            if not part:
                continue
            try:
                answers: Sequence[Reply | Exception] = await self._generate(part)
            except ModelGoneError:
                raise
            except Exception as error:
                answers = [error] if len(part) == 1 else [await self._alone(w) for w in part]
            for waiting, answer in zip(part, answers, strict=True):
                if waiting.future.done():
                    continue
                if isinstance(answer, Exception):
                    waiting.future.set_exception(answer)
                else:
                    waiting.future.set_result(answer)

    async def _generate(self, part: Sequence[_Waiting]) -> list[Reply]:
        loop, start = asyncio.get_running_loop(), time.perf_counter()
        requests = [w.request for w in part]
        replies = await loop.run_in_executor(self._thread, part[0].model.generate, requests)
        seconds = time.perf_counter() - start
        self.model_seconds += seconds
        return [replace(reply, seconds=seconds / len(part)) for reply in replies]

    async def _alone(self, waiting: _Waiting) -> Reply | Exception:
        try:
            return (await self._generate([waiting]))[0]
        except ModelGoneError:
            raise
        except Exception as error:
            return error


def _taken_note_of(wave: asyncio.Task[None]) -> None:
    """Retrieve the error that ended a wave: the loop raises an interrupt inside a model, so it is not logged again."""
    if not wave.cancelled():
        wave.exception()


def _sortable(key: tuple[int | str, ...]) -> tuple[tuple[bool, int | str], ...]:
    return tuple((isinstance(part, str), part) for part in key)
