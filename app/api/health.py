"""Whether the process lives, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable
from typing import Literal, TypeVar

import psycopg
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.api.deps import ResourcesDep
from app.resources import Resources
from app.runs.figures import read_queue_ages

router = APIRouter(prefix="/health", tags=["operations"])

CHECK_SECONDS = 3.0
T = TypeVar("T")


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What the process needs, and whether it is there."""

    status: Literal["ok", "unavailable"]
    database: bool
    redis: bool
    queue_age_seconds: float | None = Field(description="How long the longest waiting run has waited; null if unknown.")


@router.get("/live", operation_id="get_liveness", summary="Whether the process lives")
async def get_liveness() -> Liveness:
    return Liveness()


@router.get(
    "/ready",
    operation_id="get_readiness",
    summary="Whether database and Redis answer, and how long runs wait",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Something is missing."}},
)
async def get_readiness(resources: ResourcesDep) -> Response:
    age, pong = await asyncio.gather(answer_of(ask_database(resources)), answer_of(ask_redis(resources)))
    ready = age is not None and pong is not None
    view = Readiness(
        status="ok" if ready else "unavailable",
        database=age is not None,
        redis=pong is not None,
        queue_age_seconds=age,
    )
    return JSONResponse(view.model_dump(), status_code=200 if ready else 503)


async def ask_database(resources: Resources) -> float:
    """Return the seconds the longest waiting run has waited."""
    async with resources.sessions() as session:
        return round((await read_queue_ages(session)).oldest, 1)


async def ask_redis(resources: Resources) -> bool:
    """Send a ping."""
    return bool(await resources.redis.ping())


async def answer_of(check: Awaitable[T]) -> T | None:
    """Return what a check gives, None when it fails or takes too long."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check
    except (SQLAlchemyError, psycopg.Error, RedisError, OSError, TimeoutError):
        return None
