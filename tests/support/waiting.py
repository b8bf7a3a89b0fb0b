"""Waiting for something to come true, in tests that look at other processes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PAUSE_SECONDS = 0.02


def wait_until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Return as soon as `holds()`; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(PAUSE_SECONDS)


async def eventually(holds: Callable[[], Awaitable[bool]], *, seconds: float = 60) -> None:
    """Return as soon as `await holds()`; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(PAUSE_SECONDS)
