"""Events on their way out: rows written in the transaction that makes what they tell of."""

import json
from collections.abc import Sequence
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import Json, now
from app.webhooks.models import WebhookDelivery, WebhookEndpoint

EventType = Literal["run.succeeded", "run.failed", "run.cancelled", "discrepancy.found"]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)


async def append_event(session: AsyncSession, project_id: UUID, type: str, data: Json) -> int:
    """Add a delivery for each enabled endpoint of the project that wants such events; return how many."""
    return await append_events(session, project_id, type, [data])


async def append_events(session: AsyncSession, project_id: UUID, type: str, told: Sequence[Json]) -> int:
    """Add deliveries of several events of one type; return how many."""
    wanted = or_(WebhookEndpoint.events == [], WebhookEndpoint.events.contains([type]))
    query = select(WebhookEndpoint.id).where(WebhookEndpoint.project_id == project_id, WebhookEndpoint.enabled, wanted)
    endpoints = list(await session.scalars(query.with_for_update(read=True, key_share=True)))
    rows = [new_delivery(project_id, endpoint_id, type, data) for data in told for endpoint_id in endpoints]
    if rows:
        await session.execute(insert(WebhookDelivery), rows)
    return len(rows)


def new_delivery(project_id: UUID, endpoint_id: UUID, type: str, data: Json) -> Json:
    """Return the columns of a delivery that is due at once."""
    at = now()
    body = {"type": type, "timestamp": at.isoformat(), "data": data}
    return {
        "id": uuid7(),
        "project_id": project_id,
        "endpoint_id": endpoint_id,
        "type": type,
        "body": json.dumps(body, separators=(",", ":"), default=str),
        "next_at": at,
    }
