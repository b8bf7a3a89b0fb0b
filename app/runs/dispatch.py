"""Delivery of run ids to workers: pydocket over Redis Streams. It may lose or repeat anything; the rows decide."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from docket import Docket, Worker
from redis.exceptions import RedisError

from app.log import get_logger
from app.runs.models import Run

log = get_logger(__name__)

QUEUES = ("interactive", "bulk")
TASK = "execute_run"
ENQUEUE_SECONDS = 5.0

Handler = Callable[[UUID], Awaitable[None]]


class Delivery(NamedTuple):
    """A run to be worked on; the attempt it last had makes a second delivery of the same harmless."""

    run_id: UUID
    attempt: int
    queue: str

    @classmethod
    def of(cls, run: Run) -> "Delivery":
        """Return the delivery a run waits for."""
        return cls(run.id, run.attempt, run.queue)


class Dispatcher:
    """Puts run ids on the queues; open it with `open_dispatcher`."""

    def __init__(self, dockets: Mapping[str, Docket]) -> None:
        self.dockets = dockets

    async def enqueue(self, run_id: UUID, attempt: int, queue: str) -> None:
        """Put a run on its queue; an unreachable Redis is logged and healed by upkeep."""
        await self.enqueue_many([Delivery(run_id, attempt, queue)])

    async def enqueue_many(self, deliveries: Sequence[Delivery]) -> None:
        """Put runs on their queues; those that are there already stay as they are."""
        try:
            async with asyncio.timeout(ENQUEUE_SECONDS):
                for queue, docket in self.dockets.items():
                    await _add(docket, [delivery for delivery in deliveries if delivery.queue == queue])
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("enqueue_failed", runs=len(deliveries), error=repr(error))


async def _add(docket: Docket, deliveries: Sequence[Delivery]) -> None:
    calls = [docket.call(TASK, key=f"{run_id}:{attempt}")(str(run_id)) for run_id, attempt, _ in deliveries]
    if not calls:
        return
    for execution in await docket.add_many(calls):
        if execution.schedule_exception is not None:
            log.warning("enqueue_failed", key=execution.key, error=repr(execution.schedule_exception))


@asynccontextmanager
async def open_dispatcher(redis_url: str, handle: Handler | None = None) -> AsyncIterator[Dispatcher]:
    """Connect to both queues; `handle` is what this process does with a delivered run, if it works at all."""

    async def execute_run(run_id: str) -> None:
        if handle is None:
            raise RuntimeError("This process does not work on runs.")
        await handle(UUID(run_id))

    async with AsyncExitStack() as stack:
        dockets = {}
        for queue in QUEUES:
            docket = Docket(name=f"symposium-{queue}", url=redis_url, execution_ttl=timedelta(0))
            docket.register(execute_run, names=[TASK])
            dockets[queue] = await stack.enter_async_context(docket)
        yield Dispatcher(dockets)


async def consume(docket: Docket, *, concurrency: int, redelivery_seconds: float) -> None:
    """Work on a queue until cancelled; then take nothing new and return when what is held has ended."""
    worker = Worker(
        docket,
        concurrency=concurrency,
        redelivery_timeout=timedelta(seconds=redelivery_seconds),
        reconnection_delay=timedelta(seconds=1),
        minimum_check_interval=timedelta(milliseconds=100),
        schedule_automatic_tasks=False,
    )
    async with worker:
        await worker.run_forever()
