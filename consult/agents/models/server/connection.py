"""The connection to a server: HTTP with bounded time, bounded size and back-off.

No proxies from the environment, no redirects. A key goes into one header and is removed from all replies.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from consult.agents.models.server.openai_api import BadReplyError, complaint, parsed, shortened

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

T = TypeVar("T")
Read = Callable[[Any], T]

MOST_BYTES = 8_000_000
"""Most bytes of one reply."""
BUSY = (408, 425, 429, 503, 529)
"""Statuses that describe the server's state and not the request."""
SHORTEST_KEY = 8
"""Characters; shorter keys are placeholders, which may also occur in normal text."""


@dataclass(frozen=True)
class Timeouts:
    """Timeouts in seconds, and numbers of tries."""

    connect: float = 10.0
    reply: float = 300.0
    """Timeout of one reply, from the request to its last byte."""
    listing: float = 30.0
    """Timeout of the list of models."""
    total: float = 600.0
    """Timeout of one request with all its tries and pauses; a busy server is retried until then."""
    tries: int = 4
    """Tries of a request that fails for another reason."""
    first_wait: float = 1.0
    """First wait; doubled from try to try, with jitter, unless the server says how long to wait."""
    longest_wait: float = 60.0

    @classmethod
    def of(cls, timeout: float) -> Timeouts:
        """Return all timeouts from the timeout of one reply."""
        return cls(connect=min(10.0, timeout), reply=timeout, total=2 * timeout, first_wait=min(1.0, timeout / 50))


class RefusedError(Exception):
    """The server understood the request and refused it; a retry would not help."""

    def __init__(self, status: int, words: str) -> None:
        self.status, self.words = status, words
        super().__init__(f"{status}: {words}" if words else str(status))

    @property
    def is_about_the_schema(self) -> bool:
        """Return whether the server's message is about the schema of the reply."""
        return re.search(r"response_format|schema|grammar|guided", self.words, re.IGNORECASE) is not None

    @property
    def is_about_roles(self) -> bool:
        """Return whether the server's message is about the roles of the messages: no system role, or no alternation."""
        pattern = r"system.{0,20}(?:role|message|prompt)|role.{0,40}(?:system|alternat)|alternat"
        return re.search(pattern, self.words, re.IGNORECASE) is not None


class UnansweredError(Exception):
    """No usable reply; a retry may succeed."""

    def __init__(
        self, what: str, *, busy: bool = False, wait: float | None = None, status: int = 0, late: bool = False
    ) -> None:
        self.what, self.busy, self.wait, self.status = what, busy, wait, status
        self.late = late
        """Whether the connection stood, and the time for the reply ran out."""
        super().__init__(what)


Failed = Callable[[UnansweredError], Awaitable[None]]
"""Called after a failed try, before the pause; it may raise to give up."""


class Connection:
    """HTTP to one server; to be used within one event loop.

    Args:
        base: The address up to and including `/v1`.
        key: Sent in the header `Authorization`.
        timeouts: Timeouts and numbers of tries.
    """

    def __init__(self, base: str, key: str | None, timeouts: Timeouts) -> None:
        self.base, self.timeouts = base, timeouts
        self._key = key
        self._client: httpx.AsyncClient | None = None

    async def get(self, path: str, read: Read[T]) -> T:
        """Send a cheap request: once, unless the server is busy; a path with `..` starts above the address.

        Raises:
            UnansweredError: There was no usable reply.
            RefusedError: The server refused the request.
        """
        return await self._asked(1, "GET", path, None, read)

    async def post(
        self,
        path: str,
        body: dict[str, Any],
        read: Read[T],
        tries: int | None = None,
        failed: Failed | None = None,
    ) -> T:
        """Send a request, and retry after a pause if that may help.

        Args:
            path: Path below the address.
            body: Sent as JSON.
            read: Reads the parsed reply, or raises `BadReplyError`.
            tries: Number of tries; by default that of the timeouts. A busy server is retried more often.
            failed: Called after a try that failed, unless it was the last.

        Raises:
            UnansweredError: There was no usable reply within the time limit.
            RefusedError: The server refused the request.
        """
        content = json.dumps(body).encode()
        tries = self.timeouts.tries if tries is None else tries
        return await self._asked(tries, "POST", path, content, read, failed)

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _asked(
        self, tries: int, method: str, path: str, content: bytes | None, read: Read[T], failed: Failed | None = None
    ) -> T:
        from tenacity import AsyncRetrying, retry_if_exception_type

        async def told(state: RetryCallState) -> None:
            if failed is not None:
                await failed(_failure(state))

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(UnansweredError),
            wait=self._pause,
            stop=lambda state: self._has_waited_enough(state, tries),
            before_sleep=told,
            reraise=True,
        )
        return await retrying(self._once, method, path, content, read)

    # -- pauses ----------------------------------------------------------------------------------------------------

    def _pause(self, state: RetryCallState) -> float:
        from tenacity import wait_random_exponential

        wait = _failure(state).wait
        if wait is None:
            wait = wait_random_exponential(multiplier=self.timeouts.first_wait, max=self.timeouts.longest_wait)(state)
        return self.timeouts.first_wait / 2 + wait  # never immediately, whatever the server says

    def _has_waited_enough(self, state: RetryCallState, tries: int) -> bool:
        late = (state.seconds_since_start or 0.0) + state.upcoming_sleep > self.timeouts.total
        return late or (not _failure(state).busy and state.attempt_number >= tries)

    # -- one try ---------------------------------------------------------------------------------------------------

    async def _once(self, method: str, path: str, content: bytes | None, read: Read[T]) -> T:
        import httpx

        seconds = self.timeouts.reply if content else min(self.timeouts.reply, self.timeouts.listing)
        try:
            async with asyncio.timeout(seconds):
                status, wait, text = await self._exchange(method, path, content)
        except httpx.ConnectTimeout:
            raise UnansweredError("the connection timed out") from None
        except (TimeoutError, httpx.TimeoutException):
            raise UnansweredError(f"no reply within {seconds:g} s", late=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            words = shortened(str(error)) or type(error).__name__
            raise UnansweredError(f"the connection failed: {words}") from None
        return self._read(status, wait, text, read)

    async def _exchange(self, method: str, path: str, content: bytes | None) -> tuple[int, float | None, str]:
        body = bytearray()
        address = self.base.removesuffix("/v1") + path[3:] if path.startswith("/..") else self.base + path
        async with self._open().stream(method, address, content=content) as response:
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > MOST_BYTES:
                    raise UnansweredError(f"a reply of more than {MOST_BYTES // 1_000_000} MB")
        text = body.decode("utf-8", "replace")
        if self._key is not None and len(self._key) >= SHORTEST_KEY:
            text = text.replace(self._key, "[key]")
        return response.status_code, _seconds(response.headers.get("retry-after")), text

    def _read(self, status: int, wait: float | None, text: str, read: Read[T]) -> T:
        try:
            data = parsed(text)
        except BadReplyError as error:
            if status == 200:
                raise UnansweredError(f"{error} instead of a reply") from None
            data = None
        if status in BUSY or status >= 500:
            words = complaint(data)
            what = f"error {status}" + (f": {words}" if words else "")
            raise UnansweredError(what, busy=status in BUSY, wait=wait, status=status)
        if status != 200:
            raise RefusedError(status, complaint(data))
        try:
            return read(data)
        except BadReplyError as error:
            raise UnansweredError(f"{error} instead of a reply") from None

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            # A decompressed reply could have any size, so no compression is requested.
            headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
            if self._key is not None:
                headers["Authorization"] = f"Bearer {self._key}"
            self._client = httpx.AsyncClient(
                headers=headers,
                timeout=httpx.Timeout(self.timeouts.reply, connect=self.timeouts.connect),
                limits=httpx.Limits(max_connections=None),
                trust_env=False,
                follow_redirects=False,
            )
        return self._client


def _failure(state: RetryCallState) -> UnansweredError:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, UnansweredError)  # nothing else is retried
    return error


def _seconds(header: str | None) -> float | None:
    """Read `Retry-After`: seconds, or a date."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header.strip()[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


class Background:
    """An event loop in its own thread: usable from any thread, and cancellable at any moment."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="server", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; if the future is cancelled, so is the coroutine."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine; if the caller stops waiting, the coroutine is cancelled.

        Raises:
            concurrent.futures.CancelledError: The loop was closed meanwhile.
        """
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel running coroutines, run one more coroutine, and end the thread; a second call does nothing."""
        if self._loop.is_closed():
            return
        self.run(_cancel_all())
        self.run(last())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
