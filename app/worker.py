"""The second process: works on both queues and keeps up; SIGTERM drains it, a second one ends it at once."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop

from app.agents.base import Agent
from app.agents.registry import discover
from app.knowledge.embedding_models import start_embedder
from app.log import configure_logging, get_logger
from app.metrics import serving
from app.preflight import plainly, read_settings
from app.processes import freeze_heap, step_back
from app.resources import Resources, open_resources
from app.runs.bus import EventBus, open_bus
from app.runs.context import build_prepare
from app.runs.dispatch import Consumer, Dispatcher, open_dispatcher
from app.runs.executor import Executor, Policy
from app.runs.upkeep import Policy as UpkeepPolicy
from app.runs.upkeep import keep_up
from app.settings import Settings
from app.webhooks.delivery import Deliverer
from app.webhooks.delivery import Policy as DeliveryPolicy

log = get_logger(__name__)

PUT_BACK_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What a worker has open."""

    settings: Settings
    executor: Executor
    dispatcher: Dispatcher
    consumers: Sequence[Consumer]
    bus: EventBus
    resources: Resources

    @property
    def held(self) -> frozenset[asyncio.Task[None]]:
        """The work on all runs that have begun here and not ended."""
        return frozenset().union(*(consumer.held for consumer in self.consumers))


@asynccontextmanager
async def open_workshop(settings: Settings, agents: Mapping[str, Agent[Any, Any]]) -> AsyncIterator[Workshop]:
    """Open resources, queues and executor."""
    async with (
        open_resources(settings) as resources,
        open_bus(resources.redis) as bus,
        open_dispatcher(resources.redis_url) as dispatcher,
    ):
        await start_embedder(resources.sessions, resources.embedder)
        executor = Executor(
            agents=agents,
            sessions=resources.sessions,
            checkpoint_pool=resources.checkpoint_pool,
            bus=bus,
            prepare=build_prepare(resources),
            policy=Policy(
                lost_after=lost_after(settings),
                max_attempts=settings.max_attempts,
                heartbeat_seconds=settings.heartbeat_seconds,
            ),
        )
        bus.on_cancel(executor.cancel)
        executor.dispatcher = dispatcher
        yield Workshop(
            settings=settings,
            executor=executor,
            dispatcher=dispatcher,
            consumers=build_consumers(settings, dispatcher, executor),
            bus=bus,
            resources=resources,
        )


def lost_after(settings: Settings) -> float:
    """Return the seconds of silence after which a worker counts as lost."""
    return settings.redelivery_seconds / 2


def build_consumers(settings: Settings, dispatcher: Dispatcher, executor: Executor) -> list[Consumer]:
    """Return what works on the queues."""
    slots = {"interactive": settings.interactive_concurrency, "bulk": settings.bulk_concurrency}
    seconds = settings.redelivery_seconds
    return [
        Consumer(docket, executor.take, concurrency=slots[queue], redelivery_seconds=seconds)
        for queue, docket in dispatcher.dockets.items()
    ]


async def work(settings: Settings, *, stop: asyncio.Event, agents: Mapping[str, Agent[Any, Any]]) -> None:
    """Work until `stop` is set, then put back what does not end within the grace time."""
    async with AsyncExitStack() as stack:
        workshop = await stack.enter_async_context(open_workshop(settings, agents))
        metrics = workshop.resources.metrics
        stack.enter_context(serving(metrics, host=settings.host, port=settings.worker_metrics_port))
        consumers = [asyncio.create_task(consumer.run()) for consumer in workshop.consumers]
        keepers = [asyncio.create_task(each) for each in keepers_of(workshop)]
        stopped = asyncio.create_task(stop.wait())
        log.info("worker_ready")
        done, _ = await asyncio.wait([stopped, *consumers, *keepers], return_when=asyncio.FIRST_COMPLETED)
        await drain(workshop, consumers)
        for task in (stopped, *keepers):
            task.cancel()
        await asyncio.gather(stopped, *keepers, return_exceptions=True)
        for task in done - {stopped}:
            task.result()
    log.info("worker_stopped")


def keepers_of(workshop: Workshop) -> list[Coroutine[Any, Any, None]]:
    """Return what runs beside the work: heartbeats and upkeep."""
    settings = workshop.settings
    policy = UpkeepPolicy(
        every=settings.upkeep_seconds,
        lost_after=lost_after(settings),
        event_days=settings.event_retention_days,
        run_days=settings.run_retention_days,
        prompt_days=settings.prompt_retention_days,
    )
    return [
        workshop.executor.beat(),
        keep_up(workshop.resources.sessions, workshop.dispatcher, workshop.bus, policy),
        build_deliverer(workshop.resources).run(),
    ]


def build_deliverer(resources: Resources) -> Deliverer:
    """Return what delivers webhooks."""
    settings = resources.settings
    policy = DeliveryPolicy(
        every=settings.webhook_poll_seconds,
        seconds=settings.webhook_seconds,
        at_once=settings.webhook_concurrency,
        keep_days=settings.webhook_retention_days,
    )
    return Deliverer(sessions=resources.sessions, fetcher=resources.fetcher, policy=policy)


async def drain(workshop: Workshop, consumers: Sequence[asyncio.Task[None]]) -> None:
    """Take nothing new, let each run reach its next step; what has not by then is put back where it is."""
    workshop.executor.drain()
    for task in consumers:
        task.cancel()
    await asyncio.wait(consumers, timeout=PUT_BACK_SECONDS)
    if held := workshop.held:
        _, late = await asyncio.wait(held, timeout=workshop.settings.drain_seconds)
        if late:
            workshop.executor.abandon()
            await asyncio.wait(late, timeout=PUT_BACK_SECONDS)


async def run_worker(settings: Settings, agents: Mapping[str, Agent[Any, Any]] | None = None) -> None:
    """Work until SIGTERM or SIGINT; a second signal ends the process as it stands."""
    step_back(settings.worker_niceness)
    agents = discover() if agents is None else agents
    freeze_heap()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        log.info("worker_draining", signal=number.name)
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    await work(settings, stop=stop, agents=agents)


def main() -> None:
    """Run a worker with the settings of the environment."""
    with plainly():
        settings = read_settings()
        configure_logging(settings.log_format, settings.log_level)
        uvloop.run(run_worker(settings))


if __name__ == "__main__":
    main()
