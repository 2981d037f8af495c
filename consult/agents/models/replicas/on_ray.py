"""Replicas as Ray actors: one GPU each, or a share of the processors; on this machine, or on a cluster.

Ray is an extra (`pip install "consult-sim[ray]"`). The driver stays one process, with one writer of the store.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from consult.agents.models.model import ModelError, ModelInfo, Request
from consult.agents.models.replicas.group import Group, ReplicaLostError
from consult.agents.models.replicas.replica import Answered, Failure, Replica
from consult.counts import count_of
from consult.fields import Dtype

T = TypeVar("T")

LOCAL, AUTO = "local", "auto"
FREED = 10.0
"""Seconds after which the cluster knows that a replica has ended."""
CONNECT = 10.0
"""Seconds until an address at which nothing answers is given up."""


def on_ray(number: int, address: str = LOCAL) -> Group:
    """Start replicas as Ray actors.

    Args:
        number: How many.
        address: A cluster's address; `auto` for the running cluster of this machine, or a new one if none runs;
            `local` for a new one on this machine.

    Raises:
        ModelError: Ray is not installed, the cluster cannot be reached, or it is too small.
    """
    ray = _connected(address)
    kind, what = ("GPU", "GPU") if ray.cluster_resources().get("GPU", 0) else ("CPU", "processor")
    there = int(ray.cluster_resources().get(kind, 0))
    refuse_too_many(number, there, there if there < number else _free(ray, kind, number), what)
    threads = None if kind == "GPU" else share([int(node["Resources"].get("CPU", 0)) for node in alive(ray)], number)
    options: dict[str, Any] = {"num_gpus": 1} if threads is None else {"num_cpus": threads}
    actor = ray.remote(max_restarts=0, **options)(Replica)
    workers = [_Actor(place + 1, actor.remote(threads=threads), ray) for place in range(number)]
    return Group(workers)


def _free(ray: Any, kind: str, number: int) -> int:
    """Return how many places are free, after a short wait for those of replicas that have just ended."""
    until = time.monotonic() + FREED
    while (free := int(ray.available_resources().get(kind, 0))) < number and time.monotonic() < until:
        time.sleep(0.2)
    return free


def refuse_too_many(number: int, there: int, free: int, what: str) -> None:
    """Refuse more replicas than there are places: the others would wait without a message.

    Args:
        number: How many.
        there: Places in the cluster.
        free: Those that no other run has taken.
        what: Of what a replica needs one.

    Raises:
        ModelError: There are too few.
    """
    needed = f"{number} replicas need one each" if number > 1 else "a replica needs one"
    if there < number:
        fix = f"give --replicas {there}" if there else "add one to the cluster, or leave out --ray"
        raise ModelError(f"the Ray cluster has {count_of(there, what)}, and {needed}; {fix}")
    if free < number:
        fix = f"wait until more are free, or give --replicas {free}" if free else "wait until some are free"
        raise ModelError(f"the Ray cluster has {count_of(free, f'free {what}')}, and {needed}; {fix}")


def alive(ray: Any) -> list[dict[str, Any]]:
    """Return the machines of the cluster."""
    return [node for node in ray.nodes() if node["Alive"]]


def share(processors: Sequence[int], number: int) -> int:
    """Return how many processors each replica gets, so that there is room for all.

    Args:
        processors: Those of each machine.
        number: Replicas; at most as many as there are processors.
    """
    most = sum(processors) // number
    return next((each for each in range(most, 1, -1) if sum(one // each for one in processors) >= number), 1)


def refuse_unreachable(address: str) -> None:
    """Refuse a cluster's address at which nothing listens: Ray itself would try for minutes, and end the process.

    Raises:
        ModelError: Nothing listens at it, or it is not an address.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not (host.strip("[]") and colon and port.isascii() and port.isdigit() and int(port) < 2**16) or "/" in host:
        raise ModelError(f"--ray takes HOST:PORT, ray://HOST:PORT, auto or local, not '{address}'; correct it")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT).close()
    except OSError as error:
        raise ModelError(
            f"nothing answers at the address '{address}' of the Ray cluster ({error.strerror or error}); start it with "
            "ray start --head, or correct the address"
        ) from None


def _connected(address: str) -> Any:
    # Ray reads these when it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise ModelError('replicas need Ray; install it with: pip install "consult-sim[ray]"') from None
    if ray.is_initialized():
        return ray
    if address not in (AUTO, LOCAL):
        refuse_unreachable(address)
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    own: dict[str, Any] = {"address": LOCAL, "include_dashboard": False, **quiet}
    try:
        if address == AUTO:
            try:
                ray.init(address=AUTO, **quiet)
            except ConnectionError:
                ray.init(**own)
        elif address == LOCAL:
            ray.init(**own)
        else:
            ray.init(address=address, **quiet)
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(
            f"the Ray cluster '{address}' cannot be reached ({first}); check the address with: ray status"
        ) from None
    return ray


class _Actor:
    def __init__(self, number: int, actor: Any, ray: Any) -> None:
        self.name, self._actor, self._ray = f"replica {number}", actor, ray

    def open(self, reference: str, role: str | None, dtype: Dtype) -> Future[tuple[ModelInfo | None, Failure | None]]:
        return self._sent(self._actor.open.remote(reference, role, dtype))

    def generate(self, reference: str, requests: Sequence[Request]) -> Future[Answered]:
        return self._sent(self._actor.generate.remote(reference, list(requests)))

    def close(self) -> None:
        self._ray.kill(self._actor)

    def _sent(self, reference: Any) -> Future[Any]:
        """Return a future of a task; the loss of the actor is an error of its own."""
        told: Future[Any] = Future()

        def tell(future: Future[Any]) -> None:
            error = future.exception()
            if isinstance(error, self._ray.exceptions.RayActorError | self._ray.exceptions.NodeDiedError):
                told.set_exception(ReplicaLostError(str(error)))
            elif error is not None:
                told.set_exception(error)
            else:
                told.set_result(future.result())

        reference.future().add_done_callback(tell)
        return told
