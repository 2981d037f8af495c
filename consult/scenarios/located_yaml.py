"""Read YAML as data, with the line of every entry: no tags, no anchors, no key twice, at most 1 MB."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from consult.counts import count_of
from consult.errors import UserError
from consult.reading import MAX_DEPTH, SMALL, FileError, read_text

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
"""Characters that no YAML file may contain."""
_BEGINS = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
_ENDS = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)

_TOO_DEEP = "is nested too deeply", "write it flat"

Place = tuple[str | int, ...]
"""The path to an entry: keys and list positions."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a user's file."""

    file: str
    line: int
    """1-based; 0 for the whole file."""
    what: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.what}; {self.fix}"


class ScenarioError(UserError, ValueError):
    """A scenario folder that cannot be used; the error has every mistake that was found."""

    def __init__(self, problems: list[Problem], folder: Path | None = None, total: int = 0) -> None:
        """Word the message.

        Args:
            problems: The reasons why the folder cannot be read; the message has the first.
            folder: The scenario's folder, for the command that lists all mistakes.
            total: Number of mistakes in the folder, if more are known than these.
        """
        self.problems = problems
        others = max(total, len(problems)) - 1
        command = f"consult scenarios check {shlex.quote(str(folder or 'FOLDER'))}"
        more = f" (and {count_of(others, 'other mistake')}; to see all, run: {command})" if others else ""
        super().__init__(f"{problems[0]}{more}")


@dataclass(frozen=True)
class LocatedYaml:
    """A parsed file that keeps its text, so that a mistake can be reported with its line."""

    file: str
    data: Any
    text: str
    doubled: tuple[Problem, ...] = ()
    """Keys that appear twice in one mapping, of which only the last is in the data."""

    @cached_property
    def _root(self) -> Any:
        return yaml.compose(self.text, Loader=_Loader)

    def without_doubled(self) -> LocatedYaml:
        """Return the file if no key appears twice.

        Raises:
            ScenarioError: One does; the error has all of them.
        """
        if self.doubled:
            raise ScenarioError(list(self.doubled))
        return self

    def line(self, place: Iterable[str | int]) -> int:
        """Return the 1-based line of an entry, or of the nearest entry around it that exists."""
        node, line = self._root, 1
        for step in place:
            found = None
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if _is_key(k, step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = (node.value[step], node.value[step])
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def problem(self, place: Iterable[str | int], what: str, fix: str) -> Problem:
        """Make a problem for an entry of this file."""
        return Problem(self.file, self.line(place), what, fix)


class _Noting(_Loader):  # type: ignore[misc]
    """Loads data and notes the keys that appear twice in one mapping, of which YAML silently keeps the last."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.doubled: list[tuple[int, str]] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set[str]()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                self.doubled.append((key.start_mark.line + 1, name))
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, *, pipe: bool = False) -> LocatedYaml:
    """Read one file.

    Args:
        path: The file.
        pipe: Whether it may be a pipe.

    Raises:
        ScenarioError: The file cannot be read, is too large, is not YAML, has an impossible date or number, or uses
            anchors or tags.
    """
    try:
        return parse_yaml(read_text(path, SMALL, pipe=pipe), path.name)
    except FileError as error:
        raise _error(path.name, error.line, error.what, error.fix) from None


def parse_yaml(text: str, name: str) -> LocatedYaml:
    """Parse YAML.

    Args:
        text: The YAML.
        name: Name of its file, for messages.

    Raises:
        ScenarioError: As in `read_yaml`.
    """
    try:
        _refuse_unbounded(text, name)
        loader = _Noting(text)
        try:
            data = loader.get_single_data()
        finally:
            loader.dispose()
        what, fix = "'{}' appears twice, and only the last would count", "merge the two, or rename one"
        doubled = sorted((line, what.format(key)) for line, key in loader.doubled)
        return LocatedYaml(name, data, text, tuple(Problem(name, line, said, fix) for line, said in doubled))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, what = mark.line + 1 if mark else 0, getattr(error, "problem", None) or ""
        if "nesting depth" in what:
            # libyaml reads beyond this module's limit, up to its own.
            raise _error(name, line, *_TOO_DEEP) from None
        why, fix = _reason(what, _line_of(text, line), mark.column if mark else 0)
        raise _error(name, line, f"is not valid YAML: {why}", fix) from None
    except RecursionError:
        raise _error(name, 0, *_TOO_DEEP) from None
    except ScenarioError:
        raise
    except ValueError:
        # Well-formed YAML with an impossible scalar, such as the date 2024-13-45.
        line, value = _impossible_scalar(text)
        raise _error(name, line, f"'{value}' cannot be read as a date or number", "put it in quotes") from None


def _refuse_unbounded(text: str, name: str) -> None:
    """Refuse control characters, deep nesting, and whatever could multiply or be run."""
    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise _error(name, line, f"contains the control character U+{ord(control.group()):04X}", "remove it")
    depth = 0
    for token in yaml.scan(text, Loader=_Loader):
        depth += isinstance(token, _BEGINS) - isinstance(token, _ENDS)
        line = token.start_mark.line + 1
        if depth > MAX_DEPTH:
            # The parser would recurse until the process dies.
            raise _error(name, line, *_TOO_DEEP)
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
            raise _error(name, line, "uses an anchor, alias or tag", "write the value out in full")


def _is_key(node: Any, step: str | int) -> bool:
    """Return whether a key is the one that a step names, as text or as YAML's value: `no` is false."""
    if node.value == str(step):
        return True
    return not isinstance(step, str) and node.tag == "tag:yaml.org,2002:bool" and yaml.safe_load(node.value) is step


def _impossible_scalar(text: str) -> tuple[int, str]:
    """Find the first invalid date or number, with its 1-based line."""
    for token in yaml.scan(text, Loader=_Loader):
        if isinstance(token, yaml.ScalarToken) and token.plain:
            try:
                yaml.load(token.value, Loader=_Loader)
            except ValueError:
                return token.start_mark.line + 1, token.value[:40]
            except yaml.YAMLError:
                continue
    return 0, ""


def _line_of(text: str, line: int) -> str:
    lines = text.splitlines()
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _reason(problem: str, line: str, column: int) -> tuple[str, str]:
    """Describe a YAML parser's error, and how to fix it."""
    found = line[column : column + 1]
    if "single document" in problem:
        return "it contains a second document after ---", "remove one of the two"
    if line.lstrip(" ").startswith("\t"):
        return "a tab indents the line", "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "there is a colon inside a text, or the line is indented wrongly", "put the text in quotes"
    if "cannot start any token" in problem:
        return f"a text cannot begin with '{found}'", "put it in quotes"
    if "end of stream" in problem:
        return "a quotation mark or bracket is never closed", "close it"
    if "',' or '" in problem:
        return "a comma or a closing bracket is missing before this", "add it"
    if "expected ':'" in problem:
        return "a key lacks its colon, here or in the line before", "add it, with a space after it"
    if "unhashable" in problem:
        return "a list or mapping stands where a name belongs", "write a name before the colon"
    if "merg" in problem:
        return "a key is called <<", "rename it"
    if "alphabetic or numeric" in problem or "anchor" in problem or "alias" in problem:
        return "a text cannot begin with * or &", "put it in quotes"
    return "the indentation or the quotation marks do not match the lines above", "correct them"


def _error(file: str, line: int, what: str, fix: str) -> ScenarioError:
    return ScenarioError([Problem(file, line, what, fix)])
