"""Outgoing webhooks: who is told of which events, what was delivered, and doing so again."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import ProjectDep, ResourcesDep, SessionDep
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery, Page, list_page
from app.api.submission import Answer, SubmissionDep, fingerprint_of
from app.api.texts import NO_NUL
from app.errors import AddressRefused, Conflict, NotFound
from app.fetch import check_url
from app.webhooks.endpoints import get_endpoint, redeliver, rotate_secret
from app.webhooks.models import WebhookDelivery, WebhookEndpoint
from app.webhooks.outbox import EventType
from app.webhooks.signing import make_secret

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Events = Annotated[list[EventType], Field(max_length=20, description="Which events; empty means all.")]


Url = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://\S+$")]


class NewWebhook(BaseModel):
    """An address to tell of events."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"url": "https://example.com/symposium", "events": ["run.succeeded"]}},
    )

    url: Url
    events: Events = Field(default_factory=list)
    description: str = Field("", max_length=2_000, pattern=NO_NUL)


class WebhookChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": True}})

    url: Url | None = None
    events: Events | None = None
    description: str | None = Field(None, max_length=2_000, pattern=NO_NUL)
    enabled: StrictBool | None = None
    rotate_secret: StrictBool = Field(False, description="Make a new secret; for 24 hours the old one signs beside it.")


class WebhookView(BaseModel):
    """An address that is told of events; `secret` is shown once, in the answer that tells it was made."""

    id: UUID
    url: str
    events: list[EventType]
    description: str
    enabled: bool
    disabled_reason: str | None
    created_at: datetime
    secret: str | None = None


class TryView(BaseModel):
    """One try to deliver; `status` is null when there was no answer."""

    number: int
    at: datetime
    status: int | None
    error: str | None
    reply: str
    milliseconds: int


class DeliveryView(BaseModel):
    """One event on its way to one address; `message_id` is the `webhook-id` of every try."""

    id: UUID
    message_id: str
    webhook_id: UUID
    type: EventType
    status: Literal["pending", "delivered", "failed"]
    tries: int
    next_at: datetime | None
    attempts: list[TryView]
    created_at: datetime
    finished_at: datetime | None


@router.post(
    "",
    operation_id="create_webhook",
    summary="Tell an address of events; the answer has its secret, once",
    status_code=201,
    response_model=WebhookView,
    responses=problems(Conflict, AddressRefused),
)
async def create(submission: SubmissionDep, body: NewWebhook) -> JSONResponse:
    check_url(body.url, submission.service.resources.fetcher.private_networks)

    async def prepare(session: AsyncSession) -> Answer:
        made = WebhookEndpoint(**body.model_dump(), project_id=submission.project_id, secret=make_secret())
        session.add(made)
        await session.flush()
        return Answer(status=201, body=view_webhook(made).model_dump(mode="json"), once={"secret": made.secret})

    return await submission.accept(fingerprint_of("webhook", body.model_dump()), prepare)


@router.get("", operation_id="list_webhooks", summary="List webhooks, newest first", responses=problems(AddressRefused))
async def list_all(
    session: SessionDep, project_id: ProjectDep, limit: LimitQuery = 50, after: AfterQuery = None
) -> Page[WebhookView]:
    query = select(WebhookEndpoint).where(WebhookEndpoint.project_id == project_id)
    return await list_page(session, query, key=WebhookEndpoint.id, view=view_webhook, limit=limit, after=after)


@router.patch(
    "/{webhook_id}",
    operation_id="update_webhook",
    summary="Change a webhook, enable it, or give it a new secret",
    responses=problems(NotFound, AddressRefused),
)
async def update(
    session: SessionDep, resources: ResourcesDep, project_id: ProjectDep, webhook_id: UUID, body: WebhookChange
) -> WebhookView:
    found = await get_endpoint(session, project_id, webhook_id)
    if body.url is not None:
        check_url(body.url, resources.fetcher.private_networks)
    changes = body.model_dump(exclude={"rotate_secret"}, exclude_none=True)
    for name, value in changes.items():
        setattr(found, name, value)
    if body.enabled:
        found.disabled_reason = None
    return view_webhook(found, rotate_secret(found) if body.rotate_secret else None)


@router.delete(
    "/{webhook_id}",
    operation_id="delete_webhook",
    summary="Tell an address no more; its deliveries go too",
    status_code=204,
    response_class=Response,
    responses=problems(NotFound),
)
async def delete(session: SessionDep, project_id: ProjectDep, webhook_id: UUID) -> None:
    await session.delete(await get_endpoint(session, project_id, webhook_id))


@router.get(
    "/{webhook_id}/deliveries",
    operation_id="list_webhook_deliveries",
    summary="List what was sent to a webhook, newest first, with every try",
    responses=problems(NotFound),
)
async def list_deliveries(
    session: SessionDep,
    project_id: ProjectDep,
    webhook_id: UUID,
    status: Annotated[Literal["pending", "delivered", "failed"] | None, Query()] = None,
    limit: LimitQuery = 50,
    after: AfterQuery = None,
) -> Page[DeliveryView]:
    found = await get_endpoint(session, project_id, webhook_id)
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == found.id)
    if status is not None:
        query = query.where(WebhookDelivery.status == status)
    return await list_page(session, query, key=WebhookDelivery.id, view=view_delivery, limit=limit, after=after)


@router.post(
    "/deliveries/{delivery_id}/redeliver",
    operation_id="redeliver_webhook",
    summary="Send an event again, under the same id",
    status_code=202,
    response_model=DeliveryView,
    responses=problems(NotFound, Conflict),
)
async def send_again(submission: SubmissionDep, delivery_id: UUID) -> JSONResponse:
    async def prepare(session: AsyncSession) -> Answer:
        found = await redeliver(session, submission.project_id, delivery_id)
        return Answer(status=202, body=view_delivery(found).model_dump(mode="json"))

    return await submission.accept(fingerprint_of("redeliver", str(delivery_id)), prepare)


def view_webhook(found: WebhookEndpoint, secret: str | None = None) -> WebhookView:
    """Return a webhook as it goes out, with a secret only when that was just made."""
    return WebhookView(
        id=found.id,
        url=found.url,
        events=found.events,
        description=found.description,
        enabled=found.enabled,
        disabled_reason=found.disabled_reason,
        created_at=found.created_at,
        secret=secret,
    )


def view_delivery(found: WebhookDelivery) -> DeliveryView:
    """Return a delivery with its tries as it goes out."""
    return DeliveryView(
        id=found.id,
        message_id=f"msg_{found.id.hex}",
        webhook_id=found.endpoint_id,
        type=found.type,
        status=found.status,
        tries=found.tries,
        next_at=found.next_at if found.status == "pending" else None,
        attempts=[TryView.model_validate(each) for each in found.attempts],
        created_at=found.created_at,
        finished_at=found.finished_at,
    )
