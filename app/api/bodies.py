"""No request's body is read beyond its cap."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import answer_expected
from app.errors import TooLarge

UPLOADS = ("/v1/documents", "/v1/batches", "/v1/hooks/")
FORM_SLACK = 1024 * 1024


class BodyCaps:
    """Middleware that refuses a body that says it is too long, and stops reading one that turns out to be."""

    def __init__(self, app: ASGIApp, *, body: int, upload: int) -> None:
        self.app = app
        self._body = body
        self._upload = upload + FORM_SLACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._upload if scope["path"].startswith(UPLOADS) else self._body
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > limit:
            await refuse(scope, receive, send, limit)
            return
        reader = CappedReader(receive, send, limit)
        try:
            await self.app(scope, reader.receive, reader.send)
        except TooLarge:
            if not reader.exceeded:
                raise
        if reader.exceeded and not reader.answered:
            await refuse(scope, receive, send, limit)


class CappedReader:
    """Counts what is read; once that is too much, what the application answers is not sent."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._left = receive, send, limit
        self.answered = False

    @property
    def exceeded(self) -> bool:
        """Whether more came than was allowed."""
        return self._left < 0

    async def receive(self) -> Message:
        """Return the next message. Raises TooLarge."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self.exceeded:
            raise TooLarge
        return message

    async def send(self, message: Message) -> None:
        """Pass on an answer that began before the body was too long."""
        if self.exceeded and not self.answered:
            return
        self.answered = True
        await self._send(message)


async def refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    """Answer that a body is too large."""
    error = TooLarge(f"The body is larger than the {limit / 2**20:g} MB taken here.")
    response = await answer_expected(Request(scope), error)
    await response(scope, receive, send)
