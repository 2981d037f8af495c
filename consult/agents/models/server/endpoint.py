"""One address of a model on a server: send a request, and tell a request that failed from a server that stopped."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from consult.agents.models.model import ModelError, ModelGoneError, Reply, Request, Sent
from consult.agents.models.server import openai_api as wire
from consult.agents.models.server import replies
from consult.agents.models.server.connection import Connection, RefusedError, Timeouts, UnansweredError
from consult.agents.models.server.context import ContextWatch
from consult.agents.models.server.openai_api import Feature
from consult.agents.models.server.server_probe import Greeting, greet, refused
from consult.agents.models.server.server_url import Address
from consult.agents.models.server.slots import Slots
from consult.plugins import warn
from consult.scenarios import Photograph

FAILURES = 3
"""After this many consecutive failed requests, the server counts as stopped."""
KEPT_PHOTOGRAPHS = 64
GONE = (401, 403, 404)
"""Refusals that are not about the request: the key is no longer valid, or the model is no longer served."""


class TooManyError(Exception):
    """A request that was sent with too many others, and has to wait for a slot again."""


@dataclass
class Served:
    """The model behind all addresses of a reference."""

    name: str
    """The servers' name of the model."""
    answers_as: str | None
    """The model name in their replies; None if there is none."""
    features: set[Feature]
    """Features that are used; what an address refuses is used at none from then on, so that prompts stay alike."""
    _photographs: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def data_url(self, photograph: Photograph) -> str:
        """Encode a photograph; the last ones are kept."""
        if photograph.id in self._photographs:
            self._photographs.move_to_end(photograph.id)
        else:
            self._photographs[photograph.id] = wire.as_data_url(photograph)
            if len(self._photographs) > KEPT_PHOTOGRAPHS:
                self._photographs.popitem(last=False)
        return self._photographs[photograph.id]


class Endpoint:
    """One address; to be used within one event loop.

    Args:
        address: The address.
        timeouts: Timeouts and numbers of tries.
        others: Whether other addresses can take over, so that a server that stopped is not waited for.
    """

    def __init__(self, address: Address, timeouts: Timeouts, *, others: bool) -> None:
        self.address = address
        self.slots = Slots(address.concurrency)
        self.shortens_to: int | None = None
        """Tokens to which it shortens prompts without a word; None if it does not, as far as is known."""
        self._connection = Connection(address.base, address.key(), timeouts)
        self._others = others
        self._failures, self._context = 0, ContextWatch()
        self._resized = self._replied = -timeouts.reply

    async def greet(self) -> Greeting:
        """Find out which model is served.

        Raises:
            ModelError: As `server_probe.greet`.
        """
        met = await greet(self._connection, self.address)
        self._failures = 0
        return met

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def answer(self, request: Request, served: Served) -> Reply:
        """Send a request, and retry where that may help.

        Raises:
            ModelError: The request failed after all tries.
            ModelGoneError: The server stopped responding, or serves another model.
            TooManyError: The server replies too late to so many requests at once.
        """
        try:
            reply, answers_as = await self._sent(request, served)
        except RefusedError as error:
            kind = ModelGoneError if error.status in GONE else ModelError
            raise kind(refused(self.address, error)) from None
        except UnansweredError as error:
            self._failures += 1
            gone = error.busy or self._failures >= FAILURES or not await self._is_there()
            raise (ModelGoneError if gone else ModelError)(self._unusable(error)) from None
        self._failures, self._replied = 0, time.monotonic()
        if self._context.note(request, reply.tokens_in):
            self.shortens_to = self._context.limit
        if answers_as != served.answers_as:
            now, then = (wire.shortened(name or "nobody") for name in (answers_as, served.answers_as))
            raise ModelGoneError(f"{self.address.base} now answers as '{now}', no longer as '{then}'")
        return reply

    def _unusable(self, error: UnansweredError) -> str:
        return f"{self.address.base} gives no usable answer: {error}"

    async def _sent(self, request: Request, served: Served) -> tuple[Reply, str | None]:
        while True:
            body = wire.chat(request, served.name, served.features, served.data_url)
            sent = wire.sent(request, served.features, body)

            def read(data: Any, sent: Sent = sent) -> tuple[Reply, str | None]:
                return replace(replies.reply(data, request), sent=sent), replies.answered_as(data)

            try:
                return await self._connection.post("/chat/completions", body, read, failed=self._after_a_failure)
            except RefusedError as error:
                # A server may accept one schema or order of roles and refuse another; from then on, it gets none.
                if "response_format" in body and error.is_about_the_schema:
                    served.features.discard("schema")
                elif "system" in served.features and error.is_about_roles:
                    served.features.discard("system")
                else:
                    raise

    async def _after_a_failure(self, error: UnansweredError) -> None:
        """Leave at once a server that has stopped if others take over, and ask less at once of one that is late.

        Raises:
            ModelGoneError: The server has stopped responding.
            TooManyError: The server replies too late to so many requests at once.
        """
        if error.busy:
            return
        if self._others and not await self._is_there():
            raise ModelGoneError(self._unusable(error))
        # One that has lately replied to nobody does not keep requests in a queue: it hangs.
        if error.late and self._replied > time.monotonic() - self._connection.timeouts.reply / 2:
            await self._ask_less_at_once()

    async def _ask_less_at_once(self) -> None:
        """Halve the requests in flight: a server that replies to some keeps the others in a queue of its own.

        Raises:
            TooManyError: This request is one too many; it was sent with others.
        """
        now, at_once = time.monotonic(), self.slots.taken
        if at_once < 2:
            return
        # Requests that were sent before the last change say nothing about it.
        if now - self._resized >= self._connection.timeouts.reply:
            self._resized = now
            await self.slots.resize(at_once // 2)
            warn(
                f"{self.address.base} did not reply within {self._connection.timeouts.reply:g} s to one of {at_once} "
                f"requests at once, so it gets at most {at_once // 2} from now on; set ?concurrency={at_once // 2}, or "
                "a longer timeout, in its address"
            )
        raise TooManyError

    async def _is_there(self) -> bool:
        try:
            await self._connection.get("/models", lambda data: data)
        except RefusedError:
            return True
        except UnansweredError as error:
            return error.status > 0
        return True
