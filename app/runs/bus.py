"""Live events over Redis pub/sub: one connection a process, however many listen. Nothing here is durable."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline, PubSub
from redis.exceptions import RedisError

from app.db import Json
from app.log import get_logger

log = get_logger(__name__)

CANCELS = "symposium:cancels"
LISTENER_LIMIT = 1000
PUBLISH_SECONDS = 2.0
RETRY_SECONDS = 1.0

Message = Json | None
"""A published event, or None: something may have been missed, read the log again."""


def channel_of(run_id: UUID) -> str:
    """Return the channel a run's events go out on."""
    return f"symposium:run:{run_id}"


class Listener:
    """What one listener has not yet taken; when it is too slow, all of that becomes one None."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message] = asyncio.Queue(LISTENER_LIMIT)

    def put(self, message: Message) -> None:
        """Hand over a message without waiting."""
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            message = None
        self._queue.put_nowait(message)

    async def get(self, seconds: float) -> Message:
        """Return the next message. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            return await self._queue.get()


class EventBus:
    """Publishes and hands out live events; open it with `open_bus`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pubsub: PubSub = redis.pubsub()
        self._listeners: dict[str, set[Listener]] = {}
        self._on_cancel: Callable[[UUID], None] | None = None
        self._connected = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self.stopping = False

    def stop_listening(self) -> None:
        """Have all who listen end, now and from now on."""
        self.stopping = True
        self._resync()

    async def publish(self, run_id: UUID, messages: Iterable[Json]) -> None:
        """Send messages to those who listen now; an unreachable Redis is logged, the log has the events."""
        sending = self._redis.pipeline(transaction=False)
        for message in messages:
            sending.publish(channel_of(run_id), json.dumps(message))
        await self._send(sending, run_id)

    async def publish_cancel(self, run_id: UUID) -> None:
        """Wake the worker that has the run; it also looks at each heartbeat."""
        sending = self._redis.pipeline(transaction=False)
        sending.publish(CANCELS, str(run_id))
        await self._send(sending, run_id)

    async def _send(self, sending: Pipeline, run_id: UUID) -> None:
        """Send to the end though the caller is cancelled: amid a command the client may swallow the cancellation."""
        task = asyncio.create_task(_execute(sending, run_id))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        await asyncio.shield(task)

    def on_cancel(self, callback: Callable[[UUID], None]) -> None:
        """Call `callback` with the id of every run whose cancellation is asked for."""
        self._on_cancel = callback

    async def wait_for_connection(self, seconds: float) -> None:
        """Return when the bus has connected to Redis since this was last asked, after so many seconds at the latest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._connected.wait()
        self._connected.clear()

    @asynccontextmanager
    async def listen(self, run_id: UUID) -> AsyncIterator[Listener]:
        """Receive a run's messages from now on."""
        channel, listener = channel_of(run_id), Listener()
        group = self._listeners.setdefault(channel, set())
        group.add(listener)
        if len(group) == 1:
            await self._tell(self._pubsub.subscribe, channel)
        try:
            yield listener
        finally:
            group.discard(listener)
            if not group and self._listeners.pop(channel, None) is not None:
                await self._tell(self._pubsub.unsubscribe, channel)

    async def _tell(self, command: Callable[..., object], channel: str) -> None:
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await command(channel)  # type: ignore[misc]
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("subscription_failed", channel=channel, error=repr(error))

    async def run(self) -> None:
        """Hand out what arrives, for ever; after a lost connection every listener is told to read the log again."""
        while True:
            try:
                await self._pubsub.subscribe(CANCELS, *self._listeners)
                self._resync()
                async for message in self._pubsub.listen():
                    self._hand_out(message)
            except (RedisError, OSError) as error:
                log.warning("redis_connection_lost", error=repr(error))
                self._resync()
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
                self._pubsub = self._redis.pubsub()
            await asyncio.sleep(RETRY_SECONDS)

    async def aclose(self) -> None:
        """Close the connection once what is being sent is sent."""
        await asyncio.gather(*self._sending)
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    def _hand_out(self, message: Json) -> None:
        channel = _text(message["channel"])
        if message["type"] == "subscribe":
            self._resync(channel)
            if channel == CANCELS:
                self._connected.set()
        if message["type"] != "message":
            return
        if channel == CANCELS:
            if self._on_cancel is not None:
                self._on_cancel(UUID(_text(message["data"])))
            return
        for listener in self._listeners.get(channel, ()):
            listener.put(json.loads(message["data"]))

    def _resync(self, channel: str | None = None) -> None:
        groups = self._listeners.values() if channel is None else [self._listeners.get(channel, set())]
        for group in groups:
            for listener in group:
                listener.put(None)


async def _execute(sending: Pipeline, run_id: UUID) -> None:
    try:
        async with asyncio.timeout(PUBLISH_SECONDS):
            await sending.execute()
    except (RedisError, TimeoutError, OSError) as error:
        log.warning("publish_failed", run_id=str(run_id), error=repr(error))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@asynccontextmanager
async def open_bus(redis: Redis) -> AsyncIterator[EventBus]:
    """Open the process's event bus."""
    bus = EventBus(redis)
    task = asyncio.create_task(bus.run(), name="event bus")
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bus.aclose()
