"""What schemathesis is told beyond the schema."""

from copy import copy
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection, use_after_free

JSON_TYPE = "application/json"
KEPT = frozenset({"get_recollection", "get_recollection_history"})
"""What is forgotten keeps its history, and can be confirmed again: that is what a history is for."""
KEY = "idempotency-key"
STREAM = "/v1/runs/{run_id}/events"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give every request an Idempotency-Key of its own; read events as a page, for a stream lasts as long as its run.

    The same key for another body is rightly refused; streams have a fuzz of their own. A schema takes 1.0 for an
    integer, the service does not: it is written 1.
    """
    for name in list(case.headers or {}):
        if name.lower() == KEY and case.headers[name]:
            case.headers[name] = str(uuid4())
    if case.path == STREAM:
        case.headers["Accept"] = "application/json"
    case.body = with_plain_integers(case.body)


@schemathesis.check
def json_body_rejection(context: Any, response: Any, case: Any) -> bool | None:
    """Have wrong JSON refused everywhere, also where the form that may be sent in its place is let through."""
    if case.media_type != JSON_TYPE:
        return None
    strict = copy(context)
    strict.config = case.operation.schema.config.checks_config_for()
    return negative_data_rejection(strict, response, case)


@schemathesis.check
def gone_after_deletion(context: Any, response: Any, case: Any) -> bool | None:
    """Have what was deleted be gone, but for what keeps its history."""
    if case.operation.definition.raw["operationId"] in KEPT:
        return None
    return use_after_free(context, response, case)


def with_plain_integers(value: Any) -> Any:
    """Return a JSON value whose whole numbers are integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: with_plain_integers(each) for key, each in value.items()}
    return [with_plain_integers(each) for each in value] if isinstance(value, list) else value
