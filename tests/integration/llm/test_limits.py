"""Rate limits kept by several processes' worth of limiters over one Redis."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from app.llm.failures import RequestFailed
from app.llm.limits import RateLimit, Rates
from tests.integration.llm.conftest import MakeRunner, ReadLedger
from tests.integration.llm.tasks import GOOD, JUDGE, Question
from tests.support.stub_openai import StubOpenAI, refuse

PER_SECOND = 200


async def count_granted(limits: list[RateLimit], *, seconds: float) -> int:
    """Return how many requests eager workers get through in a time."""
    granted, end = 0, time.monotonic() + seconds

    async def work(limit: RateLimit) -> None:
        nonlocal granted
        while True:
            try:
                await limit.wait(10, deadline=end)
            except RequestFailed:
                return
            granted += 1

    await asyncio.gather(*(work(limit) for limit in limits for _ in range(4)))
    return granted


@pytest.mark.parametrize("rates", [Rates(requests=PER_SECOND * 60), Rates(tokens=PER_SECOND * 60 * 10)])
async def test_four_workers_together_keep_the_rate(rates: Rates, redis_url: str) -> None:
    clients = [Redis.from_url(redis_url) for _ in range(4)]
    name = "requests" if rates.requests else "tokens"
    granted = await count_granted([RateLimit(name, rates, client) for client in clients], seconds=1.5)
    for client in clients:
        await client.aclose()
    burst = PER_SECOND
    assert PER_SECOND * 1.5 * 0.8 <= granted - burst <= PER_SECOND * 1.5 * 1.05


async def test_without_redis_the_process_keeps_its_own_limit() -> None:
    away = Redis.from_url("redis://127.0.0.1:1/0")
    granted = await count_granted([RateLimit("own", Rates(requests=PER_SECOND * 60), away)], seconds=0.5)
    await away.aclose()
    assert PER_SECOND * 0.5 * 0.8 <= granted - PER_SECOND <= PER_SECOND * 0.5 * 1.05


@pytest.mark.parametrize("shared", [True, False])
async def test_a_refusal_lowers_the_rate(shared: bool, redis_url: str) -> None:
    redis = Redis.from_url(redis_url) if shared else None
    limit = RateLimit(f"shrunk-{shared}", Rates(tokens=PER_SECOND * 60 * 10), redis)
    await limit.wait(PER_SECOND * 10)
    await limit.shrink()
    granted = await count_granted([limit], seconds=0.5)
    if redis is not None:
        await redis.aclose()
    assert granted <= PER_SECOND * 0.5 * 0.8


async def test_tokens_not_used_are_given_back(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        limit = RateLimit("settled", Rates(tokens=60_000), redis)
        await limit.wait(30_000)
        await limit.settle(-30_000)
        began = time.monotonic()
        await limit.wait(10, deadline=began + 1)
    assert time.monotonic() - began < 0.5


async def test_the_calls_of_a_runner_keep_the_limit_and_refusals_lower_concurrency(
    stub: StubOpenAI, make_runner: MakeRunner, read_ledger: ReadLedger
) -> None:
    stub.script(refuse(429, "slow down"), GOOD)
    runner = await make_runner(requests_per_minute=60_000, model_concurrency=8)
    await runner.run(JUDGE, Question())
    servers = runner.servers
    assert servers.slots(servers.choose("judge").server).capacity == 4
