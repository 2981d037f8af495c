"""Processes of this machine that hold a model."""

from __future__ import annotations

import os
import time

import pytest

from consult.agents.models.replicas.group import ReplicaLostError
from consult.agents.models.replicas.pinned import _generate, _Process, cores


@pytest.mark.slow
def test_a_process_may_take_much_more_memory_than_at_first() -> None:
    """loky would end it in the middle of a run."""
    process = _Process(1, cores()[0])
    try:
        first = process._sent(os.getpid).result(60)
        time.sleep(1.1)  # loky looks once a second
        process._sent(exec, "import builtins; builtins.kept = b'x' * 400_000_000").result(60)
        assert process._sent(os.getpid).result(60) == first
    finally:
        process.close()


@pytest.mark.slow
def test_a_process_without_the_model_counts_as_lost() -> None:
    process = _Process(1, cores()[0])
    try:
        with pytest.raises(ReplicaLostError):
            process._sent(_generate, "starter", []).result(60)
    finally:
        process.close()
