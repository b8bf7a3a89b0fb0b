"""The plain client; made from `_async.py` by `app/sdk/mirror.py`."""

import time
from collections.abc import Iterator, Mapping, Sequence
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


class Client:
    """Talks to one service. Every method raises ServiceError with a sentence a person can act on."""

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        key: str | None = None,
        timeout: float = 60,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.server = server.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.server,
            headers={**(headers or {}), **credentials(key)},
            timeout=timeout,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> Body:
        """Send one request and return its JSON body ({} when it has none)."""
        response = self._send(method, path, **options)
        body: Body = response.json() if response.content else {}
        return body

    def get_text(self, path: str, media_type: str) -> str:
        """Return a resource in one media type, as text."""
        text: str = self._send("GET", path, headers={"Accept": media_type}).text
        return text

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx2.TransportError as error:
            raise unreachable(self.server, error) from error
        if response.is_error:
            raise refusal(response)
        return response

    def list_all(self, path: str, **query: Any) -> Iterator[Body]:
        """Yield every row of a list, newest first, asking for one page after the other."""
        params = given(limit=200, **query)
        while True:
            page = self.request("GET", path, params=params)
            for row in page["data"]:
                yield row
            if not page["has_more"]:
                return
            params["after"] = page["next_cursor"]

    def create_collection(self, name: str, description: str = "") -> Body:
        """Make a collection and return it."""
        return self.request("POST", "/v1/collections", json={"name": name, "description": description})

    def upload(self, path: Path, collection: str | None = None) -> Body:
        """Send a file for ingestion; return `{document, run}` (run is None when these bytes are there already)."""
        return self.request("POST", "/v1/documents", files=file_part(path), data=given(collection=collection))

    def add_text(self, text: str, filename: str, collection: str | None = None) -> Body:
        """Send a text for ingestion; return `{document, run}`."""
        body = given(text=text, filename=filename, collection=collection)
        return self.request("POST", "/v1/documents", json=body)

    def get_document(self, document_id: str) -> Body:
        """Return a document as it is now."""
        return self.request("GET", f"/v1/documents/{document_id}")

    def delete_document(self, document_id: str) -> None:
        """Remove a document with everything made from it."""
        self.request("DELETE", f"/v1/documents/{document_id}")

    def search(self, query: str, **body: Any) -> list[Body]:
        """Return search results, best first; `body` may have what the route takes: collection, levels, limit …"""
        results: list[Body] = self.request("POST", "/v1/search", json={"query": query, **body})["results"]
        return results

    def research(
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
        return self.request("POST", "/v1/research", json=body, params=given(thread_id=thread_id))

    def debate(self, topic: str | None = None, *, collection: str | None = None, **options: Any) -> Body:
        """Start a debate and return its run; without a topic one is proposed."""
        return self.request("POST", "/v1/debates", json=given(topic=topic, collection=collection, **options))

    def check(self, text: str, *, collection: str | None = None) -> Body:
        """Check the claims of a text against a collection; return them with verdicts, reasons and evidence."""
        return self.request("POST", "/v1/checks", json=given(text=text, collection=collection))

    def get_run(self, run_id: str) -> Body:
        """Return a run as it is now."""
        return self.request("GET", f"/v1/runs/{run_id}")

    def cancel_run(self, run_id: str) -> Body:
        """Ask a run to stop and return it."""
        return self.request("POST", f"/v1/runs/{run_id}/cancel")

    def give_input(self, run_id: str, value: Any, *, question: int | None = None) -> Body:
        """Answer the question a run waits with; `question` is the `seq` it was asked with."""
        return self.request("POST", f"/v1/runs/{run_id}/input", json=value, params=given(question=question))

    def wait(self, run_id: str) -> Body:
        """Follow a run to its end and return it. Raises ServiceError when it failed or was cancelled."""
        for _ in self.follow(run_id):
            pass
        run = self.get_run(run_id)
        if run["status"] != "succeeded":
            error = run["error"] or {}
            raise ServiceError(error.get("detail") or f"The run ended as {run['status']}.", error)
        return run

    def follow(self, run_id: str) -> Iterator[Event]:
        """Yield a run's events from the first to the terminal one, reconnecting where the stream was cut."""
        after, left = 0, RECONNECTS
        while left:
            with suppress(httpx2.TransportError):
                for event in self._stream(run_id, after):
                    after, left = event.seq or after, RECONNECTS
                    yield event
                    if event.type in TERMINAL_EVENTS:
                        return
            left -= 1
            if left < RECONNECTS - 1:
                time.sleep(RECONNECT_SECONDS)
        raise ServiceError(f"The event stream of run {run_id} was cut {RECONNECTS} times in a row.")

    def _stream(self, run_id: str, after: int) -> Iterator[Event]:
        accept = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        with self._http.stream("GET", f"/v1/runs/{run_id}/events", headers=accept, timeout=60) as response:
            if response.is_error:
                response.read()
                raise refusal(response)
            seen = after
            for frame in httpx2.EventSource(response):
                event = read_event(frame, seen)
                seen = event.seq or seen
                yield event
