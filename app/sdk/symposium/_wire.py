"""What both clients share: how requests are put, and what answers and events become."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

Body = dict[str, Any]
DEFAULT_SERVER = "http://127.0.0.1:8000"
RECONNECTS, RECONNECT_SECONDS = 30, 1.0
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


def credentials(key: str | None) -> dict[str, str]:
    """Return the header that shows a key."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def given(**values: object) -> Body:
    """Return the values that are there; None is left to the service's default."""
    return {name: value for name, value in values.items() if value is not None}


def file_part(path: Path) -> Body:
    """Return a file as the part of a form."""
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {"file": (path.name, path.read_bytes(), media_type)}


def unreachable(server: str, error: Exception) -> ServiceError:
    """Return what is raised when nothing answers."""
    return ServiceError(f"No answer from {server}: {error}. Is `symposium up` running?")


def refusal(response: httpx2.Response) -> ServiceError:
    """Turn an error response into an exception that says what the service said."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    message = problem.get("detail") or f"The service answered {response.status_code}."
    fields = "; ".join(f"{e['pointer']}: {e['detail']}" for e in problem.get("errors", []))
    return ServiceError(f"{message} {fields}".strip(), problem)


def read_event(frame: Any, seen: int) -> Event:
    """Turn a frame of an event stream into an event; `seen` is the last number there was."""
    seq = int(frame.id) if frame.id and int(frame.id) > seen else None
    data = frame.json()
    return Event(seq=seq, type=frame.event, data=data if isinstance(data, dict) else {})
