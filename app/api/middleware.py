"""What stands before the routes, from the outside in: id, span, measuring, headers, CORS, bugs, an end in time, the
body's size, access.
"""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware

from app.api.access import Access
from app.api.bodies import BodyCaps
from app.api.errors import RequestIds, answer_unexpected
from app.api.headers import SecurityHeaders
from app.api.measuring import Measuring
from app.api.spans import RequestSpans
from app.api.stopping import EndsInTime, OpenRequests
from app.settings import Settings

EXPOSED = ["Location", "Retry-After", "X-Request-Id", "Idempotent-Replayed", "Preference-Applied"]
CORS_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def install_middleware(app: FastAPI, settings: Settings) -> None:
    """Put them around the application; what is added last stands outermost."""
    app.state.requests = OpenRequests(seconds=settings.stop_seconds)
    app.add_middleware(Access)
    app.add_middleware(BodyCaps, body=settings.max_body_mb * 2**20, upload=settings.max_upload_mb * 2**20)
    app.add_middleware(EndsInTime, requests=app.state.requests)
    app.add_middleware(ServerErrorMiddleware, handler=answer_unexpected)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=CORS_METHODS,
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Measuring)
    if settings.otlp_endpoint:
        app.add_middleware(RequestSpans)
    app.add_middleware(RequestIds)
