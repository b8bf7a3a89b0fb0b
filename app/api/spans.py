"""OpenTelemetry spans of requests, by the HTTP semantic conventions. They carry no bodies, no queries, no keys."""

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.measuring import PROBES, route_of

FAILED = 500


class RequestSpans:
    """Middleware that covers each request but probes with a span, below that of a `traceparent` header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(PROBES):
            await self.app(scope, receive, send)
            return
        tracer: Tracer = scope["app"].state.service.resources.tracer
        given = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        parent = TraceContextTextMapPropagator().extract({"traceparent": given})
        with tracer.start_as_current_span(scope["method"], parent, kind=SpanKind.SERVER) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, scope, message["status"])
                await send(message)

            await self.app(scope, receive, send_noted)


def _note(span: Span, scope: Scope, status: int) -> None:
    route = route_of(scope)
    span.update_name(f"{scope['method']} {route}")
    span.set_attribute("http.request.method", scope["method"])
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("symposium.request", scope["state"]["request_id"])
    if run_id := scope.get("path_params", {}).get("run_id"):
        span.set_attribute("symposium.run", str(run_id))
    if status >= FAILED:
        span.set_status(Status(StatusCode.ERROR))
