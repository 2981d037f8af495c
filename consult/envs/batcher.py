"""One batcher for all live consultations, with two schedules: batches for some models, immediate dispatch for others.

A model that wants batches gets waves of requests, one batched `generate` per chunk. A wave starts when every live
consultation waits. There is no timer, and a full queue alone starts no wave, so the composition of a wave depends only
on the requests and not on when each arrived. A failing batch is retried request by request, so that only the
consultation with the failing request fails; if a model stops responding, all of them end.

A model that is loaded several times has a lane for each replica. A consultation keeps to its lane, so that a replica
knows the beginning of its prompts. Each lane has waves of its own: while one replica works, the consultations of
another lane continue. Consultations that share one lane share all replicas: each answers a part of a batch.

A model that answers each request on its own (`ConcurrentModel`) gets it as soon as its consultation asks. A
consultation that waits for such a model holds up no wave: what the other models are asked meanwhile is batched as it
comes. Their waves then depend on arrival, and no text depends on the waves.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from consult.agents.models import ConcurrentModel, Model, ModelGoneError, Reply, Request
from consult.agents.models.human import Person
from consult.agents.models.replicas.group import ReplicatedModel
from consult.ranges import BATCH, REPLICAS

R = TypeVar("R")
T = TypeVar("T")
Key = tuple[int | str, ...]
Commit = Callable[[], None]
Rank = Callable[[Request], int]
AT_ONCE = 32
"""Consultations at once, and the most requests in a batch, unless the user says otherwise."""
MORE = 1.25
"""Consultations per request that servers take at once, so that one is ready when a slot becomes free."""
RANKS = {"opinion": 1, "decision": 2}
"""Task → rank: opinions wait for the conversations, and decisions, which are the longest, for the opinions."""
HELD = 0.5
"""Share of the consultations that must wait before deferred requests are answered."""
PAUSE = 0.05
"""Seconds after a reply until what it led to is committed, together with what others led to meanwhile."""


def at_once(batch: int | None, models: Collection[object]) -> int:
    """Return how many consultations to play at once: as many as the user says, or as keep the servers busy.

    Args:
        batch: What the user says; None leaves it to the models.
        models: All models that play.
    """
    if batch is not None:
        return batch
    copies = max((model.replicas for model in models if isinstance(model, ReplicatedModel)), default=1)
    room = sum(model.concurrency for model in models if isinstance(model, ConcurrentModel))
    return min(int(BATCH.most), max(AT_ONCE * copies, round(MORE * room)))


@dataclass(frozen=True)
class _Waiting:
    model: Model
    request: Request
    future: asyncio.Future[Reply]

    def finish(self, answer: Reply | Exception) -> None:
        """Give the answer to whoever waits for it, unless nobody does any more."""
        if self.future.done():
            return
        if isinstance(answer, Exception):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


@dataclass
class _Lane:
    """Consultations that share waves."""

    number: int
    live: int = 0
    """Consultations and branches that are not over."""
    queue: dict[Key, _Waiting] = field(default_factory=dict)
    """Requests for the next wave."""
    away: dict[Key, _Waiting] = field(default_factory=dict)
    """Requests at models that answer each on its own."""
    wave: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> list[_Waiting]:
        """Return all requests that wait."""
        return [*self.queue.values(), *self.away.values()]


_LANE: ContextVar[int] = ContextVar("lane", default=0)
"""The lane of the consultation that is running."""


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
    """Passes on the requests of all live consultations.

    Args:
        chunk: The most requests that go into one `generate`, of each replica of a model.
        commit: Called to commit finished work: before each wave, when nothing is being played, and soon after the
            replies of models that answer each request on its own.
        rank: Returns the rank of a request; it waits while a request of a lower rank waits, so that long answers of a
            high rank are generated in one batch, not one by one beside short ones.
        held: They wait no longer if they are this share of what is live.
    """

    def __init__(
        self,
        chunk: int = AT_ONCE,
        commit: Commit = lambda: None,
        rank: Rank = lambda request: RANKS.get(request.task, 0),
        held: float = HELD,
    ) -> None:
        self.chunk, self.commit, self.rank, self.held = chunk, commit, rank, held
        self.model_seconds = 0.0
        """Seconds so far during which a model worked, or several did."""
        self.broken: Exception | None = None
        """The error that stopped everything: not a failed request, but a failed commit or a stopped model."""
        self._lanes = [_Lane(0)]
        self._copies = 1
        """How often the model that is loaded most often is loaded."""
        self._alone: dict[int, asyncio.Lock] = {}
        """Model that is loaded once → held while it works for a lane."""
        self._committing: asyncio.Task[None] | None = None
        self._working, self._since = 0, 0.0
        # A model works in one thread at a time, since it need not be thread-safe, and the loop can be interrupted.
        self._threads = ThreadPoolExecutor(int(REPLICAS.most), thread_name_prefix="generate")

    @property
    def intact(self) -> bool:
        """Return whether finished work can still be committed and shown."""
        return self.broken is None or isinstance(self.broken, ModelGoneError)

    def open(self, tickets: int = 1) -> None:
        """Announce consultations; open all of them before the first one runs."""
        self._lane.live += tickets

    def close(self, tickets: int = 1) -> None:
        """Return the tickets of consultations that have ended."""
        lane = self._lane
        lane.live -= tickets
        self._kick(lane)
        if lane.away:
            self._commit_soon()

    def shutdown(self) -> None:
        """Release the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def _lane(self) -> _Lane:
        return self._lanes[_LANE.get()]

    def for_model(self, model: Model) -> Callable[[Request], Awaitable[Reply]]:
        """Return the function through which a role sends its requests to a model."""
        if isinstance(model, ConcurrentModel):
            return lambda request: self._dispatch(model, request)
        if isinstance(model, ReplicatedModel):
            self._copies = max(self._copies, model.replicas)
        return lambda request: self._enqueue(model, request)

    def for_person(self, person: Person) -> Callable[[Request], Awaitable[Reply]]:
        """Return the function through which a person is asked, outside the waves."""

        async def ask(request: Request) -> Reply:
            # The line to be answered must be on the screen, and lines on the screen must be stored.
            self.commit()
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

    async def each(self, items: Sequence[T], most: int, do: Callable[[T], Awaitable[None]]) -> None:
        """Do something with each item, in order and several at once; if one raises, the others are cancelled.

        Args:
            items: Consultations, say.
            most: How many at once; each of these workers keeps its ticket for its next item.
            do: Called with an item.
        """
        left, workers = iter(items), min(most, len(items))

        self._lanes += [_Lane(number) for number in range(len(self._lanes), min(self._copies, workers))]
        lanes = [number % len(self._lanes) for number in range(workers)]

        async def work(lane: int) -> None:
            _LANE.set(lane)
            try:
                for item in left:
                    await do(item)
            finally:
                self.close()

        # All tickets are given out before the first worker runs, so that the first wave waits for everyone.
        for lane in lanes:
            self._lanes[lane].live += 1
        await _all_or_none([work(lane) for lane in lanes])

    # -- models that answer each request on its own ------------------------------------------------------------------

    async def _dispatch(self, model: ConcurrentModel, request: Request) -> Reply:
        if self.broken is not None:
            raise self.broken
        lane = self._lane
        waiting = self._added(lane.away, model, request)
        asked = asyncio.get_running_loop().create_task(self._ask(model, waiting))
        self._kick(lane)
        try:
            return await waiting.future
        finally:
            asked.cancel()
            del lane.away[request.key]
            self._commit_soon()

    async def _ask(self, model: ConcurrentModel, waiting: _Waiting) -> None:
        started = time.perf_counter()
        try:
            with self._timed():
                reply = await model.answer(waiting.request)
            waiting.finish(reply if reply.seconds else replace(reply, seconds=time.perf_counter() - started))
        except asyncio.CancelledError:
            waiting.future.cancel()  # the model may have been closed meanwhile
            raise
        except ModelGoneError as error:
            self._stop(error)
        except Exception as error:
            waiting.finish(error)

    def _commit_soon(self) -> None:
        if self._committing is None and self.broken is None:
            self._committing = asyncio.get_running_loop().create_task(self._commit_later())
            self._committing.add_done_callback(_taken_note_of)

    async def _commit_later(self) -> None:
        await asyncio.sleep(PAUSE)
        self._committing = None
        with self._stopping():
            self.commit()

    # -- waves -------------------------------------------------------------------------------------------------------

    async def _enqueue(self, model: Model, request: Request) -> Reply:
        lane = self._lane
        waiting = self._added(lane.queue, model, request)
        self._kick(lane)
        try:
            return await waiting.future
        finally:
            if lane.queue.get(request.key) is waiting:
                del lane.queue[request.key]

    def _kick(self, lane: _Lane) -> None:
        if lane.wave is None and lane.queue and len(lane.queue) + len(lane.away) >= lane.live:
            lane.wave = asyncio.get_running_loop().create_task(self._fire(lane))
            lane.wave.add_done_callback(_taken_note_of)

    async def _fire(self, lane: _Lane) -> None:
        wave: list[_Waiting] = []
        try:
            await asyncio.sleep(0)  # cancellations that are already scheduled take effect first
            wave = self._due(lane)
            with self._stopping(wave):
                self.commit()
                for model in dict.fromkeys(id(w.model) for w in wave):
                    await self._serve(lane, [w for w in wave if id(w.model) == model])
        finally:
            lane.wave = None
            self._kick(lane)

    def _due(self, lane: _Lane) -> list[_Waiting]:
        """Take the requests of the next wave from the queue."""
        ranks = {key: self.rank(waiting.request) for key, waiting in lane.queue.items()}
        lowest = min(ranks.values(), default=0)
        enough = {rank for rank, count in Counter(ranks.values()).items() if count >= self.held * lane.live}
        due = sorted((key for key, rank in ranks.items() if rank == lowest or rank in enough), key=_sortable)
        return [lane.queue.pop(key) for key in due]

    async def _serve(self, lane: _Lane, wave: list[_Waiting]) -> None:
        for start in range(0, len(wave), self.chunk):
            part = [w for w in wave[start : start + self.chunk] if not w.future.done()]
            if not part:
                continue
            try:
                answers: Sequence[Reply | Exception] = await self._generate(lane, part)
            except ModelGoneError:
                raise
            except Exception as error:
                answers = [error] if len(part) == 1 else [await self._one(lane, w) for w in part]
            for waiting, answer in zip(part, answers, strict=True):
                waiting.finish(answer)

    async def _generate(self, lane: _Lane, part: Sequence[_Waiting]) -> list[Reply]:
        loop, model, requests = asyncio.get_running_loop(), part[0].model, [w.request for w in part]
        if isinstance(model, ReplicatedModel) and len(self._lanes) > 1:
            start = time.perf_counter()
            with self._timed():
                replies = await loop.run_in_executor(self._threads, model.generate_in, lane.number, requests)
        else:
            async with self._alone.setdefault(id(model), asyncio.Lock()):
                start = time.perf_counter()
                with self._timed():
                    replies = await loop.run_in_executor(self._threads, model.generate, requests)
        seconds = time.perf_counter() - start
        return [replace(reply, seconds=seconds / len(part)) for reply in replies]

    async def _one(self, lane: _Lane, waiting: _Waiting) -> Reply | Exception:
        try:
            return (await self._generate(lane, [waiting]))[0]
        except ModelGoneError:
            raise
        except Exception as error:
            return error

    # -- both --------------------------------------------------------------------------------------------------------

    def _added(self, where: dict[Key, _Waiting], model: Model, request: Request) -> _Waiting:
        if any(request.key in lane.queue or request.key in lane.away for lane in self._lanes):
            raise KeyError(f"two requests with the key {request.key}")
        where[request.key] = waiting = _Waiting(model, request, asyncio.get_running_loop().create_future())
        return waiting

    @property
    def _waiting(self) -> list[_Waiting]:
        return [waiting for lane in self._lanes for waiting in lane.waiting]

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Count the seconds during which one or several models work."""
        if self._working == 0:
            self._since = time.perf_counter()
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            if self._working == 0:
                self.model_seconds += time.perf_counter() - self._since

    @contextmanager
    def _stopping(self, taken: Sequence[_Waiting] = ()) -> Iterator[None]:
        """End all waiting requests, and those taken from the queue, if a step fails that concerns all of them."""
        try:
            yield
        except Exception as error:
            self._stop(error, taken)
        except BaseException:
            for waiting in (*taken, *self._waiting):
                waiting.future.cancel()
            raise

    def _stop(self, error: Exception, taken: Sequence[_Waiting] = ()) -> None:
        self.broken = self.broken or error
        for waiting in (*taken, *self._waiting):
            waiting.finish(error)


def _taken_note_of(task: asyncio.Task[None]) -> None:
    """Retrieve a task's error: the loop raises an interrupt inside a model or a commit, so it is not logged again."""
    if not task.cancelled():
        task.exception()


def _sortable(key: Key) -> tuple[tuple[bool, int | str], ...]:
    return tuple((isinstance(part, str), part) for part in key)
