"""How much a key may ask, how much a body may hold, and what stands in every answer's headers."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from app.api.rates import KeyRates
from app.db import Sessions
from app.errors import TooManyRequests
from app.main import create_app
from app.resources import Resources
from app.settings import Settings
from tests.integration.access.conftest import connect, make_key

MEGABYTE = 2**20


async def test_a_key_above_its_rate_is_told_when_to_come_again(app: FastAPI, sessions: Sessions) -> None:
    hasty = await make_key(sessions, "hasty", "read", per_minute=6)
    calm = await make_key(sessions, "hasty", "read")
    async with connect(app, hasty) as client, connect(app, calm) as other:
        assert (await client.get("/v1/session")).status_code == 200
        refused = await client.get("/v1/session")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert (await other.get("/v1/session")).status_code == 200


async def test_processes_count_a_keys_requests_together(resources: Resources) -> None:
    one, two, key = KeyRates(resources.redis), KeyRates(resources.redis), uuid7()
    for rates in (one, two, one, two):
        await rates.take(key, 24)
    with pytest.raises(TooManyRequests):
        await one.take(key, 24)


async def test_without_redis_each_process_keeps_the_limit() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as away:
        rates, key = KeyRates(away), uuid7()
        await rates.take(key, 6)
        with pytest.raises(TooManyRequests):
            await rates.take(key, 6)


@pytest.mark.parametrize(
    ("path", "megabytes"), [("/v1/search", 2), ("/v1/collections", 2), ("/v1/research", 2), ("/v1/documents", 3)]
)
async def test_a_body_above_its_cap_is_refused(app: FastAPI, sessions: Sessions, path: str, megabytes: int) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(megabytes):
            yield b"x" * MEGABYTE

    json = {"Content-Type": "application/json"}
    async with connect(app, await make_key(sessions, "large", "write")) as client:
        told = await client.post(path, content=b"x" * megabytes * MEGABYTE, headers=json)
        untold = await client.post(path, content=chunks(), headers=json)
    for answer in (told, untold):
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/v1/runs", "/v1/nothing", "/docs", "/health/live", "/js/app.js"])
async def test_every_answer_tells_browsers_to_be_careful(app: FastAPI, path: str) -> None:
    async with connect(app) as client:
        headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_only_named_origins_may_call_from_a_page(app: FastAPI, settings: Settings) -> None:
    named, other = "https://app.example.com", "https://other.example.com"
    sharing = create_app(settings.model_copy(update={"cors_origins": [named]}))
    sharing.state.service = app.state.service
    async with connect(sharing) as client:
        for origin, allowed in ((named, named), (other, None)):
            ask = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            preflight = await client.options("/v1/search", headers=ask)
            assert preflight.headers.get("access-control-allow-origin") == allowed
        answer = await client.get("/v1/nothing", headers={"Origin": named})
        assert answer.headers["access-control-allow-origin"] == named
