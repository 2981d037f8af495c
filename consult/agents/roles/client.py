"""A role's client for its model, with seeds that depend only on the consultation."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from consult.agents.acts import Usage
from consult.agents.exchange import WITHOUT_PROMPT, Exchange, Record
from consult.agents.models.model import ModelGoneError, ModelInfo, Prompt, Reply, Request, Role
from consult.agents.prompt import BUILT_IN, PLAIN, PromptTexts
from consult.agents.prompt_formats import DIALECTS, Dialect, PlainDialect

ATTEMPTS = 2
"""Number of attempts: an unusable answer is requested again once."""

WIDER = 1
"""Last part of the key of a request that is repeated with twice the room."""

Send = Callable[[Request], Awaitable[Reply]]


def derive_seed(*parts: object) -> int:
    """Make a 63-bit seed from the parts that identify a request; it is the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 1


@dataclass(frozen=True)
class RequestContext:
    """The location of a request in a run."""

    ordinal: int
    """Ordinal of the consultation in its run; sorts a wave."""
    seed: tuple[object, ...]
    """Run seed, case, temperament, repeat."""
    turn: int
    nth: int
    """Number of the role's lines so far."""


@dataclass(frozen=True)
class Sampling:
    """Sampling of tokens."""

    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int | None = None
    """Room for a reply; None for what each prompt asks for."""
    thinks: bool = False
    """Whether the model's own private thought comes first."""


@dataclass(frozen=True)
class RoleClient:
    """One role's model and sampling."""

    role: Role
    info: ModelInfo
    send: Send
    sampling: Sampling = Sampling()
    record: Record | None = None
    """Called with each exchange with a model that reads prompts."""
    widens: bool = True
    """Whether a reply that was cut is requested again with twice the room; not in training, which learns from the
    replies to the prompts as they are."""
    texts: PromptTexts = BUILT_IN
    """The texts of the plain format."""

    @property
    def dialect(self) -> Dialect:
        """Return the model's prompt format."""
        return PlainDialect(self.texts) if self.info.dialect == PLAIN else DIALECTS[self.info.dialect]

    async def generate(
        self, prompt: Prompt, task: str, context: RequestContext, attempt: int = 0, member: int = 0
    ) -> Exchange:
        """Send one prompt; a reply that is cut is requested once more, with twice the room.

        The reply counts as accepted until the caller refuses it.

        Args:
            prompt: The prompt.
            task: The role's task; part of the seed.
            context: The request's location in the run.
            attempt: 0 for the first attempt; a retry draws other noise.
            member: Number in the panel.

        Raises:
            Exception: The backend's error for this request.
        """
        if self.sampling.max_tokens is not None:
            prompt = replace(prompt, max_new_tokens=self.sampling.max_tokens)
        exchange = await self._exchange(self._request(prompt, task, context, attempt, member))
        if not self._has_more_room(exchange):
            return exchange
        # With the same seed, the reply of a backend that follows it begins with the same words.
        wider = replace(prompt, max_new_tokens=2 * prompt.max_new_tokens)
        exchange.ask_again()
        try:
            again = await self._exchange(self._request(wider, task, context, attempt, member, WIDER))
        except ModelGoneError:
            raise
        except Exception:  # a backend may refuse so many tokens in any way; the cut reply is there
            exchange.accept(exchange.answer)
            return exchange
        again.before = exchange
        return again

    def _has_more_room(self, exchange: Exchange) -> bool:
        """Return whether a reply was cut, and not by the end of the context."""
        reply = exchange.answer
        # A tiny model's texts are checked by the program, and a long one is not better.
        if not reply.cut or not self.widens or self.dialect.slots:
            return False
        return reply.sent is None or reply.sent.max_new_tokens >= exchange.request.prompt.max_new_tokens

    def _request(
        self, prompt: Prompt, task: str, context: RequestContext, attempt: int, member: int, *more: int
    ) -> Request:
        return Request(
            key=(context.ordinal, context.turn, self.role, task, member, attempt, *more),
            role=self.role,
            task=task,
            nth=context.nth,
            prompt=prompt,
            seed=self.seed(task, context, attempt, member),
            temperature=self.sampling.temperature if prompt.temperature is None else prompt.temperature,
            top_p=self.sampling.top_p,
            thinks=self.sampling.thinks,
        )

    async def _exchange(self, request: Request) -> Exchange:
        exchange = Exchange(request, self.info)
        if self.record is not None and self.info.backend not in WITHOUT_PROMPT:
            self.record(exchange)
        try:
            exchange.accept(await self.send(request))
        except Exception as error:
            exchange.fail(error)
            raise
        return exchange

    def seed(self, task: str, context: RequestContext, attempt: int = 0, member: int = 0) -> int:
        """Return the seed of a request."""
        return derive_seed(*context.seed, context.turn, self.role, task, member, attempt)


def usage(reply: Reply) -> Usage:
    """Return the cost of a reply."""
    return Usage(reply.tokens_in, reply.tokens_out, reply.seconds)
