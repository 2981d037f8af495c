"""One batcher for all live consultations: waves of requests, one batched `generate` a model and chunk.

A wave fires when every live consultation waits. There is no timer, and a full queue alone fires nothing, so that the
composition of a wave follows from the requests and not from the moment when each arrived. A failing batch is retried
request by request, so that only the consultation with the failing request fails; a model that is gone ends them all.
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
Before = Callable[[], None]
Rank = Callable[[Request], int]


@dataclass(frozen=True)
class _Waiting:
    model: Model
    request: Request
    future: asyncio.Future[Reply]


class Batcher:
    """Collects the requests of all live consultations.

    Args:
        chunk: The most requests that go into one `generate`.
        before_wave: Called before each wave, when nothing is being played: the moment to commit what was done.
        rank: Of a request; it waits while one of a lower rank does. Where all consultations are live from the first,
            long answers of a high rank are so given in one batch and not in many small ones.
    """

    def __init__(self, chunk: int = 64, before_wave: Before = lambda: None, rank: Rank = lambda request: 0) -> None:
        self.chunk, self.before_wave, self.rank = chunk, before_wave, rank
        self.model_seconds = 0.0
        """Seconds spent inside `generate` so far."""
        self.broken: Exception | None = None
        """What stopped the waves: not a request that failed, but the step before a wave, or a model that is gone."""
        self._live = 0
        self._queue: dict[tuple[int | str, ...], _Waiting] = {}
        self._wave: asyncio.Task[None] | None = None
        # One thread: models are not asked to be thread-safe, and the loop stays free to be interrupted.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="generate")

    def open(self, tickets: int = 1) -> None:
        """Announce consultations; all are to be opened before the first of them runs."""
        self._live += tickets

    def close(self, tickets: int = 1) -> None:
        """Take back tickets of consultations that have ended."""
        self._live -= tickets
        self._kick()

    def shutdown(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def for_model(self, model: Model) -> Callable[[Request], Awaitable[Reply]]:
        """Return the function through which a role sends its requests to a model."""

        async def generate(request: Request) -> Reply:
            return await self._enqueue(model, request)

        return generate

    def for_person(self, person: Person) -> Callable[[Request], Awaitable[Reply]]:
        """Return the function through which a person is asked, outside the waves."""

        async def ask(request: Request) -> Reply:
            # What is answered must be on the screen, and what is on the screen must be kept.
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

        tasks = [asyncio.create_task(branch(work)) for work in branches]
        try:
            return list(await asyncio.gather(*tasks))
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

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
            await asyncio.sleep(0)  # cancellations that are already scheduled land first
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
        """Take what the next wave answers from the queue."""
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
    """Retrieve what ended a wave: an interrupt inside a model is raised by the loop, and is not to be logged again."""
    if not wave.cancelled():
        wave.exception()


def _sortable(key: tuple[int | str, ...]) -> tuple[tuple[bool, int | str], ...]:
    return tuple((isinstance(part, str), part) for part in key)
