"""What schemathesis is told beyond the schema."""

from typing import Any
from uuid import uuid4

import schemathesis

KEY = "idempotency-key"
STREAM = "/v1/runs/{run_id}/events"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give every request an Idempotency-Key of its own; read events as a page, for a stream lasts as long as its run.

    The same key for another body is rightly refused; streams have a fuzz of their own.
    """
    for name in list(case.headers or {}):
        if name.lower() == KEY and case.headers[name]:
            case.headers[name] = str(uuid4())
    if case.path == STREAM:
        case.headers["Accept"] = "application/json"
