"""Replies of a run by role and model: how many could not be used, were cut, or repeated the one before.

A run in which most replies of a role could not be used says nothing about its model as a doctor or a patient.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from consult.agents.choices import PLAYERS
from consult.agents.exchange import CUT, EMPTY, NO_TOOLS, ONLY_THOUGHT, REFUSED, WITHHELD
from consult.counts import count_of
from consult.envs.store.reply_counts import ReplyCount, reply_counts
from consult.envs.store.write import Store
from consult.foreign_text import without_controls

FEWEST = 4
"""Tries below which nothing is said of a role."""
NO_SPECIALTIES = (
    "the scenario has no specialties to choose from, so leave the triage out with --team no-triage, or give its labels "
    "a specialty"
)
"""The fix where a triage has nothing to choose."""


def replies(store: Store, run: str) -> list[ReplyCount]:
    """Count the replies of a run, in the order of its roles; empty if the version that played it did not count.

    A specialty with its own model is a role of its own, `specialist=SPECIALTY`.
    """
    row = store.run(run)
    models: dict[str, str] = json.loads(row["models"]) if row else {}
    order = list(models)
    found = [replace(one, role=_role(one, models)) for one in reply_counts(store, run)]
    return sorted(found, key=lambda one: order.index(one.role) if one.role in order else len(order))


def _role(one: ReplyCount, models: Mapping[str, str]) -> str:
    """Return the role of the configuration that a model's replies belong to."""
    if models.get(one.role) == one.model:
        return one.role
    own = (role for role, model in models.items() if role.startswith(f"{one.role}=") and model == one.model)
    return next(own, one.role)


def events(counted: list[ReplyCount]) -> list[dict[str, Any]]:
    """Describe the counts for the summary of a run."""
    return [asdict(one) for one in counted]


def unusable_roles(counted: list[ReplyCount], run: str, store: Path, specialties: Sequence[str]) -> list[str]:
    """Say in one sentence each which models gave unusable replies in more than half of a role's tries, and the fix.

    Args:
        counted: The replies by role and model.
        run: The run's id.
        store: The file of its store.
        specialties: Those of the scenario, among which a triage chooses.
    """
    bad = [
        one
        for one in counted
        if one.role.partition("=")[0] in PLAYERS and one.tries >= FEWEST and 2 * one.unusable > one.tries
    ]
    groups: dict[tuple[str, str], list[ReplyCount]] = {}
    for one in bad:
        groups.setdefault((one.model, one.why.rpartition(": ")[2]), []).append(one)
    return [_sentence(model, group, run, store, specialties) for (model, _), group in groups.items()]


def _sentence(model: str, group: list[ReplyCount], run: str, store: Path, specialties: Sequence[str]) -> str:
    names = [one.role for one in group]
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    unusable, tries = sum(one.unusable for one in group), sum(one.tries for one in group)
    why = group[0].why.rpartition(": ")[2] if len(group) > 1 else group[0].why
    said = f"{unusable} of {count_of(tries, 'reply', 'replies')} of '{without_controls(model)}' as {who}"
    fix = NO_SPECIALTIES if names == ["triage"] and not specialties else _fix(group[0], names, run, store)
    return f"{said} could not be used ({why}); {fix}"


def _fix(one: ReplyCount, names: Sequence[str], run: str, store: Path) -> str:
    roles = list(dict.fromkeys(name.partition("=")[0] for name in names))
    room = " ".join(f"--max-tokens {role}=N" for role in roles)
    off = " ".join(f"--thinking {role}=off" for role in roles)
    if ONLY_THOUGHT in one.why:
        return (
            f"switch its private thought off with {off}, or start the server without a parser of private thought, or "
            f"give it more room with {room}"
        )
    if CUT in one.why:
        return f"give it more room with {room}"
    if NO_TOOLS in one.why:
        return "start the server without tools, or give another model"
    if any(why in one.why for why in (REFUSED, WITHHELD)):
        return f"give {' and '.join(roles)} another model"
    if EMPTY in one.why:
        return "check the server's chat template and its log, or give another model"
    named = "" if str(store) == "consult.db" else f" --db {shlex.quote(str(store))}"
    return f"read its replies with: consult show {run}.1 --prompts{named}, or give a model tuned for instructions"
