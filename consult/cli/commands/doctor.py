"""`consult doctor`: check whether this machine is ready, and what a model can do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from consult.cli.commands.options import DEFAULT_DATABASE, Database
from consult.counts import count_of
from consult.foreign_text import one_line, sentence

if TYPE_CHECKING:
    from rich.console import Console

    from consult.agents.models import Model
    from consult.envs.environment_check import Machine, Problem
    from consult.envs.model_probe import ModelProbe

SHORT = 200
"""Characters of another program's error in a sentence."""
UNKNOWN = "unknown"
NOT_READY = 2
ROW = 18
"""Width of a row's name, in columns."""


def doctor(
    model: Annotated[str, typer.Option(help="This model is tried; it is a reference as for simulate.")] = "starter",
    db: Database = DEFAULT_DATABASE,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Check whether this machine is ready: load a model, time it and play two turns."""
    from consult.errors import UserError
    from consult.render.console import PlainConsole

    try:
        from consult.envs.environment_check import examine_machine
    except ImportError as error:
        raise UserError(f"the package '{error.name}' is missing; run: pip install {error.name}") from None
    console = PlainConsole(quiet=json_)
    machine = examine_machine(Path(db))
    _show_machine(console, machine)
    found, problem = _tried(model, console)
    problems = [*machine.problems, *(found.problems if found else []), *([problem] if problem else [])]
    if found is not None:
        _show_model(console, found)
    if json_:
        _print_object(model, machine, found, problems)
    else:
        _show_end(console, machine, model, problems, found.notes if found else [])
    raise typer.Exit(NOT_READY if problems else 0)


def _tried(reference: str, console: Console) -> tuple[ModelProbe | None, Problem | None]:
    from contextlib import nullcontext

    from consult.envs.environment_check import Problem
    from consult.errors import UserError
    from consult.render.terminal import styled

    try:
        from consult.envs.model_probe import examine_model

        with console.status(styled(f"trying {reference} …", "")) if console.is_terminal else nullcontext():
            return examine_model(reference, _opened), None
    except UserError as error:
        what, _, fix = str(error).rpartition("; ")
        return None, Problem(what or fix, fix if what else "give another --model")
    except Exception as error:
        # A backend or a broken package may fail in any way; this command exists to report it.
        first = one_line(next(iter(str(error).strip().splitlines()), "") or type(error).__name__, SHORT)
        return None, Problem(f"'{reference}' cannot be tried ({first})", "fix the problem, or give another --model")


def _opened(reference: str) -> Model:
    """Open a model as `simulate` does, so that its speed is the same."""
    from consult.agents.models import open_model
    from consult.agents.models.python import MODELS
    from consult.envs.placement import limit_threads
    from consult.envs.role_models import Models
    from consult.plugins import Named

    named = Named()
    reference = named.add(MODELS, reference)
    with named.known():
        model = open_model(reference)
    limit_threads(Models({reference: model}))
    return model


# -- for people ----------------------------------------------------------------------------------------------------


def _show_machine(console: Console, machine: Machine) -> None:
    _title(console, "machine")
    _row(console, "python", f"{machine.python} on {machine.system}, SQLite {machine.sqlite}")
    _row(console, "packages", ", ".join(f"{name} {number or 'missing'}" for name, number in machine.packages.items()))
    _row(console, "cores", _known(machine.cores))
    _row(console, "memory", f"{_gigabytes(machine.memory)}, {_gigabytes(machine.available)} available")
    for device in machine.devices:
        _row(console, "GPU", f"{device.name}, {_gigabytes(device.memory)}, {_gigabytes(device.free)} free")
    if not machine.devices:
        _row(console, "GPU", "none; models run on the CPU")
    place, hub = machine.place, machine.hub
    ahead = "can be written, also in WAL mode" if place.wal else "can be written" if place.writable else "not writable"
    _row(console, "store", f"{place.database}: {ahead}, {_gigabytes(place.free)} free")
    models = "no cache yet" if hub.models is None else count_of(hub.models, "model")
    reached = "offline (HF_HUB_OFFLINE)" if hub.offline else "the connection was not tried"
    _row(console, "hub", f"{hub.cache}: {models}, {reached}")


def _show_model(console: Console, found: ModelProbe) -> None:
    from consult.foreign_text import shown

    info = found.info
    _title(console, "model")
    _row(console, "model", shown(info.reference) + (f"@{info.revision[:10]}" if info.revision else ""))
    _row(console, "backend", f"{info.backend}, prompt format {info.dialect}")
    _row(console, "parameters", UNKNOWN if found.parameters is None else f"{found.parameters:,}")
    _row(console, "type and device", f"{_known(found.dtype)} on {_known(found.device)}")
    _row(console, "photographs", f"{_yes(info.sees)}{_in_words(found, 'photographs')}")
    _row(console, "system role", _yes(found.system_role))
    _row(console, "context", UNKNOWN if found.context is None else f"{found.context:,} tokens")
    for name, said in found.capabilities.items():
        if name in ("schemas", "sampling", "thinking"):
            _row(console, name, shown(said))
    _row(console, "resident memory", _gigabytes(found.resident_bytes))
    _row(console, "loading", f"{found.load_seconds:.1f} s")
    what = "speed at batch" if found.concurrency is None else "speed at"
    for size, speed in found.speed.items():
        _row(console, f"{what} {size}", UNKNOWN if speed is None else f"{speed:,.0f} tokens/s")
    if found.concurrency is not None:
        several = "," in found.info.reference
        how = "for all addresses together" if several else f"set ?concurrency={found.concurrency}"
        _row(console, "requests at once", f"{found.concurrency} suggested; {how}")
    if found.acts:
        _show_turns(console, found)


def _show_turns(console: Console, found: ModelProbe) -> None:
    from consult.envs.events import turn_event
    from consult.render.terminal import show_turn

    _title(console, "two turns")
    for idx, act in enumerate(found.acts):
        show_turn(console, turn_event("doctor", idx, act))


def _show_end(console: Console, machine: Machine, model: str, problems: list[Problem], notes: Sequence[str]) -> None:
    import sys

    from consult.render.terminal import DISCLAIMER, say, styled

    console.print()
    if not problems:
        say(console, styled(f"Ready: {_fit_for(machine)}.", "bold green"))
    say(console, styled(DISCLAIMER, "dim"))
    for note in notes:
        print(f"consult: {sentence(note)}", file=sys.stderr)
    for problem in problems:
        print(f"consult: {sentence(str(problem))}", file=sys.stderr)


def _fit_for(machine: Machine) -> str:
    room, where = machine.room, "the GPU" if any(device.free for device in machine.devices) else "memory"
    full, half = (f"{room / (1e9 * size):.1f}" for size in (4, 2))
    return f"{_gigabytes(room)} of {where} for a model: about {full} billion parameters in 32 bits, {half} in 16"


def _title(console: Console, text: str) -> None:
    from consult.render.terminal import styled

    console.print()
    console.print(styled(text, "bold"), highlight=False)


def _row(console: Console, name: str, value: str) -> None:
    from consult.render.terminal import say_wrapped

    say_wrapped(console, value, f"{name:<{ROW}}")


def _in_words(found: ModelProbe, name: str) -> str:
    """Return how a server took what the probe sent, in brackets; empty for other backends."""
    said = found.capabilities.get(name) if found.info.backend == "server" else None
    return f" ({said})" if said else ""


def _known(value: object) -> str:
    return UNKNOWN if value is None else str(value)


def _yes(value: bool | None) -> str:
    return UNKNOWN if value is None else "yes" if value else "no"


def _gigabytes(size: int | None) -> str:
    if size is None:
        return UNKNOWN
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


# -- for programs --------------------------------------------------------------------------------------------------


def _print_object(model: str, machine: Machine, found: ModelProbe | None, problems: list[Problem]) -> None:
    from consult.cli.commands.session import print_json

    print_json(
        {
            "event": "doctor",
            "ready": not problems,
            "machine": _machine(machine),
            "model": _model(found) if found else {"reference": model, "loaded": False},
            "problems": [problem._asdict() for problem in problems],
        }
    )


def _machine(machine: Machine) -> dict[str, Any]:
    told = machine._asdict() | {"room": machine.room, "hub": machine.hub._asdict()}
    told["devices"] = [device._asdict() for device in machine.devices]
    told["store"] = {key: value for key, value in told.pop("place")._asdict().items() if key != "problems"}
    del told["problems"]
    return told


def _model(found: ModelProbe) -> dict[str, Any]:
    from consult.envs.events import turn_event

    info = found.info
    return {
        "reference": info.reference,
        "loaded": True,
        "revision": info.revision or None,
        "backend": info.backend,
        "dialect": info.dialect,
        "images": info.sees,
        "system_role": found.system_role,
        "parameters": found.parameters,
        "dtype": found.dtype,
        "device": found.device,
        "context": found.context,
        "capabilities": found.capabilities,
        "resident_bytes": found.resident_bytes,
        "load_seconds": round(found.load_seconds, 3),
        "tokens_per_second": {str(batch): speed and round(speed, 1) for batch, speed in found.speed.items()},
        "concurrency": found.concurrency,
        "turns": [turn_event("doctor", idx, act) for idx, act in enumerate(found.acts)],
    }
