"""What the tests of the agents share."""

from __future__ import annotations

import pytest

from consult.scenarios import Scenario, load_scenario


@pytest.fixture(scope="session")
def derm34() -> Scenario:
    return load_scenario("derm34")
