"""The OpenAPI document: as FastAPI makes it, with our problems in place of its own validation errors."""

from fastapi import FastAPI
from pydantic import BaseModel

from app.api.access import COOKIE, scope_for
from app.api.errors import PROBLEM_JSON, Problem
from app.db import Json
from app.errors import AppError, Conflict, Forbidden, Invalid, TooLarge, TooManyRequests, Unauthorized, Unavailable
from app.projects.keys import Scope

REFERENCE = "#/components/schemas/{model}"
PROBLEM = {PROBLEM_JSON: {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")
SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, `sym_…`; none is needed until one exists."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "For reading; see `open_session`."},
}


def install_openapi(app: FastAPI, *extra: type[BaseModel]) -> None:
    """Make the application describe its errors; `extra` models are described though no route returns them plainly."""
    build = app.openapi

    def describe() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(build(), (Problem, *extra))
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _with_problems(document: Json, models: tuple[type[BaseModel], ...]) -> Json:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FRAMEWORK_ERRORS:
        schemas.pop(name, None)
    for model in models:
        schema = model.model_json_schema(ref_template=REFERENCE)
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__.replace("[", "_").replace("]", "_")] = schema
    document["components"]["securitySchemes"] = SCHEMES
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _describe(operation, scope_for(method.upper(), path))
    return document


def _without_null(schema: Json) -> Json:
    """Return a parameter's schema without null, which no URL or header can say."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if not kinds:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, "anyOf": kinds}


def _describe(operation: Json, scope: Scope | None) -> None:
    """Add what every operation may answer, and the key it needs."""
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
    responses = operation["responses"]
    kinds: list[type[AppError]] = (
        [Unavailable] if scope is None else [Unauthorized, Forbidden, TooManyRequests, Unavailable]
    )
    if "requestBody" in operation:
        kinds.append(TooLarge)
    if any(parameter["name"].lower() == "idempotency-key" for parameter in operation.get("parameters", [])):
        kinds.append(Conflict)
    for kind in kinds:
        responses.setdefault(str(kind.status), {"description": kind.title, "content": PROBLEM})
    if "422" in responses:
        responses["422"] = {"description": Invalid.title, "content": PROBLEM}
    if scope is not None:
        operation["security"] = [{"key": []}, *([{"session": []}] if scope == "read" else [])]
        operation["x-scope"] = scope
