"""Probe a server when it is opened: what it supports is read from its replies, not from their status.

No standard defines what such a server supports, and several accept what they then ignore. So it gets a few small
requests. A schema counts only if the answer fits it, a picture only if it costs tokens, the switch for private thought
only if the thought comes and goes; one prompt under two seeds shows whether the server samples. Features that it
refuses or ignores are not used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from consult.agents.models.model import Choice, Message, ModelError, Prompt, Reply, Request
from consult.agents.models.server import openai_api as wire
from consult.agents.models.server import replies
from consult.agents.models.server.connection import BUSY, Connection, RefusedError, UnansweredError
from consult.agents.models.server.context import context_of_props, is_llama_cpp, stated_context
from consult.agents.models.server.openai_api import Feature
from consult.agents.models.server.server_url import KEY, Address
from consult.scenarios import Photograph, UnknownNameError

YES = "Say yes."
INVENT = "Invent a name for a cat and a short rhyme about it."
"""Has many answers, so that two draws hardly ever agree."""
INVENTED_TOKENS = 32
SCHEMA_TOKENS = 64
"""Room for a short answer in JSON after a little white space."""
SEEDS = (1, 2)
ANSWERS = ("alder-17", "birch-29")
"""What the schema allows: nothing that a server which ignores it would say."""
NOBODY = "consult-asks-for-no-such-model"
PROBE_TOKENS = 8
PROBE_TRIES = 2
SIDE = 64
"""Side of the picture in pixels."""
WEIGHTS = ("n_params", "n_vocab", "n_embd", "size")
"""Fields with which llama.cpp describes the weights behind a name."""


class NoServerError(ModelError):
    """No server answers at an address, or none that can be used."""


@dataclass(frozen=True)
class Greeting:
    """Results of the probe."""

    name: str
    """The server's name of the model."""
    answers_as: str | None
    """The model name in its replies; None if there is none."""
    features: frozenset[Feature]
    """Features that the server supports and that have an effect."""
    revision: str
    """The name, and a hash of the server's data on the weights; unchanged by a restart."""
    context: int | None
    """Context in tokens, if the server states it."""
    found: Mapping[str, str]
    """Feature or behaviour → what the probe found, in words."""


async def greet(connection: Connection, address: Address) -> Greeting:
    """Find out which model is served.

    Raises:
        NoServerError: Nothing answers there, or nothing usable.
        ModelError: The server refuses requests, or several models are served and none is named.
        UnknownNameError: Other models are served.
    """
    try:
        listed = await _listed(connection, address)
        name = address.name or _only(listed, address)
        plain, answers_as = await _first(connection, address, name, listed)
        probe = _Probe(connection, name, plain)
        found = await probe.run()
        entry = listed.get(name, {})
        context = await _context(connection, entry)
    except UnansweredError as error:
        raise NoServerError(f"{address.base} gives no usable answer: {error}; check the server") from None
    revision = _revision(answers_as or name, entry)
    return Greeting(name, answers_as, frozenset(probe.features), revision, context, found)


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
            raise NoServerError(f"no server answers at {address.base}: {error}; {fix}") from None
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
        answer = await _ask(connection, name, _request())
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
        await _ask(connection, name, _request())
    except (RefusedError, UnansweredError):
        return False
    return True


async def _context(connection: Connection, entry: Mapping[str, Any]) -> int | None:
    """Find the context in tokens; llama.cpp states that of one request only in `/props`."""
    if is_llama_cpp(entry):
        with suppress(RefusedError, UnansweredError):
            found = await connection.get("/../props", context_of_props)
            if found is not None:
                return found
    return stated_context(entry)


# -- what has an effect ------------------------------------------------------------------------------------------------


class _Probe:
    """The requests that show what a server takes."""

    def __init__(self, connection: Connection, name: str, plain: Reply) -> None:
        self._connection, self._name, self._plain = connection, name, plain
        self.features: set[Feature] = set()

    async def run(self) -> dict[str, str]:
        """Try everything; the switch for private thought first, since a thought leaves no room for other answers."""
        thinking = await self._thinking()
        system = await self._tried(_request(feature="system"), "system")
        if system is not None:
            self.features.add("system")
        return {
            "system role": "own" if system is not None else "folded",
            "schemas": await self._schemas(),
            "sampling": await self._sampling(),
            "photographs": await self._photographs(),
            "thinking": thinking,
        }

    async def _thinking(self) -> str:
        off = await self._tried(_request(), "thinking")
        if off is None:
            return "always on" if _thinks(self._plain) else "none"
        self.features.add("thinking")
        if _thinks(off):
            return "always on"
        on = self._plain if _thinks(self._plain) else await self._tried(_request(thinks=True), "thinking")
        return "can be switched" if on is not None and _thinks(on) else "none"

    async def _schemas(self) -> str:
        reply = await self._tried(_request(feature="schema"), "schema")
        if reply is None:
            return "refused"
        # A choice in the form of the schema has been unwrapped; JSON that was cut is held to it, too.
        if reply.text.strip() not in ANSWERS and not (reply.cut and reply.text.lstrip().startswith("{")):
            return "ignored"
        self.features.add("schema")
        return "kept"

    async def _sampling(self) -> str:
        drawn = [await self._tried(_invented(seed)) for seed in (*SEEDS, SEEDS[0])]
        if None in drawn:
            return "refused"
        first, second, again = (f"{one.thought}{one.text}".strip() for one in drawn if one is not None)
        if first == second:
            return "greedy"
        return "by seed" if first == again else "not by seed"

    async def _photographs(self) -> str:
        reply = await self._tried(_request(feature="photograph"), "photograph")
        if reply is None:
            return "refused"
        if self._plain.tokens_in and reply.tokens_in <= self._plain.tokens_in:
            return "dropped"
        self.features.add("photograph")
        return "seen" if self._plain.tokens_in else "accepted"

    async def _tried(self, request: Request, feature: Feature | None = None) -> Reply | None:
        """Send a request with the features found so far and one more; return None if it is refused."""
        used = {*({"thinking"} & self.features), *((feature,) if feature else ())}
        try:
            return (await _ask(self._connection, self._name, request, used))[0]
        except RefusedError:
            return None
        except UnansweredError as error:
            if error.busy or not error.status:
                raise
            return None  # llama.cpp's way to refuse


def _thinks(reply: Reply) -> bool:
    return bool(reply.thought)


async def _ask(
    connection: Connection, name: str, request: Request, features: Collection[Feature] = ()
) -> tuple[Reply, str | None]:
    body = wire.chat(request, name, features, wire.as_data_url)

    def read(data: Any) -> tuple[Reply, str | None]:
        return replies.reply(data, request), replies.answered_as(data)

    return await connection.post("/chat/completions", body, read, PROBE_TRIES)


def _request(feature: Feature | None = None, *, thinks: bool = False) -> Request:
    system = (Message("system", "Be brief."),) if feature == "system" else ()
    photographs = (Photograph("probe", _picture),) if feature == "photograph" else ()
    choice = Choice(ANSWERS) if feature == "schema" else None
    tokens = SCHEMA_TOKENS if feature == "schema" else PROBE_TOKENS
    prompt = Prompt((*system, Message("user", YES, photographs)), tokens, choice)
    return Request((0,), "attending", "probe", 0, prompt, 0, 0.0, thinks=thinks)


def _invented(seed: int) -> Request:
    prompt = Prompt((Message("user", INVENT),), INVENTED_TOKENS)
    return Request((0,), "attending", "probe", 0, prompt, seed, 1.0)


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
