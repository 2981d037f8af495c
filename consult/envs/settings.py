"""The settings of a run by name: two runs with different settings are different conditions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consult.agents.models.human import PERSONS
from consult.agents.models.tables import PREFIXES
from consult.agents.temperament import own_temperaments, temperaments
from consult.counts import count_of

if TYPE_CHECKING:
    from consult.envs.config import RoleConfig, RunConfig
    from consult.scenarios import Scenario

Value = str | int | float | None
Settings = dict[str, Value]
"""Name → value, most informative first. None if the run does not use it, as a solo doctor does not use a panel."""

MODEL, STRATEGY, TEAM, SPLIT, JUDGE, CASES = "model", "strategy", "team", "split", "judge", "cases"
TRIAGE, SPECIALIST, PATIENT, CLASSIFIER = "triage", "specialists", "patient", "classifier"
OWN_SPECIALIST = "specialist for "
"""Prefix of the setting of a specialty's own model."""
THEN = ", then "
"""Separates the judges of one run; the verdicts of the last one count."""
OURS, LABEL_SEARCH = "consult", "search for labels"
REPEATS, NONE, OWN = "repeats", "none", "own"
ONE_PER_CASE = "one per case"
EXTENT = (CASES, REPEATS)
"""How much was played. Differences are paired by case, so runs that differ in these can be compared."""

_NAMED_BELOW = frozenset({
    "scenario", "split", "cases", "temperaments", "all_temperaments", "strategy", "team", "panel_size", "max_turns",
    "seed", "patient_grounding", "patient", "triage", "specialist", "specialists", "attending", "classifier",
    "repeats", "votes", "panel_skill", "judge", "checker", "own", "prompt_texts", "protocol",
    "picture_width", "extractor",
})  # fmt: skip
"""Fields of a configuration that `settings_of` names itself; any other field is a setting under its own name."""


def settings_of(
    config: RunConfig,
    models: Mapping[str, str],
    scenario: Scenario,
    *,
    revision: str = "",
    judge: str | None = None,
    version: str = "",
    prompts: str | None = None,
) -> Settings:
    """Name the settings of a run.

    Args:
        config: The run's configuration.
        models: Role → reference and revision.
        scenario: The run's scenario, in its current version.
        revision: The scenario's revision when the run was played.
        judge: The judge of its open diagnoses; by default that of the configuration.
        version: Version of this program.
        prompts: Revision of the prompts that its models read; None if it is unknown or none reads them.
    """
    from consult.envs.roles import roles

    used = roles(config)
    found: Settings = {
        MODEL: models.get("attending") or used["attending"].model,
        STRATEGY: config.strategy,
        TEAM: config.team,
        SPLIT: config.split,
        JUDGE: None if scenario.labels else judge or models.get("judge") or NONE,
        "scenario": config.scenario,
        "scenario revision": revision or scenario.revision,
        "temperament": None if scenario.asks_questions else _temperament(config, scenario),
        TRIAGE: models.get("triage"),
        SPECIALIST: models.get("specialist"),
    }
    own = {specialty: f"specialist={specialty}" for specialty in config.specialists}
    found |= {OWN_SPECIALIST + specialty: models[role] for specialty, role in own.items() if role in models}
    patient = models.get("patient") or used["patient"].model
    found |= {PATIENT: None if scenario.asks_questions else patient, "seed": config.seed}
    players: dict[str, RoleConfig] = {MODEL: used["attending"]}
    players |= {name: used[role] for name, role in _ROLES.items() if role in used}
    players |= {OWN_SPECIALIST + specialty: used[role] for specialty, role in own.items() if role in used}
    found |= {f"sampling of {name}": sampling(role) for name, role in players.items()}
    found |= {name.replace("_", " "): _plain(getattr(config, name)) for name in _others(config)}
    return found | {
        CLASSIFIER: models.get("classifier"),
        "panel size": None if config.team == "solo" else config.panel_size,
        "doctor turns": None if scenario.asks_questions else config.max_turns,
        "patient grounding": None if scenario.asks_questions else "on" if config.patient_grounding else "off",
        "checker": None if scenario.asks_questions else _checker(config, models),
        "protocol": None if scenario.asks_questions else config.protocol,
        "extractor": None if config.protocol == OURS else models.get("extractor") or LABEL_SEARCH,
        "picture width": None if scenario.asks_questions else _plain(config.picture_width),
        "votes": config.votes,
        "synthetic panel": None if config.team == "solo" else _plain(config.panel_skill),
        "prompts": prompts,
        "own case": NONE if config.own is None else _hash(config.own.model_dump()),
        REPEATS: config.repeats,
        CASES: f"{len(config.cases)} ({_hash(config.cases)})",
        "consult": version or None,
    }


def _checker(config: RunConfig, models: Mapping[str, str]) -> str | None:
    """Name what checks a patient's lines; None for a free patient, whose lines are not corrected."""
    if not config.patient_grounding:
        return None
    if config.checker is None:
        return "rules"
    own = config.checker.model == config.patient.model
    return "the patient's model" if own else models.get("checker") or config.checker.model


_ROLES = {TRIAGE: "triage", SPECIALIST: "specialist", PATIENT: "patient"}


def _others(config: RunConfig) -> Iterator[str]:
    return (name for name in type(config).model_fields if name not in _NAMED_BELOW)


def _temperament(config: RunConfig, scenario: Scenario) -> str:
    """Name the temperaments: one for all, all, each case's own, or one per case in another assignment."""
    moods = config.temperaments
    if config.all_temperaments:
        return "all" if set(moods) == set(temperaments()) else " and ".join(moods)
    assigned = dict(zip(config.cases, moods, strict=True))
    own = own_temperaments(scenario, config.split) if config.split in scenario.splits else {}
    if all(own.get(case) == mood for case, mood in assigned.items()):
        return OWN
    if len(set(moods)) == 1:
        return moods[0]
    return f"{ONE_PER_CASE} ({_hash(sorted(assigned.items()))})"


def sampling(role: RoleConfig) -> str | None:
    """Describe how tokens are sampled; None for programs and persons, who sample none."""
    if role.model.startswith(PREFIXES) or role.model in PERSONS:
        return None
    said = f"temperature {role.temperature:g}, top-p {role.top_p:g}"
    said += "" if role.max_tokens is None else f", {count_of(role.max_tokens, 'token')}"
    return said if role.thinking == "auto" else f"{said}, thinking {role.thinking}"


def _plain(value: Any) -> Value:
    """Format the value of a setting that has no wording of its own."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str | int | float) else json.dumps(value, default=str, sort_keys=True)


def _hash(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]


# -- in words ----------------------------------------------------------------------------------------------------------


def candidates(setting: str, value: Value) -> list[str]:
    """List ways to write a value, the shortest first; the last one is the value itself."""
    text = str(value)
    if is_model(setting):
        return [text] if THEN in text else model_names(text)
    if setting == "scenario":
        return [*_ends_of_path(text), text]
    if setting == CASES:
        n = text.split(" ", 1)[0]
        return [count_of(int(n), "case") if n.isdigit() else f"{n} cases", f"cases {text}"]
    if setting == "temperament":
        return [text.partition(" (")[0], text]
    return [text]


def is_model(setting: str) -> bool:
    """Return whether a setting names a model that plays, judges or classifies."""
    return setting in (MODEL, TRIAGE, SPECIALIST, PATIENT, CLASSIFIER, JUDGE) or setting.startswith(OWN_SPECIALIST)


SHORT = 32
"""Characters of a model's name that need not be shortened."""


def model_names(name: str) -> list[str]:
    """List ways to write a model's name, the shortest first: without its revision, and of a long path its end."""
    bare, at, revision = name.rpartition("@")
    if not at or not bare or len(revision) > 64 or not revision.isalnum():
        bare = name
    if len(bare) <= SHORT:
        return list(dict.fromkeys([bare, name]))
    server, hash_, model = bare.rpartition("#")
    scheme, colon, rest = bare.partition(":")
    ends: list[str] = []
    if hash_ and "://" in server and model:
        ends = [model]
    elif colon and "/" not in scheme:
        ends = [f"{scheme}:{end}" for end in _ends_of_path(rest)]
    elif not colon:
        ends = _ends_of_path(bare)
    return list(dict.fromkeys([*ends, bare, name]))


def _ends_of_path(path: str) -> list[str]:
    if len(path) <= SHORT:
        return [path]
    parts = [part for part in path.split("/") if part]
    return ["/".join(parts[-n:]) for n in range(1, len(parts))]


def distinct(values: Sequence[str], ways: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Write each value in its shortest form that is not a form of another value.

    Args:
        values: Distinct values.
        ways: Value → its possible forms, the shortest first.
    """
    found = {}
    for value in values:
        others = {way for other in values if other != value for way in (*ways[other], other)}
        found[value] = next((way for way in ways[value] if way not in others), value)
    return found
