"""A step's events reach the log before the step counts as finished: a crash between the two can't lose them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from app.db import Json
from app.resources import CheckpointPool

DELTA = "delta"
"""The type of events that are sent and never stored."""


class Recorder:
    """Writes what nodes emit, in order, as it comes; `flush` returns when all of it is written.

    `write` gets all that came while it wrote last, deltas and other events apart.
    """

    def __init__(self, write: Callable[[Sequence[Json]], Awaitable[None]]) -> None:
        self._write = write
        self._items: deque[Json] = deque()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()

    def put(self, item: Json) -> None:
        """Take an item without waiting."""
        self._items.append(item)
        self._wake.set()

    async def flush(self) -> None:
        """Write all that was put so far; items that can't be written stay, and raise again."""
        async with self._writing:
            while self._items:
                kind = _is_delta(self._items[0])
                alike = list(takewhile(lambda item: _is_delta(item) is kind, self._items))  # noqa: B023
                await self._write(alike)
                for _ in alike:
                    self._items.popleft()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write in the background; on the way out of a block that went well, write the rest."""
        task = asyncio.create_task(self._run())
        try:
            yield
            await self.flush()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()


def _is_delta(item: Json) -> bool:
    return bool(item["type"] == DELTA)


class RecordingSaver(AsyncPostgresSaver):
    """A checkpointer that saves nothing before the recorder has written."""

    def __init__(self, pool: CheckpointPool, recorder: Recorder) -> None:
        super().__init__(pool)
        self._recorder = recorder

    async def aput(self, *args: Any, **options: Any) -> RunnableConfig:
        await self._recorder.flush()
        return await super().aput(*args, **options)

    async def aput_writes(self, *args: Any, **options: Any) -> None:
        await self._recorder.flush()
        await super().aput_writes(*args, **options)
