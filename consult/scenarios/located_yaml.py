"""YAML as data only, with the line of every entry: safe tags, no anchors, at most 1 MB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from consult.errors import UserError

MAX_BYTES = 1_000_000
MAX_DEPTH = 60

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BEGINS = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
_ENDS = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)

Place = tuple[str | int, ...]
"""The way to an entry: keys and list positions."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a file of the user's."""

    file: str
    line: int
    """1-based; 0 where the whole file is meant."""
    what: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.what}; {self.mend}"


class ScenarioError(UserError, ValueError):
    """A scenario folder that cannot be used; carries every mistake that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more: consult scenarios check shows all)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")


@dataclass(frozen=True)
class LocatedYaml:
    """A parsed file that remembers its text, so that a mistake can be given a line."""

    file: str
    data: Any
    text: str

    @cached_property
    def _root(self) -> Any:
        return yaml.compose(self.text, Loader=_Loader)

    def line(self, place: Iterable[str | int]) -> int:
        """Give the 1-based line of an entry, or of the nearest entry around it that exists."""
        node, line = self._root, 1
        for step in place:
            found = None
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = (node.value[step], node.value[step])
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def problem(self, place: Iterable[str | int], what: str, mend: str) -> Problem:
        """Make a problem of an entry of this file."""
        return Problem(self.file, self.line(place), what, mend)


def read_yaml(path: Path) -> LocatedYaml:
    """Read one file.

    Raises:
        ScenarioError: The file cannot be read, is too large, is not YAML, or uses anchors or tags.
    """
    name = path.name
    try:
        if not path.is_file():
            raise _error(name, 0, "is not a regular file", "put a file there")
        if path.stat().st_size > MAX_BYTES:
            raise _error(name, 0, f"larger than {MAX_BYTES:,} bytes", "split the folder into smaller scenarios")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _error(name, 0, f"cannot be read ({error.strerror})", "check the path and its permissions") from None
    except UnicodeDecodeError:
        raise _error(name, 0, "is not UTF-8 text", "save it as UTF-8") from None
    try:
        depth = 0
        for token in yaml.scan(text, Loader=_Loader):
            depth += isinstance(token, _BEGINS) - isinstance(token, _ENDS)
            if depth > MAX_DEPTH:
                # The parser would recurse until the process dies.
                raise _error(name, token.start_mark.line + 1, "is nested too deeply", "write it flat")
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                line = token.start_mark.line + 1
                raise _error(name, line, "uses an anchor, alias or tag", "write the value out in full")
        return LocatedYaml(name, yaml.load(text, Loader=_Loader), text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, what = mark.line + 1 if mark else 0, getattr(error, "problem", None) or "is not valid YAML"
        if "nesting depth" in what:
            # libyaml reads ahead of our own limit, to one of its own.
            raise _error(name, line, "is nested too deeply", "write it flat") from None
        raise _error(name, line, f"not valid YAML ({what})", "fix the syntax") from None
    except RecursionError:
        raise _error(name, 0, "is nested too deeply", "write it flat") from None


def _error(file: str, line: int, what: str, mend: str) -> ScenarioError:
    return ScenarioError([Problem(file, line, what, mend)])
