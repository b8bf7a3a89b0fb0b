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
TASK, SPREAD = "execute_run", "spread_runs"
ENQUEUE_SECONDS = 5.0
MANY = 20
"""Above so many runs one delivery carries all of them, and the worker that takes it puts each on its queue."""

Take = Callable[[UUID], Awaitable[asyncio.Task[None] | None]]
"""Begins a delivered run and returns its work as a task, or None when the run is not to be had."""


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


async def execute_run(run_id: str) -> None:
    """Stand for the task where it is only added; a Consumer puts its own in this place."""
    raise RuntimeError(f"This process does not work on runs, not on {run_id}.")


async def spread_runs(waiting: list[tuple[str, int]]) -> None:
    """Stand for the task where it is only added, like `execute_run`."""
    raise RuntimeError(f"This process does not work on runs, not on {len(waiting)}.")


async def _add(docket: Docket, deliveries: Sequence[Delivery]) -> None:
    waiting = [(str(run_id), attempt) for run_id, attempt, _ in deliveries]
    if len(waiting) <= MANY:
        await _add_each(docket, waiting)
        return
    run_id, attempt = waiting[0]
    await docket.add(SPREAD, key=f"{run_id}:{attempt} and {len(waiting) - 1} more")(waiting)


async def _add_each(docket: Docket, waiting: Sequence[tuple[str, int]]) -> None:
    calls = [docket.call(TASK, key=f"{run_id}:{attempt}")(run_id) for run_id, attempt in waiting]
    if not calls:
        return
    for execution in await docket.add_many(calls):
        if execution.schedule_exception is not None:
            log.warning("enqueue_failed", key=execution.key, error=repr(execution.schedule_exception))


@asynccontextmanager
async def open_dispatcher(redis_url: str) -> AsyncIterator[Dispatcher]:
    """Connect to both queues."""
    async with AsyncExitStack() as stack:
        dockets = {}
        for queue in QUEUES:
            docket = Docket(name=f"symposium-{queue}", url=redis_url, execution_ttl=timedelta(0))
            docket.register(execute_run, names=[TASK])
            docket.register(spread_runs, names=[SPREAD])
            dockets[queue] = await stack.enter_async_context(docket)
        yield Dispatcher(dockets)


class Consumer:
    """Works on a queue, so many runs at a time.

    A delivery counts as done once its run has begun: from then on the row and its heartbeat tell whose it is, and a
    queue that loses its connection need not wait for held runs before it connects again.
    """

    def __init__(self, docket: Docket, take: Take, *, concurrency: int, redelivery_seconds: float) -> None:
        self._take = take
        self._docket = docket
        self._slots = concurrency
        self._held: set[asyncio.Task[None]] = set()
        docket.register(self.execute_run, names=[TASK])
        docket.register(self.spread_runs, names=[SPREAD])
        self._worker = Worker(
            docket,
            concurrency=concurrency,
            redelivery_timeout=timedelta(seconds=redelivery_seconds),
            reconnection_delay=timedelta(seconds=1),
            minimum_check_interval=timedelta(milliseconds=100),
            schedule_automatic_tasks=False,
        )

    @property
    def held(self) -> frozenset[asyncio.Task[None]]:
        """The work on runs that have begun and not ended."""
        return frozenset(self._held)

    async def run(self) -> None:
        """Take deliveries until cancelled; what is held goes on."""
        async with self._worker:
            await self._worker.run_forever()

    async def execute_run(self, run_id: str) -> None:
        """Begin a delivered run and go on without waiting for its end."""
        task = await self._take(UUID(run_id))
        if task is not None:
            self._held.add(task)
            task.add_done_callback(self._let_go)
            self._count()

    async def spread_runs(self, waiting: list[tuple[str, int]]) -> None:
        """Put runs that came in one delivery on the queue one by one."""
        await _add_each(self._docket, waiting)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        self._held.discard(task)
        self._count()

    def _count(self) -> None:
        """Let the queue hand over no more than there is room for."""
        self._worker.concurrency = self._slots - len(self._held)
