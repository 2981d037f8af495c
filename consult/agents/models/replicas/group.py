"""Several replicas of the same models: each answers a share of the requests, and the others take over a lost one's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Protocol

from consult.agents.models.model import Model, ModelError, ModelGoneError, ModelInfo, Reply, Request
from consult.agents.models.replicas.replica import Answered, Failure
from consult.errors import ModelWarning
from consult.fields import Dtype


class ReplicaLostError(Exception):
    """The process of a replica, or its machine, is gone."""


class Worker(Protocol):
    """The driver's end of a replica. Its futures raise `ReplicaLostError` once the replica is gone."""

    @property
    def name(self) -> str:
        """Name the replica, for a sentence."""

    def open(self, reference: str, role: str | None, dtype: Dtype) -> Future[tuple[ModelInfo | None, Failure | None]]:
        """Load a model in the replica."""

    def generate(self, reference: str, requests: Sequence[Request]) -> Future[Answered]:
        """Answer a batch in the replica."""

    def close(self) -> None:
        """End the replica."""


class Group:
    """The replicas of a run.

    Args:
        workers: At least one.
    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = list(workers)
        self._of_lane = tuple(workers)
        """The replica of each lane; one that was lost before it was loaded has none."""
        self._lock = Lock()
        self._users, self._ended = 0, False

    def __len__(self) -> int:
        """Return the number of replicas that are left."""
        return len(self._workers)

    def open(self, reference: str, role: str | None = None, dtype: Dtype = "auto") -> Model:
        """Load a model in every replica; the arguments are those of `consult.agents.models.open_model`.

        Raises:
            ModelError: It cannot be loaded, all replicas ended, or they found different models behind the reference.
        """
        try:
            info = self._opened(reference, role, dtype)
        except BaseException:
            if not self._users:
                self._end()
            raise
        self._users += 1
        return ReplicatedModel(self, info)

    def _opened(self, reference: str, role: str | None, dtype: Dtype) -> ModelInfo:
        opened = [(worker, worker.open(reference, role, dtype)) for worker in self._workers]
        infos: list[ModelInfo] = []
        for worker, future in opened:
            try:
                info, failure = future.result()
            except ReplicaLostError:
                self._lose(worker, f" while it loaded '{reference}'")
                continue
            if failure is not None:
                raise failure.error()
            assert info is not None
            infos.append(info)
        if not infos:
            raise ModelError(
                f"no replica could load '{reference}': each ended while it was loading, as happens when memory is "
                "short; load the model once with --replicas 1, or give a smaller one"
            )
        if len({info.revision for info in infos}) > 1:
            raise ModelError(f"the replicas found different models behind '{reference}'; give them the same files")
        self._of_lane = tuple(self._workers)
        return infos[0]

    def generate(self, reference: str, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch, in order.

        Raises:
            ModelGoneError: All replicas are lost.
            Exception: A replica's error.
        """
        replies: dict[int, Reply] = {}
        left = list(range(len(requests)))
        while left:
            workers = list(self._workers)
            if not workers:
                raise _all_lost(reference)
            shares = dealt([len(_text(requests[number])) for number in left], len(workers))
            asked = [
                (worker, [left[place] for place in share])
                for worker, share in zip(workers, shares, strict=True)
                if share
            ]
            pending = [
                (worker, numbers, worker.generate(reference, [requests[number] for number in numbers]))
                for worker, numbers in asked
            ]
            answers = [(numbers, self._answer(worker, future)) for worker, numbers, future in pending]
            for numbers, answered in answers:
                if answered is None:
                    continue
                replies.update(zip(numbers, _replies_of(answered), strict=True))
            left = [number for number in left if number not in replies]
        return [replies[number] for number in range(len(requests))]

    def generate_in(self, lane: int, reference: str, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch by the replica of a lane, or by another one if that is lost.

        Raises:
            ModelGoneError: All replicas are lost.
            Exception: The replica's error.
        """
        while True:
            workers = list(self._workers)
            if not workers:
                raise _all_lost(reference)
            own = self._of_lane[lane % len(self._of_lane)]
            worker = own if own in workers else workers[lane % len(workers)]
            answered = self._answer(worker, worker.generate(reference, requests))
            if answered is not None:
                return list(_replies_of(answered))

    def _answer(self, worker: Worker, future: Future[Answered]) -> Answered | None:
        """Wait for a share; None if its replica is lost."""
        try:
            return future.result()
        except ReplicaLostError:
            self._lose(worker)
            return None

    def _lose(self, worker: Worker, when: str = "") -> None:
        """Continue without a replica, and warn that it is lost if others are left."""
        with self._lock:
            if self._ended or worker not in self._workers:
                return  # another lane has noticed it
            self._workers.remove(worker)
        worker.close()
        if self._workers:
            others = "the other one takes over" if len(self._workers) == 1 else "the others take over"
            warnings.warn(ModelWarning(f"{worker.name} ended{when}; {others} its requests"), stacklevel=2)

    def close(self) -> None:
        """Release one model; the last one ends the replicas."""
        self._users -= 1
        if self._users <= 0:
            self._end()

    def _end(self) -> None:
        with self._lock:
            ended, self._workers, self._ended = self._workers, [], True
        for worker in ended:
            worker.close()


class ReplicatedModel:
    """A model of a group, behind the interface of every model."""

    def __init__(self, group: Group, info: ModelInfo) -> None:
        self._group, self._info, self._open = group, info, True

    @property
    def info(self) -> ModelInfo:
        """Describe the model, as one replica does."""
        return self._info

    @property
    def replicas(self) -> int:
        """Return how many replicas answer: a batch may be so many times as large."""
        return len(self._group)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch, in order; see `Group.generate`."""
        return self._group.generate(self._info.reference, requests)

    def generate_in(self, lane: int, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch by one replica; see `Group.generate_in`."""
        return self._group.generate_in(lane, self._info.reference, requests)

    def close(self) -> None:
        """Release the model."""
        if self._open:
            self._open = False
            self._group.close()


def _replies_of(answered: Answered) -> tuple[Reply, ...]:
    for sentence in answered.warned:
        warnings.warn(ModelWarning(sentence), stacklevel=3)
    if answered.failure is not None:
        raise answered.failure.error()
    return answered.replies


def _all_lost(reference: str) -> ModelGoneError:
    return ModelGoneError(f"all replicas of '{reference}' ended")


def dealt(lengths: Sequence[int], hands: int) -> list[list[int]]:
    """Deal out numbered requests so that each share has about the same number and the same lengths.

    Args:
        lengths: Length of each request.
        hands: Number of shares.

    Returns:
        The places of each share's requests, in their order.
    """
    shares: list[list[int]] = [[] for _ in range(hands)]
    for turn, place in enumerate(sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))):
        across = turn % (2 * hands)
        # There and back, so that no share gets the longer one each time.
        shares[min(across, 2 * hands - 1 - across)].append(place)
    return [sorted(share) for share in shares]


def _text(request: Request) -> str:
    return "".join(message.text for message in request.prompt.messages)
