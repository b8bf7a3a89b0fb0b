"""Who may do what: a key for everything under `/v1`, a scope by method, a rate. Without any key, only this machine.

A key comes as `Authorization: Bearer`, or, for reading only, in the cookie of `POST /v1/session`: so `EventSource`,
which can't send headers, needs no key in a URL, and no other site's page can write in a person's name.
"""

from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.api.deps import Service
from app.api.errors import EXPECTED, answer_expected
from app.errors import Forbidden, Unauthorized
from app.preflight import is_loopback
from app.projects import keys
from app.projects.keys import LOCAL_CALLER, Caller

COOKIE = "symposium_key"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
READING = frozenset({"/v1/search", "/v1/checks", "/v1/session"})
"""Paths where other methods than GET write nothing."""
ADMINISTERED = ("/v1/keys", "/v1/sources", "/v1/webhooks", "/metrics")
SIGNED = "/v1/hooks/"


def scope_for(method: str, path: str) -> keys.Scope | None:
    """Return the scope a request needs, None for what is open to all: files, probes, docs, calls signed otherwise."""
    if path.startswith(ADMINISTERED):
        return "admin"
    if not path.startswith("/v1/") or path.startswith(SIGNED):
        return None
    return "read" if method in SAFE_METHODS or path in READING else "write"


class Access:
    """Middleware that lets a request through with its caller in `request.state.caller`, or refuses it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        needed = None
        if scope["type"] == "http":
            needed = scope_for(scope["method"], scope["path"].removeprefix(scope.get("root_path", "")))
        if needed is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            caller = await self._admit(request, needed)
        except EXPECTED as error:
            response = await answer_expected(request, error)
            await response(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        with bound_contextvars(project_id=str(caller.project_id), key_id=str(caller.key_id or "none")):
            await self.app(scope, receive, send)

    async def _admit(self, request: Request, needed: keys.Scope) -> Caller:
        service: Service = request.app.state.service
        caller = await self._identify(request, service)
        if not caller.may(needed):
            raise Forbidden(f"This needs a key of scope `{needed}`.")
        if caller.key_id is not None:
            default = service.resources.settings.key_requests_per_minute
            await service.rates.take(caller.key_id, caller.requests_per_minute or default)
        return caller

    async def _identify(self, request: Request, service: Service) -> Caller:
        text = key_of(request)
        if text is not None:
            caller = await service.callers.find(text)
            if caller is None:
                raise Unauthorized("There is no such API key, or it was revoked.")
            return caller
        if await service.callers.need_key():
            raise Unauthorized("Send an API key: `Authorization: Bearer sym_…`.")
        check_local(request, service.resources.settings.cors_origins)
        return LOCAL_CALLER


def key_of(request: Request) -> str | None:
    """Return the key a request brings. Raises Unauthorized for credentials that are none."""
    given = request.headers.get("authorization")
    if given is not None:
        kind, _, text = given.partition(" ")
        if kind.lower() != "bearer":
            raise Unauthorized("Send the API key as `Authorization: Bearer sym_…`.")
        return text.strip()
    return cookie_of(request) if request.method in SAFE_METHODS else None


def cookie_of(request: Request) -> str | None:
    """Return the key in the session's cookie, if there is one."""
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None


def check_local(request: Request, origins: list[str]) -> None:
    """Raise Unauthorized or Forbidden unless the request comes from a person at this machine.

    A name with a dot in it may be another site's that was pointed here (DNS rebinding); a page of another origin
    may read nothing, and may not write either.
    """
    client = request.client.host if request.client else "127.0.0.1"
    if not is_loopback(client) or not is_own_name(request.url.hostname or ""):
        raise Unauthorized("Without API keys only this machine is answered; make one with `symposium key create`.")
    origin = request.headers.get("origin")
    foreign = origin is not None and origin not in origins and urlsplit(origin).netloc != request.headers.get("host")
    if foreign and request.method not in SAFE_METHODS:
        raise Forbidden("Without API keys pages of other sites may change nothing here.")


def is_own_name(host: str) -> bool:
    """Whether a `Host` is an address or a name without a dot, which nobody can register."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return "." not in host
    return True
