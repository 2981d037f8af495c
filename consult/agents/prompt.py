"""Prompt texts: read from files, versioned, and filled so that no blank stays open and no filling is left over.

The plain format's texts are the files of `prompts/plain`. A user's folder may replace some of them; a replacement has
the same blanks as the original.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from consult.errors import UserError
from consult.reading import read_text
from consult.scenarios.scenario import nearest

PLAIN = "plain"
VERSION = 2
"""Version of the plain format: of its texts, and of the code that fills them. Version 1 had answers in tags."""
JUDGES = ("assessor", "judge", "checker", "extractor")
"""Texts of `prompts/plain` that measure consultations: a user cannot replace them, or figures would not compare."""
MAX_BYTES = 100_000
_BLANK = re.compile(r"\{([a-z_]+)\}")
_LIKE_A_BLANK = re.compile(r"\{\s*([\w.-]+)\s*\}")
"""A blank, or what someone may have meant as one: `{Transcript}`, `{ name }`."""
_SUFFIX = ".txt"


class PromptError(UserError):
    """A folder of prompts that cannot be used; the message is one sentence with the fix."""


@cache
def prompt_text(dialect: str, name: str) -> str:
    """Read one prompt of a prompt format."""
    resource = files("consult.agents") / "prompts" / dialect / f"{name}{_SUFFIX}"
    return resource.read_text(encoding="utf-8").rstrip("\n")


@cache
def prompt_names() -> tuple[str, ...]:
    """List the plain format's texts that a user may replace, in alphabetical order."""
    folder = files("consult.agents") / "prompts" / PLAIN
    names = (entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX))
    return tuple(sorted(name for name in names if name not in JUDGES))


def prompt_folder() -> Path:
    """Return the folder of the plain format's texts."""
    return Path(str(files("consult.agents") / "prompts" / PLAIN))


def fill(text: str, **fillings: str) -> str:
    """Put fillings into the blanks of a prompt; braces within fillings are not changed.

    Raises:
        ValueError: A blank has no filling, or a filling no blank.
    """
    blanks = blanks_of(text)
    if blanks != set(fillings):
        missing, left_over = sorted(blanks - set(fillings)), sorted(set(fillings) - blanks)
        raise ValueError(f"prompt blanks without filling: {missing}; fillings without blank: {left_over}")
    return _BLANK.sub(lambda match: fillings[match.group(1)], text)


@lru_cache(maxsize=256)
def blanks_of(text: str) -> frozenset[str]:
    """Return the names of a text's blanks."""
    return frozenset(_BLANK.findall(text))


@dataclass(frozen=True)
class PromptTexts:
    """The texts of the plain format, some of them perhaps a user's."""

    replaced: Mapping[str, str] = field(default_factory=dict)
    """Name → the user's text, with the blanks of the original."""

    def text(self, name: str) -> str:
        """Return a text with its blanks."""
        return self.replaced[name] if name in self.replaced else prompt_text(PLAIN, name)

    def fill(self, name: str, **fillings: str) -> str:
        """Return a text with its blanks filled."""
        return fill(self.text(name), **fillings)

    @property
    def revision(self) -> str:
        """Return the format's version and a hash of all texts; it is stored with a run."""
        whole = "\0".join(f"{name}\0{self.text(name)}" for name in prompt_names())
        return f"{VERSION}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


BUILT_IN = PromptTexts()
"""The texts as they come with the program."""


def read_prompts(folder: Path) -> dict[str, str]:
    """Read a folder of texts that replace those of the plain format.

    Args:
        folder: Holds files `NAME.txt`; texts without a file stay as they are. Hidden files are ignored.

    Returns:
        Name → text.

    Raises:
        PromptError: The folder is missing or empty, or a file is unknown or has other blanks than the original.
        FileError: A file cannot be read.
    """
    if not folder.is_dir():
        raise PromptError(f"'{folder}' is not a folder; give a folder with prompts as files NAME.txt")
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise PromptError(f"'{folder}' cannot be read ({error.strerror}); check its permissions") from None
    if not entries:
        raise PromptError(
            f"'{folder}' contains no prompts; put files NAME.txt into it, such as {prompt_names()[0]}.txt"
        )
    return {_name_of(entry): _own_text(entry) for entry in entries}


def own_prompts(folder: str | Path | None) -> dict[str, str]:
    """Read a folder's texts that differ from the plain format's; none without a folder.

    Raises:
        PromptError: The folder cannot be used.
        FileError: A file cannot be read.
    """
    found = {} if folder is None else read_prompts(Path(folder))
    return {name: text for name, text in found.items() if text != prompt_text(PLAIN, name)}


def _name_of(path: Path) -> str:
    name = path.name.removesuffix(_SUFFIX)
    if path.is_file() and path.name.endswith(_SUFFIX) and name in prompt_names():
        return name
    if name in JUDGES:
        raise PromptError(f"'{path}' cannot be replaced, since figures would no longer compare; remove the file")
    if name in prompt_names() and not path.is_file():
        raise PromptError(f"'{path}' is not a file; write the prompt into a text file of that name")
    near = nearest(name, prompt_names(), cutoff=0.6)
    named = ", ".join(f"{one}{_SUFFIX}" for one in (near or prompt_names()))
    raise PromptError(f"'{path}' is not a prompt; {'the nearest' if near else 'there are'}: {named}")


def _own_text(path: Path) -> str:
    text = read_text(path, MAX_BYTES).rstrip("\n")
    if not text.strip():
        raise PromptError(f"'{path}' is empty; write the prompt, or remove the file")
    _check_blanks(path, text)
    return text


def _check_blanks(path: Path, text: str) -> None:
    """Check that a text has the blanks of the original.

    Raises:
        PromptError: It has a blank that nothing fills, or lacks one that is filled.
    """
    own, meant = blanks_of(text), set(_LIKE_A_BLANK.findall(text))
    wanted = blanks_of(prompt_text(PLAIN, _name_of(path)))
    menu = ", ".join(f"{{{blank}}}" for blank in sorted(wanted)) or "none"
    if meant - wanted:
        raise PromptError(f"'{path}' leaves the blank {{{min(meant - wanted)}}} open; this prompt's blanks are: {menu}")
    if wanted - own:
        raise PromptError(f"'{path}' lacks the blank {{{min(wanted - own)}}}; this prompt's blanks are: {menu}")
