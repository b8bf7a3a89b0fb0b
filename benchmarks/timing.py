"""Times of searches: asked in turns, so that what is compared meets the same machine."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Search = Callable[[str], Awaitable[Sequence[object]]]


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Seconds of searches, and how many results each gave."""

    seconds: Sequence[float]
    counts: Sequence[int]

    @property
    def p50(self) -> float:
        """The median in milliseconds."""
        return self._percentile(50)

    @property
    def p95(self) -> float:
        """The 95th percentile in milliseconds."""
        return self._percentile(95)

    def _percentile(self, share: int) -> float:
        return round(float(np.percentile(self.seconds, share)) * 1000, 1)


async def time_in_turns(searches: Mapping[str, Search], questions: Sequence[str]) -> dict[str, Timed]:
    """Ask each question of every search in turn, after a few unmeasured ones.

    Another begins with each question: whoever asks first reads what the others then find in memory.
    """
    seconds: dict[str, list[float]] = {name: [] for name in searches}
    counts: dict[str, list[int]] = {name: [] for name in searches}
    turns = deque(searches)
    for measured, question in [(False, question) for question in questions[:5]] + [(True, q) for q in questions]:
        turns.rotate()
        for name in turns:
            began = time.perf_counter()
            found = len(await searches[name](question))
            if measured:
                seconds[name].append(time.perf_counter() - began)
                counts[name].append(found)
    return {name: Timed(seconds=seconds[name], counts=counts[name]) for name in searches}


async def time_at_once(search: Search, questions: Sequence[str], *, clients: int) -> Timed:
    """Ask the questions by so many clients at a time."""
    turns = asyncio.Semaphore(clients)
    seconds: list[float] = []
    counts: list[int] = []

    async def ask(question: str) -> None:
        async with turns:
            began = time.perf_counter()
            found = len(await search(question))
            seconds.append(time.perf_counter() - began)
            counts.append(found)

    await asyncio.gather(*(ask(question) for question in questions))
    return Timed(seconds=seconds, counts=counts)
