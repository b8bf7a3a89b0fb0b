"""Requests and tokens a minute to a server, kept by all workers together in Redis.

The generic cell rate algorithm: a theoretical arrival time a server, moved on by each request's share of a minute.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.errors import ModelFailed
from app.llm.failures import RequestFailed
from app.log import get_logger

BURST_SECONDS = 1.0
LEAST_SHARE = 0.1
SHRINK = 0.7
RECOVERY_PER_SECOND = 0.01
REDIS_SECONDS = 1.0
REDIS_PAUSE = 5.0

TAKE = """
local now = redis.call('TIME')
now = now[1] * 1000 + now[2] / 1000
local share = 1
local held = redis.call('HMGET', KEYS[3], 'share', 'at')
if held[1] then share = math.min(1, held[1] + (now - held[2]) / 1000 * ARGV[4]) end
local wait = 0
for i = 1, 2 do
  local cost = ARGV[i] / share
  if cost ~= 0 then
    local due = math.max(now - ARGV[3], tonumber(redis.call('GET', KEYS[i]) or 0))
    wait = math.max(wait, due - now)
    redis.call('SET', KEYS[i], string.format('%.3f', due + cost), 'PX', 600000)
  end
end
return tostring(wait)
"""
SHRINK_SHARE = """
local now = redis.call('TIME')
now = now[1] * 1000 + now[2] / 1000
local share, held = 1, redis.call('HMGET', KEYS[1], 'share', 'at')
if held[1] then
  if now - held[2] < 1000 then return 0 end
  share = math.min(1, held[1] + (now - held[2]) / 1000 * ARGV[1])
end
redis.call('HSET', KEYS[1], 'share', math.max(ARGV[3], share * ARGV[2]), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], 600000)
return 1
"""

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What a server allows in a minute; None is no limit."""

    requests: int | None = None
    tokens: int | None = None

    def cost_ms(self, tokens: int) -> tuple[float, float]:
        """Return the share of a minute that a request of so many tokens takes of either limit, in milliseconds."""
        by_requests = 60_000 / self.requests if self.requests else 0.0
        return by_requests, 60_000 * tokens / self.tokens if self.tokens else 0.0


class RateLimit:
    """One server's limit. Without Redis, or while it is away, the process keeps the limit by itself."""

    def __init__(self, name: str, rates: Rates, redis: Redis | None) -> None:
        self._rates = rates
        self._redis = redis
        self._keys = [f"llm:{{{name}}}:{part}" for part in ("requests", "tokens", "share")]
        self._own = _OwnLimit()
        self._away_until = 0.0

    async def wait(self, tokens: int, *, deadline: float | None = None) -> None:
        """Return when a request of so many tokens may go out. Raises RequestFailed when that is past the deadline."""
        costs = self._rates.cost_ms(tokens)
        if not any(costs):
            return
        pause = await self._take(costs)
        if deadline is not None and time.monotonic() + pause >= deadline:
            raise RequestFailed(ModelFailed("The rate limit of the model server leaves this run no time to go on."))
        if pause > 0:
            await asyncio.sleep(pause)

    async def settle(self, tokens: int) -> None:
        """Charge (or give back, when negative) the tokens by which a request differed from what was reserved."""
        if self._rates.tokens and tokens:
            await self._take((0.0, self._rates.cost_ms(tokens)[1]))

    async def shrink(self) -> None:
        """Lower the rate after a refusal, at most once a second; it recovers by itself."""
        if not any(self._rates.cost_ms(1)):
            return
        self._own.shrink()
        arguments = [RECOVERY_PER_SECOND, SHRINK, LEAST_SHARE]
        await self._ask(SHRINK_SHARE, self._keys[2:], arguments)

    async def _take(self, costs: tuple[float, float]) -> float:
        told = await self._ask(TAKE, self._keys, [*costs, BURST_SECONDS * 1000, RECOVERY_PER_SECOND])
        return self._own.take(costs) if told is None else float(told) / 1000

    async def _ask(self, script: str, keys: list[str], arguments: list[float]) -> Any:
        if self._redis is None or time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                return await self._redis.eval(script, len(keys), *keys, *map(str, arguments))
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + REDIS_PAUSE
            log.warning("rate_limit.redis_away", error=type(error).__name__)
            return None


class _OwnLimit:
    """The same arithmetic in memory."""

    def __init__(self) -> None:
        self._due = [0.0, 0.0]
        self._share, self._shrunk_at = 1.0, time.monotonic()

    def take(self, costs: tuple[float, float]) -> float:
        now, wait = time.monotonic(), 0.0
        for i, cost in enumerate(costs):
            if cost:
                due = max(now - BURST_SECONDS, self._due[i])
                wait = max(wait, due - now)
                self._due[i] = due + cost / 1000 / self._present_share(now)
        return wait

    def shrink(self) -> None:
        now = time.monotonic()
        self._share, self._shrunk_at = max(LEAST_SHARE, self._present_share(now) * SHRINK), now

    def _present_share(self, now: float) -> float:
        return min(1.0, self._share + (now - self._shrunk_at) * RECOVERY_PER_SECOND)
