"""A thin client of the public HTTP API; what the command line is built on."""

import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

Body = dict[str, Any]
RECONNECTS = 10
TERMINAL_EVENTS = frozenset({"run.succeeded", "run.failed", "run.cancelled"})


class ServiceError(Exception):
    """The service refused or could not be reached; `problem` is its RFC 9457 body, if it sent one."""

    def __init__(self, message: str, problem: Body | None = None) -> None:
        super().__init__(message)
        self.problem = problem or {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of a run. `seq` is None for a streamed delta, which is never replayed."""

    seq: int | None
    type: str
    data: Body


class Client:
    """Talks to one service. Every method raises ServiceError with a sentence a person can act on."""

    def __init__(self, server: str = "http://127.0.0.1:8000", *, key: str | None = None, timeout: float = 60) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.server = server.rstrip("/")
        self._http = httpx2.Client(base_url=self.server, headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
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
            raise ServiceError(f"No answer from {self.server}: {error}. Is `symposium up` running?") from error
        if response.is_error:
            raise refusal(response)
        return response

    def upload(self, path: Path, collection: str | None = None) -> Body:
        """Send a file for ingestion; return `{document, run}` (run is None when these bytes are there already)."""
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        with path.open("rb") as file:
            return self.request(
                "POST",
                "/v1/documents",
                files={"file": (path.name, file, media_type)},
                data={"collection": collection} if collection else {},
            )

    def research(self, question: str, *, collections: Sequence[str] = (), format: str = "answer") -> Body:
        """Start a research run and return it."""
        body = {"question": question, "format": format, "collections": list(collections)}
        return self.request("POST", "/v1/research", json=body)

    def search(self, query: str, **body: Any) -> list[Body]:
        """Return search results, best first."""
        results: list[Body] = self.request("POST", "/v1/search", json={"query": query, **body})["results"]
        return results

    def get_run(self, run_id: str) -> Body:
        """Return a run as it is now."""
        return self.request("GET", f"/v1/runs/{run_id}")

    def cancel_run(self, run_id: str) -> Body:
        """Ask a run to stop and return it."""
        return self.request("POST", f"/v1/runs/{run_id}/cancel")

    def give_input(self, run_id: str, value: Any, *, question: int | None = None) -> Body:
        """Answer the question a run waits with; `question` is the `seq` it was asked with."""
        params = {} if question is None else {"question": question}
        return self.request("POST", f"/v1/runs/{run_id}/input", json=value, params=params)

    def follow(self, run_id: str) -> Iterator[Event]:
        """Yield a run's events from the first to the terminal one, reconnecting where the stream was cut."""
        after, left = 0, RECONNECTS
        while left:
            try:
                for event in self._stream(run_id, after):
                    after, left = event.seq or after, RECONNECTS
                    yield event
                    if event.type in TERMINAL_EVENTS:
                        return
            except httpx2.TransportError:
                left -= 1
        raise ServiceError(f"The event stream of run {run_id} was cut {RECONNECTS} times in a row.")

    def _stream(self, run_id: str, after: int) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        with self._http.stream("GET", f"/v1/runs/{run_id}/events", headers=headers, timeout=60) as response:
            if response.is_error:
                response.read()
                raise refusal(response)
            seen = after
            for frame in httpx2.EventSource(response):
                seq = int(frame.id) if frame.id and int(frame.id) > seen else None
                seen = seq or seen
                data = frame.json()
                yield Event(seq=seq, type=frame.event, data=data if isinstance(data, dict) else {})


def refusal(response: httpx2.Response) -> ServiceError:
    """Turn an error response into an exception that says what the service said."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    message = problem.get("detail") or f"The service answered {response.status_code}."
    fields = "; ".join(f"{e['pointer']}: {e['detail']}" for e in problem.get("errors", []))
    return ServiceError(f"{message} {fields}".strip(), problem)
