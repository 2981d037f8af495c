"""The roles of a run, and the models that its configuration names for them; no model is opened."""

from __future__ import annotations

from consult.agents.choices import PLAYERS, ROLE_RULES, Player
from consult.envs.config import RoleConfig, RunConfig

JUDGE, CHECKER, EXTRACTOR = "judge", "checker", "extractor"
"""Roles of the judge of open diagnoses, of the checker of a patient's lines, and of the reader of a free talk's final
diagnosis, among the roles of a run."""


def references(*configs: RunConfig) -> list[str]:
    """List the models that play in the runs, each once."""
    return list(dict.fromkeys(role.model for config in configs for role in roles(config).values()))


def plays(role: Player, config: RunConfig) -> bool:
    """Return whether a run's team has a role."""
    return config.team in ROLE_RULES[role].teams


def doctors(config: RunConfig) -> dict[str, RoleConfig]:
    """Return the configurations of the doctors only."""
    return {name: role for name, role in roles(config).items() if name not in ("patient", JUDGE, CHECKER, EXTRACTOR)}


def roles(config: RunConfig) -> dict[str, RoleConfig]:
    """Return the role configurations that a run uses, by role (`specialist=SPECIALTY` for a specialty's own model)."""
    used: dict[str, RoleConfig] = {name: getattr(config, name) for name in PLAYERS if plays(name, config)}
    if plays("specialist", config):
        used.update({f"specialist={specialty}": role for specialty, role in config.specialists.items()})
    if config.judge is not None:
        used[JUDGE] = config.judge
    if config.checker is not None:
        used[CHECKER] = config.checker
    if config.extractor is not None:
        used[EXTRACTOR] = config.extractor
    return used
