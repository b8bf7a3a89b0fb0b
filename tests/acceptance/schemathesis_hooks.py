"""What schemathesis is told beyond the schema."""

from typing import Any
from uuid import uuid4

import schemathesis

KEY = "idempotency-key"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give every request an Idempotency-Key of its own: the same one for another body is rightly refused."""
    for name in case.headers or {}:
        if name.lower() == KEY and case.headers[name]:
            case.headers[name] = str(uuid4())
