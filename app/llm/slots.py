"""How many requests a process may have at one server at a time: halved when it is refused, won back by successes."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator


class Slots:
    """A semaphore whose size follows the server's patience (additive increase, multiplicative decrease)."""

    def __init__(self, limit: int, *, rest_seconds: float = 1.0) -> None:
        self._limit = limit
        self._rest_seconds = rest_seconds
        self._capacity = float(limit)
        self._busy = 0
        self._shrunk_at = float("-inf")
        self._waiting: list[tuple[str, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @property
    def capacity(self) -> int:
        """Return how many may be held now."""
        return int(self._capacity)

    @contextlib.asynccontextmanager
    async def hold(self, rank: str = "") -> AsyncIterator[None]:
        """Wait for a slot and keep it for the block; the lowest rank is served first, then who came first."""
        await self._acquire(rank)
        try:
            yield
        finally:
            self._release()

    def shrink(self) -> None:
        """Halve the capacity, at most once in `rest_seconds`: refusals come in flocks."""
        at = asyncio.get_running_loop().time()
        if at - self._shrunk_at >= self._rest_seconds:
            self._shrunk_at = at
            self._capacity = max(1.0, self._capacity / 2)

    def grow(self) -> None:
        """Note a success: as many as there are slots win back one."""
        self._capacity = min(float(self._limit), self._capacity + 1 / self._capacity)
        self._wake()

    async def _acquire(self, rank: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._arrivals), turn))
        self._wake()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        self._busy -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._busy < self.capacity:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._busy += 1
                turn.set_result(None)
