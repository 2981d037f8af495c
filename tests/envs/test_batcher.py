"""Waves: what goes together follows from the requests alone."""

import asyncio
import random
import threading
import time
from concurrent.futures import Future

import pytest

from consult.agents.models import Message, ModelGoneError, ModelInfo, Prompt, Reply, Request
from consult.agents.models.registry import close_model
from consult.agents.models.replicas.group import Group
from consult.agents.models.replicas.replica import Answered
from consult.envs.batcher import Batcher


class Echo:
    info = ModelInfo("echo", "test")

    def __init__(self, poison=None):
        self.batches, self.poison = [], poison

    def generate(self, requests):
        self.batches.append([r.key for r in requests])
        if any(r.key == self.poison for r in requests):
            raise ValueError("bad request")
        return [Reply(str(r.key)) for r in requests]


def request(*key):
    return Request(key, "patient", "answer", 0, Prompt((Message("user", "x"),), 4), 0)


async def consultation(batcher, generate, who, turns, rng):
    try:
        out = []
        for turn in range(turns):
            await asyncio.sleep(rng.random() * 0.002)  # arrival in any order
            out.append((await generate(request(who, turn))).text)
        return out
    finally:
        batcher.close()


def play(seed, chunk=4, model=None):
    model = model or Echo()

    async def run():
        batcher, rng = Batcher(chunk), random.Random(seed)
        generate = batcher.for_model(model)
        batcher.open(6)
        jobs = [consultation(batcher, generate, who, 2 + who % 3, rng) for who in range(6)]
        results = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 20)
        batcher.shutdown()
        return results

    return asyncio.run(run()), model.batches


def test_composition_does_not_depend_on_arrival():
    compositions = [play(seed)[1] for seed in range(4)]
    assert compositions[0] == compositions[1] == compositions[2] == compositions[3]
    assert max(map(len, compositions[0])) == 4


def test_everyone_gets_the_own_reply():
    results, _ = play(0)
    assert results == [[str((who, turn)) for turn in range(2 + who % 3)] for who in range(6)]


def test_a_failing_request_fails_its_own_consultation_only():
    results, _ = play(0, model=Echo(poison=(2, 1)))
    assert [isinstance(r, ValueError) for r in results] == [False, False, True, False, False, False]


@pytest.mark.parametrize("chunk", [1, 4])
def test_a_model_that_is_gone_ends_all(chunk):
    class Gone(Echo):
        def generate(self, requests):
            if any(r.key == (2, 1) for r in requests):
                raise ModelGoneError("it is gone")
            return super().generate(requests)

    async def run():
        batcher = Batcher(chunk)
        generate = batcher.for_model(Gone())
        batcher.open(3)
        jobs = [asyncio.create_task(consultation(batcher, generate, who, 3, random.Random(who))) for who in range(3)]
        with pytest.raises(ModelGoneError):
            await asyncio.gather(*jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        batcher.shutdown()
        assert isinstance(batcher.broken, ModelGoneError)

    asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        (1.0, [[(1, 0), (2, 0)], [(2, 1)], [(0, "last"), (1, "last"), (2, "last")]]),
        # Two of three are enough.
        (0.6, [[(1, 0), (2, 0)], [(0, "last"), (1, "last"), (2, 1)], [(2, "last")]]),
    ],
)
def test_a_higher_rank_waits_for_lower_ones(held, asked):
    model = Echo()

    async def run():
        # Each says as many lines as its number, and then a last word; last words wait for all lines.
        batcher = Batcher(chunk=8, rank=lambda request: int(request.key[1] == "last"), held=held)
        generate = batcher.for_model(model)

        async def speaks(who):
            try:
                for turn in range(who):
                    await generate(request(who, turn))
                return (await generate(request(who, "last"))).text
            finally:
                batcher.close()

        batcher.open(3)
        said = await asyncio.gather(*(speaks(who) for who in range(3)))
        batcher.shutdown()
        return said

    assert len(asyncio.run(asyncio.wait_for(run(), 20))) == 3
    assert model.batches == asked


class Worker:
    """A replica that answers when it is told to."""

    def __init__(self, name):
        self.name, self.asked, self.free = name, [], threading.Event()

    def open(self, reference, role, dtype):
        return answered((ModelInfo(reference, "test"), None))

    def generate(self, reference, requests):
        assert self.free.wait(20)
        self.asked.append([request.key for request in requests])
        return answered(Answered(tuple(Reply(str(request.key)) for request in requests)))

    def close(self):
        pass


def answered(value):
    future: Future[object] = Future()
    future.set_result(value)
    return future


def test_each_replica_has_consultations_and_waves_of_its_own():
    """The second one finishes while the first one still works at its first wave."""
    workers = [Worker("first"), Worker("second")]
    model, done = Group(workers).open("echo"), []

    async def run():
        batcher = Batcher(chunk=8)
        generate = batcher.for_model(model)

        async def play(who):
            async def side(part):
                return await generate(request(who, 1, part))

            await generate(request(who, 0))
            await batcher.together([side(0), side(1)])
            done.append(who)
            if len(done) == 2:
                workers[0].free.set()

        workers[1].free.set()
        await batcher.each(range(4), 4, play)
        batcher.shutdown()

    asyncio.run(asyncio.wait_for(run(), 20))
    assert done == [1, 3, 0, 2]
    for worker, (a, b) in zip(workers, [(0, 2), (1, 3)], strict=True):
        assert worker.asked == [[(a, 0), (b, 0)], [(a, 1, 0), (a, 1, 1), (b, 1, 0), (b, 1, 1)]]
    close_model(model)


@pytest.mark.parametrize("how", ["opened", "one at a time"])
def test_consultations_without_lanes_share_all_replicas(how):
    """As in training, whose model is loaded once, so that all its consultations wait for it together."""
    workers = [Worker("first"), Worker("second")]
    for worker in workers:
        worker.free.set()
    model = Group(workers).open("echo")

    async def run():
        batcher = Batcher(chunk=8)
        generate = batcher.for_model(model)

        async def branch(who, number):
            return await generate(request(who, number))

        async def branches(who):
            await batcher.together([branch(who, number) for number in range(2)])

        if how == "opened":
            batcher.open(4)
            await asyncio.gather(*(consultation(batcher, generate, who, 1, random.Random(who)) for who in range(4)))
        else:
            await batcher.each(range(2), 1, branches)
        batcher.shutdown()

    asyncio.run(asyncio.wait_for(run(), 20))
    assert [sum(map(len, worker.asked)) for worker in workers] == [2, 2]
    close_model(model)


def test_every_replica_has_a_lane_however_many_there_are():
    workers = [Worker(str(number)) for number in range(70)]
    for worker in workers:
        worker.free.set()
    model = Group(workers).open("echo")

    async def run():
        batcher = Batcher(chunk=8)
        generate = batcher.for_model(model)

        async def play(who):
            await generate(request(who))

        await batcher.each(range(70), 70, play)
        batcher.shutdown()

    asyncio.run(asyncio.wait_for(run(), 20))
    assert all(len(worker.asked) == 1 for worker in workers)
    close_model(model)


def test_a_model_that_is_loaded_once_works_for_one_lane_at_a_time():
    replicated, busy, most = Group([Worker("a"), Worker("b")]).open("echo"), [], []

    class Careful(Echo):
        def generate(self, requests):
            busy.append(1)
            most.append(len(busy))
            time.sleep(0.01)
            busy.pop()
            return super().generate(requests)

    async def run():
        batcher = Batcher(chunk=8)
        batcher.for_model(replicated)
        generate = batcher.for_model(Careful())

        async def play(who):
            for turn in range(3):
                await generate(request(who, turn))

        await batcher.each(range(4), 4, play)
        batcher.shutdown()

    asyncio.run(asyncio.wait_for(run(), 20))
    assert most == [1] * 6


def test_branches_go_in_one_wave_and_leave_one_ticket():
    model = Echo()

    async def run():
        batcher = Batcher()
        generate = batcher.for_model(model)

        async def member(i, rounds):
            return [(await generate(request(0, i, n))).text for n in range(rounds)]

        batcher.open(1)
        results = await batcher.together([member(0, 1), member(1, 3), member(2, 2)])
        after = await generate(request(0, 9))
        batcher.close()
        batcher.shutdown()
        return results, after

    results, after = asyncio.run(asyncio.wait_for(run(), 20))
    assert [len(r) for r in results] == [1, 3, 2] and after.text == "(0, 9)"
    assert [len(b) for b in model.batches] == [3, 2, 1, 1]


def test_a_store_that_cannot_be_written_stops_the_waves():
    async def run():
        def full():
            raise OSError("disk full")

        batcher = Batcher(commit=full)
        batcher.open(1)
        with pytest.raises(OSError, match="disk full"):
            await batcher.for_model(Echo())(request(1, 1))
        assert isinstance(batcher.broken, OSError)
        batcher.shutdown()

    asyncio.run(asyncio.wait_for(run(), 20))


# -- models that answer each request on their own ------------------------------------------------------------------


class Alone:
    """Answers each request on its own, when the test says so."""

    info, concurrency = ModelInfo("alone", "test"), 2

    def __init__(self):
        self.asked, self.gates = [], {}

    def limit(self, concurrency):
        self.concurrency = concurrency

    def generate(self, requests):
        raise AssertionError("it is asked one by one")

    async def answer(self, request):
        self.asked.append(request.key)
        outcome = await self.gates.setdefault(request.key, asyncio.get_running_loop().create_future())
        if isinstance(outcome, Exception):
            raise outcome
        return Reply(str(request.key))

    def let(self, *key, outcome=None):
        self.gates.setdefault(key, asyncio.get_running_loop().create_future()).set_result(outcome)


async def until(true):
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it does not happen")


def test_a_request_leaves_at_once_and_holds_up_no_wave():
    alone, batched, commits = Alone(), Echo(), []

    async def run():
        batcher = Batcher(commit=lambda: commits.append(len(alone.asked)))
        slow, fast = batcher.for_model(alone), batcher.for_model(batched)
        batcher.open(3)
        one, other = asyncio.ensure_future(slow(request(1, 1))), asyncio.ensure_future(slow(request(2, 1)))
        await until(lambda: len(alone.asked) == 2)  # although the third consultation has not asked anybody
        assert (await fast(request(3, 1))).text == "(3, 1)"  # although two wait for the other model
        assert not one.done() and batched.batches == [[(3, 1)]] and len(commits) == 1
        alone.let(2, 1)
        assert (await other).text == "(2, 1)" and not one.done()
        await until(lambda: len(commits) == 2)  # without another request
        alone.let(1, 1, outcome=ValueError("bad request"))
        with pytest.raises(ValueError, match="bad request"):
            await one
        assert batcher.broken is None and batcher.model_seconds > 0
        batcher.shutdown()

    asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize("how", ["gone", "full"])
def test_a_model_that_is_gone_or_a_full_disk_ends_all_that_wait(how):
    alone = Alone()

    def full():
        raise OSError("disk full")

    async def run():
        batcher = Batcher(commit=full if how == "full" else lambda: None)
        slow = batcher.for_model(alone)
        batcher.open(3)
        jobs = [asyncio.ensure_future(slow(request(who, 1))) for who in range(3)]
        await until(lambda: len(alone.asked) == 3)
        alone.let(1, 1, outcome=ModelGoneError("it is gone") if how == "gone" else None)
        ended = await asyncio.gather(*jobs, return_exceptions=True)
        kind = ModelGoneError if how == "gone" else OSError
        assert [isinstance(one, kind) for one in ended] == [True, how == "gone", True]
        assert isinstance(batcher.broken, kind) and batcher.intact == (how == "gone")
        with pytest.raises(kind):
            await slow(request(1, 2))
        batcher.shutdown()

    asyncio.run(asyncio.wait_for(run(), 20))
