"""Several addresses of one model: each consultation stays with one, and those of a server that stopped move to others.

The address of a consultation follows from its number alone, by rendezvous hashing: its prompts share a prefix, which
its server has cached, and when an address is lost, no other consultation moves.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from consult.agents.models.model import ModelError, ModelGoneError, Reply, Request
from consult.agents.models.server.endpoint import Endpoint, Served, TooManyError
from consult.agents.models.server.server_probe import Greeting, NoServerError
from consult.plugins import warn

RETRY = 30.0
"""Seconds until an address that stopped responding is tried again."""


@dataclass
class _Member:
    """One address of the pool."""

    endpoint: Endpoint
    why: ModelGoneError | None = None
    """Why it is lost; None while it is used."""
    again: float = 0.0
    """When it is tried again, on the monotonic clock."""
    told: set[str] = field(default_factory=set)
    """What the user was warned of."""
    trying: asyncio.Task[None] | None = None

    def warn_once(self, what: str, sentence: str) -> None:
        """Warn the user, unless this was said before."""
        if what not in self.told:
            self.told.add(what)
            warn(sentence)


@dataclass
class Pool:
    """The addresses of a reference; to be used within one event loop."""

    endpoints: Sequence[Endpoint]
    _members: list[_Member] = field(init=False)
    _first: Endpoint = field(init=False)
    _met: Greeting = field(init=False)
    _served: Served = field(init=False)

    def __post_init__(self) -> None:
        self._members = [_Member(endpoint) for endpoint in self.endpoints]

    @property
    def shortens_to(self) -> int | None:
        """Return the fewest tokens to which an address shortens prompts; None if none does."""
        return min((one.shortens_to for one in self.endpoints if one.shortens_to is not None), default=None)

    async def meet(self) -> Greeting:
        """Find out what all addresses serve; one that no server answers at is left out until it does.

        Raises:
            ModelError: No address can be used, or they serve different models.
        """
        met = await asyncio.gather(*(self._greeting(member) for member in self._members))
        lost = [(m, error) for m, error in zip(self._members, met, strict=True) if isinstance(error, NoServerError)]
        there = [(m, found) for m, found in zip(self._members, met, strict=True) if isinstance(found, Greeting)]
        if not there:
            raise NoServerError("; ".join(str(error) for _, error in lost))
        for member, error in lost:
            self._lose(member, ModelGoneError(str(error)))
        self._first = there[0][0].endpoint
        for member, greeting in there[1:]:
            refuse_another(self._first, there[0][1], member.endpoint, greeting)
        self._met = agreed([greeting for _, greeting in there])
        self._served = Served(self._met.name, self._met.answers_as, set(self._met.features))
        return self._met

    async def _greeting(self, member: _Member) -> Greeting | NoServerError:
        try:
            return await member.endpoint.greet()
        except NoServerError as error:
            return error

    # -- asking ----------------------------------------------------------------------------------------------------

    async def answer(self, request: Request) -> Reply:
        """Answer a request at its consultation's address, or at the next one if that has stopped responding.

        Returns:
            The reply, with the seconds that it took without waiting for a slot.

        Raises:
            ModelError: The request failed after all tries.
            ModelGoneError: All addresses have stopped responding.
        """
        while True:
            member = self._member_for(request)
            async with member.endpoint.slots:
                if member.why is not None:
                    continue  # lost while the request waited
                try:
                    return await self._timed(member.endpoint, request)
                except TooManyError:
                    continue
                except ModelGoneError as error:
                    if len(self._members) == 1:
                        raise
                    self._lose(member, error)

    async def _timed(self, endpoint: Endpoint, request: Request) -> Reply:
        started = time.perf_counter()
        reply = await endpoint.answer(request, self._served)
        return replace(reply, seconds=time.perf_counter() - started)

    def _member_for(self, request: Request) -> _Member:
        """Choose the address of a request's consultation among those that are not lost.

        Raises:
            ModelGoneError: All are lost.
        """
        self._try_lost_ones()
        there = [member for member in self._members if member.why is None]
        if not there:
            raise ModelGoneError("; ".join(dict.fromkeys(str(member.why) for member in self._members)))
        return max(there, key=lambda member: _weight(member.endpoint.address.base, request.key[0]))

    def _lose(self, member: _Member, error: ModelGoneError) -> None:
        member.why, member.again = error, time.monotonic() + RETRY
        if any(other.why is None for other in self._members):
            member.warn_once(
                "lost",
                f"{error}; its consultations continue at the other addresses, and this one is tried again every "
                f"{RETRY:g} s",
            )

    # -- lost addresses --------------------------------------------------------------------------------------------

    def _try_lost_ones(self) -> None:
        for member in self._members:
            if member.why is not None and member.trying is None and time.monotonic() >= member.again:
                member.trying = asyncio.create_task(self._try_again(member))

    async def _try_again(self, member: _Member) -> None:
        """Use a lost address again if it serves the same model."""
        try:
            greeting = await member.endpoint.greet()
        except ModelError as error:
            member.why = ModelGoneError(str(error))
        else:
            self._use_again(member, greeting)
        finally:
            member.trying, member.again = None, time.monotonic() + RETRY

    def _use_again(self, member: _Member, greeting: Greeting) -> None:
        try:
            refuse_another(self._first, self._met, member.endpoint, greeting)
        except ModelError as error:
            member.why = ModelGoneError(str(error))
            member.warn_once("another model", f"{error}; until then, {member.endpoint.address.base} is left out")
            return
        if self._served.features <= greeting.features:
            member.why = None


def _weight(base: str, consultation: int | str) -> bytes:
    return hashlib.blake2b(f"{consultation} {base}".encode(), digest_size=8).digest()


# -- one model ---------------------------------------------------------------------------------------------------------


def refuse_another(first: Endpoint, met: Greeting, other: Endpoint, greeting: Greeting) -> None:
    """Refuse an address that serves another model.

    Raises:
        ModelError: It does.
    """
    if (met.name, met.answers_as, met.revision) != (greeting.name, greeting.answers_as, greeting.revision):
        one, two = (g.revision if g.name in g.revision else f"{g.name} ({g.revision})" for g in (met, greeting))
        raise ModelError(
            f"{first.address.base} serves '{one}' and {other.address.base} serves '{two}'; "
            "serve the same weights under one name at all addresses of a reference, or give one address"
        )


WEAKER = ("refused", "ignored", "dropped", "greedy", "not by seed", "folded", "always on", "none")
"""Findings of the probe that tell of less than others do."""


def agreed(greetings: Sequence[Greeting]) -> Greeting:
    """Return what holds for all addresses: the features of all, the smallest context, and the weaker findings."""
    first = greetings[0]
    features = frozenset.intersection(*(one.features for one in greetings))
    found = {name: _weaker([one.found[name] for one in greetings]) for name in first.found}
    contexts = [one.context for one in greetings if one.context is not None]
    return replace(first, features=features, found=found, context=min(contexts, default=None))


def _weaker(found: Sequence[str]) -> str:
    return min(found, key=lambda said: WEAKER.index(said) if said in WEAKER else len(WEAKER))
