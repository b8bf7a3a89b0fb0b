"""Whether the process lives, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable
from typing import Literal

import psycopg
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.deps import ResourcesDep
from app.resources import Resources

router = APIRouter(prefix="/health", tags=["operations"])

CHECK_SECONDS = 3.0


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What the process needs, and whether it is there."""

    status: Literal["ok", "unavailable"]
    database: bool
    redis: bool


@router.get("/live", operation_id="get_liveness", summary="Whether the process lives")
async def get_liveness() -> Liveness:
    return Liveness()


@router.get(
    "/ready",
    operation_id="get_readiness",
    summary="Whether database and Redis answer",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Something is missing."}},
)
async def get_readiness(resources: ResourcesDep) -> Response:
    database, redis = await asyncio.gather(answers(ask_database(resources)), answers(ask_redis(resources)))
    ready = database and redis
    view = Readiness(status="ok" if ready else "unavailable", database=database, redis=redis)
    return JSONResponse(view.model_dump(), status_code=200 if ready else 503)


async def ask_database(resources: Resources) -> None:
    """Send the smallest query."""
    async with resources.sessions() as session:
        await session.execute(text("select 1"))


async def ask_redis(resources: Resources) -> None:
    """Send a ping."""
    await resources.redis.ping()


async def answers(check: Awaitable[None]) -> bool:
    """Whether a check comes through in time."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check
    except (SQLAlchemyError, psycopg.Error, RedisError, OSError, TimeoutError):
        return False
    return True
