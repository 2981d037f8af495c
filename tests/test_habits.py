"""What surrounds the code stays true: tested versions, dead names, the citation, the workflow."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from consult.version import __version__

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def asked() -> list[Requirement]:
    """Return what the package and its tests ask for, without extras of the package itself."""
    project = PROJECT["project"]
    lines = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    return [one for one in map(Requirement, lines) if one.name != project["name"]]


def tried() -> dict[str, str]:
    """Return name, in small letters and with hyphens, → version, of `constraints.txt`."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def test_constraints_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) > 50 and all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)


@pytest.mark.parametrize("requirement", asked(), ids=lambda requirement: requirement.name)
def test_a_dependency_was_tested_in_a_version_that_it_allows(requirement: Requirement) -> None:
    version = tried()[requirement.name.lower().replace("_", "-")]
    assert requirement.specifier.contains(version)


@pytest.mark.slow
def test_no_name_is_dead() -> None:
    call = [sys.executable, "-m", "vulture", "--config", str(ROOT / "pyproject.toml")]
    found = subprocess.run(call, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    assert not [line for line in found if line.startswith("consult/")]


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__ and citation["license"] == PROJECT["project"]["license"]


@pytest.mark.parametrize(
    "path", sorted([*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"]), ids=lambda path: path.name
)
def test_a_settings_file_can_be_read(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_workflow_runs_what_decides_here() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["tests"]["steps"]
    assert {"run": "bash .ci/run"} in steps and (ROOT / ".ci" / "run").is_file()
