"""Every error a person may see: a code, an HTTP status, and a sentence.

AppError
├── Invalid (422) ── UnsupportedMedia (415) · TooLarge (413) · AddressRefused
├── NotFound (404) · Conflict (409) · Forbidden (403) · Unauthorized (401)
├── Unavailable (503) · TooManyRequests (429) · CannotStart (503)
├── ConversionFailed (422)     a file that can't be read: encrypted, truncated, empty …
├── FetchFailed (502)          an address that can't be reached or does not give a file
├── ModelFailed (502)          a model server that can't or won't answer
│   ├── ModelOutputInvalid · ContextOverflow
│   └── BudgetExceeded
├── ReplayDiverged (409)       a repeated run asked something that its record does not have
└── RunPoisoned (500)          a run that kept killing its workers
"""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One thing wrong in a body: a JSON pointer and a sentence."""

    pointer: str
    detail: str


class AppError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self, detail: str = "", *, errors: tuple[FieldError, ...] = (), retry_after: float | None = None
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").split("\n")[0]
        self.errors = errors
        self.retry_after = retry_after
        super().__init__(self.detail)

    def problem(self) -> dict[str, Any]:
        """Return the RFC 9457 object without `request_id`."""
        body: dict[str, Any] = {
            "type": f"urn:symposium:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            body["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in self.errors]
        return body


class Invalid(AppError):
    """The request makes no sense."""

    status, code, title = 422, "invalid", "Invalid request"


class UnsupportedMedia(Invalid):
    """This kind of file can't be read."""

    status, code, title = 415, "unsupported_media", "Unsupported file type"


class TooLarge(Invalid):
    """The upload is too large."""

    status, code, title = 413, "too_large", "Too large"


class AddressRefused(Invalid):
    """This address is not one the service goes to."""

    code, title = "address_refused", "Address refused"


class NotFound(AppError):
    """There is no such thing here."""

    status, code, title = 404, "not_found", "Not found"


class Conflict(AppError):
    """This can't be done in the present state."""

    status, code, title = 409, "conflict", "Conflict"


class Unauthorized(AppError):
    """An API key is needed."""

    status, code, title = 401, "unauthorized", "Unauthorized"


class Forbidden(AppError):
    """This key may not do that."""

    status, code, title = 403, "forbidden", "Forbidden"


class TooManyRequests(AppError):
    """Too many requests; try again later."""

    status, code, title = 429, "too_many_requests", "Too many requests"


class Unavailable(AppError):
    """A part of the service is not reachable right now."""

    status, code, title = 503, "unavailable", "Unavailable"


class CannotStart(AppError):
    """The service can't be started here."""

    status, code, title = 503, "cannot_start", "Cannot start"


class ConversionFailed(AppError):
    """The file can't be read."""

    status, code, title = 422, "conversion_failed", "The file can't be read"


class FetchFailed(AppError):
    """The address did not give a file."""

    status, code, title = 502, "fetch_failed", "Fetching failed"


class ModelFailed(AppError):
    """The model server did not give an answer."""

    status, code, title = 502, "model_failed", "Model call failed"


class ModelOutputInvalid(ModelFailed):
    """The model's answer did not have the form that was asked for."""

    code = "model_output_invalid"


class ContextOverflow(ModelFailed):
    """The prompt is longer than the model's context window."""

    code = "context_overflow"


class BudgetExceeded(ModelFailed):
    """The run has used up its budget."""

    status, code, title = 422, "budget_exceeded", "Budget exceeded"


class ReplayDiverged(AppError):
    """The repeated run asked something that is not in the record."""

    status, code, title = 409, "replay_diverged", "Replay diverged"


class RunPoisoned(AppError):
    """The run stopped its worker every time it was tried and will not be tried again."""

    code, title = "run_poisoned", "Run given up"
