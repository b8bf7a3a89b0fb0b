"""Endpoints and their deliveries as a person manages them. Functions take the session first and never commit."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.errors import Conflict, NotFound
from app.webhooks.models import WebhookDelivery, WebhookEndpoint
from app.webhooks.signing import make_secret

OLD_SECRET_LASTS = timedelta(hours=24)


async def get_endpoint(session: AsyncSession, project_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    """Return an endpoint of the project, locked until the transaction ends. Raises NotFound."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.project_id == project_id)
    found = await session.scalar(query.with_for_update())
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """Give an endpoint a new secret and return it; the old one signs beside it for a day."""
    endpoint.previous_secret, endpoint.previous_until = endpoint.secret, now() + OLD_SECRET_LASTS
    endpoint.secret = make_secret()
    return endpoint.secret


def valid_secrets(endpoint: WebhookEndpoint) -> list[str]:
    """Return the secrets a message is signed with now, the newest first."""
    lasts = endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > now()
    return [endpoint.secret, endpoint.previous_secret] if lasts and endpoint.previous_secret else [endpoint.secret]


async def redeliver(session: AsyncSession, project_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Put an ended delivery back on its way, its schedule begun anew. Raises NotFound, Conflict."""
    query = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id, WebhookDelivery.project_id == project_id)
    found = await session.scalar(query.with_for_update())
    if found is None:
        raise NotFound("There is no such delivery.")
    endpoint = await get_endpoint(session, project_id, found.endpoint_id)
    if not endpoint.enabled:
        raise Conflict("This webhook is disabled; enable it first.")
    if found.status == "pending" and found.leased_until is not None and found.leased_until > now():
        raise Conflict("This delivery is being tried right now.")
    found.status, found.next_at, found.finished_at = "pending", now(), None
    found.leased_until, found.schedule_from = None, found.tries
    return found
