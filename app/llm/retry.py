"""The one retry layer of model calls: typed retryability, Retry-After, full jitter, a deadline."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.llm.failures import RequestFailed

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How often and how long to try again. `deadline` is a time of `time.monotonic()`."""

    tries: int = 5
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    deadline: float | None = None

    async def run(self, send: Callable[[], Awaitable[T]]) -> T:
        """Return what `send` returns; raise its last RequestFailed when trying again can't help or has no time left."""
        tried = 0
        while True:
            tried += 1
            try:
                return await send()
            except RequestFailed as failure:
                pause = self.pause_after(failure, tried)
                if pause is None:
                    raise
            await asyncio.sleep(pause)

    def pause_after(self, failure: RequestFailed, tried: int) -> float | None:
        """Return the seconds to wait before the next try, None to give up."""
        if not failure.retryable or tried >= self.tries:
            return None
        told = failure.error.retry_after
        pause = self._jitter(tried) if told is None else told + random.uniform(0, self.base_seconds)
        if self.deadline is not None and time.monotonic() + pause >= self.deadline:
            return None
        return pause

    def _jitter(self, tried: int) -> float:
        longest = min(self.cap_seconds, self.base_seconds * 2 ** (tried - 1))
        return random.uniform(longest / 2, longest)
