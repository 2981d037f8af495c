"""Probe a server when it is opened.

No standard defines what such a server supports. So it gets a few small requests: a plain one, and one each with a
system role, a schema of the reply, the switch that turns private thought off, and a picture. Features that it refuses
are not used again. If a picture does not increase the number of tokens, it was dropped silently: such a model does not
see.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from consult.agents.models.model import Choice, Message, ModelError, Prompt, Reply, Request
from consult.agents.models.server import openai_api as wire
from consult.agents.models.server import replies
from consult.agents.models.server.connection import BUSY, Connection, RefusedError, UnansweredError
from consult.agents.models.server.openai_api import Feature
from consult.agents.models.server.server_url import KEY, Address
from consult.scenarios import Photograph, UnknownNameError

FEATURES: tuple[Feature, ...] = get_args(Feature)
NOBODY = "consult-asks-for-no-such-model"
PROBE_TOKENS = 8
PROBE_TRIES = 2
SIDE = 64
"""Side of the picture in pixels."""
WEIGHTS = ("n_params", "n_vocab", "n_embd", "size")
"""Fields with which llama.cpp describes the weights behind a name."""


@dataclass(frozen=True)
class Greeting:
    """Results of the probe."""

    name: str
    """The server's name of the model."""
    answers_as: str | None
    """The model name in its replies; None if there is none."""
    features: frozenset[Feature]
    """Features that the server supports."""
    revision: str
    """The name, and a hash of the server's data on the weights; unchanged by a restart."""
    context: int | None
    """Context in tokens, if the server states it."""


async def greet(connection: Connection, address: Address) -> Greeting:
    """Find out which model is served.

    Raises:
        ModelError: Nothing usable answers there, or several models are served and none is named.
        UnknownNameError: Other models are served.
    """
    try:
        listed = await _listed(connection, address)
        name = address.name or _only(listed, address)
        plain, answers_as = await _first(connection, address, name, listed)
        features = [f for f in FEATURES if await _takes(connection, name, f, plain)]
    except UnansweredError as error:
        raise ModelError(f"{address.base} gives no usable answer: {error}; check the server") from None
    entry = listed.get(name, {})
    context = next((n for n in (entry.get("max_model_len"), entry.get("context_length")) if isinstance(n, int)), None)
    return Greeting(name, answers_as, frozenset(features), _revision(answers_as or name, entry), context)


def refused(address: Address, error: RefusedError) -> str:
    """Describe a refusal in one sentence; the server's words about a key are not repeated."""
    if error.status in (401, 403):
        what = "refuses the key" if address.key() else "requires a key"
        return f"{address.base} {what} ({error.status}); set {KEY}"
    nowhere = error.status in (404, 405) and error.words in ("", "Not Found", "Method Not Allowed")
    if nowhere or 300 <= error.status < 400:
        return f"{address.base} serves no chat ({error}); such an address usually ends in /v1"
    return f"{address.base} refuses the request ({error})"


async def _listed(connection: Connection, address: Address) -> dict[str, dict[str, Any]]:
    try:
        return await connection.get("/models", wire.model_names)
    except RefusedError as error:
        if error.status in (401, 403):
            raise ModelError(refused(address, error)) from None
        what: Exception = error
    except UnansweredError as error:
        if not error.status:
            fix = "start the server, or correct the address"
            raise ModelError(f"no server answers at {address.base}: {error}; {fix}") from None
        what = error
    if address.name is None:
        fix = f"such an address usually ends in /v1; otherwise name the model: {address.base}#name"
        raise ModelError(f"{address.base} has no list of models ({what}); {fix}")
    return {}  # a server without a list may still know the name


def _only(listed: Mapping[str, Any], address: Address) -> str:
    if len(listed) == 1:
        return next(iter(listed))
    names = [wire.shortened(name) for name in listed]
    menu = ", ".join(names[:12] + ["…"] * (len(names) > 12)) or "none"
    raise ModelError(
        f"{address.base} serves several models or none; name one as {address.base}#name; there are: {menu}"
    )


async def _first(
    connection: Connection, address: Address, name: str, listed: Mapping[str, Any]
) -> tuple[Reply, str | None]:
    """Send a plain request; an unlisted name is accepted only if the server refuses unknown names."""
    try:
        answer = await _ask(connection, name)
    except (RefusedError, UnansweredError) as error:
        if listed and name not in listed and error.status >= 300 and error.status not in (401, 403, *BUSY):
            raise _unknown(address, name, listed) from None
        if isinstance(error, UnansweredError):
            raise
        raise ModelError(refused(address, error)) from None
    if listed and name not in listed and await _answers(connection, NOBODY):
        raise _unknown(address, name, listed)
    return answer


def _unknown(address: Address, name: str, listed: Mapping[str, Any]) -> UnknownNameError:
    return UnknownNameError(f"model at {address.base} is called", name, [wire.shortened(other) for other in listed])


async def _answers(connection: Connection, name: str) -> bool:
    try:
        await _ask(connection, name)
    except (RefusedError, UnansweredError):
        return False
    return True


async def _takes(connection: Connection, name: str, feature: Feature, plain: Reply) -> bool:
    try:
        answer, _ = await _ask(connection, name, feature)
    except RefusedError:
        return False
    except UnansweredError as error:
        if error.busy or not error.status:
            raise
        return False  # llama.cpp's way to refuse
    return feature != "photograph" or not plain.tokens_in or answer.tokens_in > plain.tokens_in


async def _ask(connection: Connection, name: str, feature: Feature | None = None) -> tuple[Reply, str | None]:
    request = _request(feature)
    body = wire.chat(request, name, {feature} if feature else (), wire.as_data_url)

    def read(data: Any) -> tuple[Reply, str | None]:
        return replies.reply(data, request), replies.answered_as(data)

    return await connection.post("/chat/completions", body, read, PROBE_TRIES)


def _request(feature: Feature | None) -> Request:
    system = (Message("system", "Be brief."),) if feature == "system" else ()
    photographs = (Photograph("probe", _picture),) if feature == "photograph" else ()
    choice = Choice(("yes", "no")) if feature == "schema" else None
    prompt = Prompt((*system, Message("user", "Say yes.", photographs)), PROBE_TOKENS, choice)
    return Request((0,), "attending", "probe", 0, prompt, 0, 0.0)


def _picture() -> Any:
    from PIL import Image

    return Image.linear_gradient("L").resize((SIDE, SIDE)).convert("RGB")


def _revision(name: str, entry: Mapping[str, Any]) -> str:
    meta = entry.get("meta")
    weights = {key: meta[key] for key in WEIGHTS if key in meta} if isinstance(meta, dict) else {}
    said = {key: value for key, value in (("root", entry.get("root")), ("weights", weights)) if value}
    if not said:
        return wire.shortened(name)
    return f"{wire.shortened(name)}+{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]}"
