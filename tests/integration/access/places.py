"""The place of every route in the isolation test: by operation id, the body that makes sense to it.

`{name}` in a body stands for an id of the owner's.
"""

from typing import Any

from fastapi import FastAPI

from app.agents.registry import discover
from app.main import create_app
from app.settings import Settings

TEXT: dict[str, Any] = {"text": "The harbour opened in 1911.", "filename": "harbour.md"}

PLACES: dict[str, Any] = {
    "create_collection": {"name": "another"},
    "list_collections": None,
    "get_collection": None,
    "get_collection_overview": None,
    "update_collection": {"description": "changed"},
    "create_document": {**TEXT, "collection": "{collection}"},
    "create_batch": {"collection": "{collection}"},
    "list_batches": None,
    "get_batch": None,
    "get_batch_events": None,
    "add_batch_documents": {"documents": [TEXT]},
    "list_batch_documents": None,
    "retry_batch": None,
    "list_documents": None,
    "get_document": None,
    "get_page": None,
    "get_pyramid": None,
    "list_insights": None,
    "list_concepts": None,
    "get_abstract": None,
    "get_quality": None,
    "get_original": None,
    "search": {"query": "harbour", "collection": "{collection}"},
    "get_entry": None,
    "walk_from_entry": None,
    "create_recollection": {"text": "The harbour is old.", "sources": ["{entry_id}"]},
    "list_recollections": None,
    "get_recollection": None,
    "get_recollection_history": None,
    "update_recollection": {"text": "The harbour is very old."},
    "list_discrepancies": None,
    "get_discrepancy": None,
    "settle_discrepancy": {"settled": True},
    "check_claims": {"text": "The harbour opened in 1911.", "collection": "{collection}"},
    "list_runs": None,
    "get_run": None,
    "get_run_events": None,
    "get_run_trace": None,
    "give_run_input": "an answer",
    "retry_run": None,
    "replay_run": None,
    "cancel_run": None,
    "create_research": {"question": "When did the harbour open?", "collections": ["{collection}"]},
    "get_research": None,
    "create_debate": {"topic": "The harbour should be closed", "collection": "{collection}"},
    "get_debate": None,
    "create_webhook": {"url": "https://example.com/hook"},
    "list_webhooks": None,
    "list_webhook_deliveries": None,
    "redeliver_webhook": None,
    "update_webhook": {"description": "changed"},
    "create_source": {"name": "feed", "collection": "{collection}"},
    "list_sources": None,
    "create_key": {"name": "another", "scopes": ["read"]},
    "list_keys": None,
    "get_session": None,
    "open_session": None,
    "close_session": None,
    "get_metrics": None,
    "get_liveness": None,
    "get_readiness": None,
    "receive_hook": TEXT,
    "replace_document_content": TEXT,
    "delete_source": None,
    "delete_webhook": None,
    "retire_recollection": None,
    "retire_run_recollections": None,
    "delete_document": None,
    "delete_collection": None,
    "revoke_key": None,
}
"""In the order in which their owner can call them all: what ends things comes last."""

OPEN_TO_ALL = {"get_liveness", "get_readiness", "receive_hook"}


def list_operations(app: FastAPI) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every operation by its id."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    }


APP = create_app(Settings(_env_file=None), discover())
DOCUMENT = APP.openapi()
OPERATIONS = list_operations(APP)
