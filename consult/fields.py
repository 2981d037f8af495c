"""What a field of a configuration means, said once: for the command line, the Python API, and files of options.

A configuration is a pydantic model whose fields carry a `Shown`: a sentence, a group of the help, and how the value is
written on the command line. Fields that several configurations share stand here with their type and range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from consult.agents.choices import STRATEGIES, TEAMS
from consult.ranges import CASES, MAX_TURNS, PANEL_SIZE, PANEL_SKILL, REPEATS, SEED, VOTES, Range

Form = Literal["", "on/off", "commas", "several", "python"]
"""How a value is written on the command line: as its type is, as on or off, as names with commas between them, or as an
option that may be repeated; `python` alone is not written there."""


@dataclass(frozen=True)
class Shown:
    """How a field is shown to those who set it."""

    group: str
    """The part of the help that it stands in."""
    help: str
    """A whole sentence."""
    python: str = ""
    """The same for the Python API, where a value is written in another way there."""
    flag: str = ""
    """The option's name, where it is not the field's."""
    form: Form = ""
    roles: tuple[str, ...] = ()
    """Of a training: the roles for which another value than the default can work; empty for all."""


class ShownField(NamedTuple):
    """A field of a model that is shown."""

    name: str
    shown: Shown
    info: FieldInfo


def shown_fields(model: type[BaseModel]) -> Iterator[ShownField]:
    """List the fields of a model that are shown, in their order."""
    for name, info in model.model_fields.items():
        shown = next((one for one in _metadata(info) if isinstance(one, Shown)), None)
        if shown is not None:
            yield ShownField(name, shown, info)


def range_of(info: FieldInfo) -> Range | None:
    """Return the bounds of a field, both ends included; None where it has none."""
    ends = {name: getattr(one, name) for one in _metadata(info) for name in ("ge", "le") if hasattr(one, name)}
    return Range(ends["ge"], ends.get("le")) if "ge" in ends else None


def members(hint: Any) -> list[Any]:
    """List the types of which a value can be, None aside, without what is noted beside them."""
    if get_origin(hint) is Annotated:
        return members(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return [one for part in get_args(hint) for one in members(part)]
    return [] if hint is type(None) else [hint]


def _metadata(info: FieldInfo) -> Iterator[Any]:
    yield from info.metadata
    yield from _noted(info.annotation)


def _noted(hint: Any) -> Iterator[Any]:
    """List what is noted beside a type and the members of a union; of a bound, its ends."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        for note in notes:
            yield from note.metadata if isinstance(note, FieldInfo) else [note]
        yield from _noted(inner)
    elif get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _noted(part)


def within(span: Range) -> Any:
    """Return the bounds of a field."""
    return Field(ge=span.least, le=span.most)


def listed(names: tuple[str, ...], last: str = "or") -> str:
    """Write names as a sentence lists them."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


# -- what several configurations share ---------------------------------------------------------------------------------

CASES_GROUP, PLAYERS, PLAYED, OUTPUT = "Cases", "Who plays", "How it is played", "Output"
"""Parts of the help."""
_TEMPERAMENTS = "sanguine, choleric, melancholic, phlegmatic"

ScenarioName = Annotated[str, Shown(CASES_GROUP, "The scenario is a built-in name or a folder.")]
SplitName = Annotated[
    str, Shown(CASES_GROUP, "The cases are of this split: train, validation, test, or another that the scenario has.")
]
TemperamentName = Annotated[
    str,
    Shown(
        CASES_GROUP,
        f"The patient has this temperament: {_TEMPERAMENTS}, or all for each of them; without it, each case has its "
        "own, balanced over the cases.",
    ),
]
GridTemperament = Annotated[
    str,
    Shown(
        CASES_GROUP,
        f"Patients have this temperament: {_TEMPERAMENTS}, all for each of them, or own for one a case, balanced.",
    ),
]
Cases = Annotated[
    int, within(CASES), Shown(CASES_GROUP, "The first N cases of the split are played, going round the diagnoses.")
]
Repeats = Annotated[
    int, within(REPEATS), Shown(CASES_GROUP, "Each case is played this often, each time with other random draws.")
]
Seed = Annotated[
    int, within(SEED), Shown(PLAYED, "The seed decides every random draw, and the case where none is named.")
]
StrategyName = Annotated[str, Shown(PLAYED, f"The strategy of the consultation is {listed(STRATEGIES)}.")]
TeamName = Annotated[str, Shown(PLAYED, f"The team of doctors is {listed(TEAMS)}.")]
PanelSize = Annotated[int, within(PANEL_SIZE), Shown(PLAYED, "The panel has at most this many specialists.")]
MaxTurns = Annotated[
    int, within(MAX_TURNS), Shown(PLAYED, "After this many turns of the doctor a consultation counts as unfinished.")
]
Votes = Annotated[
    int, within(VOTES), Shown(PLAYED, "The attending decides this often, and the answer of the majority is taken.")
]
PanelSkill = Annotated[
    float,
    within(PANEL_SKILL),
    Shown(PLAYED, "A program makes up the opinions, each right with this probability; this is for ablation."),
]
PatientGrounding = Annotated[
    bool,
    Shown(
        PLAYED,
        "With on, a program chooses and checks the facts that the patient states; with off, the patient's model is "
        "free.",
        python="Whether a program chooses and checks the facts that the patient states.",
        form="on/off",
    ),
]
