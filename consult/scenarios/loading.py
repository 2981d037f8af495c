"""Scenarios by name or by folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from consult.scenarios.folder import load_folder
from consult.scenarios.located_yaml import ScenarioError
from consult.scenarios.scenario import Scenario, UnknownNameError

BUILT_IN = ("derm34", "derm34-off-list")
_TABLES = {"derm34-off-list": "derm34"}
"""Built-in scenario → the one whose labels and tables it has, with settings and `off_list.yaml` of its own."""


def load_scenario(reference: str) -> Scenario:
    """Load a built-in scenario by name, or a folder by path.

    Raises:
        UnknownNameError: Neither a built-in name nor a folder.
        ScenarioError: The folder has mistakes.
    """
    if reference in BUILT_IN:
        return _built_in(reference)
    folder = Path(reference)
    if not reference or not folder.is_dir():
        raise UnknownScenarioError(reference)
    try:
        return load_folder(folder)
    except ScenarioError as error:
        # Loading stops at the first file with a mistake.
        from consult.scenarios.checks.folder import check_folder

        raise ScenarioError(error.problems, folder, len(check_folder(folder))) from None


@cache
def _built_in(name: str) -> Scenario:
    """Load a built-in scenario once: its files are the program's, and reading them takes longer than a consultation."""
    own = Path(__file__).parent
    return load_folder(own / name, own / _TABLES.get(name, name))


class UnknownScenarioError(UnknownNameError):
    """Neither a built-in scenario nor a folder."""

    def __init__(self, reference: str) -> None:
        super().__init__("scenario", reference, BUILT_IN)
        self.args = (f"{self.args[0]}; give one of these, or the path of a folder",)
