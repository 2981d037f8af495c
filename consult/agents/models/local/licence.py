"""The licence of a model, as its card or its configuration states it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from consult.errors import UserError
from consult.reading import MEDIUM, read_object, read_text

LONGEST = 100
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)


def licence_of(folder: Path) -> str | None:
    """Return the licence in a model's card, else in its configuration; None if neither states one.

    Args:
        folder: The folder of a whole model.
    """
    return _stated(_card(folder / "README.md")) or _stated(_configuration(folder / "config.json"))


def _stated(told: Mapping[str, Any]) -> str | None:
    """Return the licence; for `other`, which the hub has for licences without a name of its own, that name."""
    licence = told.get("license") or told.get("licence")
    if isinstance(licence, list) and len(licence) == 1:
        licence = licence[0]
    if licence == "other":
        licence = told.get("license_name")
    if not isinstance(licence, str) or licence.strip().lower() in ("", "unknown", "other"):
        return None
    return " ".join(licence.split())[:LONGEST]


def _card(path: Path) -> Mapping[str, Any]:
    try:
        front = _FRONT.match(read_text(path, MEDIUM))
        told = yaml.safe_load(front[1]) if front else None
    except (UserError, OSError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _configuration(path: Path) -> Mapping[str, Any]:
    try:
        return read_object(path)
    except (UserError, OSError):
        return {}
