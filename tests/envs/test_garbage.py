"""Objects from before a run are left out of collections while it is played, and only then."""

from __future__ import annotations

import gc

import pytest

from consult.envs.garbage import ALLOCATIONS, collecting_less


class Cycle:
    """Refers to itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_is_left_alone_until_the_end() -> None:
    thresholds, earlier = gc.get_threshold(), Cycle()
    with pytest.raises(KeyboardInterrupt), collecting_less():
        assert gc.get_threshold()[0] == ALLOCATIONS and gc.get_freeze_count() > 0
        assert all(one is not earlier for one in gc.get_objects())
        new = Cycle()
        assert any(one is new for one in gc.get_objects())
        raise KeyboardInterrupt
    assert gc.get_threshold() == thresholds and gc.get_freeze_count() == 0
    assert any(one is earlier for one in gc.get_objects())


def test_a_run_within_another_does_not_end_it() -> None:
    with collecting_less():
        with collecting_less():
            pass
        assert gc.get_freeze_count() > 0 and gc.get_threshold()[0] == ALLOCATIONS
