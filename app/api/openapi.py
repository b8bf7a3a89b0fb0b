"""The OpenAPI document: as FastAPI makes it, with our problems in place of its own validation errors."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from app.api.errors import PROBLEM_JSON, Problem
from app.db import Json

REFERENCE = "#/components/schemas/{model}"
PROBLEM = {PROBLEM_JSON: {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")


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
    for operation in _operations(document):
        if "422" in operation["responses"]:
            operation["responses"]["422"] = {"description": "Invalid request", "content": PROBLEM}
    return document


def _operations(document: Json) -> list[Any]:
    return [operation for path in document["paths"].values() for operation in path.values()]
