"""The preset of `simulate`: the settings of another benchmark's protocol, and what was given beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

from consult.agents.choices import TALK, Protocol
from consult.api.given import from_menu
from consult.api.options import PlayOptions
from consult.envs.benchmark.grid_file import read_preset
from consult.envs.benchmark.protocol import beside
from consult.envs.by_role import FIELDS, merged
from consult.plugins import warn

PRESETS = (TALK,)
"""Presets that describe single runs; the others are grids."""
_PLAYED = ("max_turns", "patient_grounding", *FIELDS)


class Rules(NamedTuple):
    """What only a preset sets."""

    protocol: Protocol = "consult"
    picture_width: int | None = None
    """Most pixels of a photograph's width that the doctors see."""


def with_preset(options: PlayOptions) -> tuple[PlayOptions, Rules]:
    """Return options with the settings of their preset, where nothing else was given, and its rules; say what was.

    Only options that were given count as given afterwards.

    Raises:
        UserError: There is no such preset.
    """
    if options.preset is None:
        return options, Rules()
    name = from_menu("preset", options.preset, PRESETS)
    data = read_preset(name).data or {}
    usual: dict[str, Any] = {key: data[key] for key in _PLAYED if key in data} | {"team": data["teams"][0]}
    given = {key: getattr(options, key) for key in usual if key in options.model_fields_set}
    given = {key: value for key, value in given.items() if value is not None}
    played = usual | given
    played |= {key: merged(usual[key], given[key], key) for key in FIELDS if key in usual and key in given}
    for sentence in beside(name, usual, played):
        warn(sentence)
    values = {key: getattr(options, key) for key in type(options).model_fields} | played
    made = PlayOptions.model_construct(_fields_set=options.model_fields_set, **values)
    return made, Rules(data["protocol"], data["picture_width"])
