"""Define what each configuration field means, once for the command line, the Python API and option files.

A configuration is a pydantic model whose fields carry a `Shown`: a sentence, a help group, and how the value is
written on the command line. Fields shared by several configurations are defined here with their type and range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Field, SkipValidation, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from consult.agents.choices import ROLE_RULES, STRATEGIES, TEAMS
from consult.foreign_text import quoted
from consult.ranges import CASES, MAX_TURNS, PANEL_SIZE, PANEL_SKILL, PICTURE_WIDTH, REPEATS, SEED, VOTES, Range

Form = Literal["", "on/off", "commas", "several", "path", "python"]
"""How a value is written on the command line: as its type is, as on or off, as comma-separated names, as an option that
may be repeated, or as a path where other values exist too; `python` is not available there."""


@dataclass(frozen=True)
class Shown:
    """How a field is described to users."""

    group: str
    """The help section that lists it."""
    help: str
    """A whole sentence."""
    python: str = ""
    """The sentence for the Python API, if a value is written differently there."""
    flag: str = ""
    """The option's name, if it differs from the field's."""
    form: Form = ""
    roles: tuple[str, ...] = ()
    """For a training: the roles that support a value other than the default; empty for all."""


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
    """Return the bounds of a field, both ends included; None if it has none."""
    ends = {name: getattr(one, name) for one in _metadata(info) for name in ("ge", "le") if hasattr(one, name)}
    return Range(ends["ge"], ends["le"], whole=float not in members(info.annotation)) if "ge" in ends else None


def members(hint: Any) -> list[Any]:
    """List the types a value can have, without None and without annotations."""
    if get_origin(hint) is Annotated:
        return members(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return [one for part in get_args(hint) for one in members(part)]
    return [] if hint is type(None) else [hint]


def _metadata(info: FieldInfo) -> Iterator[Any]:
    yield from info.metadata
    yield from _noted(info.annotation)


def _noted(hint: Any) -> Iterator[Any]:
    """List the annotations of a type and of the members of a union; for a bound, its ends."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        for note in notes:
            yield from note.metadata if isinstance(note, FieldInfo) else [note]
        yield from _noted(inner)
    elif get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _noted(part)


class ExactTypes(BaseModel):
    """A model that converts no value silently: `true` and "3" are not numbers, 3.0 is not whole, 1 is not `true`."""

    @field_validator("*", mode="before")
    @classmethod
    def _exact(cls, value: Any, told: ValidationInfo) -> Any:
        info = cls.model_fields[str(told.field_name)]
        kinds, span = members(info.annotation), range_of(info)
        if kinds == [bool] and not isinstance(value, bool | None):
            raise ValueError(f"it must be true or false, and it is {quoted(value)}")
        if span is None or (value is None and info.default is None):
            return value
        if span.whole and isinstance(value, float):
            raise ValueError(f"it must be {span.number}, written without a point, and it is {quoted(value)}")
        if isinstance(value, bool) or value not in span:
            raise ValueError(f"it must be {span.number}, and it is {quoted(value)}")
        return value


_REFUSALS = {
    "too_short": "it must have at least one entry",
    "string_too_short": "it must not be empty",
    "string_type": "it must be a text",
    "list_type": "it must be a list",
    "tuple_type": "it must be a list",
    "dict_type": "it must be a table",
    "model_type": "it must be a table",
    "model_attributes_type": "it must be a table",
    "path_type": "it must be a path",
    "finite_number": "it must be a finite number",
    "float_type": "it must be a number",
    "int_type": "it must be a whole number",
    "bool_type": "it must be true or false",
    "extra_forbidden": "it is not a key here",
    "missing": "it is missing",
}
"""Kind of a pydantic error → the reason in words."""


def refusal(error: Mapping[str, Any]) -> str:
    """Say in words why pydantic refuses a value.

    Args:
        error: One of the errors that a `ValidationError` lists.
    """
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "literal_error":
        return f"it must be {error['ctx']['expected']}"
    if error["type"] in ("greater_than_equal", "less_than_equal"):
        least = error["type"] == "greater_than_equal"
        return f"it must be at {'least' if least else 'most'} {error['ctx']['ge' if least else 'le']}"
    said = str(error["msg"])
    return _REFUSALS.get(error["type"], f"{said[:1].lower()}{said[1:]}")


def once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a list, in which none may occur twice.

    Raises:
        ValueError: One does.
    """
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ValueError(f"'{twice}' is given twice; give it once")
    return names


def within(span: Range) -> Any:
    """Return the bounds of a field."""
    return Field(ge=span.least, le=span.most)


def listed(names: tuple[str, ...], last: str = "or") -> str:
    """Return names as a list in a sentence."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


# -- shared by several configurations ----------------------------------------------------------------------------------

CASES_GROUP, PLAYERS, PLAYED, OUTPUT = "Cases", "Who plays", "How it is played", "Output"
SAMPLED = "How models answer, as [ROLE=]VALUE, given again for another role"
"""Parts of the help."""
_TEMPERAMENTS = "sanguine, choleric, melancholic, phlegmatic"

ScenarioName = Annotated[str, Shown(CASES_GROUP, "The scenario is a built-in name or a folder.")]
SplitName = Annotated[
    str, Shown(CASES_GROUP, "The cases come from this split: train, validation, test, or another of the scenario.")
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
        f"Patients have this temperament: {_TEMPERAMENTS}, all for each of them, or own for one per case, balanced.",
    ),
]
Cases = Annotated[
    int, within(CASES), Shown(CASES_GROUP, "The first N cases of the split are played, going round the diagnoses.")
]
Repeats = Annotated[
    int, within(REPEATS), Shown(CASES_GROUP, "Each case is played this often, each time with other random draws.")
]
Seed = Annotated[int, within(SEED), Shown(PLAYED, "The seed decides every random draw, and the case if none is named.")]
StrategyName = Annotated[str, Shown(PLAYED, f"The strategy of the consultation is {listed(STRATEGIES)}.")]
TeamName = Annotated[str, Shown(PLAYED, f"The team of doctors is {listed(TEAMS)}.")]
PanelSize = Annotated[int, within(PANEL_SIZE), Shown(PLAYED, "The panel has at most this many specialists.")]
MaxTurns = Annotated[
    int, within(MAX_TURNS), Shown(PLAYED, "After this many turns of the doctor a consultation counts as unfinished.")
]
PictureWidth = Annotated[int, within(PICTURE_WIDTH)]
Votes = Annotated[
    int, within(VOTES), Shown(PLAYED, "The attending decides this many times, and the majority answer counts.")
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


Dtype = Literal["auto", "float32", "bfloat16", "float16"]
"""Data type of a model's weights."""
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
WeightDtype = Annotated[
    Dtype,
    Shown(
        PLAYED,
        f"Weights on this machine are loaded as {listed(DTYPES)}; auto means float32 on a CPU and bfloat16 on a "
        "GPU, and texts may differ between types.",
    ),
]


_ROLES = ", ".join((*ROLE_RULES, "judge"))
_BY_ROLE = f"one value for all, or role → value ({_ROLES})"
Temperature = Annotated[
    float | Mapping[str, float] | None,
    SkipValidation,
    Shown(
        SAMPLED,
        f"The temperature of a role's tokens, from 0 (greedy) to 5; a ROLE is {_ROLES}.",
        python=f"Temperature of the tokens, 0 (greedy) to 5: {_BY_ROLE}.",
        form="several",
    ),
]
TopP = Annotated[
    float | Mapping[str, float] | None,
    SkipValidation,
    Shown(
        SAMPLED,
        "Only the most probable tokens that make up this share are drawn.",
        python=f"Share of the most probable tokens that are drawn, above 0, up to 1: {_BY_ROLE}.",
        form="several",
    ),
]
ReplyTokens = Annotated[
    int | Mapping[str, int] | None,
    SkipValidation,
    Shown(
        SAMPLED,
        "The room for a reply in tokens, in place of what each task usually gets.",
        python=f"Room for a reply in tokens, in place of what each task usually gets: {_BY_ROLE}.",
        form="several",
    ),
]
RoleThinking = Annotated[
    str | Mapping[str, str] | None,
    SkipValidation,
    Shown(
        SAMPLED,
        "The model's own private thought is on, off, or auto: on in the strategy reasoning if the model has one.",
        python=f"The model's own private thought: `on`, `off`, or `auto` (on in the strategy `reasoning`): {_BY_ROLE}.",
        form="several",
    ),
]
"""Options by role; `consult.envs.by_role` reads their values."""
