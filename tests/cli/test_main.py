"""What is so before the first command runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TELL = "import os, sys; sys.argv = ['consult', '--version']; from consult.__main__ import main\n"
TELL += "try: main()\nfinally: print(os.environ['OMP_WAIT_POLICY'])"


@pytest.mark.parametrize(("given", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_do_not_spin_unless_the_user_says_so(given: str | None, found: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    env |= {"OMP_WAIT_POLICY": given} if given else {}
    told = subprocess.run([sys.executable, "-c", TELL], env=env, capture_output=True, text=True)
    assert told.stdout.split()[-1] == found, told.stderr
