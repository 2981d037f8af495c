"""What is so before the first command runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from consult.cli.main import run

TELL = "import os, sys; sys.argv = ['consult', '--version']; from consult.__main__ import main\n"
TELL += "try: main()\nfinally: print(os.environ['OMP_WAIT_POLICY'])"


@pytest.mark.parametrize(("given", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_do_not_spin_unless_the_user_says_so(given: str | None, found: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    env |= {"OMP_WAIT_POLICY": given} if given else {}
    told = subprocess.run([sys.executable, "-c", TELL], env=env, capture_output=True, text=True)
    assert told.stdout.split()[-1] == found, told.stderr


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("--seed", "abc"), "'--seed' takes a whole number from -2⁶³ to 2⁶³ - 1, not 'abc'"),
        (("--panel-size", "99"), "'--panel-size' takes a whole number from 1 to 15, not '99'"),
        (("--cases", "0"), "'--cases' takes a whole number from 1 to 10,000,000, not '0'"),
        (("--panel-skill", "x"), "'--panel-skill' takes a number from 0 to 1, not 'x'"),
    ],
)
def test_a_number_that_is_none_is_told_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: tuple[str, str], told: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["consult", "simulate", *typed])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"consult: {told}; see: consult simulate --help\n"
