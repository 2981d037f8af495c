"""A role's client for its model, with seeds that depend only on the consultation."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from consult.agents.acts import Usage
from consult.agents.exchange import WITHOUT_PROMPT, Exchange, Record
from consult.agents.models.model import ModelInfo, Prompt, Reply, Request, Role
from consult.agents.prompt import BUILT_IN, PLAIN, PromptTexts
from consult.agents.prompt_formats import DIALECTS, Dialect, PlainDialect

ATTEMPTS = 2
"""Number of attempts: an unusable answer is requested again once."""

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


@dataclass(frozen=True)
class RoleClient:
    """One role's model and sampling."""

    role: Role
    info: ModelInfo
    send: Send
    sampling: Sampling = Sampling()
    record: Record | None = None
    """Called with each exchange with a model that reads prompts."""
    texts: PromptTexts = BUILT_IN
    """The texts of the plain format."""

    @property
    def dialect(self) -> Dialect:
        """Return the model's prompt format."""
        return PlainDialect(self.texts) if self.info.dialect == PLAIN else DIALECTS[self.info.dialect]

    async def generate(
        self, prompt: Prompt, task: str, context: RequestContext, attempt: int = 0, member: int = 0
    ) -> Exchange:
        """Send one prompt.

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
        request = Request(
            key=(context.ordinal, context.turn, self.role, task, member, attempt),
            role=self.role,
            task=task,
            nth=context.nth,
            prompt=prompt,
            seed=self.seed(task, context, attempt, member),
            temperature=self.sampling.temperature if prompt.temperature is None else prompt.temperature,
            top_p=self.sampling.top_p,
        )
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
