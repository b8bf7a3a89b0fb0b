"""Requests a minute of each key, counted by all API processes together in Redis.

The generic cell rate algorithm: each key has a time up to which it has used its share; a request moves it on.
"""

import asyncio
import time
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.errors import TooManyRequests
from app.log import get_logger

log = get_logger(__name__)

BURST_SECONDS = 10.0
REDIS_SECONDS = 0.5
REDIS_PAUSE = 5.0

TAKE = """
local now = redis.call('TIME')
now = now[1] * 1000 + now[2] / 1000
local due = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local wait = due - now - ARGV[2]
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', due + ARGV[1]), 'PX', math.ceil(due - now + ARGV[1]) + 1)
return '0'
"""


class KeyRates:
    """Limits every key. While Redis is away each process keeps the limit by itself."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._away_until = 0.0
        self._due: dict[UUID, float] = {}

    async def take(self, key_id: UUID, per_minute: int) -> None:
        """Count one request. Raises TooManyRequests with the seconds to wait."""
        cost = 60 / per_minute
        burst = max(0.0, BURST_SECONDS - cost)
        told = await self._ask(key_id, cost, burst)
        wait = self._take_here(key_id, cost, burst) if told is None else told
        if wait > 0:
            raise TooManyRequests(
                f"This key may make {per_minute} requests a minute; try again in {wait:.1f} s.", retry_after=wait
            )

    async def _ask(self, key_id: UUID, cost: float, burst: float) -> float | None:
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                told = await self._redis.eval(TAKE, 1, f"key:{key_id}:due", str(cost * 1000), str(burst * 1000))
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + REDIS_PAUSE
            log.warning("key_rates.redis_away", error=type(error).__name__)
            return None
        return float(told) / 1000

    def _take_here(self, key_id: UUID, cost: float, burst: float) -> float:
        at = time.monotonic()
        due = max(at, self._due.get(key_id, 0.0))
        if due - at > burst:
            return due - at - burst
        self._due = {known: until for known, until in self._due.items() if until > at}
        self._due[key_id] = due + cost
        return 0.0
