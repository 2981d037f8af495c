"""What the models of a run support, as found when they were opened, and what that means for the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from consult.envs.roles import roles
from consult.foreign_text import without_controls

if TYPE_CHECKING:
    from consult.agents.models import ModelInfo
    from consult.envs.config import RunConfig
    from consult.envs.role_models import Models

NAMES = ("system role", "schemas", "sampling", "photographs", "thinking", "context", "shortens prompts to")
"""Details of a backend that are capabilities of its model, in the order in which they are shown."""
Capabilities = dict[str, str]
"""Name → what was found, in words."""


def capabilities(info: ModelInfo) -> Capabilities:
    """Return what is known about a model; empty for scripts, programs and persons."""
    return {name: info.details[name] for name in NAMES if info.details.get(name)}


def capabilities_of(models: Models, config: RunConfig) -> dict[str, Capabilities]:
    """Return the capabilities of the models that play in a run, by reference; models without any are left out."""
    used = dict.fromkeys(role.model for role in roles(config).values())
    found = {name: capabilities(models.by_reference[name].info) for name in used}
    return {name: one for name, one in found.items() if one}


def notes(found: Mapping[str, Capabilities], config: RunConfig) -> list[str]:
    """Say in one sentence each what the models' limits mean for a run, and the fix; empty if there are none."""
    return [sentence for name, one in found.items() for sentence in _notes(name, one, config)]


def _notes(name: str, found: Capabilities, config: RunConfig) -> list[str]:
    said, named = [], f"'{without_controls(name)}'"
    if found.get("sampling") == "greedy":
        copies = _copies(name, config)
        said.append(
            f"{named} gave one text under two seeds, so it is greedy or ignores the seed: {copies} copies of the first "
            "answer; let the server sample (transformers serve: do_sample in the model's generation_config.json)"
        )
    if found.get("sampling") == "not by seed":
        said.append(f"{named} gave two texts under one seed, so the same run gives other texts when it is played again")
    if found.get("schemas") == "ignored":
        said.append(
            f"{named} accepts a schema of the reply and ignores it, so its answers are read from free text; serve it "
            "with vLLM, SGLang or llama.cpp to have them held to a schema"
        )
    if found.get("photographs") == "dropped":
        said.append(
            f"{named} accepts a photograph and drops it, so its doctors are told that they see none; serve a model "
            "that sees, with its image processor"
        )
    played = [role for role, one in roles(config).items() if one.model == name]
    for setting, state, words in _THINKING:
        asked = [role for role in played if roles(config)[role].thinking == setting]
        if asked and found.get("thinking", state) == state and found:
            said.append(f"{named} {words.format(roles=', '.join(asked))}")
    return said


_THINKING = (
    (
        "on",
        "none",
        "showed no private thought of its own, so --thinking on may change nothing for {roles}; give another model, or "
        "leave it at auto",
    ),
    (
        "off",
        "always on",
        "thinks privately whatever it is told, so --thinking off changes nothing for {roles}; start the server with "
        "its thinking off, or give another model",
    ),
)
"""Setting, what was found, and what that means."""


def _copies(name: str, config: RunConfig) -> str:
    """Name the answers of a run that would be copies of others."""
    used = roles(config)
    several = ["second tries"]
    if "specialist" in used and used["specialist"].model == name and config.panel_size > 1:
        several.append("the opinions of a panel")
    if config.votes > 1 and used["attending"].model == name:
        several.append("the attending's votes")
    return f"{several[0]} are" if len(several) == 1 else f"{', '.join(several[:-1])} and {several[-1]} are"
