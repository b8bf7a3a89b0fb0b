"""Every answer is timed and logged once, when its first byte goes out."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.log import get_logger
from app.metrics import Metrics

log = get_logger(__name__)

PROBES = ("/health/", "/metrics")


class Measuring:
    """Middleware that times answers by the template of their route, so that ids make no new series."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, answered = time.perf_counter(), False

        async def send_measured(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                _measure(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self.app(scope, receive, send_measured)
        finally:
            if not answered:
                _measure(scope, 500, time.perf_counter() - began)


def _measure(scope: Scope, status: int, seconds: float) -> None:
    metrics: Metrics = scope["app"].state.service.resources.metrics
    metrics.http_seconds.labels(method=scope["method"], route=route_of(scope), status=status).observe(seconds)
    say = log.debug if scope["path"].startswith(PROBES) else log.info
    say("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered, "other" for files and unknown paths."""
    path: str = getattr(scope.get("route"), "path", "other")
    return path
