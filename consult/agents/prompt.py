"""Prompt texts that refuse an unfilled blank and an unused filling."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_BLANK = re.compile(r"\{([a-z_]+)\}")


@cache
def prompt_text(dialect: str, name: str) -> str:
    """Read one prompt of a prompt format."""
    resource = files("consult.agents") / "prompts" / dialect / f"{name}.txt"
    return resource.read_text(encoding="utf-8").rstrip("\n")


def fill(text: str, **fillings: str) -> str:
    """Put fillings into the blanks of a prompt; braces within fillings are not changed.

    Raises:
        ValueError: A blank has no filling, or a filling no blank.
    """
    blanks = set(_BLANK.findall(text))
    if blanks != set(fillings):
        missing, left_over = sorted(blanks - set(fillings)), sorted(set(fillings) - blanks)
        raise ValueError(f"prompt blanks without filling: {missing}; fillings without blank: {left_over}")
    return _BLANK.sub(lambda match: fillings[match.group(1)], text)
