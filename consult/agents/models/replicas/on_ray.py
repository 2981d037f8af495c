"""Replicas as Ray actors: one GPU each, or a share of the processors; on this machine, or on a cluster.

Ray is an extra (`pip install "consult-sim[ray]"`). The driver stays one process, with one writer of the store.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from consult.agents.models.model import ModelError, ModelInfo, Request
from consult.agents.models.replicas.group import Group, ReplicaLostError
from consult.agents.models.replicas.replica import Answered, Failure, Replica
from consult.fields import Dtype

T = TypeVar("T")

LOCAL, AUTO = "local", "auto"


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
    gpus, cpus = int(ray.cluster_resources().get("GPU", 0)), ray.cluster_resources().get("CPU", 0.0)
    if gpus and gpus < number:
        raise ModelError(f"the cluster has {gpus} GPUs, one for each replica; give --replicas {gpus}, or more GPUs")
    if not gpus and cpus < number:
        raise ModelError(f"the cluster has {cpus:g} processors, and {number} replicas need one each; give fewer")
    share = 1.0 if gpus else float(int(cpus / number))
    threads = None if gpus else int(share)
    options: dict[str, Any] = {"num_gpus": 1} if gpus else {"num_cpus": share}
    actor = ray.remote(max_restarts=0, **options)(Replica)
    workers = [_Actor(place + 1, actor.remote(threads=threads), ray) for place in range(number)]
    return Group(workers)


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
