"""Replicas on Ray: what is refused before Ray is asked, and how processors are dealt out."""

import socket

import pytest

from consult.agents.models.model import ModelError
from consult.agents.models.replicas.on_ray import refuse_too_many, refuse_unreachable, share


@pytest.mark.parametrize(
    "address", ["nonsense", "http://host:1", ":6379", "host:", "host:0x1", "host:99999", "ray://host"]
)
def test_what_is_no_address_of_a_cluster_is_refused(address: str) -> None:
    with pytest.raises(ModelError, match="--ray takes HOST:PORT, ray://HOST:PORT, auto or local, not"):
        refuse_unreachable(address)


@pytest.mark.parametrize("kind", ["", "ray://"])
def test_a_cluster_that_does_not_run_is_told_at_once(kind: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"{kind}127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ModelError, match=f"nothing answers at the address '{address}' of the Ray cluster"):
            refuse_unreachable(address)
        taken.listen()
        refuse_unreachable(address)


@pytest.mark.parametrize(
    ("number", "there", "free", "told"),
    [
        (3, 2, 2, "the Ray cluster has 2 GPUs, and 3 replicas need one each; give --replicas 2"),
        (3, 4, 1, "the Ray cluster has 1 free GPU, and 3 replicas need one each; wait until more are free, or give"),
        (3, 4, 0, "the Ray cluster has 0 free GPUs, and 3 replicas need one each; wait until some are free"),
        (1, 1, 0, "the Ray cluster has 0 free GPUs, and a replica needs one; wait until some are free"),
        (1, 0, 0, "the Ray cluster has 0 GPUs, and a replica needs one; add one to the cluster, or leave out --ray"),
    ],
)
def test_more_replicas_than_find_a_place_are_refused(number: int, there: int, free: int, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        refuse_too_many(number, there, free, "GPU")
    refuse_too_many(3, 3, 3, "GPU")


@pytest.mark.parametrize(
    ("processors", "number", "each"),
    [([2], 2, 1), ([16], 2, 8), ([16], 3, 5), ([5, 1], 2, 2), ([3, 3], 3, 1), ([4, 4], 2, 4), ([1, 1, 6], 5, 1)],
)
def test_each_replica_gets_processors_of_one_machine(processors: list[int], number: int, each: int) -> None:
    assert share(processors, number) == each
