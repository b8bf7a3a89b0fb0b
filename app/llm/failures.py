"""What went wrong with a request to a model server: a person's sentence, and whether trying again can help."""

import email.utils
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx2
import openai
from langchain_core.exceptions import ContextOverflowError

from app.errors import ContextOverflow, ModelFailed

RETRYABLE_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
OVERFLOW_WORDS = (
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "prompt is too long",
    "max_model_len",
    "exceeds the available context size",
    "input tokens exceed",
)
BROKEN_ANSWER = (ValueError, TypeError, KeyError, AttributeError)
"""What langchain-openai raises for a body that is no chat completion."""
REQUEST_ERRORS = (openai.OpenAIError, httpx2.HTTPError, TimeoutError, *BROKEN_ANSWER)
QUOTED_CHARACTERS = 300

Redact = Callable[[str], str]


@dataclass(eq=False)
class RequestFailed(Exception):
    """One request came to nothing. `text` is what the server said, for telling one 400 from another."""

    error: ModelFailed
    retryable: bool = False
    status: int | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who was asked, for the sentences."""

    server: str
    model: str
    redact: Redact
    web: bool = False


def explain_failure(exc: BaseException, asked: Asked) -> RequestFailed:
    """Return the typed failure for an exception of openai, httpx2 or asyncio."""
    if isinstance(exc, openai.APIStatusError):
        return _explain_status(exc, asked)
    if isinstance(exc, TimeoutError | openai.APITimeoutError | httpx2.TimeoutException):
        return RequestFailed(ModelFailed(f"The model server {asked.server} did not answer in time."), retryable=True)
    if isinstance(exc, openai.APIConnectionError | httpx2.HTTPError):
        return RequestFailed(ModelFailed(f"The connection to the model server {asked.server} failed."), retryable=True)
    if isinstance(exc, openai.APIError):
        return _explain_stream_error(exc, asked)
    said = _quote(str(exc), asked)
    return RequestFailed(ModelFailed(f"The model server {asked.server} sent no chat completion: {said}"), text=said)


def _explain_stream_error(exc: openai.APIError, asked: Asked) -> RequestFailed:
    said = _quote(exc.message, asked)
    if is_overflow(exc, said):
        return RequestFailed(_overflow(asked), text=said)
    sentence = f"The model server {asked.server} broke off: {said}"
    return RequestFailed(ModelFailed(sentence), retryable=True, text=said)


def _explain_status(exc: openai.APIStatusError, asked: Asked) -> RequestFailed:
    said = _quote(exc.message, asked)
    if exc.status_code in (400, 413, 422) and is_overflow(exc, exc.message):
        return RequestFailed(_overflow(asked), status=exc.status_code, text=said)
    retryable = exc.status_code in RETRYABLE_STATUS and exc.code != "insufficient_quota"
    error = ModelFailed(_sentence(exc, said, asked), retry_after=read_retry_after(exc.response.headers))
    return RequestFailed(error, retryable=retryable, status=exc.status_code, text=asked.redact(exc.message))


def _sentence(exc: openai.APIStatusError, said: str, asked: Asked) -> str:
    status, names_model = exc.status_code, "model" in exc.message.lower() or "deployment" in exc.message.lower()
    known = {
        401: f"The model server {asked.server} refused the API key (401): check OPENAI_API_KEY.",
        403: f"The API key may not use {asked.model} on {asked.server} (403).",
        404: f"The server {asked.server} has no model named {asked.model} (404): check SYMPOSIUM_MODEL."
        if names_model
        else f"The server {asked.server} has no Responses API to search the web with (404): unset SYMPOSIUM_WEB_SEARCH."
        if asked.web
        else f"There is no chat API at {asked.server} (404): check OPENAI_BASE_URL, which usually ends in /v1.",
        429: f"The account at {asked.server} has no credit left (429)."
        if exc.code == "insufficient_quota"
        else f"The model server {asked.server} is refusing more requests for now (429).",
    }
    if status >= 500:
        return f"The model server {asked.server} failed ({status})."
    return known.get(status) or f"The model server {asked.server} refused the request ({status}): {said}"


def is_overflow(exc: openai.APIError, message: str) -> bool:
    """Return whether a refusal means that the prompt is longer than the context, in OpenAI's or vLLM's words."""
    if isinstance(exc, ContextOverflowError) or exc.code == "context_length_exceeded":
        return True
    said = message.lower()
    return any(words in said for words in OVERFLOW_WORDS)


def _overflow(asked: Asked) -> ContextOverflow:
    return ContextOverflow(f"The prompt is longer than the context window of {asked.model}.")


def read_retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds of `retry-after-ms` or `Retry-After` (a number or an HTTP date)."""
    if millis := _number(headers.get("retry-after-ms")):
        return millis / 1000
    value = headers.get("retry-after")
    if value is None or (seconds := _number(value)) is not None:
        return None if value is None else seconds
    parsed = email.utils.parsedate_tz(value)
    return max(0.0, email.utils.mktime_tz(parsed) - time.time()) if parsed else None


def _number(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value is not None else None
    except ValueError:
        return None


def _quote(message: str, asked: Asked) -> str:
    return asked.redact(message)[:QUOTED_CHARACTERS]
