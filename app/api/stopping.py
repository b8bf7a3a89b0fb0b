"""What becomes of open requests when the process is told to stop: none is cut off without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.deps import Service
from app.api.errors import answer_expected
from app.errors import Unavailable


class OpenRequests:
    """The requests a process is answering; once it stops, each has so many seconds left."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._stop_at: float | None = None
        self._deadlines: set[asyncio.Timeout] = set()

    def stop(self) -> None:
        """Let the seconds begin."""
        self._stop_at = asyncio.get_running_loop().time() + self._seconds
        for deadline in self._deadlines:
            deadline.reschedule(self._stop_at)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[asyncio.Timeout]:
        """Answer a request meanwhile. Raises TimeoutError when its seconds are over."""
        async with asyncio.timeout_at(self._stop_at) as deadline:
            self._deadlines.add(deadline)
            try:
                yield deadline
            finally:
                self._deadlines.discard(deadline)


class EndsInTime:
    """Middleware that answers what was not done when the process had to end; an answer half sent is left so."""

    def __init__(self, app: ASGIApp, *, requests: OpenRequests) -> None:
        self.app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answered, deadline = False, None

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            async with self._requests.open() as deadline:
                await self.app(scope, receive, send_noted)
        except TimeoutError:
            if deadline is None or not deadline.expired():
                raise
            if not answered:
                error = Unavailable("The service is being stopped; try again.", retry_after=1)
                response = await answer_expected(Request(scope), error)
                await response(scope, receive, send)


def begin_stop(app: FastAPI) -> None:
    """End the streams and waits of an application at once, and its other requests within their seconds."""
    requests: OpenRequests = app.state.requests
    service: Service = app.state.service
    requests.stop()
    service.bus.stop_listening()
