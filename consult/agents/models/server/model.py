"""`http(s)://host:port/v1#name`: a model on an OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama, transformers.

Several addresses, separated by commas, serve one model. If a request fails after all tries, only that request fails. If
the servers stop responding, or fail every request, the run ends; it can then be resumed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from consult.agents.models.model import ModelGoneError, ModelInfo, Reply, Request
from consult.agents.models.server import openai_api as wire
from consult.agents.models.server.connection import Background, Timeouts
from consult.agents.models.server.endpoint import Endpoint
from consult.agents.models.server.pool import Pool
from consult.agents.models.server.server_url import parse_addresses
from consult.plugins import warn


class ServerModel:
    """One model on one or several servers; `close` can be called from any thread.

    Args:
        reference: The reference as the user gave it.
        timeouts: Timeouts; by default from the reference.

    Raises:
        ModelError: The reference is not a server's address, nothing answers there, the model is not served, or the
            addresses serve different models.
        UnknownNameError: The server has other models.
    """

    def __init__(self, reference: str, timeouts: Timeouts | None = None) -> None:
        addresses = parse_addresses(reference)
        others = len(addresses) > 1
        self._endpoints = [Endpoint(one, timeouts or Timeouts.of(one.timeout), others=others) for one in addresses]
        self._pool = Pool(self._endpoints)
        self._background = Background()
        try:
            met = self._background.run(self._pool.meet())
        except BaseException:
            self.close()
            raise
        details = {"model": wire.shortened(met.name), "takes": ", ".join(sorted(met.features)), **met.found}
        if met.context is not None:
            details["context"] = str(met.context)
        sees = "photograph" in met.features
        most = min((one.photographs for one in addresses if one.photographs is not None), default=None)
        self._info = ModelInfo(reference, "server", sees=sees, revision=met.revision, details=details, photographs=most)

    @property
    def info(self) -> ModelInfo:
        """Describe the backend."""
        return self._info

    @property
    def concurrency(self) -> int:
        """Return the most requests in flight, to all addresses together."""
        return sum(endpoint.slots.most for endpoint in self._endpoints)

    def limit(self, concurrency: int) -> None:
        """Change the most requests in flight, in equal parts to all addresses, each of which gets at least one."""
        for endpoint in self._endpoints:
            self._background.run(endpoint.slots.resize(max(1, concurrency // len(self._endpoints))))

    async def answer(self, request: Request) -> Reply:
        """Answer a request, with the seconds that it took without waiting for a slot.

        Raises:
            ModelError: The request failed after all tries.
            ModelGoneError: The servers stopped responding, or serve another model.
        """
        return await asyncio.wrap_future(self._background.start(self._answer(request)))

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer several requests, with as many in flight as the addresses allow.

        Raises:
            ModelError: A request failed after all tries; the others have been answered.
            ModelGoneError: The servers stopped responding, or serve another model.
        """
        return [replace(reply, seconds=0.0) for reply in self._background.run(self._answer_all(requests))]

    async def _answer_all(self, requests: Sequence[Request]) -> list[Reply]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._outcome(request)) for request in requests]
        except ExceptionGroup as gone:
            raise gone.exceptions[0] from None
        outcomes = [task.result() for task in tasks]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if failed:
            raise failed[0]
        return [outcome for outcome in outcomes if isinstance(outcome, Reply)]

    async def _outcome(self, request: Request) -> Reply | Exception:
        try:
            return await self._answer(request)
        except ModelGoneError:
            raise
        except Exception as error:
            return error

    async def _answer(self, request: Request) -> Reply:
        reply = await self._pool.answer(request)
        if self._pool.shortens_to is not None and "shortens prompts to" not in self._info.details:
            self._warn_of_context(self._pool.shortens_to)
        return reply

    def _warn_of_context(self, limit: int) -> None:
        self._info.details["shortens prompts to"] = str(limit)
        warn(
            f"'{self._info.reference}' counts no more than {limit} tokens of a prompt, however long it "
            "is, so it drops a part of longer ones without a word; raise its context (OLLAMA_CONTEXT_LENGTH of Ollama, "
            "--ctx-size of llama.cpp, --max-model-len of vLLM), or play fewer turns with --max-turns"
        )

    def close(self) -> None:
        """Cancel running requests and close the connections."""
        self._background.close(self._close)

    async def _close(self) -> None:
        for endpoint in self._endpoints:
            await endpoint.close()
