"""The asyncio client."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from symposium._wire import (
    DEFAULT_SERVER,
    RECONNECT_SECONDS,
    RECONNECTS,
    TERMINAL_EVENTS,
    Body,
    Event,
    ServiceError,
    credentials,
    file_part,
    given,
    read_event,
    refusal,
    unreachable,
)


class AsyncClient:
    """Talks to one service. Every method raises ServiceError with a sentence a person can act on."""

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        key: str | None = None,
        timeout: float = 60,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.server = server.rstrip("/")
        self._http = httpx2.AsyncClient(
            base_url=self.server,
            headers={**(headers or {}), **credentials(key)},
            timeout=timeout,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(self, method: str, path: str, **options: Any) -> Body:
        """Send one request and return its JSON body ({} when it has none)."""
        response = await self._send(method, path, **options)
        body: Body = response.json() if response.content else {}
        return body

    async def get_text(self, path: str, media_type: str) -> str:
        """Return a resource in one media type, as text."""
        text: str = (await self._send("GET", path, headers={"Accept": media_type})).text
        return text

    async def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            response = await self._http.request(method, path, **options)
        except httpx2.TransportError as error:
            raise unreachable(self.server, error) from error
        if response.is_error:
            raise refusal(response)
        return response

    async def list_all(self, path: str, **query: Any) -> AsyncIterator[Body]:
        """Yield every row of a list, newest first, asking for one page after the other."""
        params = given(limit=200, **query)
        while True:
            page = await self.request("GET", path, params=params)
            for row in page["data"]:
                yield row
            if not page["has_more"]:
                return
            params["after"] = page["next_cursor"]

    async def create_collection(self, name: str, description: str = "") -> Body:
        """Make a collection and return it."""
        return await self.request("POST", "/v1/collections", json={"name": name, "description": description})

    async def upload(self, path: Path, collection: str | None = None) -> Body:
        """Send a file for ingestion; return `{document, run}` (run is None when these bytes are there already)."""
        return await self.request("POST", "/v1/documents", files=file_part(path), data=given(collection=collection))

    async def add_text(self, text: str, filename: str, collection: str | None = None) -> Body:
        """Send a text for ingestion; return `{document, run}`."""
        body = given(text=text, filename=filename, collection=collection)
        return await self.request("POST", "/v1/documents", json=body)

    async def get_document(self, document_id: str) -> Body:
        """Return a document as it is now."""
        return await self.request("GET", f"/v1/documents/{document_id}")

    async def delete_document(self, document_id: str) -> None:
        """Remove a document with everything made from it."""
        await self.request("DELETE", f"/v1/documents/{document_id}")

    async def search(self, query: str, **body: Any) -> list[Body]:
        """Return search results, best first; `body` may have what the route takes: collection, levels, limit …"""
        results: list[Body] = (await self.request("POST", "/v1/search", json={"query": query, **body}))["results"]
        return results

    async def research(
        self,
        question: str,
        *,
        collections: Sequence[str] = (),
        format: str = "answer",
        thread_id: str | None = None,
        **options: Any,
    ) -> Body:
        """Start a research run and return it; `wait` gives its end. With a `thread_id` it follows up that thread."""
        body = {"question": question, "format": format, "collections": list(collections), **options}
        return await self.request("POST", "/v1/research", json=body, params=given(thread_id=thread_id))

    async def debate(self, topic: str | None = None, *, collection: str | None = None, **options: Any) -> Body:
        """Start a debate and return its run; without a topic one is proposed."""
        return await self.request("POST", "/v1/debates", json=given(topic=topic, collection=collection, **options))

    async def check(self, text: str, *, collection: str | None = None) -> Body:
        """Check the claims of a text against a collection; return them with verdicts, reasons and evidence."""
        return await self.request("POST", "/v1/checks", json=given(text=text, collection=collection))

    async def get_run(self, run_id: str) -> Body:
        """Return a run as it is now."""
        return await self.request("GET", f"/v1/runs/{run_id}")

    async def cancel_run(self, run_id: str) -> Body:
        """Ask a run to stop and return it."""
        return await self.request("POST", f"/v1/runs/{run_id}/cancel")

    async def give_input(self, run_id: str, value: Any, *, question: int | None = None) -> Body:
        """Answer the question a run waits with; `question` is the `seq` it was asked with."""
        return await self.request("POST", f"/v1/runs/{run_id}/input", json=value, params=given(question=question))

    async def wait(self, run_id: str) -> Body:
        """Follow a run to its end and return it. Raises ServiceError when it failed or was cancelled."""
        async for _ in self.follow(run_id):
            pass
        run = await self.get_run(run_id)
        if run["status"] != "succeeded":
            error = run["error"] or {}
            raise ServiceError(error.get("detail") or f"The run ended as {run['status']}.", error)
        return run

    async def follow(self, run_id: str) -> AsyncIterator[Event]:
        """Yield a run's events from the first to the terminal one, reconnecting where the stream was cut."""
        after, left = 0, RECONNECTS
        while left:
            with suppress(httpx2.TransportError):
                async for event in self._stream(run_id, after):
                    after, left = event.seq or after, RECONNECTS
                    yield event
                    if event.type in TERMINAL_EVENTS:
                        return
            left -= 1
            if left < RECONNECTS - 1:
                await asyncio.sleep(RECONNECT_SECONDS)
        raise ServiceError(f"The event stream of run {run_id} was cut {RECONNECTS} times in a row.")

    async def _stream(self, run_id: str, after: int) -> AsyncIterator[Event]:
        accept = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        async with self._http.stream("GET", f"/v1/runs/{run_id}/events", headers=accept, timeout=60) as response:
            if response.is_error:
                await response.aread()
                raise refusal(response)
            seen = after
            async for frame in httpx2.EventSource(response):
                event = read_event(frame, seen)
                seen = event.seq or seen
                yield event
