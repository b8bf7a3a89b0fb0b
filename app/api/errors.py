"""Every error leaves as RFC 9457 `application/problem+json`; a request's id is on every answer."""

import math
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from pydantic import BaseModel
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars
from uuid_utils.compat import uuid7

from app.api.wording import explain
from app.db import Json
from app.errors import AppError, FieldError, Invalid, Unavailable
from app.log import get_logger

log = get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
RETRIED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
LATER_SECONDS = 5.0
"""Until a client may ask again, where nobody knows better."""
IN_BODY = frozenset({"body"})
EXPECTED: tuple[type[Exception], ...] = (
    AppError,
    OperationalError,
    InterfaceError,
    PoolExhausted,
    psycopg.OperationalError,
    PoolTimeout,
)
"""What is answered as it is: our own errors, and the ways a database is away."""


class ProblemField(BaseModel):
    """One thing wrong in a request."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[ProblemField] | None = None


def problems(*kinds: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these errors, for the OpenAPI document."""
    return {
        kind.status: {
            "description": kind.title,
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for kind in kinds
    }


class RequestIds:
    """Gives every request an id, its own `X-Request-Id` when that is sane, and puts it on the answer and the logs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid7())
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_with_id)


def problem_response(request: Request, problem: Json, *, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a problem with the request's id."""
    request_id = getattr(request.state, "request_id", "")
    return JSONResponse(
        {**problem, "request_id": request_id},
        status_code=problem["status"],
        media_type=PROBLEM_JSON,
        headers={"X-Request-Id": request_id, **(headers or {})},
    )


async def answer_expected(request: Request, error: Exception) -> JSONResponse:
    """Answer one of our errors, or a database that is away for now."""
    if not isinstance(error, AppError):
        log.warning("database_away", path=request.url.path, error=repr(error))
        error = Unavailable("The database does not answer right now; try again.", retry_after=2)
    after = LATER_SECONDS if error.retry_after is None and error.status in RETRIED else error.retry_after
    headers = {} if after is None else {"Retry-After": str(max(1, math.ceil(after)))}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(request, error.problem(), headers=headers)


async def answer_invalid(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that does not fit its route, with everything that is wrong at once."""
    assert isinstance(error, RequestValidationError)
    found = tuple(FieldError(pointer=pointer(each["loc"]), detail=explain(each)) for each in error.errors())
    return problem_response(request, Invalid(errors=found).problem())


async def answer_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses itself: unknown paths and methods, unreadable bodies."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.BAD_REQUEST:
        return problem_response(
            request, Invalid("The body can't be read: it is not the JSON or form it says.").problem()
        )
    code = status.name.lower()
    problem = {
        "type": f"urn:symposium:error:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": f"{status.description or status.phrase}.",
        "code": code,
    }
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request))
    return problem_response(request, problem, headers=headers)


def allowed_methods(request: Request) -> list[str]:
    """Return every method that some route has at a request's path."""
    app: FastAPI = request.app
    return [method for method in METHODS if any(_matches(route, request.scope, method) for route in app.router.routes)]


def _matches(route: BaseRoute, scope: Scope, method: str) -> bool:
    return not isinstance(route, Mount) and route.matches({**scope, "method": method})[0] is Match.FULL


async def answer_unstorable(request: Request, error: Exception) -> JSONResponse:
    """Answer a text that Postgres can't hold; whatever else it says of values is a bug."""
    if "NUL" not in str(error):
        return await answer_unexpected(request, error)
    return problem_response(request, Invalid("A text here has the NUL character, which can't be kept.").problem())


async def answer_unexpected(request: Request, error: Exception) -> JSONResponse:
    """Answer a bug without a word about it; the framework logs the traceback."""
    log.error("request_failed", path=request.url.path, error=repr(error))
    return problem_response(request, AppError("Something went wrong inside the service; it has been logged.").problem())


def pointer(location: Sequence[str | int]) -> str:
    """Return where a value stands: a JSON pointer into the body, or `query/limit`, `path/run_id`, `header/…`."""
    place, *rest = location
    steps = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in rest)
    if place in IN_BODY:
        return f"/{steps}" if steps else ""
    return f"{place}/{steps}"


def install_errors(app: FastAPI) -> None:
    """Register the handlers."""
    for kind in EXPECTED:
        app.add_exception_handler(kind, answer_expected)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(DataError, answer_unstorable)
    app.add_exception_handler(Exception, answer_unexpected)
