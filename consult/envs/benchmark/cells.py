"""The cells of a grid: one run each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consult.agents.choices import PLAYERS
from consult.agents.models.human import HUMAN, NOBODY
from consult.agents.prompt import own_prompts
from consult.agents.temperament import own_temperament, temperaments
from consult.counts import count_of
from consult.envs.benchmark.grid import ALL, OWN, Block, Grid
from consult.envs.benchmark.grid_file import GridError
from consult.envs.benchmark.protocol import refuse_rules
from consult.envs.by_role import FIELDS, with_values
from consult.envs.checkers import checker_config
from consult.envs.config import RoleConfig, RunConfig, extractor_config
from consult.envs.roles import references, roles
from consult.scenarios import Scenario, UnknownNameError

_SHARED = (
    "scenario", "split", "panel_size", "max_turns", "seed", "patient_grounding", "protocol", "picture_width", "dtype",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One run of a benchmark."""

    number: int
    """1-based, in the order of play."""
    model: str
    """The compared model."""
    config: RunConfig
    added: bool = False
    """Whether it is a baseline that the grid lacked."""

    @property
    def name(self) -> str:
        """Model, strategy and team."""
        return f"{self.model} · {self.config.strategy} · {self.config.team}"


def cells(grid: Grid, scenario: Scenario) -> list[Cell]:
    """List a grid's runs; those of one model are adjacent, so that it is opened once.

    Raises:
        GridError: The split has too few cases, a cell occurs twice, or a role is a human.
        UnknownNameError: There is no such split or specialty.
    """
    wanted: dict[tuple[str, str, str], tuple[Block, bool]] = {}
    for block in grid.blocks():
        for key in _keys(block):
            if key in wanted:
                model, strategy, team = key
                raise GridError(f"{strategy} · {team} with {model} occurs in two cells; remove one of them")
            wanted[key] = block, False
    if grid.solo_baseline:
        wanted = _with_solo(wanted)
    moods = _moods(grid, scenario, [block for block, _ in wanted.values()])
    order = {model: i for i, model in enumerate(dict.fromkeys(model for model, _, _ in wanted))}
    sorted_ = sorted(wanted.items(), key=lambda item: order[item[0][0]])
    found = [
        Cell(number, key[0], _config(grid, scenario, key, block, moods), added)
        for number, (key, (block, added)) in enumerate(sorted_, 1)
    ]
    _check(found)
    return found


def _keys(block: Block) -> list[tuple[str, str, str]]:
    models, strategies, teams = block.models or (), block.strategies or (), block.teams or ()
    return [(model, strategy, team) for model in models for strategy in strategies for team in teams]


def _with_solo(
    wanted: dict[tuple[str, str, str], tuple[Block, bool]],
) -> dict[tuple[str, str, str], tuple[Block, bool]]:
    """Add a solo-doctor cell to each strategy of a model without one, on the most cases that a team plays there."""
    found: dict[tuple[str, str, str], tuple[Block, bool]] = {}
    for (model, strategy, team), (block, added) in wanted.items():
        found[model, strategy, team] = block, added
        mates = {key: each for key, (each, _) in wanted.items() if key[:2] == (model, strategy)}
        last = (model, strategy, team) == list(mates)[-1]
        if last and (model, strategy, "solo") not in mates:
            # No number means all.
            most = max(mates.values(), key=lambda each: each.cases or float("inf"))
            found[model, strategy, "solo"] = most, True
    return found


def _config(
    grid: Grid, scenario: Scenario, key: tuple[str, str, str], block: Block, moods: tuple[str, ...]
) -> RunConfig:
    model, strategy, team = key
    ids = _first(scenario, grid.split, block.cases)
    told: dict[str, Any] = {
        **{name: getattr(grid, name) for name in _SHARED},
        "cases": ids,
        "temperaments": moods if grid.temperament == ALL else moods[: len(ids)],
        "all_temperaments": grid.temperament == ALL,
        "strategy": strategy,
        "team": team,
        "repeats": block.repeats,
        "prompt_texts": own_prompts(grid.prompts),
        **(played := _roles(grid, scenario, model)),
        "checker": checker_config(grid.checker, played["patient"], grounded=grid.patient_grounding),
    }
    refuse_rules(grid.protocol, team, extractor=grid.extractor, closed=bool(scenario.labels))
    if grid.extractor is not None:
        told["extractor"] = extractor_config(grid.extractor)
    config = RunConfig.model_validate(told)
    return config.model_copy(update={"classifier": grid.classifier}) if config.asks_classifier else config


def _first(scenario: Scenario, split: str, count: int | None) -> tuple[str, ...]:
    ids = scenario.case_ids(split)
    if not ids:
        raise GridError(f"the split '{split}' of '{scenario.name}' has no cases; choose another --split")
    if count is not None and count > len(ids):
        there = count_of(len(ids), "case")
        raise GridError(f"the split '{split}' of '{scenario.name}' has {there}, not {count}; ask for fewer")
    return tuple(ids[:count])


def _moods(grid: Grid, scenario: Scenario, blocks: Sequence[Block]) -> tuple[str, ...]:
    """Return all four temperaments, or one for each of the first cases, up to the largest block."""
    if grid.temperament == ALL:
        return tuple(temperaments())
    ids = max((_first(scenario, grid.split, block.cases) for block in blocks), key=len)
    if grid.temperament == OWN:
        return tuple(own_temperament(scenario, case) for case in ids)
    return (grid.temperament,) * len(ids)


def _roles(grid: Grid, scenario: Scenario, model: str) -> dict[str, Any]:
    values = {name: getattr(grid, name) for name in FIELDS}

    def role(name: str, reference: str | None) -> RoleConfig:
        usual: RoleConfig = RunConfig.model_fields[name].default
        return with_values(name, usual.model_copy(update={"model": reference or model}), values)

    unknown = next((one for one in grid.roles.specialists if one not in scenario.specialties), None)
    if unknown is not None:
        raise UnknownNameError("specialty", unknown, scenario.specialties)
    # A role without a key in the grid is played by the compared model.
    references: dict[str, str | None] = {name: getattr(grid.roles, name, None) for name in PLAYERS}
    if scenario.asks_questions:
        references["patient"] = NOBODY
    own = {specialty: role("specialist", reference) for specialty, reference in grid.roles.specialists.items()}
    return {name: role(name, reference) for name, reference in references.items()} | {"specialists": own}


def _check(found: list[Cell]) -> None:
    seen: dict[tuple[object, ...], Cell] = {}
    for cell in found:
        if HUMAN in references(cell.config):
            raise GridError("a person plays one consultation at a time; give every role of a benchmark a model")
        players = tuple((role, each.model) for role, each in roles(cell.config).items())
        twin = seen.setdefault((cell.config.strategy, cell.config.team, players), cell)
        if twin is not cell:
            strategy, team = cell.config.strategy, cell.config.team
            raise GridError(
                f"{strategy} · {team} is the same run with {twin.model} and with {cell.model}, since other models play "
                "its roles; leave one of the two out"
            )
