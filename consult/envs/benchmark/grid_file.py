"""Make a grid from a TOML file, a preset and options; a mistake is reported with its file, line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from consult.envs.benchmark.grid import Block, Grid, RoleModels
from consult.envs.by_role import FIELDS
from consult.envs.by_role import merged as merged_values
from consult.errors import UserError
from consult.fields import refusal
from consult.foreign_text import quoted
from consult.reading import MissingFileError, read_toml
from consult.scenarios import UnknownNameError
from consult.scenarios.scenario import nearest_first

FLAGS = {"models": "model", "assessors": "assessor"}
"""Key of a grid → its option, where they differ."""
Place = tuple[str | int, ...]


class GridError(UserError, ValueError):
    """A grid that cannot be played; the message is one sentence with the fix."""


@dataclass(frozen=True)
class Source:
    """The data of a file, and its text, so that a mistake can be reported with its line."""

    name: str = ""
    """Empty if there is no file."""
    text: str = ""
    data: Mapping[str, Any] | None = None

    def where(self, place: Place) -> str:
        """Return the location of an entry, as far as it is known."""
        key = ".".join(str(part) for part in place if isinstance(part, str))
        line = _line(self.text, place) if self.name else 0
        if line:
            return f"{self.name}:{line}: {key}"
        return f"--{FLAGS.get(key, key.replace('_', '-'))}" if key else self.name


def read_preset(name: str) -> Source:
    """Return a preset.

    Raises:
        UnknownNameError: There is no preset with this name.
    """
    folder = files("consult.envs.benchmark") / "presets"
    menu = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if name not in menu:
        raise UnknownNameError("preset", name, menu)
    text = (folder / f"{name}.toml").read_text(encoding="utf-8")
    return Source(f"preset {name}", text, tomllib.loads(text))


def read_grid(path: Path) -> Source:
    """Read a TOML file as data.

    Raises:
        GridError: The file is missing.
        FileError: It cannot be read, or is not TOML.
    """
    try:
        return Source(str(path), *read_toml(path))
    except MissingFileError:
        raise GridError(f"there is no file '{path}'; give a TOML file, or a --preset") from None


def make_grid(source: Source, given: Mapping[str, Any]) -> Grid:
    """Make a grid from a file, a preset or neither, and from the given options.

    Args:
        source: The file or preset that was read.
        given: Options by the grid's keys; `roles` is a dict.

    Raises:
        GridError: A key is unknown, or a value is invalid.
    """
    data = dict(source.data or {})
    blocks = data.get("cells")
    own = isinstance(blocks, list) and any(isinstance(block, dict) and "models" in block for block in blocks)
    keys = ("strategies", "teams", "cases", "repeats", *(("models",) if own else ()))
    if blocks and (twice := [key for key in keys if key in given]):
        key = twice[0]
        raise GridError(
            f"--{FLAGS.get(key, key)} and the cells of {source.name} both say which {key}; leave the option out, or "
            "edit the file"
        )
    # A value of the file is checked although an option replaces it.
    _validated(data, source, {})
    merged = {**data, **given}
    merged |= {name: merged_values(data[name], given[name], name) for name in FIELDS if name in data and name in given}
    if "roles" in data and "roles" in given:
        merged["roles"] = {**data["roles"], **given["roles"]}
    return _validated(merged, source, given)


def _validated(data: Mapping[str, Any], source: Source, given: Mapping[str, Any]) -> Grid:
    try:
        return Grid.model_validate(data)
    except ValidationError as error:
        raise GridError(_sentence(error, source, given)) from None


def _sentence(error: ValidationError, source: Source, given: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    place: Place = tuple(part for part in first["loc"] if isinstance(part, int) or not part.startswith("function-"))
    named = Source() if place and place[0] in given else source
    if first["type"] == "extra_forbidden":
        near = ", ".join(nearest_first(str(place[-1]), _keys(place[:-1])))
        return f"{named.where(place)} is not a key of a grid; there are: {near}"
    return f"{named.where(place)}: {_what(first)}"


def _what(error: Any) -> str:
    """Describe what is wrong with a value."""
    said = refusal(error)
    return said if error["type"] == "value_error" else f"{said}, and it is {quoted(error['input'])}"


def _keys(table: Place) -> Sequence[str]:
    kinds: dict[Place, type[BaseModel]] = {(): Grid, ("roles",): RoleModels}
    kind = kinds.get(tuple(part for part in table if isinstance(part, str)), Block)
    return list(kind.model_fields)


def _line(text: str, place: Place) -> int:
    """Find the line of an entry by its tables and its key; return 0 if it is written differently."""
    keys = [part for part in place if isinstance(part, str)]
    numbers = [part for part in place if isinstance(part, int)]
    table, key = (keys[:-1], keys[-1]) if len(keys) > 1 else ([], keys[0] if keys else "")
    nth = numbers[0] if table == ["cells"] and numbers else 0
    now: list[str] = []
    seen = -1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[{1,2}\s*([^\]]+?)\s*\]", line)
        if header:
            now = [part.strip().strip("\"'") for part in header.group(1).split(".")]
            seen += now == table
            if keys == now:
                return number
        elif now == table and seen in (-1, nth) and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return 0
