"""A limit on the requests in flight that can be changed while requests wait."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Slots:
    """Slots for requests, given in the order of arrival; to be used within one event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        """Number of slots."""
        self.taken = 0
        """Requests that have one."""
        self._free = asyncio.Semaphore(most)
        self._owed = 0
        """Slots in use that are to be withdrawn when they become free."""

    async def resize(self, most: int) -> None:
        """Change the number of slots; requests in flight keep theirs."""
        change, self.most = most - self.most, most
        paid = min(self._owed, max(0, change))
        self._owed += max(0, -change) - paid
        for _ in range(change - paid):
            self._free.release()
        while self._owed and not self._free.locked():
            self._owed -= 1
            await self._free.acquire()

    async def __aenter__(self) -> None:
        await self._free.acquire()
        self.taken += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.taken -= 1
        if self._owed:
            self._owed -= 1
        else:
            self._free.release()
