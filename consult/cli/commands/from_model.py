"""Make a command from a configuration model: each shown field is an option, and there is no second list.

A field declares its type, range, default, meaning and group (`consult.fields`); options that are not in the model, such
as where to write, are the function's own parameters. Only values given on the command line go into the model.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from copy import copy
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

from consult.cli.commands.options import number
from consult.errors import UserError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from consult.fields import Shown, ShownField

Build = Callable[[Mapping[str, Any]], Any]
_REFUSED = re.compile(r"'(\w+)'(?= cannot be .*; (?:fix the value|give another value)$)")
"""How a configuration refuses a value: it names the field."""
_PLAIN = (bool, int, float)
"""Types that are written on the command line as they are; of a union, the first one."""


def from_model(
    function: Callable[..., None],
    model: type[BaseModel],
    build: Build | None = None,
    *,
    role: str = "",
    defaults: type[BaseModel] | None = None,
    idle: Collection[str] = (),
) -> Callable[..., None]:
    """Make the function of a command that takes the fields of a model as options.

    Args:
        function: Called with the validated object, and by keyword with its own parameters.
        model: Its fields that carry a `Shown` become options.
        build: Builds the object from the fields on the command line; None to validate with the model itself.
        role: Of a training: a field for which another value cannot work in this role is left out of the help, though
            it is still read, so that the model says why.
        defaults: A model with the same fields; its defaults apply to options that are not given, and the help says so.
        idle: Parameters of the function that are left out of the help for the same reason.
    """
    from consult.api.given import checked
    from consult.fields import shown_fields

    fields = {field.name: field for field in shown_fields(model) if field.shown.form != "python"}
    own = list(inspect.signature(function, eval_str=True, locals={model.__name__: model}).parameters.values())[1:]
    own = [_left_out(one) if one.name in idle else one for one in own]
    usual = {name: info.default for name, info in defaults.model_fields.items()} if defaults else {}
    options = [_option(field, usual.get(name), hidden=_is_idle(field, role)) for name, field in fields.items()]

    @wraps(function)
    def command(ctx: typer.Context, **values: Any) -> None:
        given = {name: _read(fields[name], values[name]) for name in _on_command_line(ctx) if name in fields}
        rest = {one.name: values[one.name] for one in own}
        try:
            with checked():
                made = (build or model.model_validate)(given)
            function(made, **rest)
        except UserError as error:
            raise _by_option(error, fields) from None

    first = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [first, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*options, *own))]
    command.__signature__ = inspect.Signature(parameters, return_annotation=None)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    del command.__wrapped__  # whose annotations typer would read instead
    return command


def _by_option(error: UserError, fields: Mapping[str, ShownField]) -> UserError:
    """Name a refused field as it is typed on the command line."""
    refused = _REFUSED.match(str(error))
    if refused is None or refused[1] not in fields:
        return error
    return UserError(f"'--{refused[1].replace('_', '-')}'{str(error)[refused.end() :]}")


def _on_command_line(ctx: typer.Context) -> list[str]:
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    return [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]


def _is_idle(field: ShownField, role: str) -> bool:
    return bool(role and field.shown.roles) and role not in field.shown.roles


def _option(field: ShownField, usual: Any, *, hidden: bool) -> inspect.Parameter:
    """Make the parameter from which typer makes an option."""
    from consult.fields import range_of

    shown, default, typed = field.shown, field.info.default, _typed(field)
    names = [shown.flag] if shown.flag else []
    span = range_of(field.info) if typed in (int, float) else None
    if span is not None:
        option = number(span, shown.help, *names, panel=shown.group)
        option.hidden = hidden
    else:
        option = typer.Option(*names, help=shown.help, rich_help_panel=shown.group, hidden=hidden)
    if usual is not None:
        option.show_default = _as_typed(shown, usual)
    if shown.form == "on/off" and default is not None:
        default = "on" if default else "off"
    elif shown.form == "commas" and default is not None:
        default = ",".join(default)
    elif shown.form in ("several", "path"):
        default = None
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[typed if default is not None else typed | None, option],
    )


def _left_out(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter whose option is read but not shown in the help."""
    typed, option = get_args(parameter.annotation)
    option = copy(option)
    option.hidden = True
    return parameter.replace(annotation=Annotated[typed, option])


def _as_typed(shown: Shown, value: Any) -> str:
    """Return a value as it is written on the command line."""
    if isinstance(value, bool):
        on, _, off = shown.flag.replace("--", "").partition("/")
        return (on or "on") if value else (off or "off")
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _typed(field: ShownField) -> Any:
    """Return the type of a value on the command line."""
    from pathlib import Path

    from consult.fields import members

    if field.shown.form == "several":
        return list[str]
    if field.shown.form in ("on/off", "commas"):
        return str
    if field.shown.form == "path":
        return Path
    kinds = [str if get_origin(kind) is Literal else kind for kind in members(field.info.annotation)]
    return next((kind for kind in kinds if kind in _PLAIN), Path if Path in kinds else str)


def _read(field: ShownField, value: Any) -> Any:
    """Return a field's value from the command line's value."""
    if field.shown.form == "on/off":
        from consult.api.given import from_menu

        return from_menu(field.name.replace("_", " "), value, ("on", "off")) == "on"
    if field.shown.form == "commas":
        return [name.strip() for name in value.split(",") if name.strip()]
    return value
