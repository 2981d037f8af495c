"""`http(s)://host:port/v1#name`: a model on an OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama, transformers.

If a request fails after all tries, only that request fails. If the server stops responding, or fails every request, the
run ends; it can then be resumed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from consult.agents.models.model import ModelError, ModelGoneError, ModelInfo, Reply, Request, Sent
from consult.agents.models.server import openai_api as wire
from consult.agents.models.server import replies
from consult.agents.models.server.connection import Background, Connection, RefusedError, Timeouts, UnansweredError
from consult.agents.models.server.context import ContextWatch
from consult.agents.models.server.openai_api import Feature
from consult.agents.models.server.server_probe import greet, refused
from consult.agents.models.server.server_url import Address
from consult.plugins import warn
from consult.scenarios import Photograph

FAILURES = 3
"""After this many consecutive failed requests, the server counts as stopped."""
KEPT_PHOTOGRAPHS = 64
GONE = (401, 403, 404)
"""Refusals that are not about the request: the key is no longer valid, or the model is no longer served."""

Outcome = Reply | Exception


class ServerModel:
    """One model on a server; call `generate` from one thread at a time; `close` can be called from any thread.

    Args:
        reference: The reference as the user gave it.
        timeouts: Timeouts; by default from the reference.

    Raises:
        ModelError: The reference is not a server's address, nothing answers there, or the model is not served.
        UnknownNameError: The server has other models.
    """

    def __init__(self, reference: str, timeouts: Timeouts | None = None) -> None:
        self.address = Address.parse(reference)
        timeouts = timeouts or Timeouts.of(self.address.timeout)
        self._connection = Connection(self.address.base, self.address.key(), timeouts)
        self._slots = asyncio.Semaphore(self.address.concurrency)
        self._failures, self._context = 0, ContextWatch()
        self._photographs: OrderedDict[str, str] = OrderedDict()
        self._known: dict[tuple[int | str, ...], tuple[Request, Outcome]] = {}
        self._background = Background()
        try:
            met = self._background.run(greet(self._connection, self.address))
        except BaseException:
            self.close()
            raise
        self._name, self._answers_as, self._features = met.name, met.answers_as, set[Feature](met.features)
        details = {"model": wire.shortened(met.name), "takes": ", ".join(sorted(met.features)), **met.found}
        if met.context is not None:
            details["context"] = str(met.context)
        sees = "photograph" in met.features
        most = self.address.photographs
        self._info = ModelInfo(reference, "server", sees=sees, revision=met.revision, details=details, photographs=most)

    @property
    def info(self) -> ModelInfo:
        """Describe the backend."""
        return self._info

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch, with as many concurrent requests as the address allows.

        Raises:
            ModelError: A request failed after all tries. The results of the others are kept for the caller's
                retries one by one, so that nothing is sent again.
            ModelGoneError: The server stopped responding, or serves another model.
        """
        known = [self._taken(request) for request in requests]
        fresh = [request for request, outcome in zip(requests, known, strict=True) if outcome is None]
        answered = iter(self._background.run(self._answer_all(fresh)))
        outcomes = [next(answered) if outcome is None else outcome for outcome in known]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if len(requests) > 1:
            pairs = zip(requests, outcomes, strict=True)
            self._known = {r.key: (r, outcome) for r, outcome in pairs} if failed else {}
        if failed:
            raise failed[0]
        return [outcome for outcome in outcomes if isinstance(outcome, Reply)]

    def _taken(self, request: Request) -> Outcome | None:
        """Take the kept result of a request whose batch failed; return None for a new request."""
        before, outcome = self._known.pop(request.key, (None, None))
        return outcome if before is request else None

    def close(self) -> None:
        """Cancel running requests and close the connection."""
        self._background.close(self._connection.close)

    # -- asking ----------------------------------------------------------------------------------------------------

    async def _answer_all(self, requests: Sequence[Request]) -> list[Outcome]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._outcome(request)) for request in requests]
        except ExceptionGroup as gone:
            raise gone.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _outcome(self, request: Request) -> Outcome:
        async with self._slots:
            try:
                return await self._answer(request)
            except ModelGoneError:
                raise
            except Exception as error:
                return error

    async def _answer(self, request: Request) -> Reply:
        try:
            reply, answers_as = await self._sent(request)
        except RefusedError as error:
            kind = ModelGoneError if error.status in GONE else ModelError
            raise kind(refused(self.address, error)) from None
        except UnansweredError as error:
            self._failures += 1
            gone = error.busy or self._failures >= FAILURES or not await self._is_there()
            sentence = f"{self.address.base} gives no usable answer: {error}"
            raise (ModelGoneError if gone else ModelError)(sentence) from None
        self._failures = 0
        if self._context.note(request, reply.tokens_in):
            self._warn_of_context()
        if answers_as != self._answers_as:
            now, then = (wire.shortened(name or "nobody") for name in (answers_as, self._answers_as))
            raise ModelGoneError(f"{self.address.base} now answers as '{now}', no longer as '{then}'")
        return reply

    def _warn_of_context(self) -> None:
        self._info.details["shortens prompts to"] = str(self._context.limit)
        warn(
            f"'{self._info.reference}' counts no more than {self._context.limit} tokens of a prompt, however long it "
            "is, so it drops a part of longer ones without a word; raise its context (OLLAMA_CONTEXT_LENGTH of Ollama, "
            "--ctx-size of llama.cpp, --max-model-len of vLLM), or play fewer turns with --max-turns"
        )

    async def _sent(self, request: Request) -> tuple[Reply, str | None]:
        while True:
            body = wire.chat(request, self._name, self._features, self._data_url)
            sent = wire.sent(request, self._features, body)

            def read(data: Any, sent: Sent = sent) -> tuple[Reply, str | None]:
                return replace(replies.reply(data, request), sent=sent), replies.answered_as(data)

            try:
                return await self._connection.post("/chat/completions", body, read)
            except RefusedError as error:
                # A server may accept one schema or order of roles and refuse another; from then on, it gets none.
                if "response_format" in body and error.is_about_the_schema:
                    self._features.discard("schema")
                elif "system" in self._features and error.is_about_roles:
                    self._features.discard("system")
                else:
                    raise

    async def _is_there(self) -> bool:
        try:
            await self._connection.get("/models", lambda data: data)
        except RefusedError:
            return True
        except UnansweredError as error:
            return error.status > 0
        return True

    def _data_url(self, photograph: Photograph) -> str:
        if photograph.id in self._photographs:
            self._photographs.move_to_end(photograph.id)
        else:
            self._photographs[photograph.id] = wire.as_data_url(photograph)
            if len(self._photographs) > KEPT_PHOTOGRAPHS:
                self._photographs.popitem(last=False)
        return self._photographs[photograph.id]
