"""Replicas of a model: who answers what, and what happens when one is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

import pytest

from consult.agents.models.model import Message, ModelError, ModelGoneError, ModelInfo, Prompt, Reply, Request
from consult.agents.models.replicas.group import Group, ReplicaLostError, dealt
from consult.agents.models.replicas.replica import Answered, Failure, Replica, ReplicaError
from consult.errors import ModelWarning

T = TypeVar("T")


class Worker:
    """A replica in this process, which can be lost."""

    def __init__(self, name: str, revision: str = "1", lost_after: int | None = None, dies: bool = False) -> None:
        self.name, self.revision, self.lost_after, self.dies = name, revision, lost_after, dies
        self.answered: list[str] = []
        self.closed = False
        self.fails: Failure | None = None

    def open(self, reference: str, role: str | None, dtype: str) -> Future[tuple[ModelInfo | None, Failure | None]]:
        return told(lambda: self._open(reference))

    def _open(self, reference: str) -> tuple[ModelInfo, Failure | None]:
        if self.dies:
            raise ReplicaLostError("gone")
        return ModelInfo(reference, "test", revision=self.revision), self.fails

    def generate(self, reference: str, requests: Sequence[Request]) -> Future[Answered]:
        return told(lambda: self._generate(requests))

    def _generate(self, requests: Sequence[Request]) -> Answered:
        if self.lost_after is not None and len(self.answered) >= self.lost_after:
            raise ReplicaLostError("gone")
        if self.fails:
            return Answered(failure=self.fails)
        said = [request.prompt.messages[0].text for request in requests]
        self.answered += said
        return Answered(tuple(Reply(f"to {text}") for text in said), ("it is warm",) if "hot" in said else ())

    def close(self) -> None:
        self.closed = True


def told(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
    return future


def request(text: str) -> Request:
    return Request((text,), "patient", "open", 0, Prompt((Message("user", text),), 8), 0)


REQUESTS = [request("a" * length) for length in (5, 90, 7, 80, 6, 70, 8)]
REPLIES = [f"to {one.prompt.messages[0].text}" for one in REQUESTS]


def test_shares_are_as_large_and_as_long_as_each_other() -> None:
    lengths = [900, 800, 700, 600, 30, 20, 10, 5, 4]
    for hands in (1, 2, 3, 4):
        shares = dealt(lengths, hands)
        assert sorted(place for share in shares for place in share) == list(range(9))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
        sums = [sum(lengths[place] for place in share) for share in shares]
        assert max(sums) <= 2 * min(sums)
    assert dealt([], 3) == [[], [], []] and dealt([1], 2) == [[0], []]


def test_every_replica_answers_a_share_and_the_order_stays() -> None:
    workers = [Worker("one"), Worker("two"), Worker("three")]
    model = Group(workers).open("m")
    assert [reply.text for reply in model.generate(REQUESTS)] == REPLIES
    assert sorted(len(worker.answered) for worker in workers) == [2, 2, 3]
    assert model.generate([]) == []


def test_the_share_of_a_lost_replica_goes_to_the_others() -> None:
    workers = [Worker("replica 1", lost_after=0), Worker("replica 2"), Worker("replica 3")]
    model = Group(workers).open("m")
    with pytest.warns(ModelWarning, match="replica 1 ended; the others take over its requests"):
        assert [reply.text for reply in model.generate(REQUESTS)] == REPLIES
    workers[2].lost_after = 0
    with pytest.warns(ModelWarning, match="replica 3 ended; the other one takes over its requests"):
        assert [reply.text for reply in model.generate(REQUESTS)] == REPLIES
    assert [worker.closed for worker in workers] == [True, False, True]
    workers[1].lost_after = 0
    with pytest.raises(ModelGoneError, match="all replicas of 'm' ended"):
        model.generate(REQUESTS)
    with pytest.raises(ModelGoneError):
        model.generate(REQUESTS)


def test_a_replica_that_is_lost_while_it_loads_is_left_out() -> None:
    workers = [Worker("replica 1"), Worker("replica 2", dies=True), Worker("replica 3")]
    with pytest.warns(ModelWarning, match="replica 2 ended while it loaded 'm'; the others take over its requests"):
        model = Group(workers).open("m")
    assert [reply.text for reply in model.generate(REQUESTS)] == REPLIES
    assert [worker.closed for worker in workers] == [False, True, False] and not workers[1].answered
    workers = [Worker("replica 1", dies=True), Worker("replica 2", dies=True)]
    told = "no replica could load 'm': each ended while it was loading, as happens when memory is short"
    with pytest.warns(ModelWarning), pytest.raises(ModelError, match=told):
        Group(workers).open("m")
    assert all(worker.closed for worker in workers)


def test_a_lane_keeps_to_its_replica_and_moves_when_it_is_lost() -> None:
    workers = [Worker("replica 1"), Worker("replica 2", lost_after=2)]
    group = Group(workers)
    group.open("m")
    assert [reply.text for reply in group.generate_in(1, "m", REQUESTS[:2])] == REPLIES[:2]
    assert (len(workers[0].answered), len(workers[1].answered)) == (0, 2)
    with pytest.warns(ModelWarning, match="replica 2 ended; the other one takes over"):
        assert [reply.text for reply in group.generate_in(1, "m", REQUESTS[2:4])] == REPLIES[2:4]
    assert [reply.text for reply in group.generate_in(1, "m", REQUESTS)] == REPLIES
    workers[0].lost_after = 0
    with pytest.raises(ModelGoneError, match="all replicas"):
        group.generate_in(0, "m", REQUESTS)


def test_lanes_leave_no_replica_idle_after_one_was_lost_while_it_loaded() -> None:
    workers = [Worker("replica 1", dies=True), Worker("replica 2"), Worker("replica 3")]
    group = Group(workers)
    with pytest.warns(ModelWarning, match="replica 1 ended while it loaded"):
        group.open("m")
    for lane in range(len(group)):
        group.generate_in(lane, "m", REQUESTS[:1])
    assert [len(worker.answered) for worker in workers] == [0, 1, 1]


def test_errors_keep_their_kind_and_warnings_reach_the_driver() -> None:
    worker = Worker("one")
    model = Group([worker]).open("m")
    with pytest.warns(ModelWarning, match="it is warm"):
        model.generate([request("hot")])
    for kind, error in (("ModelGoneError", ModelGoneError), ("ModelError", ModelError), ("ValueError", ReplicaError)):
        worker.fails = Failure(kind, "no room")
        with pytest.raises(error, match="no room"):
            model.generate(REQUESTS)


def test_a_model_that_cannot_be_loaded_is_told_as_without_replicas() -> None:
    worker = Worker("one")
    worker.fails = Failure("ModelError", "there is no model 'm'")
    with pytest.raises(ModelError, match="there is no model 'm'"):
        Group([worker]).open("m")
    with pytest.raises(ModelError, match="different models behind 'm'"):
        Group([Worker("one", "1"), Worker("two", "2")]).open("m")
    info, failure = Replica().open("no/such/folder/at/all")
    assert info is None and failure is not None and failure.kind == "ModelError"


def test_the_last_model_ends_the_replicas() -> None:
    workers = [Worker("one"), Worker("two")]
    group = Group(workers)
    models = [group.open("m"), group.open("n")]
    for model in (models[0], models[0]):
        model.close()  # type: ignore[attr-defined]
    assert not any(worker.closed for worker in workers)
    models[1].close()  # type: ignore[attr-defined]
    assert all(worker.closed for worker in workers)
