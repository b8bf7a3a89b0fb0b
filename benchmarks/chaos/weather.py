"""Accidents in an order that a seed decides."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

import redis.asyncio
from redis.exceptions import RedisError

from benchmarks.chaos.house import House

PAUSE_SECONDS = (1.0, 6.0)
OUTAGE_SECONDS = (0.1, 1.5)
WEIGHTS = {"workers_killed": 8, "redis_killed": 2, "redis_flushed": 2, "redis_restarted": 1, "postgres_restarted": 2}


class Weather:
    """What happens to a house; `counts` has how often."""

    def __init__(self, house: House, random: Random) -> None:
        self._house = house
        self._random = random
        self.counts: Counter[str] = Counter(dict.fromkeys(WEIGHTS, 0))
        self._accidents: dict[str, Callable[[], Awaitable[None]]] = {
            "workers_killed": house.crew.kill_one,
            "redis_killed": self._kill_redis,
            "redis_flushed": self._flush_redis,
            "redis_restarted": self._restart_redis,
            "postgres_restarted": self._restart_postgres,
        }

    async def rage(self, over: asyncio.Event) -> None:
        """Let one accident follow another, each kind once at least, until it is over."""
        first = self._random.sample(list(WEIGHTS), len(WEIGHTS))
        while first or not over.is_set():
            drawn = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            kind = first.pop() if first else drawn
            await asyncio.sleep(self._random.uniform(*PAUSE_SECONDS))
            await self._accidents[kind]()
            self.counts[kind] += 1

    async def _pass(self) -> None:
        await asyncio.sleep(self._random.uniform(*OUTAGE_SECONDS))

    async def _kill_redis(self) -> None:
        await asyncio.to_thread(self._house.services.redis.kill)
        await self._pass()
        await asyncio.to_thread(self._house.services.redis.start)

    async def _restart_redis(self) -> None:
        await asyncio.to_thread(self._house.services.redis.stop)
        await self._pass()
        await asyncio.to_thread(self._house.services.redis.start)

    async def _flush_redis(self) -> None:
        async with redis.asyncio.Redis.from_url(str(self._house.settings.redis_url)) as client:
            try:
                await client.flushall()
            except RedisError:
                return

    async def _restart_postgres(self) -> None:
        await asyncio.to_thread(self._house.services.postgres.stop)
        await self._pass()
        await asyncio.to_thread(self._house.services.postgres.start)
